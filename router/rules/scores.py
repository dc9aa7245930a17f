"""How urgent a message is, and how much of a complaint: scores from phrases that admins can change.

A score is the sum of the weights of the phrases that occur, 100 at most. The phrases are its reasons.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from router.rules.text import PhraseIndex, folded

Lists = Mapping[str, Mapping[str, int]]
"""For each score, its phrases and what each weighs, 1 to 100."""
NAMES: Final = ("urgency", "complaint")
LISTS: Final = "@lists"
"""Where a message's values hold the lists of the set of rules that looks at it."""
HIGHEST: Final = 100
MOST_PHRASES: Final = 1_000
LONGEST_PHRASE: Final = 100

DEFAULT_LISTS: Final[Lists] = {
    "urgency": {
        **dict.fromkeys(("urgent", "urgently", "asap", "as soon as possible", "emergency"), 50),
        **dict.fromkeys(("immediately", "right now", "right away", "at once", "deadline"), 40),
        **dict.fromkeys(("today", "tonight", "hurry", "still waiting", "still no"), 20),
        **dict.fromkeys(("紧急", "加急", "十万火急", "急需", "特急"), 50),
        **dict.fromkeys(("马上", "立刻", "立即", "赶紧", "着急", "等不及"), 40),
        **dict.fromkeys(("今天", "尽快", "快点", "催", "还没", "再不"), 20),
    },
    "complaint": {
        **dict.fromkeys(("complaint", "complain", "lawyer", "sue", "legal action"), 60),
        **dict.fromkeys(("consumer protection", "ombudsman", "trading standards", "chargeback", "fraud"), 60),
        **dict.fromkeys(("unacceptable", "disgusted", "scam", "rip-off", "ripped off"), 40),
        **dict.fromkeys(("terrible", "awful", "worst", "disappointed", "ridiculous"), 25),
        **dict.fromkeys(("投诉", "12315", "12345", "消协", "工商", "起诉", "律师", "举报"), 60),
        **dict.fromkeys(("曝光", "骗子", "欺诈", "维权", "退一赔三"), 50),
        **dict.fromkeys(("太差", "差评", "垃圾", "失望", "无语", "忍无可忍"), 25),
    },
}


def score(phrases: Mapping[str, int], text: str) -> int:
    """The score of a folded text."""
    return min(HIGHEST, sum(reasons(phrases, text).values()))


def reasons(phrases: Mapping[str, int], text: str) -> dict[str, int]:
    """The phrases that occur in a folded text, the heaviest first, and what each weighs."""
    weights, index = _index(tuple(sorted(phrases.items())))
    found = sorted(index.find(text), key=lambda phrase: (-weights[phrase], phrase))
    return {phrase: weights[phrase] for phrase in found}


def problem(lists: Any) -> str | None:
    """What is wrong with the lists, in words; None where they are right."""
    if not isinstance(lists, dict) or not set(lists) <= set(NAMES):
        return f"an object with {' and '.join(NAMES)}"
    for name, phrases in lists.items():
        if not isinstance(phrases, dict) or len(phrases) > MOST_PHRASES:
            return f"'{name}' is an object of at most {MOST_PHRASES} phrases"
        for phrase, weight in phrases.items():
            if not folded(phrase) or len(phrase) > LONGEST_PHRASE:
                return f"a phrase of '{name}' has 1 to {LONGEST_PHRASE} characters"
            if not isinstance(weight, int) or isinstance(weight, bool) or not 1 <= weight <= HIGHEST:
                return f"'{phrase}' weighs 1 to {HIGHEST}"
    return None


@lru_cache(maxsize=8)
def _index(phrases: tuple[tuple[str, int], ...]) -> tuple[dict[str, int], PhraseIndex]:
    weights = {folded(phrase): weight for phrase, weight in phrases}
    return weights, PhraseIndex(weights)
