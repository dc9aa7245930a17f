"""A desk changed before it is simulated: agents, queues, promises, reserves, as JSON merge patches."""

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeVar

import msgspec
from msgspec.structs import replace

from router.desk import Desk
from router.values import Agent, Policy, Queue, Requirement, Value
from router.what_if import Worked

V = TypeVar("V", bound=Value)
Patches = Mapping[str, Mapping[str, Any]]


class Changes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """By id (agents by their name, too) what becomes of each member named; null is what it is by itself.

    `reserve` are agents kept free, by skill.
    """

    agents: dict[str, dict[str, Any]] = {}
    queues: dict[str, dict[str, Any]] = {}
    policies: dict[str, dict[str, Any]] = {}
    reserve: dict[str, int] = {}


class Scene(NamedTuple):
    """What a simulation runs on."""

    desk: Desk
    people: list[Agent]
    worked: list[Worked]


def changed(scene: Scene, changes: Changes) -> Scene:
    """The scene with the changes made; raises `ValueError` that says which of them can't be."""
    desk, people, worked = scene
    queues = _patched(desk.queues, changes.queues, Queue, "queue")
    policies = _patched(desk.policies, changes.policies, Policy, "policy")
    names = {agent.name: agent.id for agent in people}
    patches = {names.get(who, who): patch for who, patch in changes.agents.items()}
    staff = _patched({agent.id: agent for agent in people}, patches, Agent, "agent")
    after = replace(desk, queues=queues, policies=policies, reserve={**desk.reserve, **changes.reserve})
    asked = [replace(one, ticket=replace(one.ticket, skills=_needs(one, desk, after))) for one in worked]
    return Scene(after, list(staff.values()), asked)


def _patched(before: Mapping[str, V], patches: Patches, kind: type[V], word: str) -> dict[str, V]:
    after = dict(before)
    for name, patch in patches.items():
        if name not in before:
            raise ValueError(f"There is no {word} {name}.")
        if unknown := set(patch) - {*kind.__struct_fields__} | set(patch) & {"id"}:
            raise ValueError(f"The {word} {name}: {min(unknown)!r} can't be changed.")
        kept = {**msgspec.to_builtins(before[name]), **patch}
        try:
            after[name] = msgspec.convert({key: one for key, one in kept.items() if one is not None}, kind)
        except msgspec.ValidationError as error:
            raise ValueError(f"The {word} {name}: {error}") from None
    return after


def _needs(one: Worked, before: Desk, after: Desk) -> tuple[Requirement, ...]:
    """What its queue asked for goes, what it asks for now comes."""
    queue = one.ticket.queue
    if queue not in before.queues or before.queues[queue].skills == after.queues[queue].skills:
        return one.ticket.skills
    own = [need for need in one.ticket.skills if need not in before.queues[queue].skills]
    levels: dict[str, int] = {}
    for need in (*own, *after.queues[queue].skills):
        levels[need.skill] = max(need.level, levels.get(need.skill, 0))
    return tuple(Requirement(skill=skill, level=level) for skill, level in levels.items())


def read(text: bytes) -> Changes:
    """Changes as JSON; raises `ValueError`."""
    try:
        return msgspec.json.decode(text, type=Changes)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(str(error) or "nested too deeply") from None
