"""The ledger over HTTP and on the command line."""

from datetime import datetime, timedelta
from typing import Any

from prometheus_client import CollectorRegistry

from bus.envelope import Mark, minute_of
from gateway.differences import differences
from storage import ledger
from tests.integration.conftest import Desk
from workers.auditor import Auditor


async def stored(desk: Desk, *places: Mark) -> None:
    """Let something have been stored at each of these places."""
    for place in places:
        await desk.parts.store.write(lambda tx, place=place: ledger.enter(tx, place, "stored"))  # type: ignore[misc]


def now_minute(desk: Desk) -> datetime:
    """The minute it is."""
    return minute_of(desk.parts.clock())


def show(minute: datetime) -> str:
    """As the API writes it."""
    return minute.isoformat().replace("+00:00", "Z")


async def test_a_line_shows_both_sides_and_their_difference(desk: Desk) -> None:
    """What is open and old is a difference."""
    minute = now_minute(desk) - timedelta(minutes=20)
    await stored(desk, Mark(minute, "ch_1", "a.00", 1), Mark(minute, "ch_1", "a.00", 3))
    answer = await desk.ask("GET", "/api/v1/ledger", role="supervisor")
    received = dict.fromkeys(("applied", "duplicates", "quarantined", "given_up", "refused"), 0)
    assert (answer.status, answer.body) == (
        200,
        {
            "data": [
                {
                    "channel": "ch_1",
                    "minute": show(minute),
                    "received": {"total": 3, "stored": 2, **received, "open": 1},
                    "sent": dict.fromkeys(("total", "delivered", "failed", "in_doubt", "waiting"), 0),
                    "difference": 1,
                }
            ],
            "next_cursor": None,
        },
    )


async def test_lines_are_asked_for_by_channel_and_time_and_come_in_pages(desk: Desk) -> None:
    """Six hours a page, the last hour without a time."""
    minutes = [now_minute(desk) - timedelta(hours=back) for back in (13, 2)]
    await stored(desk, *(Mark(one, channel, "a.00", 1) for one in minutes for channel in ("x", "y")))
    query = {"channel": "x", "since": show(minutes[0])}
    found: list[Any] = []
    pages = 0
    while True:
        page = (await desk.ask("GET", "/api/v1/ledger", params=query)).body
        found += [(one["channel"], one["minute"]) for one in page["data"]]
        pages += 1
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert (pages, found) == (3, [("x", show(one)) for one in minutes])
    assert (await desk.ask("GET", "/api/v1/ledger")).body["data"] == []


async def test_agents_don_t_see_the_ledger(desk: Desk) -> None:
    """It is for supervisors; a time that is none is refused."""
    assert (await desk.ask("GET", "/api/v1/ledger", role="agent")).status == 403
    assert (await desk.ask("GET", "/api/v1/ledger", params={"since": "yesterday"})).status == 422


async def test_times_out_of_reach_have_no_lines(desk: Desk) -> None:
    """The first year and the last are times like any other."""
    await stored(desk, Mark(now_minute(desk), "ch_1", "a.00", 1))
    future = await desk.ask("GET", "/api/v1/ledger", params={"since": "9999-12-31T23:59:59Z"})
    past = await desk.ask("GET", "/api/v1/ledger", params={"since": "0001-01-01T00:00:00+23:00"})
    assert (future.status, future.body) == (200, {"data": [], "next_cursor": None})
    assert (past.status, past.body["data"]) == (200, [])


async def test_what_a_hook_refuses_is_counted(desk: Desk) -> None:
    """By channel; what no channel is meant by is nobody's."""
    body = {"kind": "webhook", "name": "shop", "settings": {"callback_url": "http://127.0.0.1:9/"}}
    channel = (await desk.ask("POST", "/api/v1/channels", body)).body["id"]
    for path in (channel, channel, "ch_none"):
        await desk.ask("POST", f"/hooks/{path}", {"forged": True}, role=None)
    await desk.parts.tally.keep()
    (line,) = (await desk.ask("GET", "/api/v1/ledger")).body["data"]
    assert (line["channel"], line["received"]["refused"], line["received"]["total"]) == (channel, 2, 2)


async def test_a_difference_is_a_metric(desk: Desk) -> None:
    """By channel, in messages; a channel of which nothing is in the books has none."""
    minute = now_minute(desk) - timedelta(minutes=20)
    await stored(desk, Mark(minute, "ch_1", "a.00", 3))
    registry = CollectorRegistry()
    tell = differences(registry)
    tell({"ch_gone": 1})
    await Auditor(store=desk.parts.store, clock=desk.parts.clock, tell=tell).step()
    found = {one.labels["channel"]: one.value for family in registry.collect() for one in family.samples}
    assert found == {"ch_1": 2.0}
