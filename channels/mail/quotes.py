"""What a mail's author wrote, apart from what is quoted and from the signature.

Works on lines, in time linear in their number: each pattern runs in RE2 or on bounded lines, and no more than
a few lines are ever looked at together.

What is found, in this order:

    a header repeated above the old message, or a row with "Original Message"      all from there is old
    "On ... wrote:", over at most four lines, before quoted lines                  the line itself is old
    "On ... wrote:" before lines that are not marked                               all from there is old
    lines marked with ">", in a blockquote, or in what a program calls a quote     old; answers between stay
"""

import re
from typing import Final, NamedTuple

import re2

from channels.mail.limits import LONGEST_TEXT
from channels.mail.lines import Line, joined, of_text
from channels.mail.quote_words import ABOVE, FIELDS, FORWARDED, OPENERS, ORIGINAL, WROTE
from channels.mail.signatures import without_signature

_MOST_TOGETHER: Final = 4
_LONGEST_ATTRIBUTION: Final = 500
_LONGEST_LINE: Final = 1_000
# A repeated header has at most so many lines, empty and folded ones included.
_HEADER_LINES: Final = 16
# So many lines are searched; who writes more than that on top of a quote is no person.
_MOST_LINES: Final = 5_000


class Separated(NamedTuple):
    """`reply` is what the author wrote now; `quoted` whether something older was found; `signature`."""

    reply: str
    quoted: bool
    signature: str


def separate(lines: list[Line]) -> Separated:
    """Part the lines of a whole body."""
    if sum(len(line.text) for line in lines) > LONGEST_TEXT:
        return Separated(joined(lines), False, "")
    finding = _Finding(lines)
    segments, quoted = finding.segments()
    parted = [without_signature(segment, alone=len(segments) == 1) for segment in segments]
    reply = "\n\n".join(filter(None, (joined(kept) for kept, _ in parted)))
    signature = "\n\n".join(filter(None, (joined(ended) for _, ended in parted)))
    if not reply and quoted and not finding.introduced:
        # Indentation, not a quote: nobody else's words are named.
        kept, ended = without_signature([line._replace(depth=0) for line in lines], alone=True)
        return Separated(joined(kept), False, joined(ended))
    return Separated(reply, quoted, signature)


def separate_text(text: str) -> Separated:
    """Part plain text."""
    return separate(of_text(text))


def _alternatives(words: "tuple[str, ...] | frozenset[str]") -> str:
    ordered = sorted(set(words), key=len, reverse=True)
    return "|".join(re2.escape(word).replace(r"\ ", r"\s+") for word in ordered)


_WROTE = _alternatives(WROTE)
_OPENED: Final = re2.compile(rf"(?i)^[\s\-–—_*•>\"']*(?:{_alternatives(OPENERS)})(?:[\s:,.<]|\d).{{0,60}}?\d")
# CJK needs no blank after the opener; "2015年" and "2015-10-17" open a line by themselves.
_DATED: Final = re2.compile(
    r"^[\s\-*]*(?:在|于|於)?\s*(?:20\d\d\s?[年./\-]|\d{1,2}[./\-]\d{1,2}[./\-](?:20)?\d\d|\d{1,2}:\d\d)"
)
_ENDS: Final = re2.compile(rf"(?i)(?:{_WROTE})\s*(?:<[^<>]*>\s*)?[:：;]?[\s\-–—*_]*$")
_WITHIN: Final = re2.compile(rf"(?i)(?:^|[\s\d>,）)])(?:{_WROTE})\s.{{1,300}}[:：][\s\-–—*_]*$")
# An address in brackets that was broken before its end, which then looks like a quote.
_TORN_END: Final = re2.compile(rf"(?i)^\s*(?:{_WROTE})\s*[:：]\s*$")
_TIMED: Final = re2.compile(
    r"(?:19|20)\d\d|\d{1,2}\s?[:.h時时시]\s?\d\d|\d{1,2}[./\-]\d{1,2}[./\-]\d{2,4}|\d{1,2}月\d{1,2}日"
)
_ADDRESS: Final = re2.compile(r"[^\s<>@\[(]+@[^\s<>@\])]+")
_ADDRESSED_END: Final = re2.compile(r"[<\[(]\s*(?:mailto:)?[^\s<>@]+@[^\s<>]+\s*[>\])][\s>)]*[:：]?\s*$")
_SHARED: Final = re2.compile(
    r"(?i)(?:\s|-{2,}\s?)-*\s?(On\s(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|\d).{1,200}wrote\s?:?-*)$"
)
_FIELD: Final = {
    role: re2.compile(rf"(?i)^[\s*|_>•]*(?:{_alternatives(words)})[\s*]*(?:[:：]|\|)(?:[\s*|]|\S)")
    for role, words in FIELDS.items()
}
_ANY_FIELD: Final = re2.compile(
    rf"(?i)^[\s*|_>•]*(?:{'|'.join(_alternatives(words) for words in FIELDS.values())})[\s*]*(?:[:：|]|\*:)"
)
_NEAR: Final = 40
_DIGIT: Final = re.compile(r"\d")
_TITLES: Final = ORIGINAL | FORWARDED
_RULE: Final = re2.compile(r"^[\s*]*[-_=*–—#]{3,}[\s*]*$")


class _Finding:
    """What was found in the lines of one body."""

    def __init__(self, lines: list[Line]) -> None:
        self._lines = lines
        self._roles: dict[int, str | None] = {}
        self.introduced = False

    def segments(self) -> tuple[list[list[Line]], bool]:
        """Runs of lines that the author wrote, and whether there was anything else."""
        lines = self._lines
        kept: list[list[Line]] = [[]]
        quoted = written = False
        at = 0
        while at < min(len(lines), _MOST_LINES):
            line = lines[at]
            if line.depth or line.history:
                quoted = True
                self.introduced = self.introduced or line.history
                kept.append([])
                at += 1
                continue
            step = self._step(at, written)
            if step is None:
                kept[-1].append(line)
                written = written or bool(line.text.strip())
                at += 1
                continue
            if step.sent:
                kept[-1].extend(one._replace(depth=0) for one in lines[at:])
                break
            quoted = self.introduced = True
            if step.before:
                kept[-1].append(Line(step.before))
            if step.to_end:
                # Marked quotes are gone with it; nothing tells answers from what they answer.
                break
            kept.append([])
            at = step.next
        else:
            kept[-1].extend(one for one in lines[_MOST_LINES:] if not one.depth and not one.history)
        return [run for run in kept if any(one.text.strip() for one in run)], quoted

    def _step(self, at: int, written: bool) -> "_Step | None":
        """What begins at this line, if something old does. `written`: the author has said something above."""
        text = self._lines[at].text
        if not text.strip() or len(text) > _LONGEST_LINE:
            return None
        if _could_head(text) and (head := self._old_header(at)) is not None:
            return self._from_header(at, head, written)
        if "rote" in text and (shared := self._shared(at)) is not None:
            return shared
        if _could_open(text) and (end := self._attribution(at)) is not None:
            return _Step(end, not self._quote_follows(end))
        return _Step(at + 1, to_end=False) if self._torn(at) else None

    def _from_header(self, at: int, head: "_Head", written: bool) -> "_Step | None":
        if self._quote_follows(head.end):
            return _Step(head.end, to_end=False)
        # A mail that begins so is a forward or a web form: all of it is what was sent.
        if not written and (head.forwarded or not head.row):
            return _Step(len(self._lines), to_end=True, sent=True)
        return _Step(len(self._lines), to_end=True)

    def _quote_follows(self, at: int) -> bool:
        for line in self._lines[at : at + 6]:
            if line.text.strip() or line.depth:
                return bool(line.depth or line.history)
        return False

    # --- "On ... wrote:" ------------------------------------------------------------------------------

    def _attribution(self, at: int) -> int | None:
        """Where the attribution that begins at this line ends."""
        text = ""
        opened = False
        for number in range(at, min(at + _MOST_TOGETHER, len(self._lines))):
            line = self._lines[number]
            torn = line.depth == 1 and number > at and _TORN_END.search(line.text) is not None
            if (line.depth and not torn) or (number > at and not line.text.strip()):
                return None
            text = f"{text} {line.text.strip()}" if text else line.text.strip()
            if len(text) > _LONGEST_ATTRIBUTION:
                return None
            if number == at:
                # Without an opener or a date only one line is an attribution.
                opened = bool(_DATED.search(text)) or (_OPENED.search(text) is not None)
                if not opened and not _maybe(text):
                    return None
            if self._introduces(text, opened, number + 1):
                return number + 1
            if not opened and number > at:
                return None
        return None

    def _introduces(self, text: str, opened: bool, after: int) -> bool:
        if not _maybe(text):
            return False
        timed, addressed = bool(_TIMED.search(text)), bool(_ADDRESS.search(text))
        if _ENDS.search(text) or _WITHIN.search(text):
            if opened and (timed or addressed):
                return True
            return (
                (addressed and _closed(text))
                or (self._quote_follows(after) and len(text) < 200)
                or (timed and _closed(text) and " via " in text)
            )
        # "2014-10-17 11:28 GMT+03:00 Name <address>:"
        if timed and opened and _ADDRESSED_END.search(text):
            return _closed(text) or self._quote_follows(after)
        whole = len(_TIMED.findall(text)) >= 2 and _ADDRESSED_END.search(text) is not None and len(text) < 200
        return timed and addressed and _closed(text) and (whole or self._quote_follows(after))

    def _shared(self, at: int) -> "_Step | None":
        """An attribution that begins in a line of the author's own."""
        text = self._lines[at].text
        if not self._quote_follows(at + 1):
            return None
        match = _SHARED.search(text)
        if match is None or not text[: match.start()].strip(" -*>"):
            return None
        return _Step(at + 1, to_end=False, before=text[: match.start()].rstrip(" -"))

    def _torn(self, at: int) -> bool:
        """Whether this line is the rest of a link that was broken out of a quote."""
        if not 0 < at < len(self._lines) - 1:
            return False
        above, text, below = self._lines[at - 1], self._lines[at].text.strip(), self._lines[at + 1]
        if not above.depth or not below.depth:
            return False
        opened = max(above.text.rfind("(http"), above.text.rfind("<http"))
        torn = (
            opened >= 0
            and not any(end in above.text[opened:] for end in ")>")
            and " " not in text.rstrip(") >")
        )
        return torn or (text.startswith(("(http", "<http")) and text.endswith((")", ">")))

    # --- headers that are repeated --------------------------------------------------------------------

    def _old_header(self, at: int) -> "_Head | None":
        """The row of dashes or the repeated header that begins at this line."""
        text = self._lines[at].text
        named = _named_row(text)
        if named is not None:
            return _Head(self._fields_end(at + 1), row=True, forwarded=named)
        if _RULE.search(text):
            after = self._next_text(at + 1, 3)
            end = self._header_end(after)
            return None if end is None else _Head(end, row=True, forwarded=False)
        end = self._header_end(at)
        if end is not None:
            return _Head(end, row=False, forwarded=False)
        plain = text.strip(" *:：").casefold()
        if plain in ORIGINAL or plain in FORWARDED:
            end = self._header_end(self._next_text(at + 1, 3))
            return None if end is None else _Head(end, row=True, forwarded=plain in FORWARDED)
        return None

    def _next_text(self, at: int, within: int) -> int:
        for number in range(at, min(at + within, len(self._lines))):
            if self._lines[number].text.strip():
                return number
        return at

    def _header_end(self, at: int) -> int | None:
        """Where the repeated header ends that begins at this line; None if there is none."""
        first = self._role(at)
        if first not in ("from", "date", "subject"):
            return None
        roles = {first}
        addressed = sent = False
        end, gap, folded = at, 0, 0
        for number in range(at, min(at + _HEADER_LINES, len(self._lines))):
            line = self._lines[number]
            role = self._role(number)
            if role is not None:
                roles.add(role)
                sent = sent or (role == "date" and len(_TIMED.findall(line.text)) >= 2)
                gap = folded = 0
                end = number + 1
            elif not line.text.strip():
                gap += 1
                if gap > 1 or folded:
                    break
            elif gap or folded >= 3:
                break
            else:
                # A field goes on in the next line; where no field follows, it was the text.
                folded += 1
            addressed = addressed or "@" in line.text
        if len(roles) < 2 or not roles & {"from", "date"}:
            return None
        if len(roles) >= 3 and ("subject" in roles or sent):
            return end
        return end if addressed and roles & {"to", "date", "subject"} else None

    def _fields_end(self, at: int) -> int:
        after = self._next_text(at, 3)
        return self._header_end(after) or at

    def _role(self, at: int) -> str | None:
        if at not in self._roles:
            self._roles[at] = self._meaning(at) if at < len(self._lines) else None
        return self._roles[at]

    def _meaning(self, at: int) -> str | None:
        line = self._lines[at]
        text = line.text
        if line.depth or len(text) > _LONGEST_LINE or not text or not _ANY_FIELD.search(text):
            return None
        return next((role for role, pattern in _FIELD.items() if pattern.search(text + " ")), None)


class _Step(NamedTuple):
    """Something old: the next line to look at, whether all from here is old, what of the line is not.

    `sent`: all from here is what the author sends, though others wrote it.
    """

    next: int
    to_end: bool
    before: str = ""
    sent: bool = False


class _Head(NamedTuple):
    end: int
    row: bool
    forwarded: bool


def _could_head(text: str) -> bool:
    """Whether a line could begin a repeated header: cheap, and false for nearly every line."""
    start = text[:_NEAR]
    if ":" in start or "：" in start or "|" in start:
        return True
    first = text.lstrip()[:1]
    return (
        first in "-_=*#–—" or (len(text) < 60 and text.strip(" *").casefold() in _TITLES) or "line" in start
    )


def _could_open(text: str) -> bool:
    return _DIGIT.search(text[:100]) is not None or _maybe(text)


def _maybe(text: str) -> bool:
    """Whether a text could be an attribution: cheap, and false for nearly every line."""
    end = text.rstrip(" -–—*_>)")[-1:]
    return (
        end in ":：;"
        or text[-1:] in "->—"
        or any(text.endswith(word) for word in ("wrote", "写道", "寫道", "작성"))
    )


def _closed(text: str) -> bool:
    return text.rstrip(" -–—*_").endswith((":", "：")) or text.rstrip().endswith("-")


def _named_row(text: str) -> bool | None:
    """Whether a row of dashes that says so holds a forwarded message; None for any other line."""
    plain = text.strip()
    if len(plain) > 120:
        return None
    lowered = plain.casefold()
    if any(words in lowered for words in ABOVE):
        return False
    inner = lowered.strip("-_=*#–—> ").rstrip(":：").strip("-_=*#–—> ").replace("\u00a0", " ")
    inner = " ".join(inner.split())
    marked = plain[:2].strip("-_=*#–—>") == "" and len(plain) >= 2
    if marked and inner in ORIGINAL:
        return False
    if inner in FORWARDED and (marked or plain.endswith((":", "："))):
        return True
    return None
