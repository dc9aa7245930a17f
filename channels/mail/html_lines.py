"""HTML as lines of text, with what its elements say of whose words they hold."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from selectolax.lexbor import LexborNode

from channels.mail.html import tree
from channels.mail.lines import GONE, Line

_BLOCK: Final = frozenset(
    "address article aside blockquote body center dd details div dl dt fieldset figcaption figure "
    "footer form h1 h2 h3 "
    "h4 h5 h6 header hr html li main nav ol p pre section table tbody tfoot thead tr ul".split()
)
# A blank line before and after.
_APART: Final = frozenset("p h1 h2 h3 h4 h5 h6 ul ol dl pre".split())
_DROPPED: Final = frozenset(
    "script style head title noscript template svg math iframe object textarea select".split()
)
_BLANKS: Final = re.compile(r"[ \t\r\n\f]+")

# What mail programs call the part of a reply that its author did not write. Names by program; seen in mails
# exported from it or in the tests of projects that collect them (docs/MAIL.md says which).
_HISTORY_CLASSES: Final = frozenset(
    "gmail_extra_quote yahoo_quoted protonmail_quote zmail_extra ntes-mailmaster-quote outlookmessageheader "
    "tutanota_quote alimail-quote __aliyun_previous_message mailru-blockquote "
    "xm_mail_oringinal_describe".split()
)
_HISTORY_IDS: Final = frozenset(
    "divrplyfwdmsg olk_src_body_section isreplycontent replysplit mail-editor-reference-message-container "
    "yahoo_quoted ntesreplycontent".split()
)
_HINTS: Final = (
    "blockquote",
    "border-top",
    *sorted(_HISTORY_CLASSES | _HISTORY_IDS),
    "zwchr",
    "stopspelling",
)
# From such an element on everything is history, wherever it ends.
_HISTORY_FROM: Final = frozenset("appendonsend divrplyfwdmsg stopspelling zwchr olk_src_body_section".split())
_SIGNATURE_CLASSES: Final = frozenset(
    "gmail_signature moz-signature protonmail_signature_block __aliyun_signature_wrap apple-mail-signature "
    "signature-container ntes-mailmaster-signature mail-signature zm_signature".split()
)
_SIGNATURE_IDS: Final = frozenset(
    "signature applemailsignature ms-outlook-mobile-signature imail_signature ntes-pcmac-signature "
    "spneditorsign "
    "signature_old mail-editor-signature ntes-pcmail-signature xm_signature "
    "linebreakatbeginningofsignature".split()
)


def may_quote(html: str) -> bool:
    """Whether an element in it could say that its words are others'; cheap."""
    lowered = html.lower()
    return any(hint in lowered for hint in _HINTS)


def lines(html: str) -> list[Line]:
    """The text a reader sees, with quotes and signatures as the elements tell them."""
    body = tree(html).body
    if body is None:
        return []
    writer = _Writer()
    _walk(body, writer)
    writer.end()
    return writer.lines


class _Writer:
    """Gathers text into lines; where it stands is kept in counters that elements raise and lower."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.depth = self.signature = self.history = self.pre = 0
        self.forever = False
        self.bullets: list[int] = []
        self._pieces: list[str] = []
        self._blank = False

    def text(self, text: str) -> None:
        if self.pre:
            for number, piece in enumerate(text.replace("\r\n", "\n").split("\n")):
                if number:
                    self.line()
                self._pieces.append(piece)
            return
        plain = _BLANKS.sub(" ", text)
        if plain.startswith(" ") and (not self._pieces or self._pieces[-1].endswith(" ")):
            plain = plain[1:]
        if plain:
            self._pieces.append(plain)

    def end(self) -> None:
        """End the line, if one is begun."""
        if "".join(self._pieces).strip():
            self.line()
        self._pieces = []

    def line(self) -> None:
        """End the line, also an empty one."""
        text = "".join(self._pieces).rstrip()
        text = text if text.isascii() else text.translate(GONE).rstrip()
        history = bool(self.history) or self.forever
        for one in text.split("\n"):
            self.lines.append(Line(one, self.depth, bool(self.signature), history))
        self._pieces = []

    def mark(self, marks: "_Marks", step: int) -> None:
        """Count an element that says whose words it holds: 1 where it begins, -1 where it ends."""
        self.depth += marks.depth * step
        self.signature += marks.signature * step
        self.history += marks.history * step
        self.forever = self.forever or marks.forever

    def apart(self) -> None:
        """An empty line, unless there is one."""
        self.end()
        if self.lines and self.lines[-1].text:
            self.line()


def _walk(root: LexborNode, writer: _Writer) -> None:
    """Depth first without recursion: what an element does when it ends waits on a stack."""
    stack: list[tuple[LexborNode, str, _Marks | None]] = [(root, root.tag or "", None)]
    while stack:
        node, tag, marks = stack.pop()
        if marks is not None:
            _leave(tag, node, writer, marks)
            continue
        if tag == "-text":
            writer.text(node.text_content or "")
            continue
        if not tag[:1].isalpha() or tag in _DROPPED:
            continue
        marks = _enter(tag, node, writer)
        if marks is not None:
            stack.append((node, tag, marks))
            stack.extend([(child, child.tag or "", None) for child in _children(node)][::-1])


def _children(node: LexborNode) -> Iterator[LexborNode]:
    child = node.child
    while child is not None:
        yield child
        child = child.next


def _enter(tag: str, node: LexborNode, writer: _Writer) -> "_Marks | None":
    """Begin an element; None for one whose content is not walked."""
    if tag == "br":
        writer.line()
        return None
    attributes = node.attributes
    if attributes and _hidden(attributes):
        return None
    if tag in _BLOCK:
        if tag in _APART:
            writer.apart()
        else:
            writer.end()
    marks = _marks(tag, attributes) if attributes or tag == "blockquote" else _NONE
    if marks is not _NONE:
        writer.mark(marks, 1)
    return None if _empty(tag, attributes, writer) else marks


def _empty(tag: str, attributes: dict[str, str | None], writer: _Writer) -> bool:
    """Write what an element is by itself; True for one that holds nothing."""
    if tag == "hr":
        writer.text("________________________________")
        writer.end()
        return True
    if tag == "img":
        alt = (attributes.get("alt") or "").strip()
        # An emoji's picture is called by the emoji.
        if alt and len(alt) < 100:
            writer.text(alt if not alt.isascii() and len(alt) < 5 else f"[{alt}]")
        return True
    if tag == "pre":
        writer.pre += 1
    elif tag in ("ul", "ol"):
        writer.bullets.append(0 if tag == "ul" else 1)
    elif tag == "li":
        _bullet(writer)
    elif tag in ("td", "th"):
        writer.text(" ")
    return False


def _bullet(writer: _Writer) -> None:
    if not writer.bullets or not writer.bullets[-1]:
        writer.text("- ")
    else:
        writer.text(f"{writer.bullets[-1]}. ")
        writer.bullets[-1] += 1


def _leave(tag: str, node: LexborNode, writer: _Writer, marks: "_Marks") -> None:
    if tag == "a":
        _target(node, writer)
    elif tag in ("td", "th"):
        writer.text(" ")
    if tag in _BLOCK:
        if tag in _APART:
            writer.apart()
        else:
            writer.end()
    if tag == "pre":
        writer.pre -= 1
    elif tag in ("ul", "ol") and writer.bullets:
        writer.bullets.pop()
    if marks is not _NONE:
        writer.mark(marks, -1)


def _target(node: LexborNode, writer: _Writer) -> None:
    """The address of a link whose words are others, so that a text alone can be followed."""
    href = (node.attributes.get("href") or "").strip()
    shown = (node.text(deep=True) or "").strip()
    if not href.lower().startswith(("http://", "https://")) or not shown or len(href) > 2000:
        return
    if shown.rstrip("/") not in (href.rstrip("/"), href.partition("://")[2].rstrip("/")):
        writer.text(f" <{href}>")


def _hidden(attributes: dict[str, str | None]) -> bool:
    style = (attributes.get("style") or "").replace(" ", "").lower()
    return "display:none" in style or "mso-hide:all" in style or "hidden" in attributes


class _Marks(NamedTuple):
    """What an element says of the words in it; `forever`: and of all that follow."""

    depth: int = 0
    signature: int = 0
    history: int = 0
    forever: bool = False


_NONE: Final = _Marks()


def _marks(tag: str, attributes: dict[str, str | None]) -> _Marks:
    """Whose words an element holds."""
    classes = set((attributes.get("class") or "").lower().split())
    # Outlook on the web puts x_ before what it quotes of others.
    own = (attributes.get("id") or attributes.get("name") or "").lower().removeprefix("x_")
    outlook = _outlook(tag, attributes)
    history = bool(classes & _HISTORY_CLASSES) or own in _HISTORY_IDS or outlook
    found = _Marks(
        # Some programs indent with it; then nothing introduces it.
        int(tag == "blockquote"),
        int(bool(classes & _SIGNATURE_CLASSES) or own in _SIGNATURE_IDS),
        int(history),
        outlook or own in _HISTORY_FROM,
    )
    return _NONE if found == _NONE else found


def _outlook(tag: str, attributes: dict[str, str | None]) -> bool:
    """The header block of Outlook and Foxmail: a div whose only border is a thin one on top."""
    style = (attributes.get("style") or "").replace(" ", "").lower()
    if tag != "div" or ("border-top:" not in style and "border-width:1ptmedium" not in style):
        return False
    return any(color in style for color in ("#b5c4df", "#e1e1e1", "rgb(225,225,225)", "rgb(181,196,223)"))
