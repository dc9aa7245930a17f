"""Many envelopes in one AMQP message, and bytes that are not that."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.frames import NotFrames, pack, unpack


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=30))
def test_what_was_packed_comes_out(bodies: list[bytes]) -> None:
    """Any bodies, empty ones too, come out as they were and in their order."""
    assert unpack(pack(bodies)) == bodies


def test_the_form_on_the_wire() -> None:
    """A version byte, then each body behind its length: what a released version wrote stays readable."""
    assert pack([b"ab", b""]) == b"\x01" + b"\x00\x00\x00\x02ab" + b"\x00\x00\x00\x00"


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\x01",
        b"\x02\x00\x00\x00\x01a",
        b'{"id": "not ours"}',
        b"\x01\x00\x00\x00\x02a",
        b"\x01\x00\x00\x00\x01a\x00\x00",
        b"\x01\xff\xff\xff\xffa",
    ],
)
def test_other_bytes_are_refused(message: bytes) -> None:
    """Nothing, another version, another format, a length that is cut or leads past the end."""
    with pytest.raises(NotFrames):
        unpack(message)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_whole_or_refused(message: bytes) -> None:
    """What is accepted is exactly what packing would make again."""
    try:
        bodies = unpack(message)
    except NotFrames:
        return
    assert pack(bodies) == message
