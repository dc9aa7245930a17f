"""A FAQ page's HTML as rows: schema.org's FAQPage where the page carries one, else what looks like one.

What looks like one: `<details>` with a `<summary>`, `<dt>` with `<dd>`, headings with a text below them; the
first of these that the page has is taken. An answer keeps its links, lists and breaks as Markdown. The parser
is the standard library's: linear, and indifferent to depth.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from html.parser import HTMLParser
from typing import Any, Final, Literal, NamedTuple

import msgspec

from knowledgebase.article import Article
from knowledgebase.rows import Raw

_SILENT: Final = frozenset(
    {"script", "style", "noscript", "template", "svg", "nav", "footer", "form", "button"}
)
_BLOCKS: Final = frozenset("p div section article ul ol table blockquote pre dl dt details summary".split())
_HEADINGS: Final = ("h1", "h2", "h3", "h4", "h5", "h6")
_LINKED: Final = ("http://", "https://", "mailto:")
_JSON_LD: Final = "application/ld+json"
_MOST_NESTED: Final = 20

Edge = tuple[Literal["start", "end"], str]
_MOVES: Final[tuple[Mapping[Edge, str], ...]] = (
    {("start", "summary"): "question", ("end", "summary"): "answer", ("end", "details"): "close"},
    {("start", "dt"): "question", ("start", "dd"): "answer", ("end", "dt"): "close", ("end", "dl"): "close"},
    {
        **{("start", heading): "question" for heading in _HEADINGS[1:]},
        **{("end", heading): "answer" for heading in _HEADINGS[1:]},
        ("start", "h1"): "close",
    },
)
"""What begins a question, what its answer and what ends both, for each look."""


class _Pair(NamedTuple):
    tag: str
    question: list[str]
    answer: list[str]


class _Page(HTMLParser):
    """Reads a page into edges of tags and texts between them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tokens: list[Edge | str] = []
        self.ld: list[str] = []
        self.language = ""
        self._silent = ""
        self._reads_ld = False
        self._links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note where it begins."""
        given = {name: value or "" for name, value in attrs}
        if tag == "html":
            self.language = given.get("lang", "").split("-")[0].lower()
        if self._silent:
            return
        if tag in _SILENT:
            self._silent = tag
            self._reads_ld = tag == "script" and given.get("type", "").strip().lower() == _JSON_LD
            if self._reads_ld:
                self.ld.append("")
            return
        self.tokens.append(("start", tag))
        if tag == "br":
            self.tokens.append("\n")
        elif tag == "li":
            self.tokens.append("\n- ")
        elif tag in _BLOCKS:
            self.tokens.append("\n\n")
        elif tag == "a":
            self._links.append(given.get("href", "").strip())
            self.tokens.append("[" if self._links[-1].startswith(_LINKED) else "")

    def handle_endtag(self, tag: str) -> None:
        """Note where it ends."""
        if self._silent:
            if tag == self._silent:
                self._silent, self._reads_ld = "", False
            return
        if tag == "a" and self._links:
            href = self._links.pop()
            self.tokens.append(f"]({href})" if href.startswith(_LINKED) else "")
        elif tag in _BLOCKS or tag == "tr":
            self.tokens.append("\n\n" if tag != "tr" else "\n")
        self.tokens.append(("end", tag))

    def handle_data(self, data: str) -> None:
        """Keep the text that is shown."""
        if self._reads_ld:
            self.ld[-1] += data
        elif not self._silent:
            self.tokens.append(re.sub(r"\s+", " ", data))


def read_html(content: bytes, encoding: str) -> Iterator[Raw]:
    """The page's questions with their answers."""
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        yield Raw("the page", fault=f"It is not {encoding} from byte {error.start} on.")
        return
    page = _parsed(text)
    rows = list(_of_json_ld(page)) or list(_of_looks(page))
    if not rows:
        yield Raw("the page", fault="There are no questions with answers on it.")
    for number, values in enumerate(rows, start=1):
        yield Raw(f"question {number}", {"language": page.language, **values})


def _parsed(text: str) -> _Page:
    page = _Page()
    page.feed(text)
    page.close()
    return page


def _of_looks(page: _Page) -> Iterator[dict[str, Any]]:
    for moves in _MOVES:
        if pairs := _pairs(page.tokens, moves):
            yield from _with_sections(pairs)
            return


def _pairs(tokens: Iterable[Edge | str], moves: Mapping[Edge, str]) -> list[_Pair]:
    pairs: list[_Pair] = []
    part: list[str] | None = None
    for token in tokens:
        if isinstance(token, str):
            if part is not None:
                part.append(token)
            continue
        match moves.get(token):
            case "question":
                pairs.append(_Pair(token[1], [], []))
                part = pairs[-1].question
            case "answer" if pairs:
                part = pairs[-1].answer
            case "close":
                part = None
    return pairs


def _with_sections(pairs: list[_Pair]) -> Iterator[dict[str, Any]]:
    """A heading with nothing but smaller headings below it names their folder."""
    folder = ""
    for number, pair in enumerate(pairs):
        title, answer = _tidy(pair.question), _tidy(pair.answer)
        following = pairs[number + 1].tag if number + 1 < len(pairs) else ""
        if pair.tag in _HEADINGS and not answer and following > pair.tag:
            folder = " ".join(title.replace("/", " ").split())[:200]
        else:
            yield {"title": " ".join(title.split()), "answer": answer, "folder": folder}


def _of_json_ld(page: _Page) -> Iterator[dict[str, Any]]:
    for script in page.ld:
        try:
            document = msgspec.json.decode(script)
        except msgspec.DecodeError:
            continue
        for question in _questions(document, _MOST_NESTED):
            accepted = question.get("acceptedAnswer")
            answer = accepted[0] if isinstance(accepted, list) and accepted else accepted
            text = answer.get("text", "") if isinstance(answer, dict) else ""
            language = question.get("inLanguage")
            values = {"title": _shown(question.get("name", "")), "answer": _shown(text)}
            yield values | ({"language": language} if isinstance(language, str) else {})


def _questions(document: Any, depth: int) -> Iterator[dict[str, Any]]:
    if isinstance(document, list) and depth:
        for one in document:
            yield from _questions(one, depth - 1)
    elif isinstance(document, dict) and depth:
        if document.get("@type") == "Question":
            yield document
            return
        for name in ("@graph", "mainEntity", "hasPart"):
            yield from _questions(document.get(name), depth - 1)


def _shown(html: Any) -> str:
    """HTML inside a text, as it reads."""
    return (
        _tidy(token for token in _parsed(html).tokens if isinstance(token, str))
        if isinstance(html, str)
        else ""
    )


def _tidy(texts: Iterable[str]) -> str:
    text = re.sub(r"[ \u00a0]+", " ", "".join(texts))
    lines = [line.strip() for line in text.split("\n")]
    kept = (line for at, line in enumerate(lines) if line or (at and lines[at - 1]))
    return "\n".join(kept).strip()


def write_html(articles: Iterable[tuple[Article, int]]) -> str:
    """A page of questions and answers that reads alike everywhere, and that `read_html` takes."""
    shown = "".join(
        f'<details id="{escape(one.id)}" lang="{escape(one.language)}"><summary>{escape(one.title)}</summary>'
        f"<p>{escape(one.answer).replace(chr(10) * 2, '</p><p>').replace(chr(10), '<br>')}</p></details>\n"
        for one, _ in articles
    )
    return f'<!doctype html>\n<meta charset="utf-8">\n<title>FAQ</title>\n{shown}'
