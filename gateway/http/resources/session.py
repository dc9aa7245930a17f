"""Signing in and out: a session in a cookie that scripts can't read, and a CSRF value that only they send."""

import secrets
from typing import Annotated

from pydantic import BaseModel, SecretStr, StringConstraints

from bus.live import Rate
from gateway import passwords
from gateway.http.auth import cookie_header
from gateway.http.call import Call, Reply
from gateway.http.endpoint import Api
from gateway.http.peer import client_address
from gateway.http.problems import TooManyRequests, Unauthorized, UnsupportedMediaType
from router.values import Presence, Role
from storage import agents, sessions
from storage.agents import Kept
from storage.sessions import LIFETIME
from storage.store import Tx
from storage.tokens import hash_of

api = Api("Session")

# For one address and account, and for one address whatever the account.
_ATTEMPTS = Rate(per_second=0.1, burst=5)
_ATTEMPTS_ALL = Rate(per_second=1, burst=50)


class Credentials(BaseModel):
    """What an agent signs in with."""

    email: Annotated[str, StringConstraints(max_length=320)]
    password: SecretStr


class Me(BaseModel):
    """The agent who is signed in."""

    id: str
    name: str
    email: str
    role: Role
    presence: Presence


class SessionOut(BaseModel):
    """A session; `csrf` goes into the header X-CSRF-Token of every unsafe request."""

    agent: Me
    csrf: str


@api.asynchronous("POST", "/api/v1/session", role=None, status=201, summary="Sign in")
async def create_session(call: Call, body: Credentials) -> Reply[SessionOut]:
    """401 for a wrong password as for an unknown address, and after the same time."""
    # A page of another site can send a body without a type, but no JSON (Fetch, CORS-safelisted headers).
    if "Content-Type" not in call.request.headers:
        raise UnsupportedMediaType("Send JSON: Content-Type: application/json.")
    email = body.email.strip().lower()
    await _count_attempt(call, email)
    agent_id = await _identify(call, email, body.password.get_secret_value())
    secret, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(32)

    def start(tx: Tx) -> Kept:
        sessions.start(tx, hash_of(secret), agent_id, csrf)
        return agents.get(tx.sql, agent_id)

    kept = await call.parts.store.write(start)
    cookie = cookie_header(secret, call.request, call.parts, int(LIFETIME.total_seconds()))
    return Reply(value=_shown(kept, csrf), headers={"Set-Cookie": cookie, "Cache-Control": "no-store"})


@api.asynchronous("GET", "/api/v1/session", summary="Who is signed in")
async def get_session(call: Call) -> Reply[SessionOut]:
    """The agent and the CSRF value of this session."""
    agent_id, csrf = call.principal.agent_id, call.principal.csrf
    if agent_id is None or csrf is None:
        raise Unauthorized("This is a token, not a session.")
    kept = await call.parts.store.read(lambda sql: agents.get(sql, agent_id))
    return Reply(value=_shown(kept, csrf), headers={"Cache-Control": "no-store"})


@api.asynchronous("DELETE", "/api/v1/session", summary="Sign out")
async def delete_session(call: Call) -> Reply[None]:
    """The session ends at once."""
    digest = call.principal.session
    if digest is None:
        raise Unauthorized("This is a token, not a session.")
    await call.parts.store.write(lambda tx: sessions.end(tx, digest))
    return Reply(value=None, headers={"Set-Cookie": cookie_header("", call.request, call.parts, 0)})


async def _count_attempt(call: Call, email: str) -> None:
    address = client_address(call.request, call.parts.settings)
    for key, rate in ((f"login:{address}:{email}", _ATTEMPTS), (f"login:{address}", _ATTEMPTS_ALL)):
        if wait := await call.parts.live.limit(key, rate):
            raise TooManyRequests(wait, "Too many attempts to sign in; wait and try again.")


async def _identify(call: Call, email: str, password: str) -> str:
    found = await call.parts.store.read(lambda sql: agents.credentials(sql, email))
    agent_id, password_hash = found or ("", "")
    fits = len(password) <= passwords.LONGEST and await passwords.verify_aside(password_hash, password)
    if not fits:
        raise Unauthorized("The address or the password is wrong.")
    return agent_id


def _shown(kept: Kept, csrf: str) -> SessionOut:
    agent = kept.agent
    me = Me(id=agent.id, name=agent.name, email=agent.email, role=agent.role, presence=agent.presence)
    return SessionOut(agent=me, csrf=csrf)
