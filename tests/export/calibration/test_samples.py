import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from _edgeship.errors import InputError
from _edgeship.export.calibration import samples as module
from _edgeship.export.calibration.input_spec import InputSpec, specs_of
from _edgeship.export.calibration.pictures import shipped_pictures
from _edgeship.export.calibration.preprocess import Preprocess, raw_pixels
from _edgeship.export.calibration.samples import (
    MOST_SAMPLES,
    SampleSet,
    load_samples,
    loose_samples,
    split_samples,
    verification_samples,
)
from _edgeship.export.runtimes.values import Sample

PREPROCESS = Preprocess((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
IMAGE = specs_of({"x": (1, 3, 32, 32)})
SHIPPED = len(shipped_pictures())


def only(samples: SampleSet) -> np.ndarray:
    return np.concatenate([arrays["x"] for arrays in samples.arrays])


def test_shipped_images_are_the_default() -> None:
    samples = load_samples(None, IMAGE, PREPROCESS)
    array = only(samples)
    assert array.shape == (36, 3, 32, 32)
    assert array.dtype == np.float32
    assert samples.natural
    assert samples.source == f"36 views of {SHIPPED} natural images shipped with edgeship"
    assert len(np.unique(array, axis=0)) == 36  # no view twice


def test_second_view_of_a_shipped_image_is_mirrored_and_tighter() -> None:
    array = only(load_samples(None, IMAGE, PREPROCESS, limit=2 * SHIPPED))
    tight = Preprocess(PREPROCESS.mean, PREPROCESS.std, crop=0.4 * PREPROCESS.crop)
    expected = only(load_samples(None, IMAGE, tight, limit=SHIPPED))
    np.testing.assert_array_equal(array[SHIPPED:], expected[..., ::-1])


def test_no_view_of_a_shipped_image_is_enlarged() -> None:
    """Those that are read at 224 pixels end at 224 of their 320: a crop of 0.7."""
    large = specs_of({"x": (1, 3, 224, 224)})
    near = only(load_samples(None, large, PREPROCESS, limit=2 * SHIPPED))[-1]
    tight = Preprocess(PREPROCESS.mean, PREPROCESS.std, crop=224 / 320)
    expected = only(load_samples(None, large, tight, limit=SHIPPED))[-1]
    np.testing.assert_array_equal(near, expected[..., ::-1])


def test_few_shipped_images_are_spread_over_all() -> None:
    samples = load_samples(None, IMAGE, PREPROCESS, limit=4)
    every = only(load_samples(None, IMAGE, PREPROCESS, limit=SHIPPED))
    np.testing.assert_array_equal(only(samples), every[[0, 4, 8, 12]])
    assert samples.source == "4 natural images shipped with edgeship"


def test_shipped_images_end_after_four_views() -> None:
    array = only(load_samples(None, IMAGE, PREPROCESS, limit=1000))
    assert len(array) == 4 * SHIPPED
    assert len(np.unique(array, axis=0)) == 4 * SHIPPED


def test_shipped_images_make_clips_and_grayscale() -> None:
    clips = load_samples(None, specs_of({"x": (1, 3, 4, 16, 16)}), PREPROCESS, limit=2)
    assert only(clips).shape == (2, 3, 4, 16, 16)
    assert clips.source.endswith("edgeship, each panned across as a clip")
    gray = load_samples(None, specs_of({"x": (1, 1, 16, 16)}), Preprocess((0.5,), (0.5,)), limit=2)
    assert only(gray).shape == (2, 1, 16, 16)


def test_shipped_images_look_natural_after_normalization() -> None:
    array = only(load_samples(None, specs_of({"x": (1, 3, 224, 224)}), PREPROCESS, limit=16))
    assert abs(array.mean()) < 1
    assert 0.5 < array.std() < 2
    # Black and white to within a few levels: the ends of what an image can hold.
    low = (0 - np.array(PREPROCESS.mean)) / np.array(PREPROCESS.std)
    high = (1 - np.array(PREPROCESS.mean)) / np.array(PREPROCESS.std)
    np.testing.assert_allclose(array.min(axis=(0, 2, 3)), low, atol=0.1)
    np.testing.assert_allclose(array.max(axis=(0, 2, 3)), high, atol=0.1)


@pytest.mark.parametrize("source", [None, "random"])
def test_same_arguments_give_the_same_arrays(source: str | None) -> None:
    first, second = (load_samples(source, IMAGE, PREPROCESS, limit=3) for _ in range(2))
    np.testing.assert_array_equal(only(first), only(second))


@pytest.mark.parametrize(
    "inputs",
    [
        {"x": (1, 3, 8, 8), "y": (1, 3, 8, 8)},
        {"x": (1, 16)},
        {"x": (1, 3, 8)},
        {"x": (1, 4, 8, 8)},
    ],
)
@pytest.mark.parametrize("folder", [False, True])
def test_images_do_not_fit_other_inputs(
    tmp_path: Path, inputs: dict[str, tuple[int, ...]], folder: bool
) -> None:
    with pytest.raises(InputError, match="not fit this model") as caught:
        load_samples(tmp_path if folder else None, specs_of(inputs), PREPROCESS)
    assert "--calib FILE.npz" in caught.value.todo
    assert "--calib random" in caught.value.todo
    assert str(inputs["x"]) in caught.value.why


def test_folder_of_images(tmp_path: Path) -> None:
    Image.new("RGB", (40, 30), (255, 255, 255)).save(tmp_path / "white.png")
    samples = load_samples(str(tmp_path), IMAGE, PREPROCESS)
    assert samples.source == f"{tmp_path} (1 image)"
    assert samples.natural
    np.testing.assert_allclose(only(samples)[0, 0], (1 - 0.485) / 0.229, atol=1e-5)


def test_random_is_standard_normal_noise_for_every_input() -> None:
    inputs = {"x": (1, 3, 32, 32), "y": (1, 10), "z": (1,)}
    samples = load_samples("random", specs_of(inputs), PREPROCESS, limit=8, seed=1)
    assert samples.source == "seeded random"
    assert not samples.natural
    assert len(samples.arrays) == 8
    for arrays in samples.arrays:
        assert {name: array.shape for name, array in arrays.items()} == inputs
        assert all(array.dtype == np.float32 for array in arrays.values())
    assert abs(only(samples).mean()) < 0.02  # 3 standard errors of 24576 values
    assert abs(only(samples).std() - 1) < 0.02
    other = load_samples("random", specs_of(inputs), PREPROCESS, limit=8, seed=2)
    assert not np.array_equal(only(samples), only(other))


def test_batches_hold_consecutive_samples_and_wrap_round(tmp_path: Path) -> None:
    np.save(tmp_path / "calib.npy", np.arange(5, dtype=np.float32)[:, None])
    samples = load_samples(tmp_path / "calib.npy", specs_of({"x": (2, 1)}), PREPROCESS)
    batches = [arrays["x"].ravel().tolist() for arrays in samples.arrays]
    assert batches == [[0, 1], [2, 3], [4, 0]]


def test_batch_larger_than_the_samples_repeats_them(tmp_path: Path) -> None:
    np.save(tmp_path / "calib.npy", np.arange(2, dtype=np.float32)[:, None])
    samples = load_samples(tmp_path / "calib.npy", specs_of({"x": (5, 1)}), PREPROCESS)
    assert [arrays["x"].ravel().tolist() for arrays in samples.arrays] == [[0, 1, 0, 1, 0]]


def test_inputs_may_differ_in_batch(tmp_path: Path) -> None:
    values = np.arange(4, dtype=np.float32)[:, None]
    np.savez(tmp_path / "calib.npz", x=values, state=values)
    samples = load_samples(
        tmp_path / "calib.npz", specs_of({"x": (2, 1), "state": (1, 1)}), PREPROCESS
    )
    assert [arrays["x"].shape for arrays in samples.arrays] == [(2, 1)] * 4
    assert [float(arrays["state"][0, 0]) for arrays in samples.arrays] == [0, 1, 2, 3]


def test_missing_source_says_what_is_accepted(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no calibration source") as caught:
        load_samples(tmp_path / "absent", IMAGE, PREPROCESS)
    assert ".npz" in caught.value.todo


def test_other_kinds_of_file_say_what_is_accepted(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"")
    with pytest.raises(InputError, match="not of a kind that is accepted") as caught:
        load_samples(tmp_path / "photo.jpg", IMAGE, PREPROCESS)
    for accepted in ("folder", ".npz", ".npy", "random"):
        assert accepted in caught.value.todo


@pytest.mark.parametrize(
    ("inputs", "limit", "words"),
    [
        ({}, 4, "no inputs"),
        ({"x": ()}, 4, r"x has the shape \(\)"),
        ({"x": (0, 3, 8, 8)}, 4, r"x has the shape \(0, 3, 8, 8\)"),
        ({"x": (1, 3, -1, 8)}, 4, r"x has the shape \(1, 3, -1, 8\)"),
        ({"x": (1, 3, 8, 8)}, 0, "at least one sample, not 0"),
    ],
)
def test_senseless_inputs_are_refused(
    inputs: dict[str, tuple[int, ...]], limit: int, words: str
) -> None:
    with pytest.raises(InputError, match=words):
        load_samples("random", specs_of(inputs), PREPROCESS, limit=limit)


def test_import_does_not_load_torch() -> None:
    code = (
        "import sys, _edgeship.export.calibration.samples, _edgeship.export.calibration.ranges\n"
        "print(sorted({'torch', 'onnx', 'onnxruntime'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "[]"


def test_every_fourth_sample_is_held_out(tmp_path: Path) -> None:
    np.save(tmp_path / "calib.npy", np.arange(9, dtype=np.float32)[:, None])
    split = split_samples(tmp_path / "calib.npy", specs_of({"x": (2, 1)}), PREPROCESS)
    assert split.held_out
    runs = [one["x"].ravel().tolist() for one in split.calibration]
    assert runs == [[0, 2], [3, 4], [6, 7], [8, 0]]
    assert [one["x"].ravel().tolist() for one in split.verification] == [[1, 5]]


def test_three_samples_serve_for_both(tmp_path: Path) -> None:
    np.save(tmp_path / "calib.npy", np.arange(3, dtype=np.float32)[:, None])
    split = split_samples(tmp_path / "calib.npy", specs_of({"x": (1, 1)}), PREPROCESS)
    assert not split.held_out
    assert [float(one["x"][0, 0]) for one in split.calibration] == [0, 1, 2]
    assert [float(one["x"][0, 0]) for one in split.verification] == [0, 1, 2]


def test_no_view_of_a_held_out_picture_is_calibrated_on() -> None:
    assert SHIPPED % 4 == 0  # or a picture's second view would fall on the other side
    split = split_samples(None, IMAGE, PREPROCESS)
    assert (len(split.calibration), len(split.verification)) == (36, 12)
    rounds = only(load_samples(None, IMAGE, PREPROCESS, limit=48))
    kept = np.concatenate([one["x"] for one in split.verification])
    np.testing.assert_array_equal(kept, rounds[1::4])


@pytest.mark.parametrize("dtype", [np.float32, np.uint8])
def test_pictures_with_their_channels_at_the_end(dtype: type) -> None:
    first = only(load_samples(None, {"x": InputSpec((1, 3, 8, 6))}, PREPROCESS, limit=2))
    if dtype == np.uint8:
        mean, std = (np.array(v).reshape(3, 1, 1) for v in (PREPROCESS.mean, PREPROCESS.std))
        first = np.rint((first * std + mean) * 255)
    spec = InputSpec((1, 8, 6, 3), np.dtype(dtype), "nhwc")
    known = raw_pixels(3) if dtype == np.uint8 else PREPROCESS
    last = only(load_samples(None, {"x": spec}, known, limit=2))
    assert last.dtype == dtype
    np.testing.assert_allclose(last, first.transpose(0, 2, 3, 1), atol=1e-5)


def test_noise_for_indices_stays_below_their_bound() -> None:
    specs = {"ids": InputSpec((1, 500), np.dtype(np.int64), high=7)}
    [sample] = load_samples("random", specs, PREPROCESS, limit=1).arrays
    assert sample["ids"].dtype == np.int64
    assert set(sample["ids"].ravel().tolist()) == set(range(7))


def colored(folder: Path, classes: dict[str, int]) -> None:
    for number, (name, count) in enumerate(classes.items()):
        (folder / name).mkdir(parents=True)
        for index in range(count):
            level = (20 * number, index, 0)
            Image.new("RGB", (32, 32), level).save(folder / name / f"{index:03}.png")


def classes_of(arrays: list[Sample]) -> list[int]:
    plain = np.concatenate([sample["x"][:, 0, 0, 0] for sample in arrays])
    return [round(255 * float(level) / 20) for level in plain]


RAW = Preprocess((0.0,) * 3, (1.0,) * 3)


def test_classes_are_calibrated_and_verified_on_alike(tmp_path: Path) -> None:
    colored(tmp_path, {"ants": 40, "bees": 4, "cats": 20})
    split = split_samples(tmp_path, IMAGE, RAW, limit=15)
    calibration, verification = classes_of(split.calibration), classes_of(split.verification)
    assert [verification.count(number) for number in range(3)] == [4, 4, 4]
    assert [calibration.count(number) for number in range(3)] == [8, 0, 7]
    assert (split.calibrated, split.verified) == (15, 12)
    assert split.source == f"{tmp_path} (27 of 64 images, 3 folders alike)"


def test_a_batch_of_a_million_beside_one_of_two_takes_no_more_memory() -> None:
    inputs = specs_of({"x": (2, 16, 1_000_000), "w": (1_000_000,)})
    loose = loose_samples("random", inputs, PREPROCESS)
    kept = verification_samples("random", inputs, PREPROCESS)
    for samples in (loose, kept):
        assert samples.count == 6  # of 64 MB each, in 384 MiB
        assert [array["x"].shape for array in samples.arrays] == 3 * [(2, 16, 1_000_000)]
        assert [array["w"].shape for array in samples.arrays] == 3 * [(1_000_000,)]


def test_what_is_verified_on_does_not_depend_on_the_limit(tmp_path: Path) -> None:
    colored(tmp_path, {"ants": 40, "bees": 4, "cats": 20})
    few, many = (split_samples(tmp_path, IMAGE, RAW, limit=limit) for limit in (3, 50))
    alone = verification_samples(tmp_path, IMAGE, RAW)
    seen = np.concatenate([sample["x"] for sample in many.calibration])
    for one, other, kept in zip(few.verification, many.verification, alone.arrays, strict=True):
        np.testing.assert_array_equal(one["x"], other["x"])
        np.testing.assert_array_equal(one["x"], kept["x"])
        assert not any(np.array_equal(one["x"][0], sample) for sample in seen)


def test_a_zip_file_is_read_as_the_folder_in_it(tmp_path: Path) -> None:
    colored(tmp_path / "data", {"ants": 8, "bees": 8})
    packed = shutil.make_archive(str(tmp_path / "data"), "zip", tmp_path / "data")
    folder, archive = (
        split_samples(place, IMAGE, RAW) for place in (tmp_path / "data", Path(packed))
    )
    for one, other in zip(folder.calibration, archive.calibration, strict=True):
        np.testing.assert_array_equal(one["x"], other["x"])
    assert archive.source == f"{packed} (16 images)"


def test_all_samples_are_used_up_to_a_stated_bound(tmp_path: Path) -> None:
    np.save(tmp_path / "some.npy", np.zeros((150, 2), np.float32))
    np.save(tmp_path / "many.npy", np.zeros((500, 2), np.float32))
    spec = specs_of({"x": (1, 2)})
    some = split_samples(tmp_path / "some.npy", spec, RAW)
    many = split_samples(tmp_path / "many.npy", spec, RAW)
    asked = split_samples(tmp_path / "many.npy", spec, RAW, limit=400)
    assert (some.calibrated, some.verified) == (138, 12)
    assert (many.calibrated, many.verified) == (MOST_SAMPLES, 12)
    assert (asked.calibrated, asked.verified) == (400, 12)
    assert many.source == f"{tmp_path / 'many.npy'} (212 of 500 samples)"


@pytest.mark.parametrize("named", [False, True])
def test_arrays_in_memory_are_split(named: bool) -> None:
    array = np.arange(16, dtype=np.float32).reshape(8, 2)
    split = split_samples({"x": array} if named else array, specs_of({"x": (1, 2)}), RAW)
    assert (split.calibrated, split.verified) == (6, 2)


def test_more_samples_than_memory_is_kept_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 50 * 8)
    np.save(tmp_path / "many.npy", np.zeros((500, 2), np.float32))
    spec = specs_of({"x": (1, 2)})
    assert split_samples(tmp_path / "many.npy", spec, RAW).calibrated == 38
    with pytest.raises(InputError, match="39 samples are too many") as caught:
        split_samples(tmp_path / "many.npy", spec, RAW, limit=39)
    assert "--calib-samples 38" in caught.value.todo


def test_each_of_several_inputs_has_a_folder(tmp_path: Path) -> None:
    inputs = {"photo": InputSpec((1, 8, 8, 3), layout="nhwc"), "age": InputSpec((1, 2))}
    for name in inputs:
        (tmp_path / name).mkdir()
    for index in range(5):
        Image.new("RGB", (8, 8), (index, 0, 0)).save(tmp_path / "photo" / f"{index}.png")
        np.save(tmp_path / "age" / f"{index}.npy", np.full(2, index, np.float32))
    samples = load_samples(tmp_path, inputs, RAW)
    assert samples.source == f"{tmp_path} (5 samples, in a folder for each of photo, age)"
    for index, sample in enumerate(samples.arrays):
        assert round(255 * float(sample["photo"][0, 0, 0, 0])) == index
        np.testing.assert_array_equal(sample["age"], [[index, index]])
    (tmp_path / "age" / "5.npy").write_bytes(b"")
    with pytest.raises(InputError, match="do not belong together") as caught:
        load_samples(tmp_path, inputs, RAW)
    assert caught.value.why == "age/5 is not in all of them"


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("0.png", b"", "takes no picture"),
        ("0.npy", b"nonsense", "cannot be read as .npy"),
        ("0.npy", b"PK\x05\x06" + bytes(18), "cannot be read as .npy"),  # an empty archive
        ("0.npy", np.zeros(3, np.float32), "wrong shape"),
        ("0.npy", np.full(2, np.nan, np.float32), "NaN or infinity"),
    ],
)
def test_a_wrong_file_of_one_input_is_named(
    tmp_path: Path, name: str, content: bytes | np.ndarray, expected: str
) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    np.save(tmp_path / "a" / "0.npy", np.zeros(2, np.float32))
    path = tmp_path / "b" / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        np.save(path, content)
    with pytest.raises(InputError, match=expected) as caught:
        load_samples(tmp_path, specs_of({"a": (1, 2), "b": (1, 2)}), RAW)
    assert str(path) in str(caught.value) + caught.value.where


@pytest.mark.parametrize("shape", [(), (0, 3), (1, 0)])
@pytest.mark.parametrize("load", [load_samples, split_samples, verification_samples])
def test_inputs_that_no_sample_fits_are_refused(
    load: Callable[..., object], shape: tuple[int, ...]
) -> None:
    with pytest.raises(InputError, match="shape"):
        load("random", {"x": InputSpec(shape, np.dtype(np.float32))}, PREPROCESS)
