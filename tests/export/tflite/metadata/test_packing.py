"""Metadata as a FlatBuffer and back, and what damaged ones are told to be."""

from __future__ import annotations

import flatbuffers
import numpy as np
import pytest

from _edgeship.errors import InputError
from _edgeship.export.tflite.metadata.packing import pack
from _edgeship.export.tflite.metadata.schema import IDENTIFIER
from _edgeship.export.tflite.metadata.unpacking import unpack
from tests.export.tflite.metadata.tables import random_table


@pytest.mark.parametrize("seed", range(30))
def test_what_is_packed_is_unpacked_as_it_was(seed: int) -> None:
    table = random_table(np.random.default_rng(seed))
    assert unpack(pack(table)) == table


def test_equal_metadata_give_equal_bytes() -> None:
    first, again = (random_table(np.random.default_rng(5)) for _ in range(2))
    assert pack(first) == pack(again)


def test_empty_fields_take_no_bytes() -> None:
    assert pack({"name": "a", "author": "", "subgraph_metadata": []}) == pack({"name": "a"})


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"names": "a"}, "has no field names"),
        ({"associated_files": [{"type": "LABELS"}]}, "LABELS|tuple.index"),
    ],
)
def test_what_the_schema_does_not_have_is_refused(table: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        pack(table)


def test_damaged_metadata_are_told_in_a_sentence() -> None:
    rng = np.random.default_rng(0)
    whole = pack(random_table(rng))
    refused = 0
    for _ in range(3000):
        data = bytearray(whole[: rng.integers(8, len(whole) + 1)])
        for place in rng.integers(8, len(data), 3) if len(data) > 8 else ():
            data[place] = rng.integers(256)
        try:
            unpack(bytes(data))
        except InputError as error:
            refused += 1
            assert error.what == "The metadata of this file is damaged."
            assert error.why
    assert refused > 1000


def test_other_bytes_are_no_metadata() -> None:
    with pytest.raises(InputError) as caught:
        unpack(b"\0\0\0\0TFL3" + bytes(20))
    assert "begin as metadata" in caught.value.why


def test_a_small_file_does_not_unfold_into_an_endless_one() -> None:
    """Lists whose elements are all one and the same table: 6 kB, and half a million files."""
    builder = flatbuffers.Builder(0)

    def table(places: int, place: int, offset: int) -> int:
        builder.StartObject(places)
        if offset:
            builder.PrependUOffsetTRelativeSlot(place, offset, 0)
        return builder.EndObject()

    def same(offset: int) -> int:
        builder.StartVector(4, 700, 4)
        for _ in range(700):
            builder.PrependUOffsetTRelative(offset)
        return builder.EndVector()

    files = same(table(5, 0, 0))
    graphs = same(table(10, 4, files))
    builder.Finish(table(8, 3, graphs), file_identifier=IDENTIFIER)
    data = bytes(builder.Output())
    assert len(data) < 6000
    with pytest.raises(InputError) as caught:
        unpack(data)
    assert caught.value.why == "it holds more than 200,000 items"


def test_numbers_newer_than_the_schema_are_told_as_numbers() -> None:
    packed = pack({"associated_files": [{"type": "SCANN_INDEX_FILE"}]})
    places = [place for place in range(8, len(packed)) if packed[place] == 6]
    read = [unpack(packed[:place] + b"\x4d" + packed[place + 1 :]) for place in places[-1:]]
    assert read == [{"associated_files": [{"type": "number 77"}]}]
