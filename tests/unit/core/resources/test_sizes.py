"""Specification of `core.resources.sizes`."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_bulkhead.core.resources.sizes import parse_size, show_size, write_size

GIB = 2**30


@pytest.mark.parametrize(
    ("text", "there", "enough"),
    [
        ("80GB", 79.2 * GIB, True),
        ("24GB", 22.05 * GIB, True),
        ("24GB", 20 * GIB, False),
        ("80GiB", 79.2 * GIB, False),
        ("1.5 TB", 1.43e12, True),
        ("1.5 TB", 1.42e12, False),
        ("1GiB", GIB, True),
        ("1GiB", GIB - 1, False),
        ("512MiB", 2**29, True),
        ("100MB", 95e6, True),
    ],
)
def test_decimal_units_are_what_is_sold_and_binary_ones_are_exact(text, there, enough):
    """An "80 GB" card, which has 79.2 GiB, has 80GB and not 80GiB."""
    assert (there >= parse_size(text)) is enough


@pytest.mark.parametrize(
    "text", ["", "48", "GB", "48gb", "48 GBs", "48  GB", "-1GB", "0GB", "0.0GiB", "1e3GB", "nanGB", "48kB", "4.GB", "1GB\n", "٤GB "]
)  # fmt: skip
def test_anything_else_is_no_size(text):
    """A number without a unit, an unknown unit, and nothing at all are not guessed at."""
    assert parse_size(text) is None


@given(st.text())
def test_any_text_is_a_size_or_none(text):
    """No text raises, and no size is nothing."""
    size = parse_size(text)
    assert size is None or size > 0


@given(st.integers(1, 10**6), st.sampled_from(["MB", "GB", "TB"]))
def test_exactly_as_much_is_enough(number, unit):
    """Of both kinds of unit, and the decimal one asks for less than the binary one."""
    decimal = number * {"MB": 10**6, "GB": 10**9, "TB": 10**12}[unit]
    assert parse_size(f"{number}{unit}") <= decimal < parse_size(f"{number}{unit[0]}iB")


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0.00 MiB"),
        (2**20, "1.00 MiB"),
        (79.2 * GIB, "79.20 GiB"),
        (64 * GIB - 1, "63.99 GiB"),
        (3 * 2**40, "3.00 TiB"),
    ],
)
def test_sizes_are_shown_rounded_down(size, text):
    """So that what is not enough never looks as if it were."""
    assert text == show_size(size)


@given(st.integers(1, 9999), st.sampled_from(["MB", "GB", "TB", "MiB", "GiB", "TiB"]))
@example(2375, "GiB")
def test_a_size_is_written_as_it_was_read(number, unit):
    """Or at least as one that asks for the same."""
    least = parse_size(f"{number}{unit}")
    assert abs(parse_size(write_size(least)) - least) < 2


def test_what_was_never_written_is_shown_in_mib():
    """Rounded up, so that it is enough."""
    assert write_size(parse_size("8GB")) == "8GB"
    assert write_size(2**29) == "512MiB"
    assert write_size(2**29 + 12345) == "513MiB"
