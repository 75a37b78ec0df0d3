"""Tables in terminals of any width: nothing is lost, folded or wider than the terminal."""

from __future__ import annotations

import itertools
import random

import pytest
from rich.cells import cell_len

from _edgeship.terminal.fitting import fitted, shorten, show_fitted

COLUMNS = ("file", "median", "95 % interval", "p90", "peak RSS", "runs", "outputs")
ROWS = [
    ("net_v2_x0_5_fp32.tflite", "104.3 ms", "101.3 to 108.6 ms", "122 ms", "33 MB", "1", "within"),
    ("net_v2_x0_5_int8.tflite", "17.38 ms", "16.87 to 26.20 ms", "25.5 ms", "31 MB", "2", "equal"),
]


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 240])
def test_a_table_fits_and_holds_everything(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    show_fitted(COLUMNS, ROWS, numbers=("median", "p90"))
    lines = capsys.readouterr().out.splitlines()
    assert all(cell_len(line.rstrip()) <= width for line in lines)
    text = "\n".join(lines)
    for heading, *cells in zip(COLUMNS[1:], *(row[1:] for row in ROWS), strict=True):
        assert heading in text
        assert all(cell in text for cell in cells)
    tables = text.count("file")
    assert (tables == 1) == (width >= 100)
    assert text.count("fp32") == text.count("int8") == tables


def test_what_fits_is_one_table() -> None:
    [(columns, rows)] = fitted(COLUMNS, ROWS, 1, 200)
    assert (tuple(columns), list(map(tuple, rows))) == (COLUMNS, ROWS)


def test_tables_of_any_contents_hold_all_of_them() -> None:
    generator = random.Random(0)  # noqa: S311  (contents of tables)
    for _ in range(300):
        count, names = generator.randint(2, 9), generator.randint(1, 2)
        columns = [f"column {index}" for index in range(count + names)]
        rows = [
            ["x" * generator.randint(0, 30) + str(line) for _ in columns]
            for line in range(generator.randint(1, 4))
        ]
        width = generator.randint(50, 150)
        tables = fitted(columns, rows, names, width)
        assert [name for found, _ in tables for name in found[names:]] == columns[names:]
        for number, row in enumerate(rows):
            found = [cells[number][names:] for _, cells in tables]
            assert list(itertools.chain(*found)) == row[names:]
        for found, cells in tables:
            widest = [max(map(len, some)) for some in zip(found, *cells, strict=True)]
            assert sum(widest) + 2 * (len(found) - 1) <= width or len(found) == names + 1


def test_names_that_differ_stay_different() -> None:
    rows = [(f"network_{letter}_with_a_long_name_int8.tflite", "x" * 70) for letter in "abc"]
    [(_, cells)] = fitted(("file", "what"), rows, 1, 80)
    assert len({row[0] for row in cells}) == 3
    assert all("_int8.tflite" in row[0] for row in cells)


def test_a_name_keeps_both_ends() -> None:
    assert shorten("shufflenet_v2_x1_0_int8.tflite", 20) == "shuffl…0_int8.tflite"
    assert len(shorten("a" * 50, 21)) == 21
    assert shorten("short", 21) == "short"
