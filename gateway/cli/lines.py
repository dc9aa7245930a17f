"""JSON lines: each line on stdin is answered by one on stdout, in order and at once, and none stops it."""

import sys
from collections.abc import Callable, Iterator
from typing import Any

MAX_LINE = 1_000_000
"""Longest line in bytes; of a longer one only so much is kept, which no reader takes."""


def answer_each(answer: Callable[[str], Any]) -> None:
    """Print what `answer` makes of each line; bytes that are not UTF-8 reach it as surrogates."""
    import msgspec

    encode = msgspec.json.Encoder().encode
    write, flush = sys.stdout.buffer.write, sys.stdout.buffer.flush
    for line in _lines():
        write(encode(answer(line.decode("utf-8", "surrogateescape"))) + b"\n")
        flush()


def _lines() -> Iterator[bytes]:
    readline = sys.stdin.buffer.readline
    while line := readline(MAX_LINE + 1):
        rest = line
        while not rest.endswith(b"\n") and len(rest) > MAX_LINE:
            rest = readline(MAX_LINE + 1)
        yield line.rstrip(b"\r\n")
