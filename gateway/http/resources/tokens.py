"""API tokens over HTTP: shown once, when made."""

from pydantic import BaseModel

from gateway.http import cursor
from gateway.http.call import Call, Reply
from gateway.http.cursor import ListQuery, Page
from gateway.http.endpoint import Api
from gateway.http.fields import Name, Time
from router.values import Role
from storage import audit, tokens
from storage.paging import Sql, cut
from storage.store import Tx
from storage.tokens import Token

api = Api("Tokens")


class NewToken(BaseModel):
    """A token to be."""

    name: Name
    role: Role = "agent"


class TokenOut(BaseModel):
    """A token without its secret."""

    id: str
    name: str
    role: Role
    created_at: Time
    revoked_at: Time | None


class MadeToken(TokenOut):
    """A token with its secret, which is not stored and can't be read again."""

    token: str


@api.read("/api/v1/tokens", role="admin", summary="List tokens")
def list_tokens(sql: Sql, call: Call, query: ListQuery) -> Page[TokenOut]:
    """Newest first, revoked ones too."""
    after = None if query.cursor is None else cursor.decode(query.cursor, str)
    found = cut(tokens.listed(sql, after, query.limit + 1), query.limit, lambda token: token.id)
    return Page[TokenOut].of(found, show)


@api.write("POST", "/api/v1/tokens", role="admin", status=201, confidential=True, summary="Create a token")
def create_token(tx: Tx, call: Call, body: NewToken) -> Reply[MadeToken]:
    """An equal request under the same Idempotency-Key gets the same token again, for 24 hours."""
    token, secret = tokens.issue(tx, body.name, body.role)
    audit.record(tx, call.actor, "token.created", token.id, name=token.name, role=token.role)
    made = MadeToken(**show(token).model_dump(), token=secret)
    return Reply(value=made, headers={"Cache-Control": "no-store"})


@api.read("/api/v1/tokens/{token_id}", role="admin", summary="A token")
def get_token(sql: Sql, call: Call, token_id: str) -> TokenOut:
    """One token."""
    return show(tokens.get(sql, token_id))


@api.write("DELETE", "/api/v1/tokens/{token_id}", role="admin", summary="Revoke a token")
def revoke_token(tx: Tx, call: Call, token_id: str) -> None:
    """It is refused everywhere within seconds."""
    tokens.revoke(tx, token_id)
    audit.record(tx, call.actor, "token.revoked", token_id)


def show(token: Token) -> TokenOut:
    """A token as JSON."""
    return TokenOut(**{name: getattr(token, name) for name in TokenOut.model_fields})
