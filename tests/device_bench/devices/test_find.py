"""The devices that --device names."""

from __future__ import annotations

import pytest

from _edgeship.device_bench.devices.find import find, find_all
from _edgeship.device_bench.devices.local import LocalDevice
from _edgeship.errors import InputError


def test_local() -> None:
    assert isinstance(find("local"), LocalDevice)
    assert [device.selector for device in find_all(["local"])] == ["local"]


@pytest.mark.parametrize(
    "word", ["", "phone", "Local", "local:1", "virtual:", "ssh", "ssh:", "adb:", "LOCAL ", ":x"]
)
def test_a_word_that_names_no_device_is_refused_with_the_choices(word: str) -> None:
    with pytest.raises(InputError, match="names no device") as caught:
        find(word)
    assert "adb:SERIAL" in caught.value.todo


def test_no_device_and_one_named_twice_are_refused() -> None:
    with pytest.raises(InputError, match="No device is named"):
        find_all([])
    with pytest.raises(InputError, match="local is named twice"):
        find_all(["local", "local"])
