"""A ticket's life: what may follow what, who has it, and what its clocks make of it."""

from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from router.calendar import Calendars, parse
from router.decision import ChangeTicket, OpenTicket
from router.desk import Desk
from router.lifecycle import (
    TRANSITIONS,
    Refused,
    agent_replied,
    assign,
    brought_back,
    customer_wrote,
    edit,
    end_wrap_up,
    fire,
    move,
    opened,
    pin,
    snooze,
)
from router.sla import report
from router.values import (
    Conversation,
    Policy,
    Queue,
    Requirement,
    Ticket,
    TicketStatus,
    WaitingReason,
)

START = datetime(2026, 6, 1, 9, tzinfo=UTC)  # a Monday
DAYS = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
DESK = Desk(
    queues={
        "general": Queue(id="general", name="General"),
        "billing": Queue(id="billing", name="Billing", skills=(Requirement(skill="money", level=2),)),
        "returns": Queue(id="returns", name="Returns", skills=(Requirement(skill="goods", level=1),)),
        "vip": Queue(
            id="vip", name="VIP", wrap_up_seconds=120, calendar="office", assignment=30, ownership=240
        ),
    },
    policies={
        "all": Policy(
            id="all", name="All", calendar="office", first_response=60, next_response=120, resolution=480
        ),
        "urgent": Policy(
            id="urgent", name="Urgent", priorities=("urgent",), first_response=15, resolution=240
        ),
        "gold": Policy(id="gold", name="Gold", tiers=("gold",), calendar="office", first_response=30),
    },
    calendars=Calendars(office=parse({"tz": "UTC", "weekly": DAYS})),
)
BARE = replace(DESK, policies={})
CONVERSATION = Conversation(
    id="con_1", channel_id="ch_1", contact_point_id="cp_1", customer_id="cus_1", previous_ticket_id="tkt_0"
)
STATUSES: tuple[TicketStatus, ...] = get_args(TicketStatus)


def at(hours: float) -> datetime:
    """So many hours after the start."""
    return START + timedelta(hours=hours)


def fresh(desk: Desk = BARE, **request: Any) -> Ticket:
    """A ticket that was just opened."""
    asked = OpenTicket(**{"queue": "general", "subject": "Parcel", "why": "test"} | request)
    return opened(asked, CONVERSATION, START, desk, id="tkt_1", number=1001)


def in_status(status: TicketStatus, **rest: Any) -> Ticket:
    """A ticket in a status, as it could have come there."""
    stamps: dict[str, Any] = {
        "waiting": {"waiting_reason": "customer"},
        "resolved": {"resolved_at": START},
        "closed": {"closed_at": START},
        "merged": {"closed_at": START},
    }
    owner = None if status in ("queued", "offered") else "agt_1"
    return replace(fresh(), **{"status": status, "assignee": owner} | stamps.get(status, {}) | rest)


def deadline(ticket: Ticket, metric: str) -> datetime | None:
    """When a clock of the ticket runs out."""
    return report(ticket.clocks[metric], DESK.calendars, ticket.updated_at).deadline


# --- the state machine -------------------------------------------------------------------------------------


def test_the_transitions_are_these() -> None:
    """The whole table, as the design has it."""
    assert {status: " ".join(sorted(after)) for status, after in TRANSITIONS.items()} == {
        "queued": "closed merged offered open resolved waiting",
        "offered": "closed merged open queued resolved waiting",
        "open": "closed merged queued resolved waiting",
        "waiting": "closed merged open queued resolved",
        "resolved": "closed merged open queued",
        "closed": "",
        "merged": "",
    }


@pytest.mark.parametrize(
    ("before", "after"), [(one, two) for one in STATUSES for two in sorted(TRANSITIONS[one])]
)
def test_an_allowed_step_is_made(before: TicketStatus, after: TicketStatus) -> None:
    """The status changes, and with it only what belongs to it."""
    moved = move(in_status(before), after, at(1), BARE)
    owner = None if after in ("queued", "offered") or before in ("queued", "offered") else "agt_1"
    assert (moved.status, moved.assignee, moved.updated_at) == (after, owner, at(1))
    assert moved.waiting_reason == ("customer" if after == "waiting" else None)
    assert moved.resolved_at == {"resolved": at(1), "closed": in_status(before).resolved_at}.get(after)
    assert moved.closed_at == (at(1) if after in ("closed", "merged") else None)


@pytest.mark.parametrize(
    ("before", "after"),
    [(one, two) for one in STATUSES for two in STATUSES if one != two and two not in TRANSITIONS[one]],
)
def test_any_other_step_is_refused_in_words(before: TicketStatus, after: TicketStatus) -> None:
    """The words name the ticket, its status and what it can become."""
    allowed = ", ".join(sorted(TRANSITIONS[before])) or "nothing: that is final"
    with pytest.raises(Refused) as refused:
        move(in_status(before), after, at(1), BARE)
    assert str(refused.value) == f"ticket #1001 is {before}; from there it can become {allowed}"


@pytest.mark.parametrize("status", STATUSES)
def test_a_step_to_where_it_is_changes_nothing(status: TicketStatus) -> None:
    """Said twice is said once; a reason counts for waiting alone."""
    ticket = move(in_status(status), status, START, BARE)
    assert move(ticket, status, at(1), BARE) == ticket
    if status != "waiting":
        assert move(ticket, status, at(1), BARE, reason="internal") == ticket


def test_waiting_can_change_its_reason() -> None:
    """From the customer to a colleague."""
    moved = move(in_status("waiting"), "waiting", at(1), BARE, reason="internal")
    assert (moved.status, moved.waiting_reason) == ("waiting", "internal")


# --- opened ------------------------------------------------------------------------------------------------


def test_a_new_ticket_waits_with_its_clocks_running() -> None:
    """Everything asked for is there; the first step of a clock is what is due."""
    ticket = fresh(DESK, subject="Refund", tags=("a",), fields={"order": "1"}, type="refund")
    assert (ticket.status, ticket.waiting_since, ticket.previous_ticket_id) == ("queued", START, "tkt_0")
    assert {metric: deadline(ticket, metric) for metric in ticket.clocks} == {
        "first_response": at(1),
        "next_response": at(2),
        "resolution": at(8),
    }
    assert ticket.due_at == at(0.5)


def test_a_new_ticket_without_a_policy_has_nothing_due() -> None:
    """No promise, no clock."""
    assert (fresh().clocks, fresh().due_at) == ({}, None)


@pytest.mark.parametrize(
    ("request_", "first"),
    [
        ({}, at(1)),
        ({"priority": "urgent"}, at(0.25)),
        ({"tier": "gold"}, at(0.5)),
        ({"tier": "gold", "policy": "urgent"}, at(0.25)),
        ({"policy": "gone"}, at(1)),
    ],
)
def test_the_policy_is_the_one_named_else_the_most_specific(
    request_: dict[str, Any], first: datetime
) -> None:
    """By tier and priority; a policy that is gone counts as not named."""
    assert deadline(fresh(DESK, **request_), "first_response") == first


def test_a_ticket_needs_the_skills_of_its_queue_and_those_a_rule_asked_for() -> None:
    """Each once, at the higher level."""
    asked = (Requirement(skill="chinese", level=3), Requirement(skill="money", level=1))
    assert fresh(queue="billing", skills=asked).skills == (
        Requirement(skill="chinese", level=3),
        Requirement(skill="money", level=2),
    )


# --- who has it --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["queued", "offered", "open", "waiting", "resolved"])
def test_an_agent_s_reply_takes_a_ticket_that_is_nobody_s(status: TicketStatus) -> None:
    """Whoever answers has it; a ticket that waits goes on waiting."""
    replied = agent_replied(in_status(status, assignee=None), "agt_2", at(1), BARE)
    assert replied.assignee == "agt_2"
    assert replied.status == ("waiting" if status == "waiting" else "open")
    assert replied.first_replied_at == at(1)


def test_a_reply_leaves_somebody_else_s_ticket_with_them() -> None:
    """Helping out is not taking over."""
    assert agent_replied(in_status("open"), "agt_2", at(1), BARE).assignee == "agt_1"


@pytest.mark.parametrize(
    ("status", "after"), [("queued", "waiting"), ("offered", "waiting"), ("resolved", "resolved")]
)
def test_after_a_program_s_reply_nobody_s_ticket_waits_for_the_customer(
    status: TicketStatus, after: TicketStatus
) -> None:
    """It was answered, so nobody need look; what the customer writes next brings it back to its queue."""
    replied = agent_replied(in_status(status, assignee=None), None, at(1), BARE)
    assert (replied.status, replied.assignee, replied.first_replied_at) == (after, None, at(1))
    assert replied.waiting_reason == ("customer" if after == "waiting" else None)
    assert customer_wrote(replied, ChangeTicket(), at(2), BARE).status == "queued"


@pytest.mark.parametrize("status", ["closed", "merged"])
def test_a_ticket_that_is_over_takes_no_reply(status: TicketStatus) -> None:
    """The words say what to do instead."""
    with pytest.raises(Refused, match=f"ticket #1001 is {status}; open a new one to write to the customer"):
        agent_replied(in_status(status), "agt_1", at(1), BARE)


@pytest.mark.parametrize(
    ("before", "agent", "after"),
    [
        ("queued", "agt_2", "open"),
        ("offered", "agt_2", "open"),
        ("open", "agt_2", "open"),
        ("waiting", "agt_2", "waiting"),
        ("resolved", "agt_2", "resolved"),
        ("queued", None, "queued"),
        ("offered", None, "queued"),
        ("open", None, "queued"),
        ("waiting", None, "waiting"),
        ("resolved", None, "resolved"),
    ],
)
def test_assigning_gives_a_ticket_to_an_agent_or_back_to_its_queue(
    before: TicketStatus, agent: str | None, after: TicketStatus
) -> None:
    """At its old age, and as another version."""
    given_ = assign(in_status(before), agent, at(1), BARE)
    assert (given_.status, given_.assignee, given_.version) == (after, agent, 2)
    assert given_.waiting_since == START


@pytest.mark.parametrize("status", ["closed", "merged"])
def test_a_ticket_that_is_over_is_assigned_to_nobody(status: TicketStatus) -> None:
    """Refused in words."""
    with pytest.raises(Refused, match=f"ticket #1001 is {status} and can't be assigned"):
        assign(in_status(status), "agt_2", at(1), BARE)


# --- the customer writes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "owner", "after"),
    [
        ("waiting", "agt_1", "open"),
        ("waiting", None, "queued"),
        ("resolved", "agt_1", "open"),
        ("resolved", None, "queued"),
        ("queued", None, "queued"),
        ("offered", None, "offered"),
        ("open", "agt_1", "open"),
    ],
)
def test_the_customer_s_message_brings_a_ticket_back_to_work(
    before: TicketStatus, owner: str | None, after: TicketStatus
) -> None:
    """To its owner, else to its queue, at its old age."""
    back = customer_wrote(in_status(before, assignee=owner), ChangeTicket(), at(1), BARE)
    assert (back.status, back.assignee, back.waiting_since, back.version) == (after, owner, START, 1)
    assert (back.waiting_reason, back.resolved_at, back.updated_at) == (None, None, at(1))


def test_what_somebody_has_to_look_at_brings_a_ticket_back_and_no_clock_hears_it() -> None:
    """The customer waits for nothing new."""
    answered = move(agent_replied(fresh(DESK), "agt_1", at(1), DESK), "waiting", at(2), DESK)
    back = brought_back(answered, at(3), DESK)
    assert (back.status, back.updated_at) == ("open", at(3))
    assert back.clocks == move(answered, "open", at(3), DESK).clocks


def test_what_rules_made_of_the_message_is_added() -> None:
    """Tags and fields join those there, a type fills an empty one, and it is another version."""
    ticket = in_status("open", tags=("a",), fields={"order": "1"}, type="refund")
    change = ChangeTicket(tags=("a", "b"), fields={"size": "L"}, type="return", priority="high")
    changed = customer_wrote(ticket, change, at(1), BARE)
    assert (changed.tags, changed.fields, changed.type) == (("a", "b"), {"order": "1", "size": "L"}, "refund")
    assert (changed.priority, changed.version) == ("high", 2)


def test_a_message_never_lowers_the_priority() -> None:
    """What a person made urgent stays so."""
    ticket = in_status("open", priority="urgent")
    assert customer_wrote(ticket, ChangeTicket(priority="low"), at(1), BARE).priority == "urgent"


# --- edits -------------------------------------------------------------------------------------------------


def test_an_edit_sets_fields_and_null_removes_one() -> None:
    """Others stay, and the version grows."""
    ticket = in_status("open", fields={"order": "1", "size": "L"})
    edited = edit(ticket, {"fields": {"size": None, "colour": "red"}, "tags": ("x",)}, at(1), BARE)
    assert (edited.fields, edited.tags, edited.version) == ({"order": "1", "colour": "red"}, ("x",), 2)


def test_another_queue_asks_for_its_own_skills() -> None:
    """What the queue before asked for is dropped, what a rule asked for stays."""
    ticket = fresh(queue="billing", skills=(Requirement(skill="chinese", level=3),))
    assert edit(ticket, {"queue": "returns"}, at(1), BARE).skills == (
        Requirement(skill="chinese", level=3),
        Requirement(skill="goods", level=1),
    )


# --- clocks ------------------------------------------------------------------------------------------------


def test_clocks_follow_waiting_resolving_and_reopening() -> None:
    """The resolution clock pauses for the customer, stops when resolved and goes on from what was used."""
    ticket = assign(fresh(DESK), "agt_1", at(0), DESK)
    ticket = agent_replied(ticket, "agt_1", at(0.4), DESK)
    ticket = move(ticket, "waiting", at(1), DESK)
    assert (deadline(ticket, "resolution"), ticket.due_at) == (None, None)
    ticket = customer_wrote(ticket, ChangeTicket(), at(3), DESK)
    assert (deadline(ticket, "resolution"), deadline(ticket, "next_response")) == (at(26), at(5))
    ticket = move(ticket, "resolved", at(4), DESK)
    assert deadline(ticket, "resolution") is None
    ticket = customer_wrote(ticket, ChangeTicket(), at(5), DESK)
    # 2 of its 8 hours were used; 3 are left of Monday.
    assert deadline(ticket, "resolution") == at(24 + 3)


def test_waiting_for_a_colleague_pauses_nothing() -> None:
    """Only the reasons that the policy names do."""
    ticket = move(assign(fresh(DESK), "agt_1", START, DESK), "waiting", at(1), DESK, reason="internal")
    assert deadline(ticket, "resolution") == at(8)


def test_a_priority_that_rises_holds_the_clocks_to_its_own_policy() -> None:
    """What was used stays used; what the new policy does not promise has no clock any more."""
    ticket = customer_wrote(fresh(DESK), ChangeTicket(priority="urgent"), at(0.1), DESK)
    assert {metric: deadline(ticket, metric) for metric in ticket.clocks} == {
        "first_response": at(0.25),
        "resolution": at(4),
    }
    assert ticket.due_at == at(0.125)


def test_a_promise_that_comes_late_counts_from_the_beginning() -> None:
    """A ticket that had no clock for a metric gets one as if it had always had it."""
    desk = replace(DESK, policies={"urgent": DESK.policies["urgent"]})
    ticket = agent_replied(assign(fresh(desk), "agt_1", START, desk), "agt_1", at(0.1), desk)
    assert ticket.clocks == {}
    ticket = edit(ticket, {"priority": "urgent"}, at(2), desk)
    assert (ticket.clocks["first_response"].state, deadline(ticket, "resolution")) == ("done", at(4))


def test_another_tier_is_another_promise() -> None:
    """By a person's edit."""
    ticket = edit(fresh(DESK), {"tier": "gold"}, at(0.25), DESK)
    assert deadline(ticket, "first_response") == at(0.5)


def test_a_policy_that_changes_holds_what_is_worked_on_to_it() -> None:
    """The next time a ticket is looked at: what was used stays used, and no breach is dated back."""
    sooner = replace(DESK.policies["all"], first_response=30, next_response=None, pause_on=("internal",))
    changed = replace(DESK, policies={"all": sooner})
    fired = fire(fresh(DESK), at(0.75), changed)
    assert deadline(fired.ticket, "first_response") == at(0.75)
    assert fired.steps == tuple(("first_response", step) for step in (50, 75, 90, 100))
    assert "next_response" not in fired.ticket.clocks
    assert fired.ticket.clocks["resolution"].pause_on == ("internal",)


def test_a_promise_that_is_new_is_not_broken_before_it_was_made() -> None:
    """A ticket of two hours that is promised a reply within one is late now, not an hour ago."""
    fired = fire(fresh(BARE), at(2), replace(DESK, policies={"all": DESK.policies["all"]}))
    assert deadline(fired.ticket, "first_response") == at(2)


def test_what_was_resolved_meanwhile_is_held_to_a_new_policy_when_it_comes_back() -> None:
    """Nobody is told of a promise about what is done."""
    ticket = move(assign(fresh(DESK), "agt_1", START, DESK), "resolved", at(2), DESK)
    sooner = replace(DESK, policies={"all": replace(DESK.policies["all"], resolution=60)})
    assert "resolution" not in {metric for metric, _ in fire(ticket, at(3), sooner).steps}
    back = customer_wrote(ticket, ChangeTicket(), at(4), sooner)
    assert deadline(back, "resolution") == at(4)


def test_a_calendar_that_is_gone_counts_round_the_clock() -> None:
    """A ticket whose clock names it can still be worked on."""
    without = replace(DESK, calendars=Calendars())
    ticket = customer_wrote(fresh(DESK), ChangeTicket(), at(7.5), without)
    fired, steps, _ = fire(ticket, at(8.5), without)
    assert [step for metric, step in steps if metric == "resolution"] == [50, 75, 90, 100]
    assert fired.due_at is None


# --- what is due -------------------------------------------------------------------------------------------


def test_a_step_is_told_once() -> None:
    """What was due is marked, and the next instant is derived."""
    ticket = fresh(DESK)
    fired, steps, _ = fire(ticket, at(0.5), DESK)
    assert (steps, fired.due_at) == ((("first_response", 50),), at(0.75))
    assert fire(fired, at(0.5), DESK) == (fired, (), ())
    fired, steps, _ = fire(fired, at(1), DESK)
    assert steps == (
        ("first_response", 75),
        ("first_response", 90),
        ("first_response", 100),
        ("next_response", 50),
    )
    assert fired.due_at == at(1.5)


def test_a_due_time_that_is_stale_does_no_harm() -> None:
    """Nothing fires that is not due; the cached instant is put right."""
    fired, steps, _ = fire(replace(fresh(DESK), due_at=at(0.1)), at(0.2), DESK)
    assert (fired, steps) == (fresh(DESK), ())


@pytest.mark.parametrize(("owner", "after"), [("agt_1", "open"), (None, "queued")])
def test_a_snooze_ends_by_itself(owner: str | None, after: TicketStatus) -> None:
    """The ticket comes back to its owner, else to its queue."""
    ticket = snooze(in_status("open" if owner else "queued", assignee=owner), at(5), at(1), BARE)
    assert (ticket.status, ticket.waiting_reason, ticket.due_at) == ("waiting", "snoozed", at(5))
    assert fire(ticket, at(4), BARE)[0] == ticket
    back, _, _ = fire(ticket, at(5), BARE)
    assert (back.status, back.assignee, back.snoozed_until, back.due_at) == (after, owner, None, None)


@pytest.mark.parametrize("hours", [3, 9])
def test_a_snooze_can_be_moved(hours: float) -> None:
    """To earlier and to later."""
    ticket = snooze(in_status("open"), at(5), at(1), BARE)
    again = snooze(ticket, at(hours), at(2), BARE)
    assert (again.snoozed_until, again.due_at) == (at(hours), at(hours))


def test_the_customer_ends_a_snooze() -> None:
    """Their message brings the ticket back at once."""
    ticket = snooze(in_status("open"), at(5), at(1), BARE)
    back = customer_wrote(ticket, ChangeTicket(), at(2), BARE)
    assert (back.status, back.snoozed_until, back.due_at) == ("open", None, None)


def test_a_resolved_ticket_closes_after_days_without_a_word() -> None:
    """Seven by default, from when it was resolved."""
    ticket = move(in_status("open"), "resolved", at(1), BARE)
    assert ticket.due_at == at(1) + timedelta(days=7)
    assert fire(ticket, ticket.due_at - timedelta(microseconds=1), BARE)[0].status == "resolved"
    closed, _, _ = fire(ticket, ticket.due_at, BARE)
    assert (closed.status, closed.resolved_at, closed.due_at) == ("closed", at(1), None)


@pytest.mark.parametrize("status", ["closed", "merged"])
def test_nothing_falls_due_once_a_ticket_is_over(status: TicketStatus) -> None:
    """A promise that was never kept is not told of for ever."""
    ticket = move(fresh(DESK), status, at(0.1), DESK)
    assert (ticket.due_at, fire(ticket, at(100), DESK)) == (None, (ticket, (), ()))


# --- a queue's own targets ---------------------------------------------------------------------------------


def test_a_queue_s_clocks_begin_when_a_ticket_enters_it_and_end_when_it_leaves() -> None:
    """From nothing each time, by the queue's hours, beside those of the policy."""
    ticket = fresh(DESK, queue="vip")
    assert list(ticket.clocks)[-2:] == ["assignment", "ownership"]
    assert (deadline(ticket, "assignment"), deadline(ticket, "ownership")) == (at(0.5), at(4))
    assert ticket.due_at == at(0.25)
    elsewhere = edit(ticket, {"queue": "general"}, at(1), DESK)
    assert set(ticket.clocks) - set(elsewhere.clocks) == {"assignment", "ownership"}
    back = edit(elsewhere, {"queue": "vip"}, at(2), DESK)
    assert (deadline(back, "assignment"), deadline(back, "ownership")) == (at(2.5), at(6))


def test_each_step_of_a_queue_s_target_is_told() -> None:
    """50, 75, 90 and 100 % of the half hour in which somebody should have it; then somebody has."""
    ticket = fresh(BARE, queue="vip")
    told: list[tuple[str, int]] = []
    for minutes in (15, 23, 27, 30):
        ticket, steps, _ = fire(ticket, at(minutes / 60), BARE)
        told += steps
    assert told == [("assignment", 50), ("assignment", 75), ("assignment", 90), ("assignment", 100)]
    ticket = assign(ticket, "agt_1", at(1), DESK)
    assert (deadline(ticket, "assignment"), deadline(ticket, "ownership")) == (None, at(4))


def test_what_an_agent_has_when_it_enters_waits_for_nobody() -> None:
    """The promise of an agent is kept at once; the queue's time runs."""
    ticket = edit(in_status("open"), {"queue": "vip"}, at(1), DESK)
    states = {metric: clock.state for metric, clock in ticket.clocks.items()}
    assert states == {"assignment": "done", "ownership": "running"}


# --- wrapping up, pins -------------------------------------------------------------------------------------


def test_what_an_agent_resolves_is_wrapped_up_for_a_while() -> None:
    """As long as the queue says; then by itself it is done, and nothing else has changed."""
    resolved = move(edit(in_status("open"), {"queue": "vip"}, at(0), DESK), "resolved", at(1), DESK)
    assert resolved.wrap_up_until == resolved.due_at == at(1) + timedelta(minutes=2)
    done = fire(resolved, at(1) + timedelta(minutes=2), DESK).ticket
    assert (done.wrap_up_until, done.status, done.assignee) == (None, "resolved", "agt_1")
    assert end_wrap_up(resolved, at(1), DESK).wrap_up_until is None
    assert move(resolved, "closed", at(1), DESK).wrap_up_until == resolved.wrap_up_until


@pytest.mark.parametrize(
    "ticket",
    [
        in_status("open", queue="general"),
        in_status("waiting", queue="vip"),
        in_status("queued", queue="vip"),
        in_status("open", queue="vip", assignee=None),
    ],
)
def test_what_took_nobody_s_room_is_not_wrapped_up(ticket: Ticket) -> None:
    """Nor where the queue gives no time for it."""
    assert move(ticket, "resolved", at(1), DESK).wrap_up_until is None


def test_a_wrap_up_ends_when_the_ticket_is_worked_on_again() -> None:
    """The customer wrote, or it is another agent's now."""
    resolved = move(in_status("open", queue="vip"), "resolved", at(1), DESK)
    assert customer_wrote(resolved, ChangeTicket(), at(1), DESK).wrap_up_until is None
    assert assign(resolved, "agt_2", at(1), DESK).wrap_up_until is None


def test_a_pinned_ticket_waits_anew() -> None:
    """What was offered is withdrawn; that the agent declined it before is forgotten. Unpinning leaves it."""
    pinned = pin(in_status("offered", declined_by=("agt_1", "agt_2")), "agt_1", at(1), BARE)
    assert (pinned.status, pinned.pinned_to, pinned.declined_by) == ("queued", "agt_1", ("agt_2",))
    offered = move(pinned, "offered", at(1), BARE)
    assert (pin(offered, None, at(2), BARE).status, pin(offered, None, at(2), BARE).pinned_to) == (
        "offered",
        None,
    )
    with pytest.raises(Refused, match="is closed and can't be pinned"):
        pin(in_status("closed"), "agt_1", at(1), BARE)


# --- whatever happens --------------------------------------------------------------------------------------

REASONS: tuple[WaitingReason, ...] = get_args(WaitingReason)
DEEDS = st.one_of(
    st.tuples(st.just("move"), st.sampled_from(STATUSES), st.sampled_from((None, *REASONS))),
    st.tuples(st.just("assign"), st.sampled_from((None, "agt_1", "agt_2"))),
    st.tuples(st.just("reply"), st.sampled_from((None, "agt_1"))),
    st.tuples(st.just("customer"), st.sampled_from((None, "low", "urgent"))),
    st.tuples(st.just("edit"), st.sampled_from(("general", "vip")), st.sampled_from(("", "gold"))),
    st.tuples(st.just("pin"), st.sampled_from((None, "agt_1"))),
    st.tuples(st.just("snooze"), st.integers(1, 50)),
    st.tuples(st.just("fire")),
)


def done(ticket: Ticket, deed: tuple[Any, ...], now: datetime) -> Ticket:
    """The ticket after a deed; one that is refused leaves it."""
    try:
        match deed:
            case "move", status, reason:
                return move(ticket, status, now, DESK, reason=reason)
            case "assign" | "pin" as what, agent:
                return (assign if what == "assign" else pin)(ticket, agent, now, DESK)
            case "reply", agent:
                return agent_replied(ticket, agent, now, DESK)
            # After the end their message begins another conversation.
            case "customer", priority if ticket.status not in ("closed", "merged"):
                return customer_wrote(ticket, ChangeTicket(priority=priority), now, DESK)
            case "edit", queue, tier:
                return edit(ticket, {"queue": queue, "tier": tier}, now, DESK)
            case "snooze", hours:
                return snooze(ticket, now + timedelta(hours=hours), now, DESK)
            case ("fire",):
                return fire(ticket, now, DESK)[0]
    except Refused:
        pass
    return ticket


@given(st.lists(st.tuples(DEEDS, st.floats(0, 40)), max_size=25))
def test_whatever_happens_a_ticket_makes_sense(deeds: list[tuple[tuple[Any, ...], float]]) -> None:
    """No owner in the queue, a reason only where it waits, the end is the end, nothing due is forgotten."""
    ticket, now = fresh(DESK), START
    for deed, hours in deeds:
        before, now = ticket, now + timedelta(hours=hours)
        ticket = done(before, deed, now)
        if ticket.status in ("queued", "offered"):
            assert ticket.assignee is None
        if before.status in ("closed", "merged"):
            assert ticket.status == before.status
        assert (ticket.waiting_reason is not None) == (ticket.status == "waiting")
        assert (ticket.snoozed_until is not None) <= (ticket.waiting_reason == "snoozed")
        assert (ticket.resolved_at is not None) >= (ticket.status == "resolved")
        assert (ticket.wrap_up_until is not None) <= (ticket.status in ("resolved", "closed"))
        assert (ticket.closed_at is not None) == (ticket.status in ("closed", "merged"))
        assert ticket.waiting_since == START
        assert ticket.version >= before.version
        # Once fired, nothing is due: a clock worker that looks again comes to an end.
        fired, _, _ = fire(ticket, now, DESK)
        assert fired.due_at is None or fired.due_at > now
        assert fire(fired, now, DESK) == (fired, (), ())
        if ticket.due_at is None or ticket.due_at > now:
            assert fired == ticket
