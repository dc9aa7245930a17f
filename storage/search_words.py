"""What is searched by: the words of a text, alike for whatever index they go into.

Words are folded and stemmed as the knowledge base does it. A run without spaces (Han, kana, Hangul, Thai)
gives its bigrams and, for its last character, that character alone; so a single one is found as the beginning
of a bigram.
"""

from functools import lru_cache
from typing import NamedTuple

from knowledgebase.text import folded, is_unspaced, runs, stem

# Beyond these a text is not searched: a mail with a log in it holds more than anybody looks for.
LONGEST_TEXT = 50_000
LONGEST_WORD = 64
MOST_WORDS = 4_000
# Of a question.
LONGEST_QUESTION = 200
MOST_ASKED = 16
# A word that somebody is still typing is looked for as a beginning from so many letters on.
SHORTEST_BEGINNING = 3


class Asked(NamedTuple):
    """A question: all `words` must be there, and one that begins with each of `beginnings`."""

    words: tuple[str, ...]
    beginnings: tuple[str, ...]


def words_of(text: str) -> list[str]:
    """The words that a text is found by, each once."""
    found: dict[str, None] = {}
    for run in runs(folded(text[:LONGEST_TEXT])):
        if is_unspaced(run):
            found.update(dict.fromkeys(run[at : at + 2] for at in range(len(run))))
        else:
            found[_word(run)] = None
        if len(found) >= MOST_WORDS:
            break
    return list(found)[:MOST_WORDS]


def asked(question: str) -> Asked | None:
    """What a question looks for; None when there is no word in it. Its last word may be unfinished."""
    said = runs(folded(question[:LONGEST_QUESTION]))[:MOST_ASKED]
    words: dict[str, None] = {}
    beginnings: dict[str, None] = {}
    for at, run in enumerate(said, 1):
        if is_unspaced(run):
            pairs = [run[place : place + 2] for place in range(len(run) - 1)]
            words.update(dict.fromkeys(pairs))
            beginnings.update({} if pairs else {run: None})
        elif at == len(said) and len(run) >= SHORTEST_BEGINNING:
            beginnings[_word(run)] = None
        else:
            words[_word(run)] = None
    if not (words or beginnings):
        return None
    return Asked(tuple(words)[: MOST_ASKED * 2], tuple(beginnings))


@lru_cache(1 << 15)
def _word(run: str) -> str:
    return stem(run[:LONGEST_WORD])
