import os
import sys

import pytest

from _edgeship.export.runtimes.quiet import Captured, captured_stderr


def test_both_the_descriptor_and_sys_stderr_are_captured(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Buffered, as standard error is when it is not a terminal.
    monkeypatch.setattr(sys, "stderr", open(2, "w", buffering=4096, closefd=False))  # noqa: SIM115
    print("before", file=sys.stderr, end=" ")
    with captured_stderr() as captured:
        os.write(2, b"INFO: native\nERROR: broken\n")
        print("python", file=sys.stderr)
    os.write(2, b"after")
    assert "INFO: native" in captured.text
    assert "python" in captured.text
    assert "ERROR: broken" in captured.without_chatter()
    assert "native" not in captured.without_chatter()
    assert capfd.readouterr().err == "before after"


def test_put_back_and_filled_when_the_block_raises(capfd: pytest.CaptureFixture[str]) -> None:
    def fail(seen: list[Captured]) -> None:
        with captured_stderr() as captured:
            seen.append(captured)
            os.write(2, b"cause")
            raise RuntimeError("stop")

    seen: list[Captured] = []
    with pytest.raises(RuntimeError, match="stop"):
        fail(seen)
    os.write(2, b"after")
    assert seen[0].text == "cause"
    assert capfd.readouterr().err == "after"


def test_no_descriptor_leaks() -> None:
    def open_descriptors() -> int:
        highest = os.dup(2)
        os.close(highest)
        return highest

    before = open_descriptors()
    for _ in range(5):
        with captured_stderr():
            pass
    assert open_descriptors() == before


def test_a_process_without_standard_error_is_left_alone() -> None:
    saved = os.dup(2)
    os.close(2)
    try:
        with captured_stderr() as captured:
            reached = True
    finally:
        os.dup2(saved, 2)
        os.close(saved)
    assert reached
    assert captured.text == ""
