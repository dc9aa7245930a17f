"""Who a widget's visitor is: signed tokens (JWT, HS256), and sites that vouch for their own users.

VisitorRefused    the token or the site's word is not good; the text says why
"""

from datetime import datetime, timedelta
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from bus.ids import new_id
from channels.widget.receive import Visitor

_ALGORITHMS = ["HS256"]
_LIFE = timedelta(days=180)
# A signed-in user's page asks the site again each day.
_LIFE_VOUCHED = timedelta(days=1)
_LONGEST_TOKEN = 4096
_LONGEST_TEXT = 256


class VisitorRefused(Exception):
    """Not somebody we know."""


def stranger(now: datetime) -> Visitor:
    """Someone new."""
    return Visitor(new_id("vis", now))


def issue(key: str, channel_id: str, visitor: Visitor, now: datetime) -> str:
    """A token that `read` gives the visitor for."""
    life = _LIFE_VOUCHED if visitor.verified else _LIFE
    claims: dict[str, Any] = {"aud": channel_id, "sub": visitor.id, "exp": int((now + life).timestamp())}
    if visitor.verified:
        claims |= {"name": visitor.name, "email": visitor.email, "verified": True}
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(key), algorithms=_ALGORITHMS)


def read(key: str, channel_id: str, token: str, now: datetime) -> Visitor:
    """The visitor whose token it is; raises `VisitorRefused`."""
    claims = _claims(key, token, now, aud=channel_id)
    return Visitor(
        claims["sub"], claims.get("name", ""), claims.get("email", ""), claims.get("verified", False)
    )


def vouched(secret: str, word: str, now: datetime) -> Visitor:
    """The user a site names in a JWT of its own (`sub`, `exp`; `name` and `email` if it likes).

    Raises `VisitorRefused`.
    """
    claims = _claims(secret, word, now)
    texts = [claims.get(name, "") for name in ("sub", "name", "email")]
    if any(not isinstance(text, str) or len(text) > _LONGEST_TEXT or "\0" in text for text in texts):
        raise VisitorRefused(f"sub, name and email are texts of at most {_LONGEST_TEXT} characters")
    # Ids of strangers begin otherwise, so that no site can name one of them.
    return Visitor(f"user:{texts[0]}", texts[1], texts[2], verified=True)


def _claims(key: str, token: str, now: datetime, **expected: str) -> dict[str, Any]:
    if len(token) > _LONGEST_TOKEN:
        raise VisitorRefused("the token is too long")
    needed: dict[str, Any] = {name: {"essential": True, "value": value} for name, value in expected.items()}
    registry = jwt.JWTClaimsRegistry(
        now=int(now.timestamp()), sub={"essential": True}, exp={"essential": True}, **needed
    )
    try:
        found = jwt.decode(token, OctKey.import_key(key), algorithms=_ALGORITHMS).claims
        registry.validate(found)
    # ValueError: what is not base64, not JSON, or not text at all.
    except (JoseError, ValueError, TypeError, RecursionError):
        raise VisitorRefused("the token is not one of ours, or has run out") from None
    if not isinstance(found["sub"], str):
        raise VisitorRefused("the token names nobody")
    return found
