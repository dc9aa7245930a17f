"""SLA clocks driven from outside: the worked examples, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from router.sla_stream import MAX_LINE, answer

WORKED = json.loads(Path(__file__).with_name("sla_examples.json").read_text())
OFFICE = {
    "tz": "UTC",
    "weekly": {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")},
}


def line(*events: dict[str, Any], **parts: Any) -> str:
    policy = {"metric": "resolution", "target_minutes": 240}
    base = {"calendars": {"office": OFFICE}, "calendar": "office", "policy": policy, "events": list(events)}
    return json.dumps(base | parts)


def event(number: int, at: str, type_: str, **parts: Any) -> dict[str, Any]:
    return {"id": f"e{number}", "at": f"2026-06-01T{at}:00Z", "type": type_, **parts}


CREATED = event(1, "09:00", "created")


@pytest.mark.parametrize("example", WORKED["examples"], ids=lambda example: example["id"])
def test_a_worked_example_comes_out_exactly(example: dict[str, Any]) -> None:
    """Every value an example expects is the one printed."""
    given = answer(json.dumps({**example, "calendars": WORKED["calendars"]}))
    assert {key: given[key] for key in example["expect"]} == example["expect"]


def test_the_answer_has_the_four_parts() -> None:
    """A clock an hour into four, read at its last event."""
    assert answer(line(CREATED, event(2, "10:00", "internal_note"))) == {
        "deadline_utc": "2026-06-01T13:00:00Z",
        "remaining_seconds": 10800,
        "breached": False,
        "escalations": {
            "50": "2026-06-01T11:00:00Z",
            "75": "2026-06-01T12:00:00Z",
            "90": "2026-06-01T12:36:00Z",
            "100": "2026-06-01T13:00:00Z",
        },
    }


def test_fractions_are_kept() -> None:
    """Nothing is rounded: half a second is told as such."""
    created = {**CREATED, "at": "2026-06-01T09:00:00.250000Z"}
    given = answer(line(created, now="2026-06-01T09:00:00.750000Z"))
    assert (given["deadline_utc"], given["remaining_seconds"]) == ("2026-06-01T13:00:00.250000Z", 14399.5)


def test_events_are_taken_in_order_of_instant_and_id() -> None:
    """Lines may list them anyhow; of two at one instant the smaller id comes first."""
    pending = event(2, "10:00", "status", value="pending")
    opened = event(3, "10:00", "status", value="open")
    assert answer(line(opened, pending, CREATED))["deadline_utc"] == "2026-06-01T13:00:00Z"
    swapped = answer(line({**pending, "id": "e3"}, {**opened, "id": "e2"}, CREATED))
    assert (swapped["deadline_utc"], swapped["remaining_seconds"]) == (None, 10800)


def test_a_repeated_id_is_ignored() -> None:
    """The earliest event of an id counts."""
    pending = event(2, "10:00", "status", value="pending")
    given = answer(line(CREATED, pending, event(2, "11:00", "status", value="open")))
    assert (given["deadline_utc"], given["remaining_seconds"]) == (None, 10800)


def test_the_words_of_the_form_are_understood() -> None:
    """`pending` pauses by default and `on_hold` doesn't; `solved` stops; a policy may pause on either."""
    held = event(2, "10:00", "status", value="on_hold")
    assert answer(line(CREATED, held))["deadline_utc"] == "2026-06-01T13:00:00Z"
    policy = {"metric": "resolution", "target_minutes": 240, "pause_on": ["on_hold"]}
    assert answer(line(CREATED, held, policy=policy))["deadline_utc"] is None
    assert answer(line(CREATED, event(2, "10:00", "status", value="solved")))["deadline_utc"] is None


def test_what_comes_after_now_has_not_happened() -> None:
    """Read at ten, the clock doesn't know of the pause at eleven."""
    pending = event(2, "11:00", "status", value="pending")
    given = answer(line(CREATED, pending, now="2026-06-01T10:00:00Z"))
    assert (given["deadline_utc"], given["remaining_seconds"]) == ("2026-06-01T13:00:00Z", 10800)


def test_without_events_there_is_nothing_to_tell() -> None:
    """No clock has begun."""
    nothing = {"50": None, "75": None, "90": None, "100": None}
    given = {"deadline_utc": None, "remaining_seconds": None, "breached": False, "escalations": nothing}
    assert answer(line()) == given


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "Input data was truncated"),
        ("{", "Input data was truncated"),
        ("[]", "Expected `object`, got `array`"),
        ('{"a":' * 5000, "nested too deeply"),
        ('{"calendar": "\ud800"}', "not valid UTF-8"),
        ("x" * (MAX_LINE + 1), "the line is longer than 1000000 characters"),
        (line({**CREATED, "at": "2026-06-01T09:00:00"}), "Expected `datetime` with a timezone component"),
        (line({**CREATED, "at": "1969-12-31T23:59:59Z"}), "events[0].at: not from 1970 to 2100"),
        (line(CREATED, now="9999-12-31T23:59:59Z"), "now: not from 1970 to 2100"),
        (line({**CREATED, "type": "reply"}), "Invalid enum value 'reply' - at `$.events[0].type`"),
        (line({**CREATED, "id": 1}), "Expected `str`, got `int` - at `$.events[0].id`"),
        (line(event(1, "09:00", "status")), "events[0].value: a status event needs the new status"),
        (line(calendar="office2"), "calendar: no such calendar: 'office2'"),
        (
            line(CREATED, event(2, "10:00", "change", calendar="x")),
            "events[1].calendar: no such calendar: 'x'",
        ),
        (line(calendars={"office": {"tz": "Nowhere"}}), "calendars.office.tz: no such time zone: 'Nowhere'"),
        (
            line(policy={"metric": "resolution", "target_minutes": True}),
            "Expected `float`, got `bool` - at `$.policy.target_minutes`",
        ),
        (
            line(policy={"metric": "resolution", "target_minutes": -1}),
            "Expected `float` >= 0.0 - at `$.policy.target_minutes`",
        ),
        (line(*([CREATED] * 10_001)), "Expected `array` of length <= 10000 - at `$.events`"),
    ],
    ids=range(18),
)
def test_bad_input_is_answered_with_what_is_wrong(text: str, error: str) -> None:
    """One object, naming the part at fault; nothing is raised."""
    given = answer(text)
    assert list(given) == ["error"]
    assert given["error"].startswith(error)
