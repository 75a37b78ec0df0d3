"""Fixtures that all tests can use."""

import signal

from tests.phone.fixtures import adb_server, phone, running_phone

__all__ = ["adb_server", "phone", "running_phone"]

# A run in the background of a script, or under nohup, inherits signals that are ignored; the tests
# send these signals, and the programs that they start would inherit that, too.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
