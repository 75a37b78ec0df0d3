"""Fixtures that all tests can use."""

import functools
import os
import signal
import sys

import pytest

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


@pytest.fixture(scope="session", autouse=True)
def _translations_are_read_once() -> None:
    """Keep what `torch.onnx.export` reads again in each call: the source of all its translations.

    That is most of the time that a small network takes, and hundreds of tests export one.
    """
    if "torch" in sys.modules:
        from torch.onnx._internal._lazy_import import onnxscript_apis

        onnxscript_apis.get_torchlib_ops = functools.cache(onnxscript_apis.get_torchlib_ops)
