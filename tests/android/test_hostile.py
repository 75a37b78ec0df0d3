"""Orders, files and intents that somebody made to do harm: each is refused with a sentence.

Nothing may crash, and nothing outside of the app's own folders may be read or changed.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from tests.android.on_jvm import RUNS, AppOnJvm
from tests.android.process import AppError
from tests.device_bench.small_files import chain

pytestmark = pytest.mark.slow

# What the process ends with when the app ends itself as it should; an error would give 70.
_ENDED = 128 + 9

_WORK = "/data/local/tmp/w"
_MODEL = f"{_WORK}/m.tflite"
_ELSEWHERE = "/data/system/secret"


@pytest.fixture
def app(app: AppOnJvm) -> AppOnJvm:
    """The app, with a model that may be read and a file that may not."""
    app.push(_MODEL, chain())
    app.push(_ELSEWHERE, chain())
    return app


def _refusal(app: AppOnJvm, order: str, run: str = "hostile") -> str:
    """Have an order run, and return the sentence with which it is refused."""
    process = app.start(run, order)
    events = app.events(run)
    assert process.wait() == _ENDED
    assert "FATAL" not in process.log
    [said] = [event["what"] for event in events if event["event"] == "error"]
    assert not any(event["event"] in ("init", "run", "end") for event in events)
    assert said.endswith(".")
    return said


def _link(app: AppOnJvm, target: str, at: str) -> str:
    path = app.path(at)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)
    return at


def _sparse(app: AppOnJvm, at: str, size: int) -> str:
    app.push(at, b"")
    os.truncate(app.path(at), size)
    return at


_OUTSIDE = "outside of the folders"

# Name -> where the order lies, and what is said.
_ORDERS: dict[str, tuple[Callable[[AppOnJvm], str], str]] = {
    "elsewhere": (lambda app: app.push("/data/system/order", b"--model\nx\n"), _OUTSIDE),
    "up": (lambda app: f"{_WORK}/../../../system/secret", _OUTSIDE),
    "link": (lambda app: _link(app, _ELSEWHERE, f"{_WORK}/link"), _OUTSIDE),
    "a link on the way": (
        lambda app: _link(app, "/data/system", f"{_WORK}/folder") + "/secret",
        _OUTSIDE,
    ),
    "relative": (lambda app: "data/local/tmp/w/m.tflite", _OUTSIDE),
    "a name like the folder's": (lambda app: app.push("/data/local/tmpx/order", b""), _OUTSIDE),
    "the folder itself": (lambda app: "/data/local/tmp", _OUTSIDE),
    "nothing there": (lambda app: f"{_WORK}/nothing", "is not there"),
    "a folder": (lambda app: _WORK, "is not there"),
    "too large": (lambda app: _sparse(app, f"{_WORK}/order", 65537), "too large"),
    "no text": (lambda app: app.push(f"{_WORK}/order", b"--model\n\xff\xfe\n"), "not UTF-8"),
    "a NUL": (lambda app: app.push(f"{_WORK}/order", b"--model\n/data\0\n"), "not UTF-8"),
    "empty": (lambda app: app.push(f"{_WORK}/order", b""), ""),
}


@pytest.mark.parametrize("name", _ORDERS)
def test_an_order_that_is_none_is_refused(app, name):
    make, said = _ORDERS[name]

    assert said in _refusal(app, make(app))


# Name -> the words of an order, and what is said.
_WORDS: dict[str, tuple[Callable[[AppOnJvm], list[str]], str]] = {
    "model outside": (lambda app: ["--model", _ELSEWHERE], _OUTSIDE),
    "model up": (lambda app: ["--model", f"{_WORK}/../../../system/secret"], _OUTSIDE),
    "model by a link": (
        lambda app: ["--model", _link(app, _ELSEWHERE, f"{_WORK}/link.tflite")],
        _OUTSIDE,
    ),
    "model of the app": (
        lambda app: ["--model", app.push("/data/user/0/com.other/files/m.tflite", chain())],
        _OUTSIDE,
    ),
    "input outside": (lambda app: ["--model", _MODEL, "--input", _ELSEWHERE], _OUTSIDE),
    "input by a link": (
        lambda app: ["--model", _MODEL, "--input", _link(app, _ELSEWHERE, f"{_WORK}/input")],
        _OUTSIDE,
    ),
    "outputs": (lambda app: ["--model", _MODEL, "--outputs", f"{_WORK}/out"], "--outputs"),
    "an option in a value": (lambda app: ["--model", _MODEL, "--threads", "--outputs"], ""),
    "another option": (lambda app: ["--model", _MODEL, "--library", f"{_WORK}/x.so"], "--library"),
    "no value": (lambda app: ["--model"], "lacks its value"),
    "no model": (lambda app: ["--threads", "1"], "names no file"),
    "a device": (lambda app: ["--model", _link(app, "/dev/zero", f"{_WORK}/zero")], _OUTSIDE),
    "endless threads": (lambda app: ["--model", _MODEL, "--threads", "9" * 30], "--threads"),
    "no number": (lambda app: ["--model", _MODEL, "--runs", "many"], "--runs"),
    "endless runs": (
        lambda app: ["--model", _MODEL, "--runs", "999999999", "--max-runs", "999999999"],
        "--max-runs",
    ),
    "an input of another size": (
        lambda app: ["--model", _MODEL, "--input", app.push(f"{_WORK}/short", b"12")],
        "",
    ),
}


@pytest.mark.parametrize("name", _WORDS)
def test_an_order_for_what_the_app_must_not_do_is_refused(app, name):
    make, said = _WORDS[name]

    assert said in _refusal(app, app.order(make(app)))


# Name -> a file that is no whole .tflite, and what is said.
_MODELS: dict[str, tuple[Callable[[AppOnJvm], str], str]] = {
    "cut off": (lambda app: app.push(_MODEL, chain()[:-100]), "damaged"),
    "half": (lambda app: app.push(_MODEL, chain()[: len(chain()) // 2]), "damaged"),
    "a picture": (lambda app: app.push(_MODEL, b"\x89PNG\r\n\x1a\n" + bytes(500)), "no .tflite"),
    "empty": (lambda app: app.push(_MODEL, b""), "no .tflite"),
    "zeros": (lambda app: app.push(_MODEL, bytes(4096)), "no .tflite"),
    "only a head": (lambda app: app.push(_MODEL, b"\x1c\0\0\0TFL3" + bytes(24)), "damaged"),
    "3 GiB": (lambda app: _sparse(app, _MODEL, 3 << 30), "too large"),
}


@pytest.mark.parametrize("name", _MODELS)
def test_a_file_that_is_no_model_is_refused(app, name):
    make, said = _MODELS[name]

    assert said in _refusal(app, app.order(["--model", make(app)]))


@pytest.mark.parametrize(
    "run", ["", "../x", "a/b", "a.b", "a" * 65, "ä", "a\n", "%2e%2e", None], ids=repr
)
def test_a_run_without_a_proper_id_leaves_nothing(app, run):
    process = app.start(run, app.order(["--model", _MODEL]))

    assert process.wait() == _ENDED
    assert "FATAL" not in process.log
    assert app.listed() == []
    files = app.path("/data/user/0/dev.edgeship.bench/files")
    assert not (files / "runs").exists() or list((files / "runs").iterdir()) == []


def test_a_run_does_not_take_the_place_of_another(app):
    order = app.order(["--model", _MODEL, "--runs", "2"])
    app.start("one", order).wait()
    before = app.read("one")

    process = app.start("one", order)

    assert process.wait() == _ENDED
    assert app.read("one") == before


@pytest.mark.parametrize(
    "extras", [{"run": 1, "order": 2}, {"run": "x", "order": True}, {"run": "x"}, {}], ids=repr
)
def test_extras_of_other_types_are_refused(app, extras):
    process = app.start(extras.get("run"), extras.get("order"))

    assert process.wait() == _ENDED
    assert "FATAL" not in process.log


@pytest.mark.parametrize(
    "path",
    [
        "..",
        "../..",
        "%2e%2e",
        "..%2F..%2Fsystem%2Fsecret",
        "../../../../system/secret/report",
        "%2Fdata%2Fsystem%2Fsecret",
        "one/lock",
        "one/about.json",
        "one/report.jsonl",
        "one/report/x",
        "one/../one/report",
        "one//report%00",
        "a.b/outputs",
        "new.one/outputs",
        "",
        "/",
        "?x=report",
        "all.json/..",
        "all.xml",
    ],
)
def test_the_provider_gives_nothing_else(app, path):
    app.start("one", app.order(["--model", _MODEL])).wait()
    target = app.path("/data/read")
    before = sorted(app.root.rglob("*"))

    with pytest.raises(AppError) as caught:
        app.main.ask("read", uri=f"{RUNS}/{path}", to="/data/read")

    assert caught.value.kind == "java.io.FileNotFoundException"
    assert not target.exists()
    assert sorted(app.root.rglob("*")) == before


@pytest.mark.parametrize("mode", ["w", "wt", "wa", "rw", "rwt", "", "x"])
@pytest.mark.parametrize("name", ["report", "outputs"])
def test_runs_cannot_be_written(app, name, mode):
    app.start("one", app.order(["--model", _MODEL])).wait()
    before = app.read("one", name)

    with pytest.raises(AppError, match="FileNotFoundException: Runs can only be read"):
        app.main.ask("read", uri=f"{RUNS}/one/{name}", mode=mode, to="/data/read")

    assert app.read("one", name) == before


def test_rows_can_neither_be_added_nor_changed(app):
    for do in ("insert", "update"):
        with pytest.raises(AppError, match="UnsupportedOperationException"):
            app.main.ask(do, uri=f"{RUNS}/one")


@pytest.mark.parametrize("path", ["..", "%2e%2e", "..%2F..", "one/report", "new.one", "a.b"])
def test_nothing_else_can_be_removed(app, path):
    app.start("one", app.order(["--model", _MODEL])).wait()
    before = sorted(app.root.rglob("*"))

    assert app.main.ask("delete", uri=f"{RUNS}/{path}") == 0

    assert sorted(app.root.rglob("*")) == before


def test_links_among_the_runs_are_not_followed(app):
    app.start("one", app.order(["--model", _MODEL])).wait()
    runs = app.path("/data/user/0/dev.edgeship.bench/files/runs")
    (runs / "link").symlink_to("/data/system")

    app.main.ask("delete", uri=RUNS)

    assert app.path(_ELSEWHERE).read_bytes() == chain()


# Name -> an intent, and what the screen says.
_INTENTS: dict[str, tuple[dict[str, object], str]] = {
    "a path": ({"uri": f"file://{_ELSEWHERE}"}, "not file"),
    "a path of the app": (
        {"uri": "file:///data/user/0/dev.edgeship.bench/files/order"},
        "not file",
    ),
    "our provider": ({"uri": f"{RUNS}/one/outputs"}, "of this app itself"),
    "our provider for a user": (
        {"uri": "content://0@dev.edgeship.bench.runs/one/outputs"},
        "itself",
    ),
    "our provider in capitals": (
        {"uri": "content://DEV.EDGESHIP.BENCH.RUNS/one/outputs"},
        "itself",
    ),
    "our provider, encoded": ({"uri": "content://dev.edgeship.bench%2Eruns/one/outputs"}, "itself"),
    "no address": ({}, "names no file"),
    "an opaque address": ({"uri": "mailto:somebody"}, "names no file"),
    "the web": ({"uri": "https://example.org/m.tflite"}, "not https"),
    "a script": ({"uri": "javascript:alert(1)"}, "names no file"),
    "nobody's": ({"uri": "content://nobody/m.tflite"}, "did not work"),
    "refused": ({"uri": "content://other/refused"}, "did not work"),
    "no model": ({"uri": "content://other/picture"}, "no .tflite"),
    "cut off": ({"uri": "content://other/cut"}, "damaged"),
    "a file that is gone": ({"uri": "content://other/gone"}, "did not work"),
}


@pytest.mark.parametrize("how", ["VIEW", "SEND"])
@pytest.mark.parametrize("name", _INTENTS)
def test_an_intent_with_something_else_is_refused(app, name, how):
    intent, said = _INTENTS[name]
    if how == "SEND" and "uri" in intent:
        intent = {"stream": intent["uri"]}
    for shared, data, kind in (
        ("picture", b"\x89PNG\r\n\x1a\n" + bytes(99), "image/png"),
        ("cut", chain()[:-100], "application/octet-stream"),
        ("refused", chain(), "refused"),
    ):
        path = app.push(f"/data/user/0/com.other/{shared}", data)
        uri = f"content://other/{shared}"
        app.main.ask("share", uri=uri, name=shared, path=path, type=kind)
    app.main.ask("share", uri="content://other/gone", name="gone", path="/data/user/0/com.other/no")

    app.show("MainActivity", action=f"android.intent.action.{how}", **intent)

    app.wait_for(said)
    assert app.main.alive()
    assert "No .tflite file is chosen." in app.texts()
    cache = app.path("/data/user/0/dev.edgeship.bench/cache")
    assert [path for path in cache.rglob("*") if path.is_file()] == []


def test_a_shared_file_that_is_one_is_taken_and_not_run(app):
    path = app.push("/data/user/0/com.other/m", chain())
    uri = "content://other/m"
    name = "../../../m\n‮.tflite" + "x" * 5000
    app.main.ask("share", uri=uri, name=name, path=path)

    app.show("MainActivity", action="android.intent.action.VIEW", uri=uri)

    app.wait_for("m?")
    [shown] = [text for text in app.texts() if "m?" in text]
    assert len(shown) < 300
    assert "\n" not in shown
    assert app.listed() == []
    assert app.main.ask("asked") == []
    kept = app.path("/data/user/0/dev.edgeship.bench/cache/bench")
    assert [each.name for each in kept.iterdir()] == ["model.tflite"]


def test_only_the_first_screen_is_open_to_other_apps(unpacked):
    open_to_all = {
        component.name
        for component in unpacked.components
        if component.exported and component.permission != "android.permission.DUMP"
    }

    assert open_to_all == {"dev.edgeship.bench.MainActivity"}
