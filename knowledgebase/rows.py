"""Articles from outside, row by row: what each one says, or what is wrong with it.

Every format ends here: it yields `Raw` rows, and `checked` makes articles of the good ones and faults of the
others. A row names its place in the words of its format ("line 3", "row 3", "returns/refunds.md").
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from typing import Annotated, Any, Final

import msgspec

from knowledgebase.article import Article, File, Variant

LARGEST_FILE: Final = 50_000_000
"""Bytes of one import."""
MOST_ROWS: Final = 50_000
MOST_PHRASINGS: Final = 1_000

Line = Annotated[str, msgspec.Meta(max_length=300)]
Text = Annotated[str, msgspec.Meta(max_length=50_000)]
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_NEEDED: Final = ("title", "answer")


class Raw(msgspec.Struct, frozen=True):
    """What stands at a place, by field; values may still be texts. `fault` instead where it can't be read."""

    place: str
    values: Mapping[str, Any] = {}
    fault: str = ""


class Fault(msgspec.Struct, frozen=True):
    """Why the row at a place is not taken; `code` for programs."""

    place: str
    code: str
    detail: str


class Row(msgspec.Struct, frozen=True):
    """A good row: an article of which `given` were said, the others being defaults.

    `version` is that of the desk's article when it was exported, 0 where nobody said.
    """

    place: str
    article: Article
    given: frozenset[str]
    version: int = 0


class _Form(msgspec.Struct, kw_only=True):
    title: Line
    answer: Text
    id: Annotated[str, msgspec.Meta(max_length=200, pattern=r"^[\w.:@-]*$")] = ""
    phrasings: Annotated[
        tuple[Annotated[str, msgspec.Meta(max_length=500)], ...], msgspec.Meta(max_length=MOST_PHRASINGS)
    ] = ()
    language: Annotated[str, msgspec.Meta(max_length=35, pattern="^([a-z]{2,3}(-[A-Za-z0-9]{2,8})*)?$")] = ""
    tags: Annotated[
        tuple[Annotated[str, msgspec.Meta(max_length=100)], ...], msgspec.Meta(max_length=100)
    ] = ()
    draft: bool = False
    folder: Annotated[str, msgspec.Meta(max_length=200, pattern="^([^/]+(/[^/]+)*)?$")] = ""
    internal: bool = False
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    translation_of: Line = ""
    variants: Annotated[tuple[Variant, ...], msgspec.Meta(max_length=200)] = ()
    files: Annotated[tuple[File, ...], msgspec.Meta(max_length=20)] = ()
    version: Annotated[int, msgspec.Meta(ge=0)] = 0


_FIELDS: Final = frozenset(_Form.__struct_fields__)


def checked(rows: Iterable[Raw]) -> tuple[list[Row], list[Fault]]:
    """(the good rows, what is wrong with each of the others), in their order.

    A row needs a title (or a phrasing to be it) and an answer. One without an id has the one that its title
    and language give, so that the same file brought in again changes what it made.
    """
    good: dict[str, Row] = {}
    faults: list[Fault] = []
    for number, raw in enumerate(rows):
        if number >= MOST_ROWS:
            faults.append(Fault(raw.place, "too_many", f"An import has at most {MOST_ROWS} articles."))
            break
        row = _row(raw)
        if isinstance(row, Row) and (first := good.get(row.article.id)) is not None:
            detail = f"The article {row.article.id!r} stands at {first.place} already."
            row = Fault(raw.place, "duplicate", detail)
        if isinstance(row, Row):
            good[row.article.id] = row
        else:
            faults.append(row)
    return list(good.values()), faults


def _row(raw: Raw) -> Row | Fault:
    if raw.fault:
        return Fault(raw.place, "unreadable", raw.fault)
    values = {name: value for name, value in raw.values.items() if name in _FIELDS and value is not None}
    if not str(values.get("title", "")).strip() and values.get("phrasings"):
        values["title"] = values["phrasings"][0]
    for name in _NEEDED:
        if not str(values.get(name, "")).strip():
            return Fault(raw.place, "missing", f"The {name} is missing.")
    if "\\u0000" in ascii(values).replace("\\x00", "\\u0000") or _CONTROL.search(_all_text(values)):
        return Fault(raw.place, "control_character", "There is a control character in it.")
    return _converted(raw.place, values)


def _converted(place: str, values: dict[str, Any]) -> Row | Fault:
    for name in ("valid_from", "valid_to"):
        if name in values:
            values[name] = _instant(values[name])
    try:
        form = msgspec.convert(values, _Form, strict=False)
    except msgspec.ValidationError as error:
        return Fault(place, "invalid", f"{str(error).rstrip('.')}.")
    if form.valid_from and form.valid_to and form.valid_to <= form.valid_from:
        return Fault(place, "invalid", "Its validity ends before it begins.")
    fields = {name: getattr(form, name) for name in Article.__struct_fields__}
    fields |= {"title": form.title.strip(), "answer": form.answer.strip()}
    fields["phrasings"] = tuple(dict.fromkeys(one.strip() for one in form.phrasings if one.strip()))
    fields["id"] = form.id or derived_id(fields["title"], form.language)
    return Row(place, Article(**fields), frozenset(values) & frozenset(fields), form.version)


def _instant(value: Any) -> Any:
    """A date is its first moment in UTC; a time without a zone is UTC."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip()) if value.strip() else None
        except ValueError:
            return value
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return value


def _all_text(values: Mapping[str, Any]) -> str:
    found: list[str] = []
    pending: list[Any] = list(values.values())
    while pending:
        value = pending.pop()
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, Mapping):
            pending.extend((*value, *value.values()))
        elif isinstance(value, list | tuple):
            pending.extend(value)
    return "\n".join(found)


def derived_id(title: str, language: str) -> str:
    """The id of an article that came without one; the same title in the same language has the same."""
    plain = " ".join(unicodedata.normalize("NFKC", title).casefold().split())
    return "art_" + hashlib.sha256(f"{language}\n{plain}".encode()).hexdigest()[:26]
