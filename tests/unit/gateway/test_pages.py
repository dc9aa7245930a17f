"""The pages as files: what they may hold, how much they weigh, and that both languages say everything."""

import gzip
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from gateway.web.files import DEMO_PAGE, INBOX_PAGE, LOADER, STATIC, WIDGET_PAGE

PAGES = (DEMO_PAGE, INBOX_PAGE, WIDGET_PAGE)
IMPORT = re.compile(r"""(?:\bfrom|\bimport)\s*["']([^"']+)["']""")
WORD = re.compile(r'(?<![\w"])(\w+): "')


class _Parts(HTMLParser):
    """What a page loads, and what it holds that its Content-Security-Policy would block."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.blocked: list[str] = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        inline = tag == "style" or (tag == "script" and "src" not in given)
        handlers = [name for name in given if name == "style" or name.startswith("on")]
        if inline or handlers:
            self.blocked.append(f"{tag} {handlers}")
        for address in (given.get("src"), given.get("href")):
            if address and address.startswith("/static/"):
                self.loads.append(address)


def _file(address: str) -> Path:
    return STATIC / address.removeprefix("/static/")


def _with_imports(modules: list[Path]) -> set[Path]:
    found: set[Path] = set()
    waiting = list(modules)
    while waiting:
        module = waiting.pop()
        if module in found:
            continue
        found.add(module)
        if module.suffix == ".js":
            source = module.read_text(encoding="utf-8")
            waiting += [(module.parent / name).resolve() for name in IMPORT.findall(source)]
    return found


def test_the_loader_weighs_less_than_3_kb() -> None:
    """It is on every page of a shop, so it comes as it is read: below 3 KB unpacked."""
    assert LOADER.stat().st_size < 3 * 1024


def test_the_whole_widget_weighs_less_than_30_kb_packed() -> None:
    """The frame's page with every style, library and module it loads, each gzipped."""
    files = _with_imports([WIDGET_PAGE, *(_file(address) for address in _Parts(WIDGET_PAGE).loads)])
    assert sum(len(gzip.compress(file.read_bytes())) for file in files) < 30 * 1024


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_a_page_holds_nothing_its_policy_would_block(page: Path) -> None:
    """No inline script, style or handler: the pages' Content-Security-Policy allows none."""
    assert _Parts(page).blocked == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_what_a_page_names_is_there(page: Path) -> None:
    """Every file a page loads, and every module those import, exists."""
    files = _with_imports([_file(address) for address in _Parts(page).loads])
    assert [file for file in files if not file.is_file()] == []


@pytest.mark.parametrize(
    "table", ["widget/words.js", "inbox/words.js", "admin/words.js", "admin/learning_words.js"]
)
def test_both_languages_say_everything(table: str) -> None:
    """Each text of the table stands in English and in Chinese."""
    source = (STATIC / table).read_text(encoding="utf-8")
    english, chinese = re.split(r"\bzh\b(?::| =) \{", source, maxsplit=1)
    assert set(WORD.findall(english)) == set(WORD.findall(chinese)) != set()
