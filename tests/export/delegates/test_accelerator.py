from __future__ import annotations

import pytest

from _edgeship.errors import InputError
from _edgeship.export.delegates import accelerator as module
from _edgeship.export.delegates.accelerator import find_accelerator
from _edgeship.export.delegates.half import lost, probe
from tests.export.delegates.gpu_here import accelerator


@pytest.fixture
def uncached() -> None:
    find_accelerator.cache_clear()


def test_a_driver_that_does_not_exist(uncached: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VK_ICD_FILENAMES", "/no/such/driver.json")
    with pytest.raises(InputError, match="finds no driver") as error:
        find_accelerator()
    assert "chromium" in error.value.todo


def test_no_driver_at_all(uncached: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "candidates", lambda: [])
    with pytest.raises(InputError, match="finds no driver") as error:
        find_accelerator()
    assert "no Vulkan loader" in error.value.why


def test_float32_keeps_what_float16_would_lose() -> None:
    [answer] = accelerator().ask([probe(half=False)])
    assert answer.problem == ""
    assert not lost(answer.outputs)


def test_swiftshader_is_known_for_what_it_is() -> None:
    found = accelerator()
    if "SwiftShader" not in found.device:
        pytest.skip(f"the driver is {found.device}")
    assert (found.software, found.half) == (True, False)
