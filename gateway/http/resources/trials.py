"""Trials of drafts: backtests on stored messages, shadows and canaries on what comes in."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, JsonValue

from channels.webhook.signature import secret_of
from gateway.http.call import Call
from gateway.http.cursor import Page
from gateway.http.endpoint import Api
from gateway.http.problems import Conflict, Invalid
from storage import audit, restoring, rule_calls, rule_trials, rules
from storage.paging import Sql
from storage.rule_trials import Trial
from storage.store import Tx
from workers.callouts import RULE_CALLS

api = Api("Routing")
_SHOWN = 100


class NewTrial(BaseModel):
    """A trial of a version. A backtest looks at `days`; a canary decides for a `share` of conversations.

    A canary ends by itself after `hours`, or when its rate of failing rules or hand-overs is further from
    that of the published rules than `errors` or `handovers`, once each side has `least` decisions.
    """

    kind: Literal["backtest", "shadow", "canary"]
    version: Annotated[int, Field(ge=1, le=2**31 - 1)]
    days: Annotated[float, Field(gt=0, le=3650)] = 30
    share: Annotated[float, Field(gt=0, le=1)] = 0.1
    errors: Annotated[float, Field(ge=0, le=1)] = 0.02
    handovers: Annotated[float, Field(ge=0, le=1)] = 0.15
    least: Annotated[int, Field(ge=1, le=100_000)] = 50
    hours: Annotated[float, Field(gt=0, le=8760)] | None = None


class TrialOut(BaseModel):
    """A trial, how far it is (`done` of `total` decisions), and what it has found."""

    id: str
    kind: str
    version: int
    against: int
    state: str
    settings: dict[str, JsonValue]
    total: int
    done: int
    report: dict[str, JsonValue]
    author: str
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None


class CallOut(BaseModel):
    """A call that a rule asked for."""

    id: str
    url: str
    state: str
    attempts: int
    due_at: datetime
    error: str
    ticket_id: str | None
    created_at: datetime
    ended_at: datetime | None


class SecretOut(BaseModel):
    """What rules' calls are signed with (Standard Webhooks)."""

    secret: str


@api.write("POST", "/api/v1/routing/trials", role="admin", status=201, summary="Try a draft")
def begin_trial(tx: Tx, call: Call, body: NewTrial) -> TrialOut:
    """It runs beside the message path until it is done or stopped; one shadow and one canary at a time."""
    trial_id = start(tx, body, call.actor)
    audit.record(tx, call.actor, f"rules.{body.kind}", str(body.version), trial=trial_id)
    return _shown(rule_trials.get(tx.sql, trial_id))


def start(tx: Tx, body: NewTrial, author: str) -> str:
    """Begin a trial; raises `Invalid` where there is no such version, `Conflict`."""
    if rules.newest(tx.sql) < body.version:
        raise Invalid.at("/version", "unknown", f"There is no version {body.version}.")
    current = rules.published(tx.sql)
    going = [one for one in rule_trials.running(tx.sql) if one.kind == body.kind]
    if going and body.kind != "backtest":
        raise Conflict(f"The {body.kind} {going[0].id} goes on: stop it first.")
    if body.kind == "backtest":
        cursor = restoring.before(tx.sql, tx.now - timedelta(days=body.days))
        last, total = restoring.last(tx.sql), restoring.count(tx.sql, cursor)
        settings: dict[str, Any] = {"days": body.days, "until": last}
    else:
        cursor, total = restoring.last(tx.sql), 0
        kept = {"share", "errors", "handovers", "least", "hours"} if body.kind == "canary" else set()
        settings = body.model_dump(include=kept)
    against = current.version if current else 0
    trial_id = rule_trials.add(
        tx,
        body.kind,
        version=body.version,
        against=against,
        settings=settings,
        cursor=cursor,
        total=total,
        author=author,
    )
    if body.kind == "canary":
        # Workers read the setup anew: from their next batch on it decides for its share.
        tx.emit("rules.published", version=against)
    return trial_id


@api.read("/api/v1/routing/trials", role="supervisor", summary="Trials, newest first")
def list_trials(sql: Sql, call: Call) -> Page[TrialOut]:
    """The last hundred."""
    return Page[TrialOut](data=[_shown(one) for one in rule_trials.listed(sql, _SHOWN)], next_cursor=None)


@api.read("/api/v1/routing/trials/{trial_id}", role="supervisor", summary="A trial")
def get_trial(sql: Sql, call: Call, trial_id: str) -> TrialOut:
    """How far it is and what it has found."""
    return _shown(rule_trials.get(sql, trial_id))


@api.write("POST", "/api/v1/routing/trials/{trial_id}/stop", role="admin", summary="Stop a trial")
def stop_trial(tx: Tx, call: Call, trial_id: str) -> TrialOut:
    """What it has found stays."""
    if rule_trials.end(tx, trial_id, "stopped"):
        audit.record(tx, call.actor, "rules.trial_stopped", trial_id)
    return _shown(rule_trials.get(tx.sql, trial_id))


@api.read("/api/v1/routing/calls", role="admin", summary="Calls that rules asked for, newest first")
def list_rule_calls(sql: Sql, call: Call) -> Page[CallOut]:
    """The last hundred, with what became of them."""
    found = [one._asdict() for one in rule_calls.listed(sql, _SHOWN)]
    for one in found:
        one.pop("body")
    return Page[CallOut](data=[CallOut(**one) for one in found], next_cursor=None)


@api.read("/api/v1/routing/secret", role="admin", summary="What rules' calls are signed with")
def get_rules_secret(sql: Sql, call: Call) -> SecretOut:
    """The same for all of them; it stays while the desk's key stays."""
    return SecretOut(secret=secret_of(call.parts.secrets.derived(RULE_CALLS)))


def _shown(trial: Trial) -> TrialOut:
    return TrialOut(**trial._asdict())
