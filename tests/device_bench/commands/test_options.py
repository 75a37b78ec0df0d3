"""Options as words: the quantization schemes."""

from __future__ import annotations

import pytest

from _edgeship.device_bench.commands.options import parse_schemes
from _edgeship.errors import InputError


def test_schemes_come_once_each_under_their_own_names():
    assert parse_schemes("none, INT8,w8a8") == ("none", "int8")


@pytest.mark.parametrize("text", ["int9", "none,int9", "palette8", "palette4"])
def test_a_scheme_that_no_tflite_file_has_is_refused(text):
    with pytest.raises(InputError, match="no scheme") as caught:
        parse_schemes(text)
    assert caught.value.todo


@pytest.mark.parametrize("text", ["", " , "])
def test_an_empty_list_of_schemes_is_refused(text):
    with pytest.raises(InputError, match="--quant is empty"):
        parse_schemes(text)
