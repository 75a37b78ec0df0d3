"""Gates of `run` and `compare` on fakes: exit codes, JUnit files and annotations."""

from __future__ import annotations

import json

from tests.device_bench.commands.test_run_compare import (  # noqa: F401  (fixtures)
    files,
    phone,
    run,
    slower,
)


def test_compare_fails_if_a_file_is_slower_than_allowed(phone, files, tmp_path, monkeypatch):  # noqa: F811
    store, junit = tmp_path / "s.sqlite", tmp_path / "new" / "junit.xml"
    asked = ("compare", *files, "--device", "adb", "--store", store, "--rounds", "11")
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    phone.times = slower(5)
    out, err = run(*asked, "--fail-if-slower", "3%", "--junit", junit, code=3)
    assert "more than 3 % slower" in out
    assert "::error" not in err
    assert junit.read_text().count("<failure") == 1
    assert junit.read_text().count("<testcase") == 3  # each file was measured, and one compared

    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    phone.times = slower(5)
    out, err = run(*asked, "--fail-if-slower", "10%", "--json")
    [gate] = json.loads(out)["gates"]
    assert (gate["gate"], gate["outcome"]) == ("--fail-if-slower 10%", "passed")
    assert "::error" not in err

    phone.times = slower(5)
    _, err = run(*asked[:-1], "2", "--fail-if-slower", "3%", code=3)
    assert "::error title=" in err
    assert "use --rounds 11 or more" in err


def test_compare_calls_files_the_same_within_a_margin(phone, files, tmp_path):  # noqa: F811
    phone.times = slower(0)
    store = tmp_path / "s.sqlite"
    out, _ = run("compare", *files, "--device", "adb", "--store", store, "--margin", "2%")
    assert "the same within 2 %" in out
    _, err = run("compare", *files, "--device", "adb", "--margin", "x", code=2)
    assert "--margin x is no percentage" in err


def test_run_keeps_to_a_budget(phone, files, tmp_path):  # noqa: F811
    store, junit = tmp_path / "s.sqlite", tmp_path / "junit.xml"
    asked = ("run", *files, "--device", "adb", "--store", store, "--junit", junit)
    out, _ = run(*asked, "--budget", "p90=20ms,init=1s,size=3MB")
    assert out.count("passed") == 6
    out, _ = run(*asked, "--budget", "rss=900MB", code=3)  # which the phone does not tell
    assert out.count("error") == 2
    out, _ = run(*asked, "--budget", "p90=100ns,size=3MB", code=3)
    assert out.count("failed") == 2
    assert "more." in out
    assert junit.read_text().count("<failure") == 2
    jobs = len(phone.jobs)
    _, err = run(*asked, "--budget", "p90=100", code=2)
    assert "measures time" in err
    assert len(phone.jobs) == jobs
