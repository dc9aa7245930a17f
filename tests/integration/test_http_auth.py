"""Who may do what: tokens, sessions, roles, rates."""

import pytest

from gateway.http import auth
from gateway.passwords import make_hash
from gateway.settings import Settings
from router.values import Agent, Role
from storage import agents
from tests.integration.conftest import Answer, Desk

PASSWORD = "correct horse"


async def make_agent(desk: Desk, role: Role = "agent", email: str = "ann@example.org") -> str:
    """An agent who can sign in; returns the id."""
    hashed = make_hash(PASSWORD)
    agent = Agent(id=f"agt_{email}", name="Ann", email=email, role=role)
    await desk.parts.store.write(lambda tx: agents.add(tx, agent, hashed))
    return agent.id


async def sign_in(desk: Desk, password: str = PASSWORD, email: str = "ann@example.org") -> Answer:
    """Ask for a session; the client keeps its cookie."""
    return await desk.ask("POST", "/api/v1/session", {"email": email, "password": password}, role=None)


async def test_without_a_known_token_nothing_is_told(desk: Desk) -> None:
    """A missing, wrong or malformed token is 401 with a challenge."""
    wrong = ["", "Bearer", "Bearer wrong", "Bearer fd_\udcff", "Basic YTpi", "Bearer " + "a" * 5000]
    told = set()
    for header in wrong:
        answer = await desk.ask("GET", "/api/v1/tiers", role=None, headers={"Authorization": header})
        told.add((answer.status, answer.headers["WWW-Authenticate"]))
    assert told == {(401, 'Bearer realm="frontdesk"')}


async def test_roles_include_each_other(desk: Desk) -> None:
    """Everybody may look, a supervisor may delete a customer too, only an admin sets up."""
    roles: tuple[Role, ...] = ("agent", "supervisor", "admin")
    statuses = []
    for role in roles:
        looked = await desk.ask("GET", "/api/v1/tiers", role=role)
        deleted = await desk.ask("DELETE", "/api/v1/customers/none", role=role)
        made = await desk.ask("POST", "/api/v1/tiers", {"name": role}, role=role)
        statuses.append((looked.status, deleted.status, made.status))
    assert statuses == [(200, 403, 403), (200, 404, 403), (200, 404, 201)]


async def test_a_token_is_shown_once_and_ends_when_revoked(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A made token works, is never listed with its secret, and is refused once it is looked at again."""
    monkeypatch.setattr(auth, "BELIEVED", 0.0)
    made = (await desk.ask("POST", "/api/v1/tokens", {"name": "ci", "role": "agent"})).body
    listed = (await desk.ask("GET", "/api/v1/tokens")).body["data"]
    assert made["token"].startswith("fd_")
    assert made["token"] not in str(listed)
    headers = {"Authorization": f"Bearer {made['token']}"}
    assert (await desk.ask("GET", "/api/v1/tiers", role=None, headers=headers)).status == 200
    assert (await desk.ask("DELETE", f"/api/v1/tokens/{made['id']}")).status == 204
    assert (await desk.ask("GET", "/api/v1/tiers", role=None, headers=headers)).status == 401


async def test_an_agent_signs_in_and_out(desk: Desk) -> None:
    """A session is a cookie that scripts can't read, and ends with the sign-out."""
    agent_id = await make_agent(desk)
    made = await sign_in(desk)
    cookie = made.headers["Set-Cookie"]
    assert made.status == 201
    assert made.body["agent"] == {
        "id": agent_id,
        "name": "Ann",
        "email": "ann@example.org",
        "role": "agent",
        "presence": "offline",
    }
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert (await desk.ask("GET", "/api/v1/session", role=None)).body == made.body
    out = await desk.ask("DELETE", "/api/v1/session", role=None, headers={"X-CSRF-Token": made.body["csrf"]})
    assert out.status == 204
    assert (await desk.ask("GET", "/api/v1/session", role=None)).status == 401


async def test_a_cookie_alone_changes_nothing(desk: Desk) -> None:
    """An unsafe request with the cookie needs the CSRF value, which another site's page does not know."""
    await make_agent(desk)
    csrf = (await sign_in(desk)).body["csrf"]
    path, change = "/api/v1/agents/me", {"presence": "online"}
    without = await desk.ask("PATCH", path, change, role=None)
    wrong = await desk.ask("PATCH", path, change, role=None, headers={"X-CSRF-Token": csrf[:-1]})
    right = await desk.ask("PATCH", path, change, role=None, headers={"X-CSRF-Token": csrf})
    assert (without.status, wrong.status, right.status) == (403, 403, 200)
    assert right.body["presence"] == "online"


async def test_a_wrong_password_and_an_unknown_address_look_alike(desk: Desk) -> None:
    """The answer does not tell which of the two was wrong."""
    await make_agent(desk)
    tried = [("ann@example.org", "wrong"), ("bob@example.org", PASSWORD), ("", ""), ("a", "b" * 9999)]
    answers = [await sign_in(desk, password, email) for email, password in tried]
    told = {(answer.status, answer.body["detail"]) for answer in answers}
    assert told == {(401, "The address or the password is wrong.")}


async def test_guessing_passwords_is_slowed_down(desk: Desk) -> None:
    """After five attempts for one account the next ones wait, also with the right password."""
    await make_agent(desk)
    statuses = [(await sign_in(desk, "wrong")).status for _ in range(5)]
    last = await sign_in(desk)
    assert statuses == [401] * 5
    assert (last.status, int(last.headers["Retry-After"]) > 1) == (429, True)


async def test_a_new_password_signs_out_everywhere(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever had the old password is out once their session is looked at again."""
    monkeypatch.setattr(auth, "BELIEVED", 0.0)
    agent_id = await make_agent(desk)
    await sign_in(desk)
    changed = await desk.ask("PATCH", f"/api/v1/agents/{agent_id}", {"password": "another horse"})
    assert changed.status == 200
    assert (await desk.ask("GET", "/api/v1/session", role=None)).status == 401
    assert (await sign_in(desk, "another horse")).status == 201


class TestRates:
    """With an allowance of two requests a second."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        """A slow desk."""
        return settings.model_copy(update={"api_rate": 2})

    async def test_too_many_requests_are_told_to_wait(self, desk: Desk) -> None:
        """What goes beyond the burst is 429 with Retry-After; another token is not held up."""
        answers = [await desk.ask("GET", "/api/v1/tiers") for _ in range(6)]
        other = await desk.ask("GET", "/api/v1/tiers", role="agent")
        assert [answer.status for answer in answers[:4]] == [200] * 4
        assert (answers[5].status, answers[5].headers["Retry-After"]) == (429, "1")
        assert other.status == 200
