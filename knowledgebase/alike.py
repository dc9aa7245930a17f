"""How surely two questions that look alike ask the same: finer than a cosine, learnt from pairs.

"How do I change my watch's battery" and "how do I change my watch's strap" are near for any encoder. A
logistic model over the products of the vectors' dimensions tells them apart better: on the half of LCQMC's
development pairs (Liu et al. 2018) that it was not fitted to, the area under the curve is .92 where the
cosine's is .86.
It knows pairs of Chinese questions and nothing else, so it counts in scripts without spaces only.

The weights stand in `alike.json` by encoder; `python -m tests.bench.kb_train` makes them.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import msgspec
import numpy as np

from knowledgebase.block import Floats
from knowledgebase.growing import Vectors


def alike(weights: Floats, vectors: Vectors, vector: Vectors) -> Floats:
    """For each row, the logit that it asks what the vector asks; the last weight is the constant."""
    return np.asarray((vectors * vector) @ weights[:-1] + weights[-1])


def weights_for(encoder: str) -> Floats | None:
    """The weights shipped for an encoder's vectors, by its name."""
    return _shipped().get(encoder)


@cache
def _shipped() -> Mapping[str, Floats]:
    text = files("knowledgebase").joinpath("alike.json").read_bytes()
    found = msgspec.json.decode(text, type=dict[str, list[float]])
    return {name: np.array(weights) for name, weights in found.items()}
