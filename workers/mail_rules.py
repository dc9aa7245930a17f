"""When a mail is taken for automatic though nothing in it says so, and when none is sent by itself: pure.

Two programs that answer each other stop here, whatever their mails carry.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from storage.mail import Past

# Automatic mails to one recipient, and in one conversation: so many within so long.
BUDGETS: Final = (
    (timedelta(minutes=10), 10),
    (timedelta(minutes=60), 30),
    (timedelta(minutes=600), 100),
)
# The same words are not sent to the same address by itself again within this time.
WINDOW: Final = timedelta(minutes=10)
# Who wrote the same so often within the window, after we wrote by ourselves, did not type it. People do
# repeat themselves, and nobody answers a mail that is wrongly taken for automatic; what we send stops first.
REPEATED: Final = 5
BLOCKED: Final = timedelta(days=60)
_CHANGING: Final = re.compile(r"[\W\d_]+")
_LONGEST: Final = 20_000
# Letters of an echo: fewer are in many texts by chance.
_ENOUGH: Final = 16


def words_of(text: str) -> str:
    """What a text says, by which sameness is seen: numbers and signs differ in what is otherwise the same."""
    return hashlib.sha256(_plain(text).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def echoed(ours: Iterable[str], theirs: str) -> bool:
    """Whether a mail says again, as its own words, what was sent by itself: it may be a program's answer."""
    said = _plain(theirs)
    return any(len(plain := _plain(one)) >= _ENOUGH and plain in said for one in ours)


def _plain(text: str) -> str:
    return _CHANGING.sub("", text[:_LONGEST]).casefold()


def held_back(past: Sequence[Past], words: str, now: datetime) -> str:
    """Why an automatic mail is not sent, given what was sent by itself before; "" if it may be."""
    if any(one.words == words and now - one.at < WINDOW for one in past):
        minutes = int(WINDOW.total_seconds() // 60)
        return f"held back: the same words went to this address by themselves within {minutes} minutes"
    for span, most in BUDGETS:
        if sum(now - one.at < span for one in past) >= most:
            minutes = int(span.total_seconds() // 60)
            return (
                f"held back: {most} automatic mails went to this address or ticket within {minutes} minutes"
            )
    return ""


def automatic(past: Sequence[Past], said: Sequence[Past], words: str, now: datetime) -> bool:
    """Whether a mail was sent by a program, seen from how often its sender wrote the same.

    `past`: what we sent them by ourselves; `said`: what they wrote before; both newest first.
    """
    if not any(now - one.at < WINDOW for one in past):
        return False
    return sum(one.words == words and now - one.at < WINDOW for one in said) + 1 >= REPEATED
