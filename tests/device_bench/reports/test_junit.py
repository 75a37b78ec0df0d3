"""Checks for build servers: JUnit's XML and GitHub's annotations."""

from __future__ import annotations

from xml.etree import ElementTree

from _edgeship.device_bench.reports.junit import annotation_lines, junit
from _edgeship.device_bench.results.gates import Check

CHECKS = [
    Check("measured", "a.tflite", "local", "passed", "10 rounds were measured."),
    Check("--budget p90=1ms", '<b>"&\x1b\udce9.tflite', "adb:1 (Phone)", "failed", "100 % more\nx"),
    Check("--fail-if-slower 3%", "c, d: e.tflite", "local", "error", "too few"),
]


def test_junit_has_a_case_for_each_check() -> None:
    [suite] = ElementTree.fromstring(junit("device_bench run", CHECKS))  # noqa: S314  (our own)
    assert suite.attrib == {
        "name": "device_bench run",
        "tests": "3",
        "failures": "1",
        "errors": "1",
    }
    passed, failed, error = suite
    assert passed.find("system-out").text == "10 rounds were measured."
    assert passed.find("failure") is None
    assert failed.get("name") == '<b>"&\ufffd\ufffd.tflite: --budget p90=1ms'
    assert failed.find("failure").get("message").startswith("100 % more")
    assert error.find("error").get("type") == "--fail-if-slower 3%"


def test_an_annotation_is_one_line_that_github_reads_back() -> None:
    failed, error = annotation_lines(CHECKS)
    assert failed.endswith("::100 %25 more%0Ax (adb:1 (Phone))")
    assert "\n" not in failed
    assert error.startswith("::error title=c%2C d%3A e.tflite%3A --fail-if-slower 3%25::too few")
