"""The screens as they are laid out: in the dark, with large type, from right to left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from _edgeship.device_bench.app.resources import RES
from tests.android import resource_table
from tests.android.screens import FONTS, LOOKS, SCREENS, draw, phone
from tests.android.unpacked import Unpacked

pytestmark = pytest.mark.slow

_WIDTH_DP = 360
_TOUCH_DP = 48


@pytest.mark.parametrize("look", LOOKS)
def test_all_is_readable_and_can_be_touched(
    look: str, unpacked: Unpacked, bundle: Path, tmp_path: Path
) -> None:
    if look == "large" and not FONTS.exists():
        pytest.skip("needs Debian's fonts-roboto-unhinted: other fonts are wider")
    with phone(unpacked, tmp_path / "phone", look, bundle) as own:
        for name in SCREENS:
            _check(draw(own, name, tmp_path / f"{name}.png"))
            assert Image.open(tmp_path / f"{name}.png").width == 2 * _WIDTH_DP


def _check(places: list[dict[str, Any]]) -> None:
    # A file's name may be broken; words may not.
    lost = [each["text"] for each in places if not each.get("fits", True)]
    assert [text for text in lost if ".tflite" not in text] == []
    for each in places:
        assert each["left"] >= 0
        assert each["left"] + each["width"] <= _WIDTH_DP
        if each["clickable"]:
            assert min(each["width"], each["height"]) >= _TOUCH_DP, each


def test_right_to_left_is_the_mirror_of_left_to_right(unpacked, bundle, tmp_path):
    edges = {}
    for look in ("light", "rtl"):
        with phone(unpacked, tmp_path / look, look, bundle) as own:
            places = draw(own, "bench")
        edges[look] = [
            (each["text"], each["left"], each["left"] + each["width"])
            for each in places
            if each["class"] == "RadioButton"
        ]

    mirrored = [(text, _WIDTH_DP - right, _WIDTH_DP - left) for text, left, right in edges["rtl"]]
    for (text, left, right), other in zip(edges["light"], mirrored, strict=True):
        assert other == (text, pytest.approx(left, abs=1), pytest.approx(right, abs=1))


def _colors(folder: str) -> dict[str, str]:
    rows = [line.split("\t") for line in resource_table.lines(RES)]
    return {
        name: value.strip()
        for kind, name, where, value in rows
        if (kind, where) == ("color", folder)
    }


def _luminance(color: str) -> float:
    """Return the relative luminance of WCAG 2."""
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("folder", ["", "night"])
@pytest.mark.parametrize(
    ("front", "back"),
    [
        ("text", "background"),
        ("text", "card"),
        ("text_quiet", "background"),
        ("text_quiet", "card"),
        ("on_accent", "accent"),
    ],
)
def test_text_stands_out_from_what_is_behind_it(folder, front, back):
    colors = _colors("") | _colors(folder)
    light, dark = sorted((_luminance(colors[front]), _luminance(colors[back])), reverse=True)

    assert (light + 0.05) / (dark + 0.05) >= 4.5  # WCAG 2, level AA
