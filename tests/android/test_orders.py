"""Which orders, files and names the app takes from outside, and what it says to the others."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.android.plain_java import ask, refusals
from tests.android.unpacked import Unpacked
from tests.device_bench.small_files import chain

pytestmark = pytest.mark.slow


@pytest.fixture
def shell(tmp_path: Path) -> Path:
    """The folder that orders may name files of, with a model in it."""
    folder = tmp_path / "local/tmp"
    folder.mkdir(parents=True)
    (folder / "m.tflite").write_bytes(chain())
    (tmp_path / "secret.tflite").write_bytes(chain())
    return folder


def _order(shell: Path, words: Sequence[str] | bytes) -> Path:
    number = len(list(shell.glob("order*")))
    path = shell / f"order{number}"
    text = words if isinstance(words, bytes) else "".join(f"{word}\n" for word in words).encode()
    path.write_bytes(text)
    return path


def _read(unpacked: Unpacked, shell: Path, orders: Sequence[Path | str]) -> list[dict[str, object]]:
    jobs = [{"do": "order", "path": str(order), "folders": [str(shell)]} for order in orders]
    return ask(unpacked, jobs)


def test_an_order_gives_the_words_with_links_resolved(unpacked: Unpacked, shell: Path) -> None:
    (shell / "link").symlink_to("m.tflite")
    words = ["--model", f"{shell}/../tmp/link", "--frequency", "--input", f"{shell}/m.tflite"]
    words += ["--threads", "2", "--cores", "0,1", "--profile"]
    [result] = _read(unpacked, shell, [_order(shell, words)])
    expected = [words[0], f"{shell}/m.tflite", *words[2:]]
    assert result == {"words": expected}


def _huge(path: Path) -> str:
    with path.open("wb") as file:
        file.write(chain())
        os.truncate(path, 2**31)
    return str(path)


def _fifo(path: Path) -> str:
    os.mkfifo(path)
    return str(path)


def _linked(path: Path, target: Path) -> str:
    path.symlink_to(target)
    return str(path)


def _cut(path: Path) -> str:
    path.write_bytes(chain()[:-20])
    return str(path)


_MODELS: dict[str, tuple[str, Callable[[Path], str]]] = {
    "outside": ("refused_outside", lambda shell: str(shell.parents[1] / "secret.tflite")),
    "dots": ("refused_outside", lambda shell: f"{shell}/../../secret.tflite"),
    "link": (
        "refused_outside",
        lambda shell: _linked(shell / "out", shell.parents[1] / "secret.tflite"),
    ),
    "link to a folder": (
        "refused_outside",
        lambda shell: _linked(shell / "up", shell.parents[1]) + "/secret.tflite",
    ),
    "folder of a like name": ("refused_outside", lambda shell: f"{shell}x/m.tflite"),
    "the folder": ("refused_outside", lambda shell: str(shell)),
    "relative": ("refused_outside", lambda shell: "m.tflite"),
    "empty": ("refused_no_value", lambda shell: ""),
    "circle": ("refused_no_file", lambda shell: _linked(shell / "loop", shell / "loop")),
    "missing": ("refused_no_file", lambda shell: f"{shell}/gone.tflite"),
    "pipe": ("refused_no_file", lambda shell: _fifo(shell / "pipe")),
    "device": ("refused_outside", lambda shell: "/dev/zero"),
    "long name": ("refused_no_file", lambda shell: f"{shell}/{'x' * 5000}"),
    "2 GiB": ("refused_too_large", lambda shell: _huge(shell / "huge.tflite")),
    "cut off": ("refused_damaged", lambda shell: _cut(shell / "cut.tflite")),
    "no .tflite": ("refused_not_tflite", lambda shell: str(_order(shell, b"no model"))),
    "no bytes": ("refused_not_tflite", lambda shell: str(_order(shell, b""))),
}


def test_models_elsewhere_and_damaged_ones_are_refused(unpacked: Unpacked, shell: Path) -> None:
    orders = [_order(shell, ["--model", make(shell)]) for _, make in _MODELS.values()]
    found = dict(zip(_MODELS, refusals(_read(unpacked, shell, orders)), strict=True))
    assert found == {name: sentence for name, (sentence, _) in _MODELS.items()}


def test_words_that_are_no_order_are_refused(unpacked: Unpacked, shell: Path) -> None:
    model = ["--model", f"{shell}/m.tflite"]
    secret = str(shell.parents[1] / "secret.tflite")
    cases: dict[str, tuple[str, Sequence[str] | bytes]] = {
        "nothing": ("refused_no_model", []),
        "no model": ("refused_no_model", ["--threads", "1"]),
        "unknown": ("refused_option", [*model, "--library", "x"]),
        "outputs": ("refused_option", [*model, "--outputs", "/data/x"]),
        "a path alone": ("refused_option", [*model, secret]),
        "no value": ("refused_no_value", [*model, "--threads"]),
        "input outside": ("refused_outside", [*model, "--input", secret]),
        # The runner takes what follows --cores as its value, whatever it looks like; so does this.
        "hidden": ("refused_option", [*model, "--cores", "--model", secret]),
        "twice": ("refused_outside", [*model, "--model", secret]),
        "bytes": ("refused_text", b"--model\n\xff\xfe"),
        "zero": ("refused_text", b"--model\n/x\0y"),
        "long": ("refused_too_large", b"x" * (64 * 1024 + 1)),
    }
    orders = [_order(shell, words) for _, words in cases.values()]
    found = dict(zip(cases, refusals(_read(unpacked, shell, orders)), strict=True))
    assert found == {name: sentence for name, (sentence, _) in cases.items()}


def test_order_files_elsewhere_are_refused(unpacked: Unpacked, shell: Path) -> None:
    outside = shell.parents[1] / "order"
    outside.write_text(f"--model\n{shell}/m.tflite\n")
    link = Path(_linked(shell / "order", outside))
    found = refusals(_read(unpacked, shell, [outside, link, shell / "gone", "/proc/self/environ"]))
    assert found == ["refused_outside", "refused_outside", "refused_no_file", "refused_outside"]


def test_names_from_outside_are_made_fit_for_a_screen(unpacked: Unpacked) -> None:
    names = {
        "net.tflite": "net.tflite",
        "ünïcode 网络 🚢": "ünïcode 网络 🚢",
        "a\nb\tc\0": "a?b?c?",
        "\u202eetilft": "?etilft",
        "a\u200bb\ue000": "a?b?",
        "x" * 500: "x" * 120,
    }
    results = ask(unpacked, [{"do": "name", "name": name} for name in names])
    assert [result["shown"] for result in results] == list(names.values())


def _run(files: Path, name: str, report: str, about: dict[str, object], summary: str) -> None:
    folder = files / "runs" / name
    folder.mkdir(parents=True)
    (folder / "lock").touch()
    (folder / "report.jsonl").write_text(report)
    (folder / "about.json").write_text(json.dumps(about))
    if summary:
        (folder / "summary.json").write_text(summary)


def test_only_the_newest_runs_are_kept_and_outputs_only_of_one(
    unpacked: Unpacked, tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    for number in range(205):
        _run(tmp_path, f"r{number}", "", {}, "")
        (runs / f"r{number}/outputs").write_bytes(b"much")
        os.utime(runs / f"r{number}/lock", (number, number))
    (runs / "new.died").mkdir()  # Of a process that was killed while it made this folder.
    (runs / "new.died/lock").touch()
    job = {"do": "begin", "files": str(tmp_path)}
    begun, again = ask(unpacked, [{**job, "id": "now"}, {**job, "id": "now"}])
    assert begun == {"while": "RUNNING", "after": "DIED"}
    assert (again["refused"], again["words"]) == ("refused_run_exists", ["now"])
    kept = {"now"} | {f"r{number}" for number in range(6, 205)}
    assert {path.name for path in runs.iterdir()} == kept
    assert len(kept) == 200
    assert list(runs.glob("*/outputs")) == []


def _report(times: Sequence[int]) -> str:
    lines = ['{"event":"app","thermal_status":0}', '{"event":"init","ns":7}']
    lines += ['{"event":"first","ns":9}', '{"event":"warmup","ns":99}']
    lines += [f'{{"event":"run","ns":{ns},"mhz":null,"capped":null}}' for ns in times]
    lines += ['{"event":"end","peak_rss_bytes":null,"fully_accelerated":true,"outputs":[4]}']
    return "\n".join([*lines, '{"event":"app_end","thermal_status":2}', ""])


def test_a_summary_has_the_figures_of_the_host(unpacked: Unpacked, tmp_path: Path) -> None:
    times = [50, 10, 40, 30]
    reports = {
        "whole": _report(times),
        "error": '{"event":"init","ns":7}\n{"event":"error","what":"no"}\n',
        "cut": _report(times)[:-110],
        "empty": "",
    }
    for name, text in reports.items():
        (tmp_path / name).write_text(text)
    jobs = [{"do": "summary", "report": str(tmp_path / name)} for name in reports]
    whole, failed, *broken = ask(unpacked, jobs)
    assert whole == {
        "thermal_status_begin": 0,
        "thermal_status_end": 2,
        "init_ns": 7,
        "first_ns": 9,
        "fully_accelerated": True,
        "peak_rss_bytes": None,
        "runs": 4,
        "median_ns": 35,
        "p90_ns": 47,
        "fastest_ns": 10,
        "slowest_ns": 50,
    }
    assert failed == {"init_ns": 7, "error": "no"}
    assert [each["error"] for each in broken] == ["broken off"] * 2


def test_all_runs_are_shared_as_json_and_csv(unpacked: Unpacked, tmp_path: Path) -> None:
    words = ["--model", "/x", "--accelerator", "gpu", "--threads", "2"]
    done = {"runs": 3, "median_ns": 35, "fully_accelerated": False}
    _run(tmp_path, "a", _report([1]), {"model": '=cmd("x")', "words": words}, json.dumps(done))
    _run(tmp_path, "b", "", {"model": 'net, "new"', "words": []}, "")
    os.utime(tmp_path / "runs/a/lock", (1000, 1000))
    [shared] = ask(unpacked, [{"do": "export", "files": str(tmp_path)}])
    newest, oldest = shared["json"]["runs"]
    assert newest["id"] == "b"
    assert newest["state"] == "died"
    assert oldest == {
        "id": "a",
        "begun_ms": 1_000_000,
        "state": "finished",
        "model": '=cmd("x")',
        "accelerator": "gpu",
        "threads": "2",
        **done,
    }
    rows = list(csv.DictReader(io.StringIO(shared["csv"])))
    assert [row["id"] for row in rows] == ["b", "a"]
    assert [row["model"] for row in rows] == ['net, "new"', '\'=cmd("x")']
    assert (rows[1]["median_ns"], rows[1]["fully_accelerated"]) == ("35", "false")
    assert rows[0]["median_ns"] == ""
