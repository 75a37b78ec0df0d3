import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from _edgeship.errors import InputError
from _edgeship.export.calibration import preprocess as module
from _edgeship.export.calibration.preprocess import Preprocess, load_image

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
IMAGENET = Preprocess(MEAN, STD)


def save(folder: Path, pixels: np.ndarray, name: str = "image.png") -> Path:
    Image.fromarray(pixels).save(folder / name)
    return folder / name


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def test_constant_color_gives_the_hand_computed_values(tmp_path: Path) -> None:
    path = save(tmp_path, np.full((300, 500, 3), (255, 128, 0), np.uint8))
    array = load_image(path, (224, 224), 3, IMAGENET)
    assert array.shape == (3, 224, 224)
    assert array.dtype == np.float32
    assert array.flags.c_contiguous
    # (1 - 0.485) / 0.229, (128/255 - 0.456) / 0.224, (0 - 0.406) / 0.225
    for channel, value in enumerate((2.248908, 0.205182, -1.804444)):
        np.testing.assert_allclose(array[channel], value, atol=1e-5)


def test_image_of_the_right_size_is_only_normalized(tmp_path: Path) -> None:
    pixels = noise(20, 30, 3)
    array = load_image(save(tmp_path, pixels), (20, 30), 3, Preprocess(MEAN, STD, crop=1.0))
    scaled = pixels.astype(np.float32) / np.float32(255)
    expected = (scaled - np.array(MEAN, np.float32)) / np.array(STD, np.float32)
    np.testing.assert_array_equal(array, expected.transpose(2, 0, 1))


def test_blue_first_turns_the_channels_and_keeps_the_order_of_mean_and_std(tmp_path: Path) -> None:
    pixels = noise(20, 30, 3)
    bgr = Preprocess(MEAN, STD, crop=1.0, bgr=True)
    array = load_image(save(tmp_path, pixels), (20, 30), 3, bgr)
    scaled = pixels[:, :, ::-1].astype(np.float32) / np.float32(255)
    expected = (scaled - np.array(MEAN, np.float32)) / np.array(STD, np.float32)
    np.testing.assert_array_equal(array, expected.transpose(2, 0, 1))
    assert bgr.describe()["color_order"] == "BGR"
    assert IMAGENET.describe()["color_order"] == "RGB"


def test_a_grey_picture_has_no_blue() -> None:
    with pytest.raises(InputError, match="three channels"):
        Preprocess((0.5,), (0.5,), bgr=True)


def test_crop_keeps_the_centre_of_the_resized_image(tmp_path: Path) -> None:
    # 8 / 0.5 = 16 is the shorter side already, so nothing is resized: the centre remains.
    pixels = noise(16, 24, 3)
    array = load_image(save(tmp_path, pixels), (8, 8), 3, Preprocess((0,) * 3, (1,) * 3, crop=0.5))
    np.testing.assert_allclose(array * 255, pixels[4:12, 8:16].transpose(2, 0, 1), atol=1e-4)


def test_halving_averages_neighbours_as_an_antialiased_triangle_does(tmp_path: Path) -> None:
    # Scale 2: the triangle has radius 2, so column 2 weighs inputs 3..6 as 1/8, 3/8, 3/8, 1/8.
    row = np.array([0, 80, 160, 40, 200, 120, 240, 16], np.uint8)
    path = save(tmp_path, np.repeat(np.repeat(row[None, :, None], 8, 0), 3, 2))
    array = load_image(path, (4, 4), 3, Preprocess((0,) * 3, (1,) * 3, crop=1.0))
    expected = (40 + 3 * 200 + 3 * 120 + 240) / 8
    np.testing.assert_allclose(array[:, :, 2] * 255, expected, atol=0.51)


@pytest.mark.parametrize(("height", "width"), [(90, 40), (40, 90), (33, 33)])
def test_any_aspect_ratio_covers_a_rectangular_input(
    tmp_path: Path, height: int, width: int
) -> None:
    white = np.full((height, width, 3), 255, np.uint8)
    plain = Preprocess((0,) * 3, (1,) * 3)
    array = load_image(save(tmp_path, white), (48, 20), 3, plain)
    assert array.shape == (3, 48, 20)
    # What the picture does not cover would be black.
    np.testing.assert_array_equal(array, 1.0)


def test_aspect_ratio_is_kept(tmp_path: Path) -> None:
    # A vertical edge in the middle stays in the middle, whatever is cut off left and right.
    pixels = np.zeros((50, 200, 3), np.uint8)
    pixels[:, 90:110] = 255
    plain = Preprocess((0,) * 3, (1,) * 3, crop=1.0)
    array = load_image(save(tmp_path, pixels), (100, 100), 3, plain)
    # Scaled by 2 the bar is 40 wide; squeezing 200 to 100 would make it 10.
    assert array[0, 50].sum() == pytest.approx(40, abs=0.1)


def test_exif_orientation_is_applied(tmp_path: Path) -> None:
    upright = noise(16, 12, 3)
    exif = Image.Exif()
    exif[0x0112] = 6  # "rotate 90 degrees clockwise to show"
    path = tmp_path / "turned.png"
    Image.fromarray(np.rot90(upright).copy()).save(path, exif=exif)
    plain = Preprocess((0,) * 3, (1,) * 3, crop=1.0)
    array = load_image(path, (16, 12), 3, plain)
    np.testing.assert_allclose(array * 255, upright.transpose(2, 0, 1), atol=1e-4)


def test_grayscale_input_reads_luminance(tmp_path: Path) -> None:
    path = save(tmp_path, np.full((10, 10, 3), (200, 100, 50), np.uint8))
    array = load_image(path, (10, 10), 1, Preprocess((0.5,), (0.25,), crop=1.0))
    luminance = round(0.299 * 200 + 0.587 * 100 + 0.114 * 50)  # ITU-R BT.601
    assert array.shape == (1, 10, 10)
    np.testing.assert_allclose(array, (luminance / 255 - 0.5) / 0.25, rtol=1e-5)


ORANGE = (204, 102, 51)  # of the palette that Pillow converts to


def loaded_color(path: Path) -> list[float]:
    """The color of a picture of one color, 0 to 255."""
    array = load_image(path, (8, 8), 3, Preprocess((0,) * 3, (1,) * 3)) * 255
    assert array.shape == (3, 8, 8)
    assert np.ptp(array, axis=(1, 2)).max() == 0
    return [float(channel) for channel in array[:, 0, 0]]


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("RGBA", ORANGE),
        ("P", ORANGE),
        ("CMYK", ORANGE),
        ("L", (127,) * 3),  # 0.299 * 204 + 0.587 * 102 + 0.114 * 51
        ("LA", (127,) * 3),
        ("1", (255,) * 3),
    ],
)
def test_other_color_modes_become_rgb(
    tmp_path: Path, mode: str, expected: tuple[int, int, int]
) -> None:
    name = "image.jpg" if mode == "CMYK" else "image.png"
    color = (255, 255, 255) if mode == "1" else ORANGE
    Image.new("RGB", (10, 10), color).convert(mode).save(tmp_path / name)
    assert loaded_color(tmp_path / name) == pytest.approx(expected, abs=2)


@pytest.mark.parametrize("suffix", ["bmp", "gif", "jpg", "png", "webp"])
def test_accepted_formats(tmp_path: Path, suffix: str) -> None:
    path = save(tmp_path, np.full((10, 10, 3), ORANGE, np.uint8), f"image.{suffix}")
    assert loaded_color(path) == pytest.approx(ORANGE, abs=3)


def test_sixteen_bit_image_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path, np.full((8, 8), 4000, np.uint16))
    with pytest.raises(InputError, match=r"image\.png does not have 8 bits"):
        load_image(path, (8, 8), 1, Preprocess((0.5,), (0.5,)))


@pytest.mark.parametrize("content", [b"", b"not an image", b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
def test_unreadable_image_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "broken.png").write_bytes(content)
    with pytest.raises(InputError, match=r"broken\.png cannot be read"):
        load_image(tmp_path / "broken.png", (8, 8), 3, IMAGENET)


def test_truncated_image_is_named(tmp_path: Path) -> None:
    path = save(tmp_path, noise(64, 64, 3), "cut.jpg")
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(InputError, match=r"cut\.jpg cannot be read"):
        load_image(path, (8, 8), 3, IMAGENET)


def test_missing_image_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.png cannot be read"):
        load_image(tmp_path / "absent.png", (8, 8), 3, IMAGENET)


def test_other_decoders_stay_closed(tmp_path: Path) -> None:
    path = save(tmp_path, noise(8, 8, 3), "image.tiff")
    with pytest.raises(InputError, match="cannot be read"):
        load_image(path, (8, 8), 3, IMAGENET)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("side", [9_000, 40_000])
def test_decompression_bomb_is_refused_before_decoding(tmp_path: Path, side: int) -> None:
    # A header is enough: width and height stand in it, and no pixel must be read.
    path = save(tmp_path, noise(1, 1, 3), "bomb.bmp")
    data = bytearray(path.read_bytes())
    data[18:26] = side.to_bytes(4, "little") * 2
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"bomb\.bmp is too large"):
        load_image(path, (8, 8), 3, IMAGENET)


def test_elongated_image_cannot_grow_without_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(tmp_path, noise(1, 400, 3))
    monkeypatch.setattr(module, "MAX_PIXELS", 1000)
    with pytest.raises(InputError, match="too large"):
        load_image(path, (8, 8), 3, IMAGENET)


@pytest.mark.parametrize("channels", [2, 4, 16])
def test_other_channel_counts_point_to_arrays_and_noise(tmp_path: Path, channels: int) -> None:
    path = save(tmp_path, noise(8, 8, 3))
    values = (0.5,) * channels
    with pytest.raises(InputError) as caught:
        load_image(path, (8, 8), channels, Preprocess(values, values))
    assert ".npz" in caught.value.todo
    assert "--calib random" in caught.value.todo


def test_mean_of_another_length_than_the_channels_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path, noise(8, 8, 3))
    with pytest.raises(InputError, match=r"1 channel.* have 3"):
        load_image(path, (8, 8), 1, IMAGENET)


@pytest.mark.parametrize(
    ("mean", "std", "crop", "words"),
    [
        ((0.5,), (0.5, 0.5), 0.875, "mean has 1 values and the std 2"),
        ((0.5,), (0.0,), 0.875, "std .* must be positive"),
        ((0.5,), (float("nan"),), 0.875, "std .* must be positive"),
        ((float("inf"),), (0.5,), 0.875, "mean .* must be finite"),
        ((0.5,), (0.5,), 0.0, "crop 0.0 must lie"),
        ((0.5,), (0.5,), 1.01, "crop 1.01 must lie"),
    ],
)
def test_senseless_values_are_refused(
    mean: tuple[float, ...], std: tuple[float, ...], crop: float, words: str
) -> None:
    with pytest.raises(InputError, match=words):
        Preprocess(mean, std, crop)


def test_describe_says_what_an_application_must_do() -> None:
    described = IMAGENET.describe()
    assert described["mean"] == list(MEAN)
    assert described["std"] == list(STD)
    assert described["scale"] == 1 / 255
    assert described["color_order"] == "RGB"
    assert described["crop"] == 0.875
    assert "0.875" in str(described["resize"])
    assert Preprocess((0.5,), (0.5,)).describe()["color_order"] == "grayscale"


def test_large_pictures_are_decoded_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(8):
        Image.new("RGB", (40, 30)).save(tmp_path / f"{number}.png")
    monkeypatch.setattr(module, "LARGE_PIXELS", 1_000)
    at_work, most = 0, 0

    def crop(image: Image.Image, *_: object) -> Image.Image:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        time.sleep(0.005)
        at_work -= 1
        return image.resize((8, 8))

    monkeypatch.setattr(module, "_cover_and_crop", crop)

    def read(number: int) -> object:
        return module.read_pixels(tmp_path / f"{number}.png", (8, 8), 3, 1.0)

    with ThreadPoolExecutor(8) as threads:
        assert len(list(threads.map(read, range(8)))) == 8
    assert most == 1
    monkeypatch.setattr(module, "LARGE_PIXELS", 2_000)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(read, range(8)))
    assert most > 1
