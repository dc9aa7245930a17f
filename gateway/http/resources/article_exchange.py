"""Articles in and out as files, over HTTP."""

import asyncio
import codecs
from functools import partial
from typing import Literal

from aiohttp import web
from pydantic import BaseModel, Field

from gateway.http import body as bodies
from gateway.http.call import Call, Rendered
from gateway.http.endpoint import Api
from gateway.http.problems import Fault, Invalid
from knowledgebase import faq_page, formats, rows
from storage import article_import, articles, audit
from storage.paging import Sql
from storage.store import Tx

api = Api("Knowledge base")

LARGEST = 10_000_000
"""Bytes of an import by HTTP."""
_TYPES = {"jsonl": "application/x-ndjson", "csv": "text/csv", "html": "text/html"}
_READERS = {"jsonl": formats.read_jsonl, "csv": formats.read_csv, "html": faq_page.read_html}
_WRITERS = {"jsonl": formats.write_jsonl, "csv": formats.write_csv, "html": faq_page.write_html}
_TEXT = {"type": "string"}


class ExportQuery(BaseModel):
    """Which form it is to have."""

    format: Literal["jsonl", "csv", "html"] = "jsonl"


class ImportQuery(ExportQuery):
    """`skip_bad` takes the good rows although others are bad, `dry_run` changes nothing."""

    skip_bad: bool = False
    overwrite: bool = Field(False, description="Also what was changed here since it was exported.")
    dry_run: bool = False
    encoding: str = Field("utf-8", max_length=30)


class RowFault(BaseModel):
    """A row that was passed over, by its place in the file."""

    row: str
    code: str
    detail: str


class ImportOut(BaseModel):
    """What an import did, or with `dry_run` would do."""

    added: int
    changed: int
    unchanged: int
    skipped: list[RowFault]


class _Rehearsed(Exception):
    """Ends a step so that nothing of it is kept."""

    def __init__(self, done: ImportOut) -> None:
        super().__init__("rehearsed")
        self.done = done


@api.asynchronous(
    "POST",
    "/api/v1/article-imports",
    role="supervisor",
    limit=LARGEST,
    accepts=dict.fromkeys((*_TYPES.values(), "application/octet-stream"), _TEXT),
    summary="Bring articles in from a file",
)
async def import_articles(call: Call, query: ImportQuery) -> Rendered[ImportOut]:
    """All rows or none, unless told to skip the bad ones; the problem names each of them by its place."""
    content = await bodies.read(call.request, LARGEST)
    reader = partial(_READERS[query.format], content, _encoding(query.encoding))
    good, faults = await asyncio.to_thread(lambda: rows.checked(reader()))

    def step(tx: Tx) -> ImportOut:
        done = article_import.bring_in(
            tx, good, faults, call.actor, skip=query.skip_bad, overwrite=query.overwrite
        )
        shown = ImportOut(
            added=done.added,
            changed=done.changed,
            unchanged=done.unchanged,
            skipped=[RowFault(row=one.place, code=one.code, detail=one.detail) for one in done.skipped],
        )
        if query.dry_run:
            raise _Rehearsed(shown)
        audit.record(tx, call.actor, "article.imported", "", added=done.added, changed=done.changed)
        return shown

    try:
        return await call.write(step, bodies.fingerprint(call.request, content))
    except _Rehearsed as rehearsed:
        return Rendered(call.render(rehearsed.done))
    except article_import.Refused as refused:
        found = (Fault(f"/{one.place}", one.code, one.detail) for one in refused.faults)
        detail = f"Nothing was imported: {len(refused.faults)} rows at fault."
        raise Invalid(*found, detail=detail) from None


@api.asynchronous(
    "GET",
    "/api/v1/article-exports",
    role="supervisor",
    produces=dict.fromkeys(_TYPES.values(), _TEXT),
    summary="All articles as a file",
)
async def export_articles(call: Call, query: ExportQuery) -> web.Response:
    """Drafts and internal ones too, in a form that an import takes."""

    def everything(sql: Sql) -> str:
        return _WRITERS[query.format](articles.listed(sql, "", rows.MOST_ROWS))

    text = await call.parts.store.read(everything)
    return web.Response(
        body=text.encode(),
        headers={
            "Content-Type": _TYPES[query.format],
            "Content-Disposition": f'attachment; filename="articles.{query.format}"',
        },
    )


def _encoding(name: str) -> str:
    try:
        known = codecs.lookup(name)
        b"".decode(known.name)
    except (LookupError, ValueError, UnicodeError):
        raise Invalid.at("/encoding", "unknown", f"There is no encoding {name!r}.") from None
    return known.name
