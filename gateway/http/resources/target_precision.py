"""How often answers are to be right, over HTTP: an admin's choice for the whole desk."""

from pydantic import BaseModel

from gateway.http.call import Call
from gateway.http.endpoint import Api
from gateway.http.fields import Time
from gateway.settings import TargetPrecision
from storage import audit, target_precision
from storage.paging import Sql
from storage.store import Tx
from storage.target_precision import Chosen

api = Api("Knowledge base")


class NewTarget(BaseModel):
    """The share of answers that is to be right."""

    target: TargetPrecision


class TargetOut(BaseModel):
    """What holds, and who chose it when; nobody where it is the setting's."""

    target: float
    chosen_by: str | None
    chosen_at: Time | None
    version: int


@api.read(
    "/api/v1/knowledgebase/target-precision", role="supervisor", summary="How often answers are to be right"
)
def get_target_precision(sql: Sql, call: Call) -> TargetOut:
    """The setting `target_precision` until an admin has chosen."""
    return _show(call, target_precision.chosen(sql))


@api.write(
    "PUT",
    "/api/v1/knowledgebase/target-precision",
    role="admin",
    summary="Choose how often answers are to be right",
)
def put_target_precision(tx: Tx, call: Call, body: NewTarget) -> TargetOut:
    """Every process goes by it within two seconds; honours If-Match."""
    before = _show(call, target_precision.lock(tx))
    call.expect(before.version)
    after = target_precision.choose(tx, body.target, call.actor)
    told = {"name": str(after.target), "before": before.target}
    audit.record(tx, call.actor, "target_precision.updated", target_precision.ID, **told)
    return _show(call, after)


def _show(call: Call, found: Chosen | None) -> TargetOut:
    if found is None:
        setting = call.parts.settings.target_precision
        return TargetOut(target=setting, chosen_by=None, chosen_at=None, version=0)
    return TargetOut(target=found.target, chosen_by=found.by, chosen_at=found.at, version=found.version)
