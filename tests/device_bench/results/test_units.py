import pytest

from _edgeship.device_bench.results import units


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (4_790_123, "ns", "4.790 ms"),
        (47_901_230, "ns", "47.90 ms"),
        (999, "ns", "999.0 ns"),
        (1_000, "ns", "1.000 µs"),
        (0, "ns", "0.000 ns"),
        (12_000_000_000, "ns", "12.00 s"),
        (12_345_678, "instructions", "12.35 M"),
        (12, "instructions", "12.00"),
        (123_456e9, "ns", "123,456 s"),
    ],
)
def test_an_amount_has_four_digits(value: float, unit: str, text: str) -> None:
    assert units.amount(value, unit) == text


def test_both_ends_of_a_span_have_one_unit() -> None:
    assert units.span(980_000, 1_020_000, "ns") == "0.980 to 1.020 ms"
    assert units.span(1e6, 1e6, "instructions") == "1.000 to 1.000 M"


def test_instructions_are_named_on_axes_and_in_headings() -> None:
    assert units.axis(3e6, "instructions") == (1e6, "M instructions")
    assert units.axis(3, "instructions") == (1.0, "instructions")
    assert units.axis(3e6, "ns") == (1e6, "ms")
    assert units.heading("median", "instructions") == "median, instructions"
    assert units.heading("median", "ns") == "median"
