"""The `frontdesk` command: what it can do. Each command imports its parts when it runs."""

import os

import typer

from gateway.cli import (
    backup,
    channels,
    deadletters,
    desk,
    doctor,
    engines,
    evaluate,
    kb,
    ledger,
    mail,
    rules,
    simulate,
    tokens,
    users,
)
from gateway.cli.terminal import Commands

# numpy's BLAS starts a thread for each core as it is loaded; they spin while they wait, and took half of a
# busy desk's processor time. A match multiplies matrices too small to share.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

app = typer.Typer(
    name="frontdesk",
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="A self-hosted service desk: customer messages in, rules and articles decide, people answer.",
    epilog="Settings come from frontdesk.toml, then FRONTDESK_ variables, then flags.",
)

app.command("serve")(desk.serve)
app.command("worker", short_help="Run one part of the desk in a process of its own.")(desk.worker)
app.command("demo")(desk.demo)
app.command("migrate", short_help="Bring the database up to date, or move to PostgreSQL.")(desk.migrate)
app.command("doctor")(doctor.doctor)
app.command("backup", short_help="Copy the desk into a new folder, while it runs.")(backup.backup)
app.command("restore", short_help="Make a desk of a backup, where there is none yet.")(backup.restore)
app.add_typer(users.app, name="user")
app.add_typer(tokens.app, name="token")
app.add_typer(channels.app, name="channel")
app.add_typer(rules.app, name="rules")
kb.app.command("evaluate")(evaluate.evaluate)
app.add_typer(kb.app, name="kb")
app.add_typer(mail.app, name="mail")
app.add_typer(ledger.app, name="ledger")
app.add_typer(deadletters.app, name="deadletter")
app.command("assign")(engines.assign)
app.command("sla")(engines.sla)
app.command("simulate")(simulate.simulate)
