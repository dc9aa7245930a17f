"""How a Han character sounds: its commonest reading without the tone, as people type it."""

import json
import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path


def syllable(character: str) -> str:
    """The toneless pinyin of one character ("退" is "tui"); any other character is itself."""
    return _readings().get(character, character)


@cache
def _readings() -> Mapping[str, str]:
    """Character -> syllable, 42,000 of them, from pypinyin's own table.

    The table is read as a file: importing the package also loads its phrases, 50 MB that a search by sound
    has no use for.
    """
    spec = find_spec("pypinyin")
    if spec is None or spec.origin is None:
        raise ImportError("pypinyin is not installed")
    table = json.loads((Path(spec.origin).parent / "pinyin_dict.json").read_bytes())
    interned: dict[str, str] = {}
    return {
        chr(int(code)): interned.setdefault(toneless, toneless)
        for code, readings in table.items()
        if (toneless := _toneless(readings.split(",")[0]))
    }


def _toneless(reading: str) -> str:
    plain = unicodedata.normalize("NFD", reading)
    return "".join(letter for letter in plain if not unicodedata.combining(letter))
