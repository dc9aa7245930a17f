"""The signature at the end of what somebody wrote: after dashes, a closing formula, "Sent from my phone"."""

from typing import Final

import re2

from channels.mail.lines import Line
from channels.mail.quote_words import CLOSINGS, SENT_FROM

# A signature has at most so many lines that say something; after "-- " there is no limit (RFC 3676, 4.3).
_LONGEST: Final = 12
_LONGEST_LINE: Final = 90
_DASHES: Final = re2.compile(r"^\s*(?:--|—|––|-{3}|_{2,}|={3,}|\*{3,}|~{3,})\s*$")
_SENT_FROM: Final = re2.compile(r"(?i)^[\s*_\[(>]*(?:" + "|".join(SENT_FROM) + r")[\s*_\])]*$")
_CLOSING: Final = re2.compile(
    r"(?i)^[\s*_]*(?:(?:many )?(?:thanks|thank you),?\s+)?(?:"
    + "|".join(re2.escape(one) for one in sorted(CLOSINGS, key=len, reverse=True))
    + r")\s*[,，.!！。:;~…*_-]*\s*$"
)
_DISCLAIMER: Final = re2.compile(
    r"(?i)(?:confidential|disclaimer|privileged|intended (?:solely|only) for|vertraulich|confidentiel|"
    r"confidencial|riservat|"
    r"vertrouwelijk|保密|机密|機密|konfidentiell|fortrolig|poufn|конфиденц)"
)
_AFTERWORD: Final = re2.compile(r"(?i)^\s*(?:p\.?\s?s\.?\s?[:.)\-\s]|ps[:：]|附[:：注]|又及)")
_LIST_FOOTER: Final = re2.compile(r"^\s*_{5,}\s*$")
_GROUPS: Final = re2.compile(
    r"(?i)^\s*(?:you received this message because you are subscribed|to unsubscribe from this group)"
)
_SENTENCE: Final = re2.compile(r"[.!?。！？]\s*$")


def without_signature(lines: list[Line], *, alone: bool) -> tuple[list[Line], list[Line]]:
    """The lines before the signature (and after it, if a postscript follows), and those of the signature.

    `alone`: there is nothing else that the author wrote, so that not all of it is a signature.
    """
    marked = [line for line in lines if line.signature]
    lines = [line for line in lines if not line.signature]
    begin = _begin(lines)
    if begin is None:
        return lines, marked
    kept = lines[:begin]
    after = lines[begin:]
    written = next((at for at, line in enumerate(after) if at and _AFTERWORD.search(line.text[:20])), None)
    if written is not None:
        kept, after = kept + after[written:], after[:written]
    if alone and not any(line.text.strip() for line in kept) and not _certain(after[0].text):
        # All of it would be a signature: then it is what was written.
        return lines, marked
    # A phone's line stands above a signature as often as below.
    again, more = without_signature(kept, alone=alone) if written is None else (kept, [])
    return again, more + after + marked


def _certain(text: str) -> bool:
    return text.rstrip() == "--" or _SENT_FROM.search(text[:200]) is not None


def _begin(lines: list[Line]) -> int | None:
    """The first line of the signature."""
    for at, line in enumerate(lines):
        if line.text == "-- " or _GROUPS.search(line.text[:80]):
            return at
    said = 0
    found: int | None = None
    disclaimed = any(_DISCLAIMER.search(line.text[:2_000]) for line in lines[-20:])
    for at in range(len(lines) - 1, -1, -1):
        text = lines[at].text.strip()
        if not text:
            continue
        if len(text) <= 200 and _starts(text, lines, at, said):
            found = at
            # Above a closing formula there is only what was written.
            if not _SENT_FROM.search(text):
                return found
        said += 1
        long = len(text) > _LONGEST_LINE and not disclaimed
        if said > (_LONGEST if not disclaimed else 2 * _LONGEST) or long:
            break
    return found


def _starts(text: str, lines: list[Line], at: int, said: int) -> bool:
    """Whether a signature of the `said` lines below begins with this one."""
    if _CLOSING.search(text):
        return True
    if _SENT_FROM.search(text) and len(text) < 120:
        # "Sent from my phone" ends a mail; as a sentence among others it does not.
        return said <= 3 and not (said and _SENTENCE.search(text) and len(text) > 60)
    if _LIST_FOOTER.search(text) and said:
        return (
            any("mailing list" in one.text.lower() or "http" in one.text.lower() for one in lines[at:])
            or said <= 6
        )
    if _DASHES.search(text):
        below = [one.text.strip() for one in lines[at + 1 :] if one.text.strip()]
        lists = sum(one.startswith(("- ", "* ", "• ", "1.", "#")) for one in below)
        prose = sum(
            len(one) > _LONGEST_LINE or (one.count(" ") >= 4 and bool(_SENTENCE.search(one))) for one in below
        )
        return (
            bool(below)
            and not lists
            and (not prose or text == "--" or _DISCLAIMER.search(" ".join(below)) is not None)
        )
    return False
