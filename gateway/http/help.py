"""`/help`: the published articles for everybody, with search and "was this helpful"; no script, no cookie."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Final
from urllib.parse import parse_qs, quote

from aiohttp import web

from bus.live import Rate
from gateway.http import body as bodies
from gateway.http import help_page
from gateway.http.answer_html import render
from gateway.http.dispatch import Handler
from gateway.http.help_page import Entry, Language
from gateway.http.pages import POLICY
from gateway.http.peer import client_address
from gateway.http.problems import Invalid, NotFound, TooManyRequests
from gateway.http.widget import SHOWN_IN_PLACE
from gateway.parts import Parts
from knowledgebase.article import Article
from knowledgebase.shelf import Shelf
from knowledgebase.telling import NOBODY, languages, primary, tell
from storage import articles

_READS: Final = Rate(per_second=20, burst=200)
_VOTES: Final = Rate(per_second=0.2, burst=10)
_LONGEST_QUERY = 200
_LONGEST_FORM = 1_000
_MOST_FOUND = 30
_MOST_LISTED = 2_000


def mount(app: web.Application, parts: Parts) -> None:
    """Serve them all."""
    for method, path, handler in (
        ("GET", "/help", _home),
        ("GET", "/help/articles/{article_id}", _article),
        ("POST", "/help/articles/{article_id}/vote", _vote),
        ("GET", "/help/articles/{article_id}/files/{number:[0-9]{1,3}}", _file),
    ):
        app.router.add_route(method, path, _with(parts, handler))


def _with(parts: Parts, handler: Callable[[Parts, web.Request], Awaitable[web.StreamResponse]]) -> Handler:
    async def serve(request: web.Request) -> web.StreamResponse:
        if wait := await parts.live.limit(f"help:{client_address(request, parts.settings)}", _READS):
            raise TooManyRequests(wait)
        return await handler(parts, request)

    return serve


async def _home(parts: Parts, request: web.Request) -> web.Response:
    language = _language(parts, request)
    shelf = await parts.library.shelf()
    asked = " ".join(request.query.get("q", "").replace("\0", " ").split())[:_LONGEST_QUERY]
    if not asked:
        public = (article for article in shelf.articles.values() if not article.internal)
        here, elsewhere = _entries(public, language)
        return _page(help_page.home(language, (here or elsewhere)[:_MOST_LISTED]), language)
    found = await asyncio.to_thread(shelf.search, asked, _MOST_FOUND, lambda article: not article.internal)
    return _page(help_page.results(language, asked, *_entries(found, language)), language)


async def _article(parts: Parts, request: web.Request) -> web.Response:
    language = _language(parts, request)
    article = _public(await parts.library.shelf(), request)
    if article is None:
        return _page(help_page.missing(language), language, status=404)
    told = tell(article, NOBODY, language)
    folder = f"/help/articles/{article.id}/files"
    html = await asyncio.to_thread(render, told.answer, folder, tuple(one.name for one in article.files))
    voted = "voted" in request.query
    shown = help_page.Page(article.id, told.title, told.language, html, article.files, voted)
    return _page(help_page.article(language, shown), language)


async def _vote(parts: Parts, request: web.Request) -> web.Response:
    if wait := await parts.live.limit(f"vote:{client_address(request, parts.settings)}", _VOTES):
        raise TooManyRequests(wait)
    article = _public(await parts.library.shelf(), request)
    if article is None:
        raise NotFound("There is no such article.")
    form = parse_qs((await bodies.read(request, _LONGEST_FORM)).decode("ascii", "replace"))
    said = form.get("helpful", [""])[0]
    if said not in ("yes", "no"):
        raise Invalid.at("/helpful", "enum", "Say yes or no.")
    await parts.store.write(lambda tx: articles.vote(tx, article.id, helpful=said == "yes"))
    there = f"/help/articles/{quote(article.id, safe='')}?lang={_language(parts, request)}&voted=1#vote"
    return web.Response(status=303, headers={"Location": there})


async def _file(parts: Parts, request: web.Request) -> web.Response:
    article = _public(await parts.library.shelf(), request)
    number = int(request.match_info["number"])
    if article is None or number >= len(article.files):
        raise NotFound("There is no such file.")
    file = article.files[number]
    in_place = file.type in SHOWN_IN_PLACE
    name = quote(file.name.encode("utf-8", "replace"), safe="")
    return web.Response(
        body=await parts.blobs.get(file.blob),
        content_type=file.type if in_place else "application/octet-stream",
        headers={
            "Cache-Control": "public, max-age=300",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Content-Disposition": f"{'inline' if in_place else 'attachment'}; filename*=UTF-8''{name}",
        },
    )


def _public(shelf: Shelf, request: web.Request) -> Article | None:
    article = shelf.articles.get(request.match_info["article_id"])
    return None if article is None or article.internal else article


def _entries(found: Iterable[Article], language: Language) -> tuple[list[Entry], list[Entry]]:
    """(in the reader's language, only in others), each family of translations once."""
    here: dict[str, Entry] = {}
    elsewhere: dict[str, Entry] = {}
    for article in found:
        family = article.translation_of or article.id
        told = tell(article, NOBODY, language)
        entry = Entry(article.id, told.title, told.language, article.folder)
        if not article.language or language in languages(article):
            if family not in here or primary(article.language) == language:
                here[family] = entry
        else:
            elsewhere.setdefault(family, entry)
    return list(here.values()), list(elsewhere.values())


def _language(parts: Parts, request: web.Request) -> Language:
    """What the reader chose, else what their browser asks for first, else the desk's."""
    accepted = request.headers.get("Accept-Language", "")[:200].split(",")
    for wanted in (request.query.get("lang", ""), *accepted):
        for known in help_page.LANGUAGES:
            if primary(wanted.partition(";")[0].strip()) == known:
                return known
    return parts.settings.default_language


def _page(html: str, language: Language, status: int = 200) -> web.Response:
    headers = {
        "Content-Security-Policy": POLICY,
        "Content-Language": language,
        "Cache-Control": "no-cache",
        "Vary": "Accept-Language",
    }
    return web.Response(text=html, status=status, content_type="text/html", headers=headers)
