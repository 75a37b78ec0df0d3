"""What was made is found whole or not at all."""

from __future__ import annotations

import pytest

from _edgeship.errors import InputError
from _edgeship.export.sweep.artifacts import Artifacts, Made, link_names

KEY = "ab" + 62 * "0"


def keep(artifacts: Artifacts, text: str = "content") -> Made:
    folder = artifacts.work("made")
    folder.mkdir()
    (folder / "net.tflite").write_text(text)
    return artifacts.keep(Made(key=KEY, status="ok", file="net.tflite"), folder)


def test_what_was_kept_is_found_by_the_next_one(tmp_path):
    with Artifacts(tmp_path) as artifacts:
        made = keep(artifacts)
    with Artifacts(tmp_path) as artifacts:
        assert artifacts.find(KEY) == made
        assert (artifacts.place(KEY) / "net.tflite").read_text() == "content"
        assert artifacts.find("cd" + KEY[2:]) is None


@pytest.mark.parametrize("name", ["net.tflite", "outcome.json"])
def test_what_was_changed_or_is_missing_does_not_count_and_is_replaced(tmp_path, name):
    with Artifacts(tmp_path) as artifacts:
        keep(artifacts)
        (artifacts.place(KEY) / name).write_text("something damaged")
        assert artifacts.find(KEY) is None
        keep(artifacts, "again")
        assert artifacts.find(KEY) is not None
        (artifacts.place(KEY) / name).unlink()
        assert artifacts.find(KEY) is None


def test_what_is_refused_is_kept_too(tmp_path):
    with Artifacts(tmp_path) as artifacts:
        artifacts.keep(Made(key=KEY, status="refused", why="It cannot be."), None)
        found = artifacts.find(KEY)

    assert found is not None
    assert (found.status, found.why) == ("refused", "It cannot be.")


def test_work_of_the_dead_is_removed_and_that_of_the_living_is_not(tmp_path):
    dead = tmp_path / "work" / "sweep-deadbeef"
    dead.mkdir(parents=True)
    with Artifacts(tmp_path) as living:
        living.work("mine").mkdir()
        assert not dead.exists()
        with Artifacts(tmp_path):
            assert living.work("mine").exists()
    assert list((tmp_path / "work").iterdir()) == []


def test_links_have_names_for_people_and_follow_what_is_new(tmp_path):
    with Artifacts(tmp_path) as artifacts:
        keep(artifacts)
        link_names(artifacts, {"net/tflite-int8": "cd" + KEY[2:]})
        link_names(artifacts, {"net/tflite-int8": KEY})

    assert (tmp_path / "files/net/tflite-int8/net.tflite").read_text() == "content"
    assert not (tmp_path / "files/net/tflite-int8").readlink().is_absolute()


def test_a_folder_that_cannot_be_is_named(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(InputError, match="cannot be written"), Artifacts(tmp_path / "file"):
        pass
