"""Orders, files and intents that somebody made to do harm: each is refused with a sentence.

Nothing may crash, and nothing outside of the app's own folders may be read or changed.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping

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
    _put_in_order(app)
    return app


def _put_in_order(app: AppOnJvm) -> None:
    shutil.rmtree(app.path(_WORK), ignore_errors=True)
    app.push(_MODEL, chain())
    app.push(_ELSEWHERE, chain())


def _refusals(app: AppOnJvm, orders: Mapping[str, Callable[[AppOnJvm], str]]) -> dict[str, str]:
    """Have each order run, and return the sentence with which it is refused."""
    said = {}
    for number, (name, make) in enumerate(orders.items()):
        _put_in_order(app)
        process = app.start(f"hostile-{number}", make(app))
        events = app.events(f"hostile-{number}")
        assert process.wait() == _ENDED, name
        assert "FATAL" not in process.log, name
        [said[name]] = [event["what"] for event in events if event["event"] == "error"]
        assert not any(event["event"] in ("init", "run", "end") for event in events), name
    return said


def _check(said: Mapping[str, str], expected: Mapping[str, str]) -> None:
    """Check that each sentence is one, and has its words."""
    assert set(said) == set(expected)
    wrong = {
        name: text
        for name, text in said.items()
        if expected[name] not in text or not text.endswith(".")
    }
    assert wrong == {}


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


def test_an_order_that_is_none_is_refused(app):
    said = _refusals(app, {name: make for name, (make, _) in _ORDERS.items()})

    _check(said, {name: words for name, (_, words) in _ORDERS.items()})


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


def test_an_order_for_what_the_app_must_not_do_is_refused(app):
    def order(make: Callable[[AppOnJvm], list[str]]) -> Callable[[AppOnJvm], str]:
        return lambda app: app.order(make(app))

    said = _refusals(app, {name: order(make) for name, (make, _) in _WORDS.items()})

    _check(said, {name: words for name, (_, words) in _WORDS.items()})


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


def test_a_file_that_is_no_model_is_refused(app):
    def order(make: Callable[[AppOnJvm], str]) -> Callable[[AppOnJvm], str]:
        return lambda app: app.order(["--model", make(app)])

    said = _refusals(app, {name: order(make) for name, (make, _) in _MODELS.items()})

    _check(said, {name: words for name, (_, words) in _MODELS.items()})


def test_a_run_without_a_proper_id_leaves_nothing(app):
    order = app.order(["--model", _MODEL])
    for run in ["", "../x", "a/b", "a.b", "a" * 65, "ä", "a\n", "%2e%2e", None]:
        process = app.start(run, order)

        assert process.wait() == _ENDED
        assert "FATAL" not in process.log
    assert app.listed() == []
    runs = app.path("/data/user/0/dev.edgeship.bench/files/runs")
    assert not runs.exists() or list(runs.iterdir()) == []


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


_PATHS = [
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
]


def test_the_provider_gives_nothing_else(app):
    app.start("one", app.order(["--model", _MODEL])).wait()
    before = sorted(app.root.rglob("*"))

    for path in _PATHS:
        with pytest.raises(AppError) as caught:
            app.main.ask("read", uri=f"{RUNS}/{path}", to="/data/read")
        assert caught.value.kind == "java.io.FileNotFoundException", path

    assert sorted(app.root.rglob("*")) == before


def test_runs_cannot_be_written(app):
    app.start("one", app.order(["--model", _MODEL])).wait()
    for name in ("report", "outputs"):
        before = app.read("one", name)

        for mode in ("w", "wt", "wa", "rw", "rwt", "", "x"):
            with pytest.raises(AppError, match="FileNotFoundException: Runs can only be read"):
                app.main.ask("read", uri=f"{RUNS}/one/{name}", mode=mode, to="/data/read")

        assert app.read("one", name) == before


def test_rows_can_neither_be_added_nor_changed(app):
    for do in ("insert", "update"):
        with pytest.raises(AppError, match="UnsupportedOperationException"):
            app.main.ask(do, uri=f"{RUNS}/one")


def test_nothing_else_can_be_removed(app):
    app.start("one", app.order(["--model", _MODEL])).wait()
    before = sorted(app.root.rglob("*"))

    for path in ("..", "%2e%2e", "..%2F..", "one/report", "new.one", "a.b"):
        assert app.main.ask("delete", uri=f"{RUNS}/{path}") == 0, path

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
def test_an_intent_with_something_else_is_refused(app, how):
    for shared, data, kind in (
        ("picture", b"\x89PNG\r\n\x1a\n" + bytes(99), "image/png"),
        ("cut", chain()[:-100], "application/octet-stream"),
        ("refused", chain(), "refused"),
    ):
        path = app.push(f"/data/user/0/com.other/{shared}", data)
        uri = f"content://other/{shared}"
        app.main.ask("share", uri=uri, name=shared, path=path, type=kind)
    app.main.ask("share", uri="content://other/gone", name="gone", path="/data/user/0/com.other/no")

    for intent, said in _INTENTS.values():
        # Another sentence, so that one that stays from before is not taken for the answer.
        app.show("MainActivity", action="android.intent.action.VIEW", uri="ftp://example.org/m")
        app.wait_for("not ftp")
        given = intent
        if how == "SEND" and "uri" in intent:
            given = {"stream": intent["uri"]}
        app.show("MainActivity", action=f"android.intent.action.{how}", **given)
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
