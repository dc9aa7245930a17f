"""`frontdesk rules simulate`: what would become of one message, by any rules."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.opened import Data, using
from gateway.cli.rule_trials import from_file, show_trace
from gateway.cli.terminal import AsJson, Failure, show_json

if TYPE_CHECKING:
    from gateway.settings import Settings
    from gateway.simulating import Asked, Simulation
    from storage.paging import Sql
    from storage.store import Store


def simulate(  # noqa: PLR0917 - each is an option
    text: Annotated[str, typer.Argument(help="What a customer writes.")],
    subject: Annotated[str, typer.Option(help="The subject, where the channel has one.")] = "",
    channel: Annotated[str, typer.Option(help="The channel's id.")] = "",
    customer: Annotated[str | None, typer.Option(help="A customer's id; a stranger if left out.")] = None,
    tier: Annotated[str, typer.Option(help="The stranger's tier.")] = "",
    rules_file: Annotated[Path | None, typer.Option("--rules", help="Decide by this file.")] = None,
    version: Annotated[int | None, typer.Option(help="Decide by this version or draft.")] = None,
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Print what would be decided about a message and why; nothing is stored or sent."""
    from gateway.simulating import Asked, NoCustomer

    if rules_file is not None and version is not None:
        raise Failure("Name a file with --rules or a version with --version, not both.")
    asked = Asked(text=text, subject=subject, channel=channel, customer_id=customer, tier=tier)
    try:
        found = using(data, partial(_decided, asked=asked, file=rules_file, version=version))
    except NoCustomer:
        raise Failure(f"There is no customer {customer}.") from None
    if as_json:
        show_json({"decision": found.decision, "trace": found.steps, "scores": found.scores})
        return
    show_trace(found.steps)
    for name, phrases in found.scores.items():
        if phrases:
            reasons = ", ".join(f"{phrase} {weight}" for phrase, weight in phrases.items())
            typer.echo(f"\n{name}: {reasons}", nl=False)
    typer.echo(f"\n{found.decision.why}")


async def _decided(
    store: "Store", settings: "Settings", *, asked: "Asked", file: Path | None, version: int | None
) -> "Simulation":
    from datetime import UTC, datetime

    from gateway import encoders
    from gateway.parts import with_settings
    from gateway.simulating import simulated
    from storage import rules
    from storage.store import Missing
    from workers.knowledge import Knowledge
    from workers.setup import SetupLoader, compiled_version

    def now() -> datetime:
        return datetime.now(UTC)

    setup = await SetupLoader(store, partial(with_settings, settings=settings)).reload()
    rule_set = setup.rules
    if file is not None:
        rule_set = from_file(file, (await store.read(rules.published) or rules.NONE).lists)
    if version is not None:
        try:
            stored = await store.read(partial(rules.get, version=version)) if version else rules.NONE
        except Missing as missing:
            raise Failure(f"{str(missing).capitalize()}.") from None
        rule_set = compiled_version(stored)
    encoder = encoders.chosen(settings.encoder)
    async with Knowledge(store, settings.target_precision, now, encoder) as knowledge:
        match = await knowledge.match_one(asked.text)

        def decide(sql: "Sql") -> "Simulation":
            return simulated(
                sql, asked, setup, rules=rule_set, match=match, articles=knowledge.articles, now=now()
            )

        return await store.read(decide)
