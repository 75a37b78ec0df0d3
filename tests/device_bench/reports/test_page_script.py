"""The page in a browser: what sorting and filtering do to its rows."""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from _edgeship.device_bench.reports import html
from _edgeship.device_bench.reports.parts import Cell, Group, Plot, Section, Table

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs the Debian package chromium"),
]

# Without a screen, as root, and without a connection to anywhere.
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

TABLE = Table(
    "",
    ("file", "scheme", "time"),
    (
        (Cell("b"), Cell("int8"), Cell("900.0 µs", 9e5)),
        (Cell("c"), Cell("none"), Cell("10.00 ms", 1e7)),
        (Cell("a"), Cell("int8"), Cell("")),
    ),
    frozenset(("time",)),
    choices=("scheme",),
)


def _loaded(tmp_path: Path, section: Section, script: str, *, policy: bool = False) -> str:
    """Return the page with one section as a browser has it after its scripts.

    Args:
        tmp_path: Where page and profile go.
        section: What is on the page.
        script: Runs at the end of the page.
        policy: Whether the page keeps its policy although it has a script that is not its own.
    """
    page = html.render("x", "y", [section])
    if script:
        if not policy:
            page, count = re.subn(r"<meta http-equiv.*?>", "", page)
            assert count == 1
        page = page.replace("</body>", f"<script>{script}</script></body>")
    path = tmp_path / "page.html"
    path.write_text(page)
    assert CHROMIUM is not None
    profile = tempfile.mkdtemp(dir=tmp_path)
    done = subprocess.run(  # noqa: S603 - the browser, on a page of our own
        [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", "--dump-dom", path.as_uri()],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stdout


def _shown(tmp_path: Path, script: str = "", *, policy: bool = False) -> tuple[list[str], str]:
    """Return the files in the visible rows, in order, and the text of the counter."""
    page = _loaded(tmp_path, Section("s", tables=(TABLE,)), script, policy=policy)
    body = page.partition("<tbody>")[2].partition("</tbody>")[0]
    rows = re.findall(r"<tr(.*?)>\s*<td data-name=\"file\" class=\"\">(\w)</td>", body)
    assert len(rows) == len(TABLE.rows)
    counter = re.search(r"<output.*?>(.*?)</output>", page)
    assert counter is not None
    return [name for attributes, name in rows if "hidden" not in attributes], counter[1]


def test_the_policy_lets_the_pages_own_script_run(tmp_path: Path) -> None:
    assert _shown(tmp_path) == (["b", "c", "a"], "3 of 3 rows")


def test_the_policy_lets_no_other_script_run(tmp_path: Path) -> None:
    assert _shown(tmp_path, _click(0), policy=False)[0] == ["a", "b", "c"]
    assert _shown(tmp_path, _click(0), policy=True)[0] == ["b", "c", "a"]


def _click(column: int) -> str:
    return f"document.querySelectorAll('th button')[{column}].click();"


@pytest.mark.parametrize(
    ("script", "order"),
    [
        (_click(0), ["a", "b", "c"]),
        (_click(0) * 2, ["c", "b", "a"]),
        # By value, not by text, and gaps after numbers.
        (_click(2), ["b", "c", "a"]),
    ],
)
def test_a_click_on_a_heading_sorts(tmp_path: Path, script: str, order: list[str]) -> None:
    assert _shown(tmp_path, script)[0] == order


def test_words_and_choices_leave_rows_out(tmp_path: Path) -> None:
    choose = (
        "const s = document.querySelector('select'); s.value = '=int8';"
        "s.dispatchEvent(new Event('input', {bubbles: true}));"
    )
    assert _shown(tmp_path, choose) == (["b", "a"], "2 of 3 rows")
    write = (
        "const i = document.querySelector('input'); i.value = 'MS 10';"
        "i.dispatchEvent(new Event('input', {bubbles: true}));"
    )
    assert _shown(tmp_path, write) == (["c"], "1 of 3 rows")


def _group(device: str, newest: str) -> Group:
    days = (f"{newest[:6]}01", newest)
    marks = "".join(f'<g id="p1-at-{day}-0"></g>' for day in days)
    rows = tuple((Cell(f"{day}-090000-aaaa"),) for day in days)
    svg = f'<svg xmlns="http://www.w3.org/2000/svg">{marks}</svg>'
    return Group(
        title=device,
        labels={"device": device},
        newest=newest,
        plot=Plot(svg, "c"),
        table=Table("", ("session",), rows),
    )


# A name from a device, which is nobody's mark-up.
EVIL = "b'\"<i>&"


def test_groups_are_chosen_by_label_and_day(tmp_path: Path) -> None:
    section = Section("s", groups=(_group("a", "20261110"), _group(EVIL, "20261120")))

    def visible(script: str) -> list[str]:
        page = _loaded(tmp_path, section, script)
        groups = re.findall(r'<section class="group"(.*?)</section>', page, re.DOTALL)
        assert len(groups) == 2
        return [
            f"{number} "
            + " ".join(re.findall(r"<tr>\s*<td[^>]*>(\d{8})", group))
            + " marks "
            + " ".join(re.findall(r'<g id="p1-at-(\d{8})-0"(?: style="")?>', group))
            for number, group in enumerate(groups)
            if "hidden" not in group.partition(">")[0]
        ]

    first = "0 20261101 20261110 marks 20261101 20261110"
    assert visible("") == [first, "1 20261101 20261120 marks 20261101 20261120"]
    choose = (
        "const s = document.querySelector('select'); s.value = '=a';"
        "s.dispatchEvent(new Event('input', {bubbles: true}));"
    )
    assert visible(choose) == [first]
    write = (
        "const i = document.querySelector('input'); i.value = '2026-11-15';"
        "i.dispatchEvent(new Event('input', {bubbles: true}));"
    )
    assert visible(write) == ["1 20261120 marks 20261120"]
