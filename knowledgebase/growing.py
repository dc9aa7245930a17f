"""Rows of vectors with room behind them, so that a few more need no copy of a hundred thousand."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

_ROOM: Final = 16
"""Room is left for a sixteenth of the rows, and for so many."""


class Growing:
    """A copy of the rows; those that were given out stay as they are, more are written behind them."""

    def __init__(self, rows: Vectors) -> None:
        room = len(rows) // _ROOM + _ROOM
        self._buffer = np.empty((len(rows) + room, rows.shape[1]), dtype=np.float32)
        self._buffer[: len(rows)] = rows
        self._used = len(rows)

    def rows(self) -> Vectors:
        """All that there are."""
        return self._buffer[: self._used]

    def extended(self, held: int, more: Vectors) -> "Growing":
        """The first `held` rows and more: in place where nobody has put any behind those."""
        if held != self._used or held + len(more) > len(self._buffer):
            return Growing(np.concatenate([self._buffer[:held], more]))
        self._buffer[held : held + len(more)] = more
        self._used += len(more)
        return self
