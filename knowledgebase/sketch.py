"""Past ten thousand phrasings: the nearest vectors, found by a short sketch of each and then looked at whole.

A sketch is the projection on the directions in which the vectors differ most (principal components), so it is
near the true cosine and takes a tenth of the reading.
"""

from copy import copy
from typing import Final

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

FROM: Final = 10_000
"""Phrasings from which looking at each vector whole takes longer than a match may."""
_DIMENSIONS: Final = 48
_LEARNT_FROM: Final = 20_000
_WHOLE: Final = 512


class Sketch:
    """Built from unit vectors, as rows."""

    def __init__(self, vectors: Vectors) -> None:
        sample = vectors[:: 1 + len(vectors) // _LEARNT_FROM]
        _, directions = np.linalg.eigh(sample.T @ sample)
        self._basis = np.ascontiguousarray(directions[:, -_DIMENSIONS:])
        self._vectors, self._rows = vectors, vectors @ self._basis

    def extended(self, vectors: Vectors) -> "Sketch":
        """The sketch of these vectors, which begin with its own."""
        more = copy(self)
        more._vectors = vectors
        more._rows = np.concatenate([self._rows, vectors[len(self._rows) :] @ self._basis])
        return more

    def near(self, vector: Vectors) -> Vectors:
        """The cosine of the vector and each row: of the nearest 512 exactly, of the others roughly."""
        rough = self._rows @ (vector @ self._basis)
        rows = np.argpartition(-rough, _WHOLE)[:_WHOLE]
        rough[rows] = self._vectors[rows] @ vector
        near: Vectors = rough
        return near
