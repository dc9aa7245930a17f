"""The assignment engine as lines of JSON: offers out, or what is wrong and in which line."""

import json
from typing import Any

import pytest

from router.assignment_stream import MAX_LINE, Session

CONFIG = {"at": 0, "event": "config", "tiers": ["gold", "silver", "normal"]}
AGENT = {
    "at": 0,
    "event": "agent",
    "id": "a1",
    "skills": {"G": 3, "R1": 5},
    "channels": {"chat": 4, "email": 6},
    "capacity": 12,
    "online": True,
}
TICKET = {
    "at": 9,
    "event": "ticket",
    "id": "t1",
    "skills": {"G": 1},
    "tier": "gold",
    "channel": "chat",
    "units": 3,
    "promise_s": 300,
}
QUIET: dict[str, Any] = {"offers": [], "wake_at": None}


def feed(*lines: dict[str, Any]) -> list[dict[str, Any]]:
    session = Session()
    return [session.feed(json.dumps(line)) for line in lines]


def test_a_run_from_config_to_finish() -> None:
    """One answer a line; a missed offer says when to wake, and a tick then brings it again."""
    with_agent = {"ticket": "t1", "agent": "a1"}
    why = "urgent, promise due in 300 s, tier gold; the only agent free to take it"
    given = feed(
        CONFIG,
        AGENT,
        TICKET,
        {"at": 69, "event": "expired", **with_agent},
        {"at": 249, "event": "tick"},
        {"at": 300, "event": "declined", **with_agent},
        {"at": 301, "event": "withdrawn", "ticket": "t1"},
    )
    assert given[:5] == [
        QUIET,
        QUIET,
        {"offers": [{**with_agent, "why": why}], "wake_at": None},
        {"offers": [], "wake_at": 249},
        {"offers": [{**with_agent, "why": why.replace("300", "60")}], "wake_at": None},
    ]
    assert given[5:] == [QUIET, QUIET]


def test_every_event_of_the_form_is_taken() -> None:
    """Finished and requeued too; a ticket that was finished may come again."""
    with_agent = {"ticket": "t1", "agent": "a1"}
    given = feed(
        CONFIG,
        AGENT,
        TICKET,
        {"at": 20, "event": "requeued", **with_agent},
        {"at": 30, "event": "finished", **with_agent},
        {**TICKET, "at": 40},
    )
    assert [len(answer["offers"]) for answer in given] == [0, 0, 1, 1, 0, 1]


def test_a_step_that_alerts_is_told_where_it_is_skipped_to() -> None:
    """Only then does an answer have more than offers and when to wake."""
    steps = [{"after_s": 60, "skills": {"G": 2}, "alert": True}]
    given = feed(CONFIG, AGENT, {**TICKET, "skills": {"G": 5}, "steps": steps})
    assert given[2]["alerts"] == [{"ticket": "t1", "step": 1}]


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("", "Input data was truncated"),
        ("nonsense", "JSON is malformed: invalid character (byte 4)"),
        ("[]", "Expected `object`, got `array`"),
        ('{"a":' * 5000, "nested too deeply"),
        ('{"event": "\ud800"}', "not valid UTF-8"),
        ("x" * (MAX_LINE + 1), "the line is longer than 1000000 characters"),
        (json.dumps({"at": 9}), "Object missing required field `event`"),
        (json.dumps({"at": 9, "event": "accepted"}), "Invalid value 'accepted' - at `$.event`"),
        (json.dumps({"event": "tick"}), "Object missing required field `at`"),
        (json.dumps({"at": True, "event": "tick"}), "Expected `float`, got `bool` - at `$.at`"),
        (json.dumps({"at": -1, "event": "tick"}), "time goes back: -1 after 0"),
        (json.dumps(CONFIG), "config comes first, and once"),
        (json.dumps({**TICKET, "units": True}), "Expected `int`, got `bool` - at `$.units`"),
        (json.dumps({**TICKET, "units": 0}), "Expected `int` >= 1 - at `$.units`"),
        (json.dumps({**TICKET, "skills": {"G": 6}}), "Expected `int` <= 5 - at `$.skills[...]`"),
        (json.dumps({**TICKET, "tier": "lead"}), "no such tier: 'lead'"),
        (json.dumps({**AGENT, "online": 1}), "Expected `bool`, got `int` - at `$.online`"),
        (json.dumps({**AGENT, "id": ""}), "Expected `str` of length >= 1 - at `$.id`"),
        (json.dumps({"at": 9, "event": "withdrawn", "ticket": "t9"}), "no such ticket: 't9'"),
    ],
    ids=range(19),
)
def test_a_bad_line_is_named_and_changes_nothing(line: str, error: str) -> None:
    """The answer says what is wrong and where; the next line finds everything as it was."""
    session = Session()
    session.feed(json.dumps(CONFIG))
    session.feed(json.dumps(AGENT))
    assert session.feed(line) == {"error": error, "line": 3}
    assert session.feed(json.dumps({**TICKET, "at": 0}))["offers"][0]["agent"] == "a1"


def test_the_first_line_is_the_config() -> None:
    """Anything else is an error, and the config may still follow."""
    session = Session()
    assert session.feed(json.dumps(AGENT)) == {"error": "config comes first, and once", "line": 1}
    assert session.feed(json.dumps(CONFIG)) == QUIET
