"""One request as an endpoint sees it: who asks, on what conditions, and how to write."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from aiohttp import web

from gateway.http.problems import Invalid, PreconditionFailed
from gateway.parts import Parts
from router.decision import Actor
from router.values import Role
from storage import idempotency
from storage.idempotency import Answer
from storage.secrets import Secrets
from storage.store import Tx

T = TypeVar("T")
RANK: Mapping[Role, int] = {"agent": 0, "supervisor": 1, "admin": 2}
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_ENTITY_TAG = re.compile(r'(?:W/)?"v(\d{1,18})"')


@dataclass(frozen=True, kw_only=True)
class Principal:
    """Who asks: an agent with a session, or whoever holds a token. `id` is the agent's or the token's."""

    id: str
    name: str
    role: Role
    csrf: str | None = field(default=None, repr=False)
    session: str | None = field(default=None, repr=False)

    @property
    def agent_id(self) -> str | None:
        """The agent's id; None for a token."""
        return self.id if self.session is not None else None

    @property
    def kind(self) -> Actor:
        """Who acts, as rules ask: an agent, or a program with a token."""
        return "agent" if self.session is not None else "api"

    def may(self, role: Role) -> bool:
        """Whether this role includes `role`: admin > supervisor > agent."""
        return RANK[self.role] >= RANK[role]


@dataclass(frozen=True, kw_only=True)
class Reply(Generic[T]):
    """A result with another status or with headers."""

    value: T
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Rendered(Generic[T]):
    """A result that has been written out, with or without having been computed again."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def response(self) -> web.Response:
        """As a response."""
        status, headers, body = self.answer
        return web.Response(status=status, headers=headers, body=body or None)


class Sealer:
    """Keeps answers that hold a secret encrypted, as the secrets of channels are."""

    _PLACE = "idempotency"

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets

    def seal(self, answer: Answer) -> Answer:
        """The answer as it is stored."""
        return answer._replace(body=self._secrets.seal(self._PLACE, {"body": answer.body.decode()}))

    def open(self, answer: Answer) -> Answer:
        """The answer as it was given."""
        return answer._replace(body=self._secrets.open(self._PLACE, answer.body)["body"].encode())


@dataclass(frozen=True, kw_only=True)
class Call:
    """What an endpoint is told besides its input. `fingerprint` says which requests are equal to this one."""

    parts: Parts
    request: web.Request
    render: Callable[[object], Answer]
    who: Principal | None
    fingerprint: str = ""
    sealer: "Sealer | None" = None

    @property
    def principal(self) -> Principal:
        """Who asks; only endpoints without a role are called without one."""
        if self.who is None:
            raise RuntimeError("an endpoint that is open to all asked who is calling")
        return self.who

    @property
    def actor(self) -> str:
        """Whom the audit names."""
        return self.principal.id

    @property
    def key(self) -> str | None:
        """The Idempotency-Key; raises `Invalid` if it is no key."""
        key = self.request.headers.get("Idempotency-Key")
        if key is not None and not _KEY.fullmatch(key):
            raise Invalid.at(
                "", "bad_idempotency_key", "An Idempotency-Key is 1 to 255 printable characters."
            )
        return key

    def expect(self, version: int) -> None:
        """Raise `PreconditionFailed` if the request named other versions in If-Match.

        Weak tags count too: proxies that compress weaken a tag, and a version here changes with every edit.
        """
        wanted = self.request.headers.get("If-Match")
        if wanted is None or wanted.strip() == "*":
            return
        if str(version) not in _ENTITY_TAG.findall(wanted):
            raise PreconditionFailed(
                "This was changed since you read it; read it again.", {"ETag": etag(version)}
            )

    async def write(self, step: Callable[[Tx], T], fingerprint: str | None = None) -> Rendered[T]:
        """Run a step in one transaction and render its result there, under the Idempotency-Key if any."""
        answer = await self.parts.store.write(self.stored(step, fingerprint or self.fingerprint))
        self.parts.relay.wake()
        return Rendered(answer)

    def stored(self, step: Callable[[Tx], T], fingerprint: str) -> Callable[[Tx], Answer]:
        """The step with its answer rendered and kept; an equal request gets the same answer again."""
        key, who, render, sealer = self.key, self.who, self.render, self.sealer
        if key is None or who is None:
            return lambda tx: render(step(tx))

        def once(tx: Tx) -> Answer:
            given = idempotency.claim(tx, who.id, key, fingerprint)
            if given is not None:
                return sealer.open(given) if sealer else given
            answer = render(step(tx))
            idempotency.keep(tx, who.id, key, sealer.seal(answer) if sealer else answer)
            return answer

        return once


def etag(version: int) -> str:
    """A version as an entity tag."""
    return f'"v{version}"'
