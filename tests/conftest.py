"""Fixtures that all tests can use."""

from tests.phone.fixtures import adb_server, phone, running_phone

__all__ = ["adb_server", "phone", "running_phone"]
