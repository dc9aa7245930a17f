"""Cursors, without a server."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.http.cursor import decode, encode
from gateway.http.problems import Invalid
from storage.paging import Position

MOMENTS = st.datetimes(timezones=st.just(UTC))


@given(MOMENTS, st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_a_cursor_gives_its_position_back(moment: datetime, id_: str) -> None:
    """To the microsecond, whatever the id."""
    assert decode(encode((moment, id_)), Position) == (moment, id_)


@given(st.text())
def test_whatever_is_no_cursor_is_invalid(text: str) -> None:
    """No text raises anything but `Invalid`."""
    try:
        assert isinstance(decode(text, int), int)
    except Invalid as error:
        assert error.faults[0].code == "bad_cursor"  # noqa: PT017


@pytest.mark.parametrize("position", [2**63, -(2**63), "a\0", [1, 2]])
def test_a_position_that_no_row_has_is_invalid(position: object) -> None:
    """Numbers past 64 bits, texts with NUL and other shapes."""
    with pytest.raises(Invalid):
        decode(encode(position), str if isinstance(position, str) else int)
