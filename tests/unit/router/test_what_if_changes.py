"""A desk simulated with other skills, limits, steps and promises than it has."""

import random
import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from router.desk import Desk
from router.values import Agent, Policy, Queue, QueueStep, Requirement
from router.what_if import Worked, stated, what_if
from router.what_if_changes import Changes, Scene, changed, read
from tests.unit.router.test_what_if import MONDAY

GUIDE = Path(__file__).parents[3] / "docs" / "ASSIGNMENT.md"
FRENCH = (Requirement(skill="french", level=2),)
DESK = Desk(
    queues={"general": Queue(id="general", name="General", skills=FRENCH)},
    policies={"all": Policy(id="all", name="All", first_response=5)},
    default_queue="general",
)
PEOPLE = [Agent(id="agt_ann", name="Ann", capacity=1, skills={"french": 2}), Agent(id="agt_bob", name="Bob")]


def load() -> list[Worked]:
    """A day that keeps one and a half people busy, all of it in French."""
    given = stated(DESK, MONDAY, hours=24, per_hour=9, handling=600, draw=random.Random(4).random)
    return [replace(one, ticket=replace(one.ticket, skills=FRENCH)) for one in given]


def breaches(changes: Changes) -> int:
    """Promises broken with these changes."""
    desk, people, worked = changed(Scene(DESK, PEOPLE, load()), changes)
    return what_if(desk, worked, people, [], 600).breaches


def test_a_skill_learned_breaks_fewer_promises() -> None:
    """By an agent's name or id; so does a queue that asks for less, or a promise that gives more time."""
    now = breaches(Changes())
    assert now > breaches(Changes(agents={"Bob": {"skills": {"french": 3}}})) == 0
    assert now > breaches(Changes(queues={"general": {"skills": []}})) == 0
    assert now > breaches(Changes(policies={"all": {"first_response": 60}}))


def test_what_is_named_changes_and_the_rest_stays() -> None:
    """Steps as the API has them; null is what a member is by itself."""
    text = (
        b'{"queues": {"general": {"steps": [{"after_seconds": 60, "anybody": true}], "offer_seconds": null}},'
    )
    made = changed(Scene(DESK, PEOPLE, []), read(text + b' "reserve": {"french": 1}}'))
    queue = made.desk.queues["general"]
    assert queue == replace(DESK.queues["general"], steps=(QueueStep(after_seconds=60, anybody=True),))
    assert (made.desk.reserve, made.people) == ({"french": 1}, PEOPLE)


def test_the_guide_s_example_can_be_read() -> None:
    """docs/ASSIGNMENT.md."""
    found = re.findall(r"```json\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    (example,) = (one for one in found if '"agents"' in one)
    assert read(example.encode()).reserve == {"french": 1}


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('{"queues": {"other": {}}}', "There is no queue other."),
        ('{"agents": {"Zoe": {}}}', "There is no agent Zoe."),
        ('{"queues": {"general": {"stairs": []}}}', "The queue general: 'stairs' can't be changed."),
        ('{"queues": {"general": {"id": "x"}}}', "The queue general: 'id' can't be changed."),
        ('{"agents": {"Ann": {"capacity": "two"}}}', "The agent agt_ann: Expected `int`, got `str`"),
        ('{"rules": []}', "Object contains unknown field `rules`"),
        ("{", "Input data was truncated"),
    ],
)
def test_what_can_t_be_is_refused(text: str, error: str) -> None:
    """Naming what is wrong."""
    with pytest.raises(ValueError, match=error.replace("(", "[(]").split("`")[0]):
        changed(Scene(DESK, PEOPLE, []), read(text.encode()))
