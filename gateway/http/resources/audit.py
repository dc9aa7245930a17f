"""The audit over HTTP: who changed what."""

from typing import Any

from pydantic import BaseModel

from gateway.http import cursor
from gateway.http.call import Call
from gateway.http.cursor import ListQuery, Page
from gateway.http.endpoint import Api
from gateway.http.fields import Time, Word
from storage import audit
from storage.paging import Sql

api = Api("Audit")


class ActOut(BaseModel):
    """One change."""

    id: str
    at: Time
    actor: str
    action: str
    target: str
    detail: dict[str, Any]


class AuditQuery(ListQuery):
    """What the list is narrowed to."""

    target: Word | None = None
    actor: Word | None = None


@api.read("/api/v1/audit", role="admin", summary="Who changed what")
def list_audit(sql: Sql, call: Call, query: AuditQuery) -> Page[ActOut]:
    """Newest first."""
    after = None if query.cursor is None else cursor.decode(query.cursor, int)
    found = audit.listed(sql, after, query.limit, query.target, query.actor)
    return Page[ActOut].of(found, _show)


def _show(act: audit.Act) -> ActOut:
    return ActOut(
        id=f"aud_{act.seq}",
        at=act.at,
        actor=act.actor,
        action=act.action,
        target=act.target,
        detail=act.detail,
    )
