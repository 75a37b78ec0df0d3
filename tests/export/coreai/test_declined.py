"""Options that other targets serve and this one cannot: a sentence with the reason."""

from __future__ import annotations

import sys

import pytest

from _edgeship.errors import InputError
from _edgeship.export.contract.choices import check_request
from _edgeship.export.contract.request import Request
from _edgeship.export.pipeline import TARGETS

NAME = "shufflenet_v2_x0_25"


@pytest.mark.parametrize(
    ("request_", "option", "why"),
    [
        (Request(NAME, ("coreai",), io="image"), "--io image", "on macOS only"),
        (Request(NAME, ("coreai",), batches=(1, 4)), "--batch", "one size of batch"),
    ],
)
def test_it_is_refused_with_the_reason(request_: Request, option: str, why: str) -> None:
    with pytest.raises(InputError, match=f"{option} does not go with --to coreai") as caught:
        check_request(request_, TARGETS)
    assert why in caught.value.why


def test_a_file_beside_it_may_take_pictures() -> None:
    check_request(Request(NAME, ("coreai", "coreml"), io="image"), TARGETS)


def test_the_runtime_takes_pictures_on_macos_only() -> None:
    runtime = pytest.importorskip("coreai.runtime", reason="coreai-core is not installed")
    assert (sys.platform == "darwin") == runtime.HAS_IMAGE_SUPPORT
