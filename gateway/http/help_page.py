"""The help pages as HTML: one frame, the list with its search, an article. Nothing in them needs a script."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Literal, NamedTuple
from urllib.parse import urlencode

from knowledgebase.article import File

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")

_WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "title": "Help",
        "lead": "How can we help?",
        "search": "Search",
        "searched": "Search the articles",
        "found": "Found for “{}”",
        "nothing": "We found nothing for “{}”. Try other words.",
        "elsewhere": "In other languages",
        "empty": "There are no articles yet.",
        "general": "General",
        "back": "All articles",
        "helpful": "Was this helpful?",
        "yes": "Yes",
        "no": "No",
        "thanks": "Thank you for telling us.",
        "files": "Files",
        "missing": "There is no such article. It may have been withdrawn.",
        "other": "中文",
    },
    "zh": {
        "title": "帮助中心",
        "lead": "有什么可以帮您？",
        "search": "搜索",
        "searched": "搜索文章",
        "found": "“{}”的搜索结果",
        "nothing": "没有找到与“{}”相关的文章，换个说法试试。",
        "elsewhere": "其他语言的文章",
        "empty": "还没有文章。",
        "general": "常见问题",
        "back": "全部文章",
        "helpful": "这篇文章有帮助吗？",
        "yes": "有帮助",
        "no": "没有帮助",
        "thanks": "感谢您的反馈。",
        "files": "附件",
        "missing": "没有这篇文章，可能已经下线。",
        "other": "English",
    },
}


class Entry(NamedTuple):
    """An article in a list."""

    id: str
    title: str
    language: str
    folder: str


class Page(NamedTuple):
    """An article to be read; `html` is safe already."""

    id: str
    title: str
    language: str
    html: str
    files: Sequence[File]
    voted: bool


def home(language: Language, entries: Sequence[Entry]) -> str:
    """Every article, by folder."""
    say = _WORDS[language]
    folders: dict[str, list[Entry]] = {}
    for entry in sorted(entries, key=lambda one: (one.folder, one.title)):
        folders.setdefault(entry.folder, []).append(entry)
    listed = "".join(
        f"<h2>{escape(folder.replace('/', ' › ') or say['general'])}</h2>{_list(inside, language)}"
        for folder, inside in folders.items()
    )
    body = listed or f"<p>{say['empty']}</p>"
    return _frame(language, say["title"], f"<h1>{say['lead']}</h1>{_search(language, '')}{body}", "/help", {})


def results(language: Language, asked: str, here: Sequence[Entry], elsewhere: Sequence[Entry]) -> str:
    """What a search found, first in the reader's language."""
    say = _WORDS[language]
    heading = say["found"] if here or elsewhere else say["nothing"]
    body = f'{_search(language, asked)}<h1 class="small">{escape(heading.format(asked))}</h1>'
    body += _list(here, language)
    if elsewhere:
        body += f"<h2>{say['elsewhere']}</h2>{_list(elsewhere, language)}"
    return _frame(language, say["title"], body, "/help", {"q": asked})


def article(language: Language, page: Page) -> str:
    """One article with its files and the question whether it helped."""
    say = _WORDS[language]
    at = f"/help/articles/{escape(page.id)}"
    shown = f' lang="{escape(page.language)}"' if page.language else ""
    files = "".join(
        f'<li><a href="{at}/files/{number}">{escape(file.name)}</a></li>'
        for number, file in enumerate(page.files)
    )
    attached = f"<h2>{say['files']}</h2><ul>{files}</ul>" if files else ""
    body = (
        f'<p><a href="/help?lang={language}">‹ {say["back"]}</a></p>'
        f"<article{shown}><h1>{escape(page.title)}</h1>{page.html}{attached}</article>"
        f"{_vote(language, page, at)}"
    )
    return _frame(language, page.title, body, f"/help/articles/{page.id}", {})


def missing(language: Language) -> str:
    """What stands where an article is not."""
    say = _WORDS[language]
    body = f"<h1>{say['title']}</h1>{_search(language, '')}<p>{say['missing']}</p>"
    return _frame(language, say["title"], body, "/help", {})


def _vote(language: Language, page: Page, at: str) -> str:
    say = _WORDS[language]
    if page.voted:
        return f'<p class="vote" id="vote" role="status">{say["thanks"]}</p>'
    buttons = "".join(
        f'<button name="helpful" value="{value}">{say[value]}</button>' for value in ("yes", "no")
    )
    return (
        f'<form class="vote" id="vote" method="post" action="{at}/vote?lang={language}">'
        f"<span>{say['helpful']}</span>{buttons}</form>"
    )


def _search(language: Language, asked: str) -> str:
    say = _WORDS[language]
    return (
        '<form class="search" role="search" action="/help">'
        f'<input type="hidden" name="lang" value="{language}">'
        f'<input type="search" name="q" maxlength="200" value="{escape(asked)}" '
        f'aria-label="{say["searched"]}" placeholder="{say["searched"]}">'
        f"<button>{say['search']}</button></form>"
    )


def _list(entries: Sequence[Entry], language: Language) -> str:
    rows = "".join(
        f'<li><a href="/help/articles/{escape(one.id)}?lang={language}" lang="{escape(one.language)}">'
        f"{escape(one.title)}</a></li>"
        for one in entries
    )
    return f"<ul>{rows}</ul>" if rows else ""


def _frame(language: Language, title: str, body: str, path: str, query: Mapping[str, str]) -> str:
    say = _WORDS[language]
    other = LANGUAGES[1 - LANGUAGES.index(language)]
    there = escape(f"{path}?{urlencode({**query, 'lang': other})}")
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="icon" href="/static/ui/icon.svg"><link rel="stylesheet" href="/static/ui/theme.css">'
        '<link rel="stylesheet" href="/static/help/help.css"></head><body class="help">'
        f'<header><a href="/help?lang={language}"><b>{say["title"]}</b></a>'
        f'<a href="{there}" hreflang="{other}" lang="{other}">{say["other"]}</a></header>'
        f"<main>{body}</main></body></html>"
    )
