"""What people are told of: the kinds of notification, whom each reaches, and the words for it."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal, NamedTuple, get_args

from router.values import Agent

Kind = Literal[
    "sla_risk", "sla_alarm", "sla_breach", "queue_step", "declined", "away", "rule", "offer", "test"
]
KINDS: tuple[Kind, ...] = get_args(Kind)
Language = Literal["en", "zh"]

OF_STEP: Final[Mapping[int, Kind]] = {75: "sla_risk", 90: "sla_alarm", 100: "sla_breach"}
"""What a step of a clock, in percent, is told as; the first one only makes the ticket urgent."""
EVERYONE: Final = "everyone"
SUPERVISORS: Final = "supervisors"
_QUEUE: Final = "queue:"


class Words(NamedTuple):
    """A notification in a language: one line, and what it is about."""

    title: str
    text: str


def reached(percent: int, holder: str | None, agents: Iterable[Agent], queue: str) -> set[str]:
    """Whom a clock's step tells: at 75 whoever has the ticket, at 90 the supervisors, at 100 both.

    Where nobody has it the supervisors hear at 75, too: they can give it to somebody.
    """
    there = list(agents)
    held = {agent.id for agent in there if agent.id == holder}
    match percent:
        case 75:
            return held or set(supervisors(there, queue))
        case 90:
            return set(supervisors(there, queue))
        case 100:
            return held | set(supervisors(there, queue))
    return set()


def supervisors(agents: Iterable[Agent], queue: str = "") -> list[str]:
    """Those of the queue; where it has none all of them, and on a desk without any its admins."""
    there = list(agents)
    every = [agent for agent in there if agent.role == "supervisor"]
    found = [agent for agent in every if queue in agent.queues] or every
    return [agent.id for agent in found or there if found or agent.role == "admin"]


def named(to: str, agents: Iterable[Agent]) -> list[str]:
    """Whom a rule means: `everyone`, `supervisors`, a role, `queue:ID`, an agent's id or name."""
    there = list(agents)
    if to == EVERYONE:
        return [agent.id for agent in there]
    if to == SUPERVISORS:
        return supervisors(there)
    if to.startswith(_QUEUE):
        own = [agent.id for agent in there if to.removeprefix(_QUEUE) in agent.queues]
        # Who is in no queue by name serves them all.
        return own or [agent.id for agent in there if agent.role == "agent" and not agent.queues]
    return [agent.id for agent in there if to in (agent.id, agent.name, agent.role)]


def words(kind: str, details: Mapping[str, Any], language: Language) -> Words:
    """The words for a notification; `details` are what is stored with it."""
    told = _WORDS[language]
    if kind == "rule":
        return Words(str(details.get("text") or told["rule"]), "")
    name = f"{kind}_{details['how']}" if "how" in details else kind
    metric = told.get(str(details.get("metric")), "")
    title = told.get(name, told["rule"]).format_map({**details, "metric": metric})
    return Words(title, str(details.get("subject", "")))


_WORDS: Final[Mapping[Language, Mapping[str, str]]] = {
    "en": {
        "sla_risk": "#{number}: {percent} % of the time for the {metric} is used",
        "sla_risk_waiting": "#{number}: {percent} % of the time for the {metric} is used, and nobody has it",
        "sla_alarm": "#{number}: {percent} % of the time for the {metric} is used",
        "sla_breach": "#{number}: the {metric} is late",
        "queue_step": "#{number} has waited {minutes} min in {queue} and nobody has it",
        "queue_step_skipped": "#{number} in {queue}: nobody who is there could take it, so others are asked",
        "declined": "#{number} was declined by everybody who can take it",
        "declined_pinned": "#{number} was declined by the agent it is pinned to",
        "away_missed": "{most} offers in a row were missed: you are away now",
        "away_shift": "Your shift is over: you are away now",
        "offer_pending": "#{number} is offered to you",
        "offer_accepted": "#{number} is yours now",
        "rule": "A rule has something to tell you",
        "test": "This is how the desk reaches you",
        "first_response": "first reply",
        "next_response": "next reply",
        "resolution": "resolution",
        "assignment": "hand-over to an agent",
        "ownership": "queue's part",
    },
    "zh": {
        "sla_risk": "#{number}：{metric}的时限已用去 {percent}%",
        "sla_risk_waiting": "#{number}：{metric}的时限已用去 {percent}%，还没有人处理",
        "sla_alarm": "#{number}：{metric}的时限已用去 {percent}%",
        "sla_breach": "#{number}：{metric}已超时",
        "queue_step": "#{number} 在 {queue} 已等待 {minutes} 分钟，还没有人处理",
        "queue_step_skipped": "#{number}（{queue}）：在岗人员都无法处理，已转请其他人",
        "declined": "#{number} 被所有能处理的人拒绝了",
        "declined_pinned": "#{number} 被它固定的客服拒绝了",
        "away_missed": "您连续错过了 {most} 次派单，现已设为离开",
        "away_shift": "您的班次已结束，现已设为离开",
        "offer_pending": "#{number} 等待您接单",
        "offer_accepted": "#{number} 已分配给您",
        "rule": "一条规则有事通知您",
        "test": "服务台会这样通知您",
        "first_response": "首次回复",
        "next_response": "后续回复",
        "resolution": "解决",
        "assignment": "分配给客服",
        "ownership": "队列处理",
    },
}
