"""kill -9 while somebody is told that a promise is at risk, their desk's tab closed: exactly one mail."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.customer_system import CustomerSystem
from tests.desk import Desk, running_desk
from tests.eventually import eventually
from tests.services.certificates import certificates
from tests.services.smtp import SmtpServer

NO_MAIL: dict[str, list[str]] = {"sla_alarm": [], "sla_breach": [], "offer": []}


@pytest.fixture
def smtp(tmp_path: Path) -> Iterator[SmtpServer]:
    """A server that takes mail."""
    server = SmtpServer(tmp_path, certificates(tmp_path))
    try:
        server.start()
        yield server
    finally:
        server.stop()


class Api:
    """The desk's API with a token."""

    def __init__(self, url: str, http: aiohttp.ClientSession) -> None:
        self._url, self._http = url, http

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """A request that succeeds."""
        async with self._http.request(method, f"{self._url}/api/v1{path}", json=body) as answer:
            said = await answer.json()
            assert answer.status < 300, said
            return said


async def promise_at_risk(api: Api, desk: Desk, smtp: SmtpServer, email: str) -> None:
    """An agent whose desk is closed has a ticket of whose promise more than 75 % are used."""
    settings = {"address": "desk@desk.example", "smtp": smtp.settings, "notices": True}
    await api.ask("POST", "/channels", {"kind": "email", "name": "Mail", "settings": settings})
    agent = await api.ask("POST", "/agents", {"name": "Ana", "email": email})
    await api.ask("PUT", f"/agents/{agent['id']}/notification-choices", {"ways": NO_MAIL})
    made = await api.ask("POST", "/channels", {"kind": "webhook", "name": "Shop", "settings": {}})
    async with CustomerSystem() as shop:
        shop.connect(desk.url, made["id"], made["secrets"]["secret"])
        await shop.post({"id": "m-1", "from": {"id": "u-1"}, "text": "My kettle drips purple paint"})

    async def ticket() -> str | None:
        found = (await api.ask("GET", f"/tickets?channel={made['id']}"))["data"]
        return found[0]["id"] if found else None

    opened = await eventually(ticket)
    await api.ask("PATCH", f"/tickets/{opened}", {"assignee": agent["id"]})
    await api.ask("POST", "/sla-policies", {"name": "At once", "first_response": 0.001})
    # The clock begins with the ticket, so by now its steps are due.
    await api.ask("PATCH", f"/tickets/{opened}", {"priority": "high"})


@pytest.mark.parametrize(
    ("email", "state"), [("stalls@example.org", "sent"), ("lost@example.org", "in_doubt")]
)
async def test_a_kill_leaves_exactly_one_mail(smtp: SmtpServer, email: str, state: str) -> None:
    """Before the server could take it, it is sent again; once it could, nobody sends it twice."""
    with running_desk() as desk:
        headers = {"Authorization": f"Bearer {desk.token()}"}
        async with aiohttp.ClientSession(headers=headers) as http:
            api = Api(desk.url, http)
            await promise_at_risk(api, desk, smtp, email)
            await eventually(lambda: _value(smtp.waits()), seconds=60)
            desk.kill9()
            smtp.release()
            desk.start()

            async def ended() -> list[Any]:
                told = (await api.ask("GET", "/notifications?limit=100"))["data"]
                mine = [one for one in told if one["kind"] == "sla_risk"]
                assert len(mine) == 1
                ways = mine[0]["deliveries"]
                return [way["state"] for way in ways if way["state"] in ("sent", "in_doubt", "failed")]

            assert await eventually(ended, seconds=60) == [state]
            told = [one for one in smtp.taken() if one.recipients == [email]]
            assert [str(one.mail["Subject"]) for one in told] == [
                "#1001: 75 % of the time for the first reply is used"
            ]


async def _value(given: bool) -> bool:
    return given
