"""Fixtures that all tests can use."""

import os
import signal

from tests.phone.fixtures import adb_server, phone, running_phone

__all__ = ["adb_server", "phone", "running_phone"]

# A run in the background of a script, or under nohup, inherits signals that are ignored; the tests
# send these signals, and the programs that they start would inherit that, too.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# Python's readline module, where pytest loads it, puts COLUMNS=80 into the environment of the
# workers of pytest-xdist. The commands would take that for the width of the terminal; the tests
# read what they print into a pipe.
os.environ.pop("COLUMNS", None)
