"""Chromium beside a running desk; what a page complains about on its console fails its test."""

import re
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    StorageState,
    expect,
    sync_playwright,
)

from tests.browser.people import Agent, OpenInbox, OpenPage, OpenShop, Visitor
from tests.desk import Desk, running_desk

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
TIMEOUT_MS = 30_000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder drives a browser."""
    for item in items:
        if "tests/browser/" in item.path.as_posix():
            item.add_marker("browser")


@pytest.fixture(scope="package")
def desk() -> Iterator[Desk]:
    """The product with its demo desk, for all tests of this folder."""
    with running_desk(demo=True) as running:
        yield running


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, without a window."""
    program = shutil.which("chromium")
    assert program, "Chromium is missing; as root: apt-get install -y --no-install-recommends chromium"
    expect.set_options(timeout=TIMEOUT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def signed_in(chromium: Browser, desk: Desk) -> StorageState:
    """The cookie of one sign-in: the desk counts them, as attempts to guess a password."""
    context = chromium.new_context(base_url=desk.url)
    answer = context.request.post("/api/v1/session", data={"email": desk.admin, "password": desk.password})
    assert answer.status == 201, answer.text()
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def open_page(chromium: Browser, desk: Desk) -> Iterator[OpenPage]:
    """Opens pages, each in a profile of its own; fails when one logged an error or broke its CSP."""
    complaints: list[str] = []
    contexts: list[BrowserContext] = []

    def heard(message: ConsoleMessage) -> None:
        # The browser itself logs every refusal of the API; these are the page's to say in words.
        refusal = "/api/v1/" in message.location["url"] and re.search(
            r"status of (401|409|422)", message.text
        )
        if message.type in ("error", "warning") and not refusal:
            complaints.append(message.text)

    def opened(
        path: str,
        *,
        language: str = "en-GB",
        size: tuple[int, int] = (1280, 800),
        goes_offline: bool = False,
        state: StorageState | None = None,
    ) -> Page:
        width, height = size
        context = chromium.new_context(
            base_url=desk.url,
            locale=language,
            viewport={"width": width, "height": height},
            storage_state=state,
        )
        contexts.append(context)
        context.set_default_timeout(TIMEOUT_MS)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        if not goes_offline:
            page.on("console", heard)
        page.goto(path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def open_shop(open_page: OpenPage) -> OpenShop:
    """Opens the demo shop with its chat."""
    return lambda **how: Visitor(open_page("/demo", **how))


@pytest.fixture
def open_inbox(open_page: OpenPage, signed_in: StorageState) -> OpenInbox:
    """Opens the inbox, signed in."""
    return lambda **how: Agent(open_page("/", state=signed_in, **how))
