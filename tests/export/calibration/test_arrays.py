import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from _edgeship.errors import InputError
from _edgeship.export.calibration import arrays as module
from _edgeship.export.calibration.arrays import Arrays, array_source
from _edgeship.export.calibration.input_spec import InputSpec, specs_of
from _edgeship.export.calibration.preprocess import Preprocess
from _edgeship.export.calibration.source import select
from _edgeship.export.runtimes.values import Sample

PREPROCESS = Preprocess((0.5, 0.4, 0.3), (0.2, 0.25, 0.5))
IMAGE = specs_of({"x": (1, 3, 4, 5)})
TWO = specs_of({"x": (1, 3, 4, 5), "mask": (1, 7)})


def floats(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape, dtype=np.float32)


def saved(folder: Path, array: np.ndarray) -> Path:
    np.save(folder / "calib.npy", array)
    return folder / "calib.npy"


def archived(folder: Path, **arrays: np.ndarray) -> Path:
    np.savez(folder / "calib.npz", **arrays)  # type: ignore[arg-type]
    return folder / "calib.npz"


def array_samples(
    source: Path | Arrays, inputs: dict[str, InputSpec], preprocess: Preprocess, limit: int
) -> tuple[list[Sample], str]:
    found = array_source(source, inputs, preprocess)
    samples = found.loaded(select(found.groups, limit))
    return samples, found.words(len(samples))


def test_float_array_is_used_as_it_is(tmp_path: Path) -> None:
    array = floats(6, 3, 4, 5)
    path = saved(tmp_path, array)
    samples, words = array_samples(path, IMAGE, PREPROCESS, 32)
    np.testing.assert_array_equal(np.stack([sample["x"] for sample in samples]), array)
    assert words == f"{path} (6 samples)"


def test_double_array_becomes_float32(tmp_path: Path) -> None:
    samples, _ = array_samples(
        saved(tmp_path, np.ones((2, 3, 4, 5), np.float64)), IMAGE, PREPROCESS, 2
    )
    assert samples[0]["x"].dtype == np.float32


def test_channels_last_array_is_transposed(tmp_path: Path) -> None:
    array = floats(2, 4, 5, 3)
    samples, _ = array_samples(saved(tmp_path, array), IMAGE, PREPROCESS, 32)
    np.testing.assert_array_equal(samples[1]["x"], array[1].transpose(2, 0, 1))
    assert samples[1]["x"].flags.c_contiguous


def test_array_that_matches_both_ways_stays(tmp_path: Path) -> None:
    array = floats(2, 3, 3, 3)
    samples, _ = array_samples(
        saved(tmp_path, array), specs_of({"x": (1, 3, 3, 3)}), PREPROCESS, 32
    )
    np.testing.assert_array_equal(samples[0]["x"], array[0])


def test_uint8_array_is_normalized_as_pixels(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2, 4, 5, 3), dtype=np.uint8)
    samples, _ = array_samples(saved(tmp_path, pixels), IMAGE, PREPROCESS, 32)
    expected = (pixels[0] / 255 - np.array(PREPROCESS.mean)) / np.array(PREPROCESS.std)
    np.testing.assert_allclose(samples[0]["x"], expected.transpose(2, 0, 1), atol=1e-5)


def test_uint8_is_refused_where_the_input_is_no_image(tmp_path: Path) -> None:
    path = saved(tmp_path, np.ones((2, 7), np.uint8))
    with pytest.raises(InputError) as caught:
        array_samples(path, specs_of({"mask": (1, 7)}), PREPROCESS, 32)
    assert "found uint8" in caught.value.why


def test_evenly_spaced_samples_are_taken_down_to_the_limit(tmp_path: Path) -> None:
    array = np.arange(10, dtype=np.float32)[:, None]
    path = saved(tmp_path, array)
    samples, words = array_samples(path, specs_of({"x": (1, 1)}), PREPROCESS, 4)
    assert [float(sample["x"][0]) for sample in samples] == [0, 2, 5, 7]
    assert words == f"{path} (4 of 10 samples)"


def test_scalar_samples_keep_their_rank(tmp_path: Path) -> None:
    samples, _ = array_samples(saved(tmp_path, floats(3)), specs_of({"x": (1,)}), PREPROCESS, 32)
    assert samples[0]["x"].shape == ()


def test_archive_gives_each_input_its_array(tmp_path: Path) -> None:
    x, mask = floats(2, 3, 4, 5), floats(2, 7)
    path = archived(tmp_path, mask=mask, x=x, label=np.array([1, 2]))
    samples, _ = array_samples(path, TWO, PREPROCESS, 32)
    assert list(samples[1]) == ["x", "mask"]
    np.testing.assert_array_equal(samples[1]["x"], x[1])
    np.testing.assert_array_equal(samples[1]["mask"], mask[1])


def test_single_array_serves_a_single_input_whatever_its_name(tmp_path: Path) -> None:
    array = floats(2, 3, 4, 5)
    samples, _ = array_samples(archived(tmp_path, images=array), IMAGE, PREPROCESS, 32)
    np.testing.assert_array_equal(samples[0]["x"], array[0])


def test_missing_input_lists_expected_and_found(tmp_path: Path) -> None:
    path = archived(tmp_path, x=floats(2, 3, 4, 5), other=floats(2, 7))
    with pytest.raises(InputError, match="no array for mask") as caught:
        array_samples(path, TWO, PREPROCESS, 32)
    assert "inputs are x, mask" in caught.value.why
    assert "holds x, other" in caught.value.why


def test_npy_for_several_inputs_points_to_npz(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        array_samples(saved(tmp_path, floats(2, 3, 4, 5)), TWO, PREPROCESS, 32)
    assert ".npz" in caught.value.todo


@pytest.mark.parametrize("shape", [(3, 4, 5), (2, 3, 5, 4), (2, 1, 4, 5), (0, 3, 4, 5), ()])
def test_wrong_shape_says_expected_and_found(tmp_path: Path, shape: tuple[int, ...]) -> None:
    path = saved(tmp_path, np.zeros(shape, np.float32))
    with pytest.raises(InputError, match="wrong shape") as caught:
        array_samples(path, IMAGE, PREPROCESS, 32)
    assert "(samples, 3, 4, 5)" in caught.value.why
    assert f"found {shape}" in caught.value.why


def test_different_sample_counts_are_refused(tmp_path: Path) -> None:
    path = archived(tmp_path, x=floats(2, 3, 4, 5), mask=floats(3, 7))
    with pytest.raises(InputError, match="different numbers") as caught:
        array_samples(path, TWO, PREPROCESS, 32)
    assert caught.value.why == "x: 2, mask: 3"


@pytest.mark.parametrize("dtype", [np.int64, np.bool_, np.complex64])
def test_wrong_type_says_expected_and_found(tmp_path: Path, dtype: type) -> None:
    with pytest.raises(InputError, match="wrong type") as caught:
        array_samples(saved(tmp_path, np.ones((2, 3, 4, 5), dtype)), IMAGE, PREPROCESS, 32)
    assert f"found {np.dtype(dtype)}" in caught.value.why


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
def test_values_that_are_not_finite_in_float32_are_refused(tmp_path: Path, value: float) -> None:
    array = np.zeros((2, 3, 4, 5))
    array[1, 0, 0, 0] = value
    with pytest.raises(InputError, match="NaN or infinity") as caught:
        array_samples(saved(tmp_path, array), IMAGE, PREPROCESS, 32)
    assert "sample 1 of x" in caught.value.where


class Trap:
    """Marks that it was unpickled."""

    sprung = False

    def __setstate__(self, state: dict[str, object]) -> None:
        Trap.sprung = True


@pytest.mark.parametrize("suffix", ["npy", "npz"])
def test_pickled_objects_are_never_loaded(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Trap, "sprung", False)
    trap = Trap()
    trap.state = 1  # type: ignore[attr-defined]
    array = np.array([trap], dtype=object)
    path = saved(tmp_path, array) if suffix == "npy" else archived(tmp_path, x=array)
    with pytest.raises(InputError, match="cannot be read"):
        array_samples(path, IMAGE, PREPROCESS, 32)
    path.write_bytes(pickle.dumps(trap))
    with pytest.raises(InputError, match="cannot be read"):
        array_samples(path, IMAGE, PREPROCESS, 32)
    assert not Trap.sprung
    pickle.loads(pickle.dumps(trap))  # noqa: S301
    assert Trap.sprung  # the trap works


@pytest.mark.parametrize("suffix", ["npy", "npz"])
def test_damaged_files_are_named(tmp_path: Path, suffix: str) -> None:
    array = floats(2, 3, 4, 5)
    path = saved(tmp_path, array) if suffix == "npy" else archived(tmp_path, x=array)
    whole = path.read_bytes()
    for content in (b"", b"nonsense", whole[: len(whole) // 2]):
        path.write_bytes(content)
        with pytest.raises(InputError, match=rf"calib\.{suffix} cannot be read"):
            array_samples(path, IMAGE, PREPROCESS, 32)


def test_archive_member_that_is_no_array_does_not_count(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    np.save(buffer, floats(2, 3, 4, 5))
    with zipfile.ZipFile(tmp_path / "calib.npz", "w") as archive:
        archive.writestr("readme.txt", "hello")
        archive.writestr("images.npy", buffer.getvalue())
    samples, _ = array_samples(tmp_path / "calib.npz", IMAGE, PREPROCESS, 32)
    assert len(samples) == 2


def test_archive_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.savez_compressed(tmp_path / "calib.npz", x=np.zeros((100, 3, 4, 5), np.float32))
    monkeypatch.setattr(module, "MAX_ARCHIVE_BYTES", 20_000)
    with pytest.raises(InputError, match="too large"):
        array_samples(tmp_path / "calib.npz", IMAGE, PREPROCESS, 32)


def test_arrays_for_an_input_with_its_channels_at_the_end(tmp_path: Path) -> None:
    spec = {"x": InputSpec((1, 4, 5, 3), layout="nhwc")}
    array = floats(2, 3, 4, 5)
    for given in (array, np.moveaxis(array, 1, -1)):
        samples, _ = array_samples(saved(tmp_path, given), spec, PREPROCESS, 32)
        np.testing.assert_array_equal(samples[1]["x"], array[1].transpose(1, 2, 0))
    pixels = np.random.default_rng(0).integers(0, 256, (1, 4, 5, 3), dtype=np.uint8)
    samples, _ = array_samples(saved(tmp_path, pixels), spec, PREPROCESS, 32)
    expected = (pixels[0] / 255 - np.array(PREPROCESS.mean)) / np.array(PREPROCESS.std)
    np.testing.assert_allclose(samples[0]["x"], expected, atol=1e-5)


def test_integers_for_an_input_of_integers(tmp_path: Path) -> None:
    spec = {"ids": InputSpec((1, 2), np.dtype(np.int32), high=9)}
    for given in (np.int64([[1, 8]]), np.float32([[1, 8]])):
        samples, _ = array_samples(saved(tmp_path, np.asarray(given)), spec, PREPROCESS, 32)
        assert samples[0]["ids"].dtype == np.int32
        assert samples[0]["ids"].tolist() == [1, 8]
    for wrong in (np.float32([[0.5, 1]]), np.int64([[0, 2**40]]), np.float32([[np.nan, 0]])):
        with pytest.raises(InputError, match="wrong type"):
            array_samples(saved(tmp_path, np.asarray(wrong)), spec, PREPROCESS, 32)


def test_extents_beyond_64_bits_are_one_sentence(tmp_path: Path) -> None:
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({10**30},)}}".encode()
    data = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    (tmp_path / "calib.npy").write_bytes(data)
    with zipfile.ZipFile(tmp_path / "calib.npz", "w") as archive:
        archive.writestr("x.npy", data)
    for name in ("calib.npy", "calib.npz"):
        with pytest.raises(InputError, match="cannot be read"):
            array_samples(tmp_path / name, IMAGE, PREPROCESS, 32)


def test_an_encrypted_archive_is_one_sentence(tmp_path: Path) -> None:
    data = bytearray(archived(tmp_path, x=floats(2, 3, 4, 5)).read_bytes())
    data[6] |= 1  # of the entry, and of the list of entries
    data[data.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "calib.npz").write_bytes(data)
    with pytest.raises(InputError, match=r"(?s)cannot be read.*encrypted"):
        array_samples(tmp_path / "calib.npz", IMAGE, PREPROCESS, 32)


def test_arrays_may_have_the_names_that_the_network_itself_has(tmp_path: Path) -> None:
    inputs = {"photo": InputSpec((1, 3, 4, 5), own_name="input.1"), "mask": InputSpec((1, 7))}
    path = archived(tmp_path, **{"input.1": floats(2, 3, 4, 5), "mask": floats(2, 7)})
    samples, _ = array_samples(path, inputs, PREPROCESS, 2)
    assert list(samples[0]) == ["photo", "mask"]
    np.testing.assert_array_equal(samples[0]["photo"], floats(2, 3, 4, 5)[0])
    with pytest.raises(InputError, match="There is no array for photo"):
        array_samples(archived(tmp_path, mask=floats(2, 7)), inputs, PREPROCESS, 2)
