"""Which ways a notification goes, and when."""

from datetime import UTC, datetime, timedelta

import pytest

from router.calendar import parse
from router.notice_choices import Choices
from router.notices import KINDS, words

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
OFFICE = {
    "office": parse({"tz": "UTC", "weekly": {"mon": [["09:00", "17:00"]]}}),
    "never": parse({"tz": "UTC"}),
}


def test_nothing_chosen_is_the_usual() -> None:
    """Promises by mail at once; offers on the desk alone; no robot without an address."""
    assert Choices().sent("sla_risk", NOON, {}) == {"email": NOON}
    assert Choices().sent("offer", NOON, {}) == {}
    assert Choices(robot="slack").sent("sla_breach", NOON, {}) == {"email": NOON, "robot": NOON}
    assert Choices().on_the_desk() == frozenset(KINDS)


def test_each_kind_goes_as_chosen() -> None:
    """Also nowhere."""
    chosen = Choices(ways={"sla_risk": ("robot",), "offer": ()}, robot="wecom")
    assert chosen.sent("sla_risk", NOON, {}) == {"robot": NOON}
    assert chosen.on_the_desk() == frozenset(KINDS) - {"sla_risk", "offer"}


@pytest.mark.parametrize(
    ("begins", "ends", "zone", "at", "hours"),
    [
        ("22:00", "07:00", "UTC", NOON, 0),
        ("22:00", "07:00", "UTC", NOON.replace(hour=23), 8),
        ("22:00", "07:00", "UTC", NOON.replace(hour=7), 0),
        ("22:00", "07:00", "Asia/Shanghai", NOON.replace(hour=14), 9),
        ("11:00", "13:00", "UTC", NOON, 1),
        ("11:00", "13:00", "UTC", NOON.replace(hour=13), 0),
        ("09:00", "09:00", "UTC", NOON, 0),
    ],
)
def test_what_falls_into_quiet_hours_waits(
    begins: str, ends: str, zone: str, at: datetime, hours: int
) -> None:
    """By the clock on the reader's wall, over midnight as well."""
    chosen = Choices(quiet_from=begins, quiet_to=ends, timezone=zone)
    assert chosen.sent("sla_risk", at, {}) == {"email": at + timedelta(hours=hours)}


def test_quiet_hours_may_be_a_calendar() -> None:
    """While it is closed; one that never opens sends nothing, one that is gone keeps nobody quiet."""
    later = NOON + timedelta(hours=9)
    assert Choices(quiet_calendar="office").sent("sla_risk", NOON, OFFICE) == {"email": NOON}
    opens = NOON.replace(hour=9) + timedelta(days=7)
    assert Choices(quiet_calendar="office").sent("sla_risk", later, OFFICE) == {"email": opens}
    assert Choices(quiet_calendar="never").sent("sla_risk", NOON, OFFICE) == {}
    assert Choices(quiet_calendar="gone").sent("sla_risk", NOON, OFFICE) == {"email": NOON}


def test_what_falls_into_quiet_hours_may_stay_on_the_desk() -> None:
    """Then no mail follows in the morning."""
    chosen = Choices(quiet_from="22:00", quiet_to="07:00", in_quiet_hours="desk")
    assert chosen.sent("sla_risk", NOON.replace(hour=23), {}) == {}
    assert chosen.sent("sla_risk", NOON, {}) == {"email": NOON}


def test_whoever_tries_it_out_is_told_at_once() -> None:
    """By every way there is."""
    chosen = Choices(quiet_from="00:00", quiet_to="23:59", robot="feishu", ways={"test": ()})
    assert chosen.sent("test", NOON, {}) == {"email": NOON, "robot": NOON}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_words_in_both_languages(kind: str) -> None:
    """Also with details that a later release may not write any more."""
    details = {"number": 7, "subject": "Lamp", "metric": "first_response", "percent": 75, "minutes": 3}
    details |= {"queue": "General", "most": 3, "text": "Look"}
    ways = {"away": ("missed", "shift"), "offer": ("pending", "accepted")}.get(kind, ("",))
    for how in ways:
        given = details | ({"how": how} if how else {})
        english, chinese = words(kind, given, "en"), words(kind, given, "zh")
        assert english.title
        assert "{" not in english.title + chinese.title
        assert english.title != chinese.title or kind == "rule"
