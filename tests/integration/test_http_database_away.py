"""PostgreSQL away, hung, or cut off amid a statement: every request is served or 503, never a 500."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import pytest

from gateway.compose import composed_worker
from gateway.http.app import api
from gateway.listening import base_url, listen
from gateway.parts import Parts
from gateway.settings import Settings
from storage import postgres
from tests.database import migrated_postgres
from tests.eventually import eventually
from tests.integration.conftest import Answer, Desk
from tests.services.proxy import Proxy, proxied
from tests.services.servers import Servers

# What makes something, by path: a body of which each is another's; of the others an empty one is asked.
BODIES: dict[str, dict[str, Any]] = {
    "/api/v1/tickets": {
        "direction": "outbound",
        "contact": "{n}",
        "channel_id": "{channel_id}",
        "subject": "s",
        "text": "t",
    },
    "/api/v1/customers": {"name": "{n}"},
    "/api/v1/articles": {"title": "{n}", "answer": "a", "phrasings": ["where is {n}"]},
    "/api/v1/queues": {"name": "{n}"},
    "/api/v1/fields": {"name": "{n}"},
    "/api/v1/channels": {
        "kind": "webhook",
        "name": "{n}",
        "settings": {"callback_url": "http://127.0.0.1:1/"},
    },
    "/api/v1/agents": {"name": "{n}", "email": "{n}@example.org", "password": "a long password"},
    "/api/v1/tokens": {"name": "{n}", "role": "agent"},
    "/api/v1/routing/rules": {"publish": True, "note": "{n}", "rules": []},
    "/api/v1/routing/simulate": {"text": "{n}"},
    "/api/v1/knowledgebase/match": {"text": "{n}"},
    "/api/v1/session": {"email": "{n}@example.org", "password": "wrong"},
    "/api/v1/tickets/{ticket_id}/notes": {"text": "{n}"},
    "/api/v1/tickets/{ticket_id}/replies": {"text": "{n}"},
}
# Of each kind: made in one transaction and in several, only read, a page.
CUT = (
    ("POST", "/api/v1/channels"),
    ("POST", "/api/v1/tickets"),
    ("GET", "/api/v1/tickets"),
    ("GET", "/help"),
)
# More than any of these takes.
MOST_ANSWERS = 200
PAGES = (("GET", "/help"), ("GET", "/help/nothing"), ("POST", "/hooks/{channel_id}"))
SERVED = frozenset({200, 201, 202, 204, 401, 403, 404, 409, 415, 422, 426, 503})


class Told(NamedTuple):
    """What a request came to."""

    request: str
    status: int
    retry_after: str | None


class Asking:
    """Requests of every kind to a desk; each has a body and a key of its own."""

    def __init__(self, desk: Desk, database: Proxy) -> None:
        self.desk, self.database = desk, database
        self._numbers = count()
        self._places: dict[str, str] = {}

    async def set_up(self) -> None:
        """Something for paths to name."""
        self._places["channel_id"] = (await self._ask("POST", "/api/v1/channels")).body["id"]
        ticket = (await self._ask("POST", "/api/v1/tickets")).body
        self._places |= {"ticket_id": ticket["id"]} | {
            name: ticket[name] for name in ("conversation_id", "customer_id")
        }

    async def tell(self, method: str, path: str) -> Told:
        """One request's outcome."""
        answer = await self._ask(method, path)
        return Told(f"{method} {path}", answer.status, answer.headers.get("Retry-After"))

    async def _ask(self, method: str, path: str) -> Answer:
        name = f"n{next(self._numbers)}"
        rest: dict[str, Any] = {"headers": {"Idempotency-Key": name}}
        places = self._places | {"n": name}
        if path == "/api/v1/uploads":
            rest["data"] = aiohttp.FormData()
            rest["data"].add_field("file", name.encode(), filename=name)
        elif method != "GET":
            rest["json"] = _filled(BODIES.get(path, {}) if method in ("POST", "PUT") else {}, places)
        return await self.desk.ask(method, _named(path, places), **rest)


def _named(text: str, places: dict[str, str]) -> str:
    return re.sub(r"{(\w+)}", lambda place: places.get(place[1], "1"), text)


def _filled(body: Any, places: dict[str, str]) -> Any:
    match body:
        case dict():
            return {key: _filled(value, places) for key, value in body.items()}
        case list():
            return [_filled(value, places) for value in body]
        case str():
            return _named(body, places)
    return body


def wrong(told: list[Told]) -> list[Told]:
    """Those that were neither served nor told to come again."""
    return [one for one in told if one.status not in SERVED or (one.status == 503) != bool(one.retry_after)]


@pytest.fixture
async def asking(servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Asking]:
    """A gateway on a database behind a proxy, which does not wait long for a statement."""
    monkeypatch.setattr(postgres, "COMMAND_TIMEOUT", 2.0)
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(proxied(migrated_postgres(servers.postgresql)))
        settings = Settings(data=tmp_path / "desk", database_url=database.url, api_rate=100_000)
        listening = stack.enter_context(listen("127.0.0.1", 0))
        parts = await stack.enter_async_context(composed_worker(settings, listening, "gateway"))
        assert isinstance(parts, Parts)
        client = await stack.enter_async_context(aiohttp.ClientSession())
        made = Asking(Desk(parts=parts, url=base_url(listening, ""), client=client), database)
        await made.set_up()
        yield made


def every() -> list[tuple[str, str]]:
    """Each operation there is, and the pages that read."""
    return [(one.method, one.path) for one in api()] + list(PAGES)


async def test_while_it_is_away_every_request_is_503_or_served(asking: Asking) -> None:
    """Each operation of the API; they all go on when it is back."""
    asking.database.go_away()
    away = await asyncio.gather(*(asking.tell(*one) for one in every()))
    assert wrong(away) == []
    assert {one.status for one in away if one.request == "POST /api/v1/channels"} == {503}
    asking.database.come_back()

    async def all_served() -> bool:
        back = await asyncio.gather(*(asking.tell(*one) for one in every()))
        assert wrong(back) == []
        return all(one.status != 503 for one in back)

    await eventually(all_served, 60)


async def test_while_it_hangs_every_request_is_503_or_served(
    asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each operation at once while no byte passes, then it goes on; nothing is waited for long."""
    for name in ("CONNECT_TIMEOUT", "DOUBT"):
        monkeypatch.setattr(postgres, name, 1.0)
    asking.database.hang()
    asked = [asyncio.create_task(asking.tell(*one)) for one in every()]
    await asyncio.wait(asked, timeout=4)
    asking.database.go_on()
    assert wrong(await asyncio.gather(*asked)) == []


@pytest.mark.parametrize(("method", "path"), CUT)
async def test_cut_off_at_any_answer_a_request_is_503_or_served(
    asking: Asking, method: str, path: str
) -> None:
    """The connection ends amid the first of the server's answers, the second, and so on to the last."""
    told: list[Told] = []
    for answers in range(MOST_ANSWERS):
        asking.database.cut_after(answers)
        told.append(await asking.tell(method, path))
        if asking.database.uncut and told[-1].status != 503:
            break
    assert wrong(told) == []
    assert told[-1].status in (200, 201)
