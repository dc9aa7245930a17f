"""Who a widget's visitor is: signed tokens (JWT, HS256), and sites that vouch for their own users by an HMAC.

VisitorRefused    the token or the site's word is not good; the text says why
"""

import hmac
from datetime import datetime, timedelta
from typing import Any, NamedTuple

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


class User(NamedTuple):
    """A site's own user, as its page names them."""

    id: str
    name: str = ""
    email: str = ""


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
    if visitor.email_verified:
        claims["email_verified"] = True
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(key), algorithms=_ALGORITHMS)


def read(key: str, channel_id: str, token: str, now: datetime) -> Visitor:
    """The visitor whose token it is; raises `VisitorRefused`."""
    claims = _claims(key, token, now, aud=channel_id)
    return Visitor(
        claims["sub"],
        claims.get("name", ""),
        claims.get("email", ""),
        verified=claims.get("verified", False),
        email_verified=claims.get("email_verified", False),
    )


def vouched(secret: str, user: User, signature: str) -> Visitor:
    """The visitor a site names, with the hex of HMAC-SHA256 under the site's secret.

    It is over the id alone, and then the e-mail address is what the page says; or over the id, a line feed
    and the address, and then the site vouches for both. Raises `VisitorRefused`.
    """
    if "\n" in user.id:
        raise VisitorRefused("a user's id has no line feed")
    both = bool(user.email) and _is_over(f"{user.id}\n{user.email}", secret, signature)
    if not both and not _is_over(user.id, secret, signature):
        raise VisitorRefused(
            "hmac is not the hex of HMAC-SHA256 over this user's id, or over id, line feed and email, under "
            "the channel's identity_secret"
        )
    # Ids of strangers begin otherwise, so that no site can name one of them.
    return Visitor(f"user:{user.id}", user.name, user.email, verified=True, email_verified=both)


def _is_over(text: str, secret: str, signature: str) -> bool:
    expected = hmac.digest(secret.encode(), text.encode("utf-8", "surrogatepass"), "sha256").hex()
    return hmac.compare_digest(signature.lower().encode("utf-8", "surrogatepass"), expected.encode())


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
