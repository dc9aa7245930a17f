"""The roles of a process, and the loops that run in each."""

import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Literal, get_args

from bus.live import Live
from gateway.acceptance import Acceptance
from gateway.differences import differences
from gateway.fanout import Fanout
from gateway.parts import Parts, Process
from gateway.precision_metric import precision_of_answers
from gateway.tally import Tally
from storage.leases import Fence
from storage.secrets import Secrets
from workers.assign import AssignWorker
from workers.auditor import Auditor
from workers.callouts import RULE_CALLS, Caller
from workers.clock import ClockWorker
from workers.connections import Connections
from workers.inbound import InboundWorker
from workers.knowledge import Knowledge
from workers.lanes import Lanes
from workers.learning import Learner
from workers.mail import Letters
from workers.notifier import Notifier
from workers.outbound import OutboundWorker
from workers.poll import Polls
from workers.pruner import Pruner
from workers.reaching import Reaching
from workers.relay import Relay
from workers.rule_watch import RuleWatch
from workers.search import SearchWorker
from workers.setup import SetupLoader
from workers.ticket_rules import TicketRules

Role = Literal["gateway", "inbound", "outbound", "poll", "relay", "assign", "clock"]
ROLES: tuple[Role, ...] = get_args(Role)

Run = Callable[[], Awaitable[None]]
Runs = dict[str, Run]


def gateway(parts: Parts) -> Runs:
    """What runs beside the web application."""
    runs: Runs = {"tally": parts.tally.run, "fanout": Fanout(store=parts.store, live=parts.live).run}
    return runs if parts.spool is None else runs | {"spool": parts.spool.run}


def inbound(
    process: Process,
    setup: SetupLoader,
    knowledge: Knowledge,
    letters: Letters,
    *,
    wake_relay: Callable[[], None],
    owner: str,
) -> Runs:
    """Takes messages in, on this process's share of the lanes."""

    def worker(lane: str, fence: Fence) -> InboundWorker:
        return InboundWorker(
            lane,
            bus=process.bus,
            store=process.store,
            setup=setup,
            knowledge=knowledge,
            wake_relay=wake_relay,
            fence=fence,
            letters=letters,
        )

    lanes = Lanes(
        bus=process.bus,
        store=process.store,
        partitions=process.settings.partitions,
        owner=owner,
        alone=alone(process),
        worker=worker,
    )
    process.checks["lanes"] = lanes.check
    return {"inbound": lanes.run}


def outbound(process: Process, connections: Connections, letters: Letters, *, live: Live, owner: str) -> Runs:
    """Sends to customers."""
    worker = OutboundWorker(
        bus=process.bus,
        store=process.store,
        connections=connections,
        live=live,
        clock=process.clock,
        random=random.SystemRandom().random,
        owner=owner,
        alone=alone(process),
        letters=letters,
    )
    return {"outbound": worker.run}


def calls(process: Process, connections: Connections, secrets: Secrets) -> Runs:
    """Makes the calls that rules ask for."""
    caller = Caller(
        store=process.store,
        http=connections.http,
        key=secrets.derived(RULE_CALLS),
        random=random.SystemRandom().random,
    )
    return {"calls": caller.run}


def notifier(process: Process, setup: SetupLoader, reaching: Reaching, owner: str) -> Runs:
    """Tells people by mail and robot."""
    worker = Notifier(
        store=process.store,
        setup=setup,
        reaching=reaching,
        random=random.SystemRandom().random,
        owner=owner,
        alone=alone(process),
    )
    return {"notifier": worker.run}


def poll(
    process: Process, connections: Connections, acceptance: Acceptance, tally: Tally, owner: str
) -> Runs:
    """Listens to the channels whose platforms do not call."""
    polls = Polls(
        connections=connections,
        store=process.store,
        take=acceptance.take_all,
        hook=process.settings.hook_url,
        random=random.SystemRandom().random,
        owner=owner,
        alone=alone(process),
    )
    return {"tally": tally.run, "poll": polls.run}


def relay(relay: Relay) -> Runs:
    """Publishes what was committed."""
    return {"relay": relay.run}


def assign(process: Process, setup: SetupLoader, owner: str) -> Runs:
    """Offers tickets to agents."""
    worker = AssignWorker(
        store=process.store, setup=setup, clock=process.clock, owner=owner, alone=alone(process)
    )
    return {"assign": worker.run}


def clock(process: Process, setup: SetupLoader) -> Runs:
    """Fires what is due, checks the ledger, watches rules, fills the search index, learns, forgets."""
    auditor = Auditor(store=process.store, clock=process.clock, tell=differences(process.metrics))
    learner = Learner(
        store=process.store,
        clock=process.clock,
        target_precision=process.settings.target_precision,
        tell=precision_of_answers(process.metrics),
    )
    days = process.settings.retention_days
    pruner = Pruner(store=process.store, kept=None if days is None else timedelta(days=days))
    return {
        "clock": ClockWorker(setup=setup).run,
        "learning": learner.run,
        "pruner": pruner.run,
        "ledger": auditor.run,
        "search": SearchWorker(store=process.store).run,
        "ticket rules": TicketRules(setup=setup).run,
        "rule watch": RuleWatch(store=process.store).run,
    }


def alone(process: Process) -> bool:
    """Whether no other process can be there."""
    # A file is served by one process, which holds its lock.
    return process.settings.database_url is None
