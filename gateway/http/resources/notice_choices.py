"""How a person is told: which kinds by which way, their quiet hours, their robot."""

from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, Field, SecretStr, StringConstraints

from channels.webhook.settings import call_address
from gateway.http.call import Call
from gateway.http.endpoint import Api
from gateway.http.fields import Id, unknown
from gateway.http.problems import Forbidden, Invalid, require
from router.notice_choices import USUAL, Choices, Way
from router.notices import Kind
from storage import agents, audit, catalogue, channels, notification_choices
from storage.notification_choices import Kept
from storage.paging import Sql
from storage.store import Tx
from workers.reaching import robot_place

api = Api("Notifications")

TimeOfDay = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
RobotFormat = Literal["wecom", "dingtalk", "feishu", "slack"]


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("a time zone is one of the IANA names, such as Asia/Shanghai")
    return value


def _called(value: SecretStr) -> SecretStr:
    call_address(value.get_secret_value())
    return value


class QuietHours(BaseModel):
    """From one time of day to another, or while a calendar is closed."""

    begins: TimeOfDay | None = Field(None, description="Such as 22:00; with `ends`.")
    ends: TimeOfDay | None = None
    calendar: Id | None = None


class RobotShown(BaseModel):
    """A robot without its secrets."""

    format: RobotFormat
    host: str
    signed: bool


class RobotForm(BaseModel):
    """A robot of a group chat. Address and secret left out stay as they are; a secret of "" is taken away."""

    format: RobotFormat
    url: Annotated[SecretStr, AfterValidator(_called)] | None = None
    secret: Annotated[SecretStr, Field(max_length=200)] | None = None


class Chosen(BaseModel):
    """`ways` of the kinds that should not go the usual ones.

    In quiet hours mail and robot wait until these are over, or with `desk` nothing is sent. The desk always
    shows it.
    """

    ways: dict[Kind, Annotated[tuple[Way, ...], Field(max_length=3)]] = {}
    language: Literal["", "en", "zh"] = Field("", description="Of mail and robot; empty: the desk's.")
    timezone: Annotated[str, Field(max_length=64), AfterValidator(_zone)] = "UTC"
    quiet_hours: QuietHours | None = None
    in_quiet_hours: Literal["wait", "desk"] = "wait"


class ChoicesForm(Chosen):
    """What somebody chooses; without a robot they have none."""

    robot: RobotForm | None = None


class ChoicesOut(Chosen):
    """What somebody chose. `usual` are the ways of each kind where they did not."""

    robot: RobotShown | None
    usual: dict[Kind, tuple[Way, ...]]
    email: str = Field(description="Where mail goes.")
    mails: bool = Field(description="Whether some e-mail channel is the desk's own sender.")
    version: int


@api.read("/api/v1/agents/{agent_id}/notification-choices", summary="How somebody is told")
def get_choices(sql: Sql, call: Call, agent_id: str) -> ChoicesOut:
    """Your own (`me`), or as an admin anybody's."""
    whose = _whose(call, agent_id)
    return _show(sql, call, whose, notification_choices.find(sql, whose))


@api.write("PUT", "/api/v1/agents/{agent_id}/notification-choices", summary="Choose how to be told")
def put_choices(tx: Tx, call: Call, agent_id: str, body: ChoicesForm) -> ChoicesOut:
    """The whole of it."""
    whose = _whose(call, agent_id)
    agents.lock(tx, whose)
    before = notification_choices.find(tx.sql, whose)
    call.expect(before.version)
    _check(tx.sql, body)
    robot = _sealed(call, whose, before, body.robot)
    version = notification_choices.save(tx, whose, _choices(body), robot, before=before.version)
    if whose != call.principal.agent_id:
        audit.record(tx, call.actor, "agent.notification_choices", whose)
    return _show(tx.sql, call, whose, Kept(_choices(body), robot, version))


def _whose(call: Call, agent_id: str) -> str:
    me = call.principal.agent_id
    if agent_id == "me":
        if me is None:
            raise Forbidden("A token is no agent; name one by id.")
        return me
    if agent_id != me and not call.principal.may("admin"):
        raise Forbidden("How others are told is theirs and the admins' to choose.")
    return agent_id


def _check(sql: Sql, body: ChoicesForm) -> None:
    quiet = body.quiet_hours
    if quiet is None:
        return
    if quiet.calendar is not None and quiet.calendar not in catalogue.ids(sql, "calendar"):
        require([unknown("calendar", quiet.calendar, "quiet_hours", "calendar")])
    if (quiet.begins is None) != (quiet.ends is None) or (quiet.begins is None) == (quiet.calendar is None):
        why = "Quiet hours have begins and ends, or a calendar."
        raise Invalid.at("/quiet_hours", "quiet_hours", why)
    if quiet.begins is not None and quiet.begins == quiet.ends:
        raise Invalid.at(
            "/quiet_hours/ends", "quiet_hours", "Quiet hours end at another time than they begin."
        )


def _sealed(call: Call, agent_id: str, before: Kept, given: RobotForm | None) -> bytes:
    if given is None:
        return b""
    place = robot_place(agent_id)
    kept: dict[str, Any] = {}
    if before.robot and before.choices.robot == given.format:
        kept = call.parts.secrets.open(place, before.robot)
    if given.url is not None:
        kept["url"] = given.url.get_secret_value()
    if given.secret is not None:
        kept["secret"] = given.secret.get_secret_value()
    if "url" not in kept:
        raise Invalid.at("/robot/url", "missing", "A robot has an address.")
    return call.parts.secrets.seal(place, kept)


def _choices(body: ChoicesForm) -> Choices:
    quiet = body.quiet_hours or QuietHours()
    return Choices(
        ways=body.ways,
        language=body.language,
        timezone=body.timezone,
        quiet_from=quiet.begins or "",
        quiet_to=quiet.ends or "",
        quiet_calendar=quiet.calendar or "",
        in_quiet_hours=body.in_quiet_hours,
        robot=body.robot.format if body.robot else "",
    )


def _show(sql: Sql, call: Call, agent_id: str, kept: Kept) -> ChoicesOut:
    chosen = kept.choices
    quiet = QuietHours(
        begins=chosen.quiet_from or None, ends=chosen.quiet_to or None, calendar=chosen.quiet_calendar or None
    )
    return ChoicesOut(
        ways=chosen.ways,
        language=chosen.language,
        timezone=chosen.timezone,
        quiet_hours=quiet if chosen.quiet_from or chosen.quiet_calendar else None,
        in_quiet_hours=chosen.in_quiet_hours,
        robot=_shown_robot(call, agent_id, kept),
        usual={kind: ways for kind, ways in USUAL.items() if kind != "test"},
        email=agents.get(sql, agent_id).agent.email,
        mails=any(one.enabled and one.settings.get("notices") for one in channels.every(sql)),
        version=kept.version,
    )


def _shown_robot(call: Call, agent_id: str, kept: Kept) -> RobotShown | None:
    if not kept.robot or not kept.choices.robot:
        return None
    secret = call.parts.secrets.open(robot_place(agent_id), kept.robot)
    host = urlsplit(secret["url"]).hostname or ""
    return RobotShown(format=kept.choices.robot, host=host, signed=bool(secret.get("secret")))
