"""What one was told and how one wants to be told, over HTTP."""

from functools import partial
from typing import Any

from storage import audit, notifications
from tests.integration.conftest import Answer, Desk

LIST = "/api/v1/notifications"
SIGN_IN = {"email": "ann@example.org", "password": "correct horse"}


async def signed_in(desk: Desk) -> tuple[str, dict[str, str]]:
    """Ann's id, and what her requests carry besides her cookie."""
    ann = await desk.ask("POST", "/api/v1/agents", {"name": "Ann", **SIGN_IN})
    session = await desk.ask("POST", "/api/v1/session", SIGN_IN, role=None)
    return ann.body["id"], {"X-CSRF-Token": session.body["csrf"]}


async def chooses(desk: Desk, agent: str, body: Any) -> Answer:
    """An admin's token chooses for an agent."""
    return await desk.ask("PUT", f"/api/v1/agents/{agent}/notification-choices", body)


async def test_notifications_are_listed_counted_and_read(desk: Desk) -> None:
    """One's own by a session, everybody's by a supervisor's token; in the reader's language."""
    ann, csrf = await signed_in(desk)
    for number in (1, 2):
        told = {"number": number, "subject": "Lamp", "metric": "first_response", "percent": 75}
        tells = partial(
            notifications.add, to="agent", agents=[ann], kind="sla_risk", details=told, ticket="tkt_1"
        )
        await desk.parts.store.write(tells)
    first = await desk.ask("GET", f"{LIST}?limit=1&language=zh", role=None)
    (one,) = first.body["data"]
    assert (one["title"], one["text"], one["ticket_id"]) == (
        "#2：首次回复的时限已用去 75%",
        "Lamp",
        "tkt_1",
    )
    rest = await desk.ask("GET", f"{LIST}?cursor={first.body['next_cursor']}", role=None)
    assert [each["title"][:2] for each in rest.body["data"]] == ["#1"]
    assert (await desk.ask("GET", f"{LIST}/unread", role=None)).body == {"count": 2}
    read = await desk.ask("POST", f"{LIST}/read", {"up_to": one["id"]}, role=None, headers=csrf)
    assert read.body == {"marked": 2}
    assert (await desk.ask("GET", f"{LIST}?unread=true", role=None)).body["data"] == []
    about = partial(notifications.add, to="agent", agents=[ann], kind="declined", details={"number": 3})
    for ticket in ("tkt_1", "tkt_2"):
        await desk.parts.store.write(partial(about, ticket=ticket))
    seen = await desk.ask("POST", f"{LIST}/read", {"ticket_id": "tkt_1"}, role=None, headers=csrf)
    assert seen.body == {"marked": 1}
    assert (await desk.ask("GET", f"{LIST}/unread", role=None)).body == {"count": 1}
    assert len((await desk.ask("GET", LIST, role="supervisor")).body["data"]) == 4
    assert (await desk.ask("GET", LIST, role="agent")).status == 403
    assert (await desk.ask("GET", f"{LIST}/unread")).status == 403


async def test_a_person_chooses_for_themselves(desk: Desk) -> None:
    """The robot's address and secret are kept and never shown; what is left out stays."""
    _, csrf = await signed_in(desk)
    path = "/api/v1/agents/me/notification-choices"
    usual = await desk.ask("GET", path, role=None)
    assert (usual.body["version"], usual.body["ways"], usual.body["robot"]) == (0, {}, None)
    assert (usual.body["email"], usual.body["mails"]) == ("ann@example.org", False)
    assert usual.body["usual"]["offer"] == ["desk"]
    robot = {
        "format": "feishu",
        "url": "https://open.feishu.cn/open-apis/bot/v2/hook/k3y",
        "secret": "s3cret",
    }
    chosen = {
        "ways": {"offer": [], "sla_risk": ["robot"]},
        "language": "zh",
        "timezone": "Asia/Shanghai",
        "quiet_hours": {"begins": "22:00", "ends": "07:30"},
        "in_quiet_hours": "desk",
    }
    kept = await desk.ask("PUT", path, chosen | {"robot": robot}, role=None, headers=csrf)
    assert kept.body["robot"] == {"format": "feishu", "host": "open.feishu.cn", "signed": True}
    assert "k3y" not in str(kept.body)
    same = await desk.ask("PUT", path, chosen | {"robot": {"format": "feishu"}}, role=None, headers=csrf)
    assert (same.body["robot"], same.body["version"]) == (kept.body["robot"], 2)
    assert same.body["quiet_hours"] == {"begins": "22:00", "ends": "07:30", "calendar": None}
    stale = {**csrf, "If-Match": '"v1"'}
    assert (await desk.ask("PUT", path, chosen, role=None, headers=stale)).status == 412
    other = await desk.ask("PUT", path, chosen | {"robot": {"format": "slack"}}, role=None, headers=csrf)
    assert [fault["pointer"] for fault in other.body["errors"]] == ["/robot/url"]
    assert (await desk.ask("PUT", path, chosen, role=None, headers=csrf)).body["robot"] is None
    assert (await desk.ask("POST", f"{LIST}/test", role=None, headers=csrf)).status == 204
    assert (await desk.ask("GET", f"{LIST}/unread", role=None)).body == {"count": 1}


async def test_others_choices_are_the_admins_alone(desk: Desk) -> None:
    """And noted in the audit; a token has none of its own."""
    ann, _ = await signed_in(desk)
    bob = (await desk.ask("POST", "/api/v1/agents", {"name": "Bob", "email": "bob@example.org"})).body["id"]
    assert (await desk.ask("GET", f"/api/v1/agents/{bob}/notification-choices", role=None)).status == 403
    assert (await desk.ask("GET", "/api/v1/agents/me/notification-choices")).status == 403
    assert (await chooses(desk, ann, {"ways": {"rule": []}})).status == 200
    assert (await chooses(desk, "agt_none", {})).status == 404
    acts = await desk.parts.store.read(lambda sql: audit.listed(sql, None, 100))
    assert "agent.notification_choices" in str(acts)


async def test_what_can_t_be_chosen_is_refused_where_it_stands(desk: Desk) -> None:
    """Time zones, times, calendars, addresses."""
    ann, _ = await signed_in(desk)
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"timezone": "Mars/Base"}, "/timezone"),
        ({"quiet_hours": {"begins": "25:00", "ends": "07:00"}}, "/quiet_hours/begins"),
        ({"quiet_hours": {"begins": "22:00"}}, "/quiet_hours"),
        ({"quiet_hours": {"begins": "22:00", "ends": "22:00"}}, "/quiet_hours/ends"),
        ({"quiet_hours": {"calendar": "none"}}, "/quiet_hours/calendar"),
        ({"ways": {"sla_risk": ["pigeon"]}}, "/ways/sla_risk/0"),
        ({"robot": {"format": "slack", "url": "file:///etc/passwd"}}, "/robot/url"),
        ({"robot": {"format": "slack"}}, "/robot/url"),
    ]
    for body, pointer in wrong:
        answer = await chooses(desk, ann, body)
        assert (answer.status, answer.body["errors"][0]["pointer"]) == (422, pointer), body
