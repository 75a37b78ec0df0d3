"""Which cores a word or a list names."""

from __future__ import annotations

import pytest

from _edgeship.device_bench.devices.cores import choose_cores, describe_cores
from _edgeship.device_bench.results.records import Core, Properties
from _edgeship.errors import InputError
from tests.device_bench.synthetic import PHONE


def device(*cores: Core) -> Properties:
    return Properties(selector="adb:X", model="X", abi="arm64-v8a", cores=cores)


def by_part(*parts: str) -> Properties:
    return device(*(Core(index=index, part=part) for index, part in enumerate(parts)))


@pytest.mark.parametrize(
    ("words", "cores"),
    [
        ("big", (7,)),
        ("little", (0, 1, 2, 3)),
        ("all", tuple(range(8))),
        ("0", (0,)),
        ("4-6", (4, 5, 6)),
        ("0,2-3", (0, 2, 3)),
        (" 3 , 1,3", (1, 3)),
    ],
)
def test_words_and_lists(words: str, cores: tuple[int, ...]) -> None:
    assert choose_cores(words, PHONE) == cores


@pytest.mark.parametrize("words", ["", "x", "1-", "-1", "3-1", "0;2", "0,,1", "1.5", "99999"])
def test_a_malformed_list_is_refused(words: str) -> None:
    with pytest.raises(InputError, match=r"names no cores"):
        choose_cores(words, PHONE)


def test_a_core_that_is_not_there_is_named() -> None:
    with pytest.raises(InputError, match="There is no core 8") as caught:
        choose_cores("6-9", PHONE)
    assert "0, 1, 2" in caught.value.why


def test_a_list_is_taken_as_it_is_where_the_device_hides_its_cores() -> None:
    assert choose_cores("4-5", device()) == (4, 5)
    for word in ("all", "big", "little"):
        with pytest.raises(InputError, match="does not say which cores it has"):
            choose_cores(word, device())


def test_parts_tell_clusters_where_frequencies_are_hidden() -> None:
    # Snapdragon 855: four silver, three and one gold Kryo 485.
    kryo = by_part(*["0x51:0x805"] * 4, *["0x51:0x804"] * 4)
    assert choose_cores("big", kryo) == (4, 5, 6, 7)
    assert choose_cores("little", kryo) == (0, 1, 2, 3)
    # RK3399: Cortex-A53 and A72.
    board = by_part(*["0x41:0xd03"] * 4, *["0x41:0xd08"] * 2)
    assert choose_cores("big", board) == (4, 5)


def test_frequencies_come_before_parts() -> None:
    cores = device(
        Core(index=0, max_mhz=2400, part="0x41:0xd05"), Core(index=1, max_mhz=1800, part="0x1:0x2")
    )
    assert choose_cores("big", cores) == (0,)


@pytest.mark.parametrize("word", ["big", "little"])
def test_cores_that_are_alike_have_neither(word: str) -> None:
    for alike in (
        device(*(Core(index=i, max_mhz=2400) for i in range(4))),
        by_part("0x41:0xd08", "0x41:0xd08"),
    ):
        with pytest.raises(InputError, match=f"has no {word} cores") as caught:
            choose_cores(word, alike)
        assert "--cores all" in caught.value.todo


def test_half_the_truth_is_not_guessed_from() -> None:
    with pytest.raises(InputError, match="does not say which of its cores are big"):
        choose_cores("big", by_part("0x41:0xd08", ""))


def test_clusters_for_people() -> None:
    assert describe_cores(PHONE.cores) == "1 x 3.10 GHz, 3 x 2.60 GHz, 4 x 1.95 GHz"
    assert describe_cores((Core(index=0), Core(index=1))) == "2"
    assert describe_cores(()) == ""
