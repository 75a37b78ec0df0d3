"""The cards and the README: what they say, and that nothing in them is taken for markup."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from _edgeship.export.bundle import pages
from _edgeship.export.bundle.facts import Facts, Latency
from _edgeship.export.bundle.making import Made, Wishes, make
from _edgeship.export.bundle.steps import steps_of
from _edgeship.export.contract.about import About

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

EVIL = "<script>alert(1)</script>\"'`|[x](javascript:y)\n# **b**"


class _Tags(HTMLParser):
    """Collects the tags and the texts of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def evil(made: Made) -> Facts:
    """Return facts whose every text that comes from elsewhere tries to be markup."""
    facts = made.facts
    manifest = facts.manifest.model_copy(
        update={
            "model": {**facts.manifest.model, "name": EVIL},
            "weights": {**facts.manifest.weights, "source": EVIL, "untrained": True},
            "about": About(EVIL, EVIL, EVIL, EVIL),
        }
    )
    files = []
    for one in facts.files:
        port = one.artifact.outputs[0].model_copy(update={"name": EVIL, "description": EVIL})
        artifact = one.artifact.model_copy(update={"outputs": [port], "operators": {EVIL: 1}})
        tops = tuple(
            replace(top, output=EVIL, best=tuple(replace(each, label=EVIL) for each in top.best))
            for top in one.tops
        )
        latency = Latency("", EVIL, EVIL, EVIL, EVIL, EVIL, EVIL)
        files.append(replace(one, artifact=artifact, tops=tops, latencies=(latency,)))
    pictures = tuple(replace(one, name=EVIL, source=EVIL) for one in facts.pictures)
    return replace(
        facts, manifest=manifest, warnings=(EVIL,), files=tuple(files), pictures=pictures
    )


def test_nothing_in_the_page_is_taken_for_markup(evil: Facts) -> None:
    text = pages.page(evil).decode()
    page = _Tags(text)
    assert not [tag for tag, _ in page.tags if tag in ("script", "a", "iframe", "link", "object")]
    assert page.text.count("<script>alert(1)</script>") > 10
    for tag, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on")]
        if tag == "img":
            assert (attributes["src"] or "").startswith("data:image/jpeg;base64,")


def test_nothing_in_markdown_is_taken_for_markup(evil: Facts) -> None:
    markdown = pytest.importorskip("markdown")
    for text in (pages.model_card(evil), pages.readme(evil, steps_of(evil))):
        html = markdown.markdown(text.decode(), extensions=["tables", "fenced_code"])
        page = _Tags(html)
        assert not [tag for tag, _ in page.tags if tag in ("script", "a", "iframe")]
        assert "<script>alert(1)</script>" in page.text


def test_the_page_loads_nothing(made: Made) -> None:
    text = (made.folder / "card.html").read_text()
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    assert policy[1].startswith("default-src &#39;none&#39;")
    assert not re.search(r"https?://|url\(|@import", text)


def test_cards_say_what_the_manifest_says(made: Made) -> None:
    manifest = json.loads((made.folder / "manifest.json").read_text())
    for name in ("card.html", "MODEL_CARD.md", "README.md"):
        text = (made.folder / name).read_text()
        for artifact in manifest["artifacts"]:
            assert artifact["file"] in text
        assert "ACCURACY NOT MEASURED" in text
    card = (made.folder / "MODEL_CARD.md").read_text()
    for artifact in manifest["artifacts"]:
        assert f"{artifact['parity']['sqnr_db']:.1f} dB" in card
        assert f"| {sum(artifact['operators'].values())} |" in card


def test_the_readme_names_code_that_is_there(made: Made) -> None:
    text = (made.folder / "README.md").read_text()
    paths = set(re.findall(r"code/[\w/.-]+", text)) | set(re.findall(r"vectors/[\w.-]+\.png", text))
    assert paths
    assert paths <= set(made.files)
    assert "pip install" in text


def test_untrained_emulated_and_random_are_said_first(made: Made) -> None:
    facts = made.facts
    weights = {**facts.manifest.weights, "untrained": True}
    manifest = facts.manifest.model_copy(update={"weights": weights})
    from _edgeship.export.bundle.facts import warnings_of

    latency = Latency("", "virtual", "", "", "", "", "They are not time.")
    record = facts.files[0].record.model_copy(update={"emulated": True})
    file = replace(facts.files[0], latencies=(latency,), record=record)
    found = warnings_of(manifest, [file], facts.code, evaluated=True)
    assert [text.partition(":")[0] for text in found[:2]] == ["UNTRAINED", "NOT RUN BY CORE ML"]
    assert found[-1].startswith("EMULATED") and found[-1].endswith("They are not time.")


def test_accuracy_is_written_for_people_and_for_programs(exported: Path, tmp_path: Path) -> None:
    for number, colour in enumerate(("red", "green", "blue")):
        Image.new("RGB", (32, 32), colour).save(tmp_path / f"{number}.png")
    data = tmp_path / "list.csv"
    data.write_text("path,label\n0.png,0\n1.png,1\n2.png,2\n")
    made = make(exported, Wishes(labelled=data), {"classifier_int8.onnx"}, tmp_path / "out")
    found = json.loads((made.folder / "evaluation.json").read_text())
    share = found["files"]["classifier_int8.onnx"]["top1"]
    assert 0 <= share["low"] <= share["share"] <= share["high"] <= 1
    assert set(found["files"]) == {"classifier.onnx", "classifier_int8.onnx"}
    card = (made.folder / "MODEL_CARD.md").read_text()
    assert f"| {100 * share['share']:.1f} % | {100 * share['low']:.1f} % to" in card
    assert "ACCURACY NOT MEASURED" not in card


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs the Debian package chromium")
@pytest.mark.parametrize("width", [360, 1200])
def test_the_page_is_as_wide_as_the_window(made: Made, tmp_path: Path, width: int) -> None:
    """A frame of this width stands for the window: a browser's own has a smallest width."""
    frame = tmp_path / "frame.html"
    card = (made.folder / "card.html").as_uri()
    frame.write_text(
        f'<iframe src="{card}" style="width: {width}px; height: 900px"></iframe>'
        "<script>onload = () => { const d = frames[0].document.documentElement;"
        "document.title = d.scrollWidth + ' ' + d.clientWidth; }</script>"
    )
    assert CHROMIUM is not None
    command = [
        CHROMIUM,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--allow-file-access-from-files",
        f"--user-data-dir={tempfile.mkdtemp(dir=tmp_path)}",
        "--dump-dom",
        frame.as_uri(),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)  # noqa: S603
    found = re.search(r"<title>(\d+) (\d+)</title>", done.stdout)
    assert found is not None, done.stdout
    assert found[1] == found[2]
