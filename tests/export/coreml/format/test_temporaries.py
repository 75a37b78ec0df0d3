"""What coremltools writes is gone when the block ends, and found when the process was killed."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path

from _edgeship.export.coreml.format.temporaries import temporaries_of_its_own


def _written() -> Path:
    """Write a package as coremltools does; return where it is."""
    import coremltools
    from coremltools.models.utils import _create_mlpackage

    path = Path(_create_mlpackage(coremltools.proto.Model_pb2.Model(), None))
    assert (path / "Manifest.json").is_file()
    return path


def test_packages_are_gone_behind_the_block() -> None:
    with temporaries_of_its_own():
        inside = _written()
        with temporaries_of_its_own():
            nested = _written()
        assert inside.is_dir()
        assert not nested.exists()
    # The folder is one that others remove where its process was killed.
    assert inside.parent.name.startswith("edgeship-work-")
    assert not inside.parent.exists()


def test_other_threads_have_other_folders() -> None:
    found = []
    thread = threading.Thread(target=lambda: found.append(_written()))
    with temporaries_of_its_own():
        thread.start()
        thread.join()
        own = _written()
    [others] = found
    assert others.is_dir()
    assert others.parent == Path(tempfile.gettempdir())
    assert own.parent != others.parent
    for file in sorted(others.rglob("*"), reverse=True):
        file.unlink() if file.is_file() else file.rmdir()
    others.rmdir()
