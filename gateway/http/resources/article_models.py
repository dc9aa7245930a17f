"""Articles as the API takes and shows them."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from pydantic import BaseModel, BeforeValidator, Field, StringConstraints

from gateway.http.fields import Key, Tags, Time
from gateway.http.problems import Fault, Invalid, pointer, require
from knowledgebase.article import Article, File
from knowledgebase.telling import Told
from storage import articles, uploads
from storage.articles import Written
from storage.paging import Sql
from storage.store import Missing, Tx

Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
Phrasing = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Language = Annotated[str, StringConstraints(pattern=r"^([a-z]{2,3}(-[A-Za-z0-9]{2,8})*)?$", max_length=35)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=50_000)]
Folder = Annotated[str, StringConstraints(pattern=r"^([^/\x00-\x1f]+(/[^/\x00-\x1f]+)*)?$", max_length=200)]


def _listed(given: Any) -> Any:
    return (given,) if isinstance(given, str) else tuple(given) if isinstance(given, list) else given


Values = Annotated[tuple[Key, ...], BeforeValidator(_listed), Field(min_length=1, max_length=300)]


class VariantForm(BaseModel):
    """What customers are told of whom every attribute in `when` has one of its values.

    Attributes: `country`, `tier`, `company`, `language`, `tags`, `channel` (kind, id or name), and whatever
    a customer's own attributes are called. Case does not matter.
    """

    when: Annotated[dict[Key, Values], Field(max_length=20)] = {}
    language: Language = ""
    title: Annotated[str, StringConstraints(max_length=300)] = ""
    answer: Text


class NewArticle(BaseModel):
    """An answer, and the ways customers ask for it. A draft answers nobody, an internal one no customer.

    `attachments` are upload ids, or names of files that the article has already. In the answer, which is
    Markdown on the help page, `![](name)` shows the picture of that name.
    """

    title: Title
    answer: Text
    phrasings: Annotated[tuple[Phrasing, ...], Field(max_length=200)] = ()
    language: Language = ""
    tags: Tags = ()
    draft: bool = False
    folder: Folder = ""
    internal: bool = False
    valid_from: Time | None = None
    valid_to: Time | None = None
    translation_of: Annotated[str, StringConstraints(max_length=200)] = ""
    variants: Annotated[tuple[VariantForm, ...], Field(max_length=200)] = ()
    attachments: Annotated[tuple[Key, ...], Field(max_length=20)] = ()


class FileOut(BaseModel):
    """A file of an article."""

    name: str
    type: str
    size: int


class ArticleOut(NewArticle):
    """An article. `version` is its ETag, `attachments` the names of its `files`."""

    id: str
    files: tuple[FileOut, ...] = ()
    version: int


class ToldOut(BaseModel):
    """An article as one customer reads it; `when` says what the variant was chosen by."""

    id: str
    title: str
    answer: str
    language: str
    internal: bool
    when: dict[str, tuple[str, ...]]


class VersionOut(BaseModel):
    """One version of an article and who wrote it."""

    version: int
    author: str
    at: datetime
    title: str


def form(article: Article) -> dict[str, Any]:
    """The article's editable form as JSON values."""
    shown = show(article, 0).model_dump(mode="json", exclude={"id", "version", "files"})
    return shown


def show(article: Article, version: int) -> ArticleOut:
    """An article as the API shows it."""
    values = msgspec.to_builtins(article, builtin_types=(datetime,))
    values["attachments"] = tuple(file.name for file in article.files)
    return ArticleOut.model_validate(values | {"version": version})


def show_told(article: Article, told: Told) -> ToldOut:
    """An article as one customer reads it."""
    return ToldOut(
        id=article.id,
        title=told.title,
        answer=told.answer,
        language=told.language,
        internal=article.internal,
        when=told.when,
    )


def show_version(written: Written) -> VersionOut:
    """A version as the list shows it."""
    return VersionOut(**written._asdict())


def read(tx: Tx, article_id: str, body: NewArticle, principal: str, before: Article | None = None) -> Article:
    """The article that a form describes; raises `Invalid`, `NotUploaded`."""
    require(_faults(tx.sql, article_id, body))
    values = body.model_dump(exclude={"attachments"})
    files = _files(tx, body.attachments, before.files if before else (), principal)
    return msgspec.convert(values | {"id": article_id, "files": files}, Article)


def _faults(sql: Sql, article_id: str, body: NewArticle) -> list[Fault]:
    faults = []
    if body.valid_from and body.valid_to and body.valid_to <= body.valid_from:
        faults.append(Fault("/valid_to", "too_early", "Validity ends after it begins."))
    if body.translation_of:
        faults.extend(_translation_faults(sql, article_id, body.translation_of))
    return faults


def _translation_faults(sql: Sql, article_id: str, original_id: str) -> list[Fault]:
    place = "/translation_of"
    if original_id == article_id:
        return [Fault(place, "itself", "An article is no translation of itself.")]
    try:
        original, _ = articles.get(sql, original_id)
    except Missing:
        return [Fault(place, "unknown", f"There is no article {original_id}.")]
    if original.translation_of:
        detail = (
            f"Article {original_id} is a translation itself, of {original.translation_of}: name that one."
        )
        return [Fault(place, "translation", detail)]
    return []


def _files(tx: Tx, named: tuple[str, ...], kept: tuple[File, ...], principal: str) -> tuple[File, ...]:
    there = {file.name: file for file in kept}
    files: dict[str, File] = {}
    for position, name in enumerate(named):
        file = there.get(name)
        if file is None:
            if not name.startswith("upl_"):
                detail = "Name an upload, or a file that the article has."
                raise Invalid.at(pointer("attachments", position), "unknown", detail)
            upload = uploads.attachments(tx.sql, (name,), principal)[0]
            file = File(name=upload.name, type=upload.type, size=upload.size, blob=upload.blob)
        files[file.name] = file
    return tuple(files.values())
