"""`frontdesk kb lint` and `gaps`: what is wrong with the articles, and what they don't answer."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from gateway.cli.opened import Data, reading
from gateway.cli.terminal import AsJson, show, show_json


def register(app: typer.Typer) -> None:
    """Add the commands to `frontdesk kb`."""
    app.command("lint")(lint)
    app.command("gaps")(gaps)


def lint(
    strict: Annotated[bool, typer.Option("--strict", help="Fail where there is anything.")] = False,
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Print articles that are confusing, doubled, unhelpful, stale, expired, or miss a language."""
    from knowledgebase import lint as checks
    from storage import article_health

    found = checks.lint(reading(data, article_health.kept), datetime.now(UTC))
    columns = ("code", "article_id", "title", "detail", "other_id")
    show([{name: getattr(one, name) for name in columns} for one in found], as_json=as_json)
    if strict and found:
        raise typer.Exit(1)


def gaps(
    days: Annotated[int, typer.Option("--days", min=1, max=365, help="Of how many days.")] = 30,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="Groups at most.")] = 20,
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Print the questions that no article answered, those that mean the same together, the most asked first.

    As JSON each comes with examples, tickets, and an answer drafted from the agents' best reply.
    """
    from knowledgebase import gaps as grouped
    from storage import questions

    begin = datetime.now(UTC) - timedelta(days=days)
    found = grouped.gaps(reading(data, lambda sql: questions.unanswered(sql, begin)), limit)
    if as_json:
        show_json(found)
        return
    columns = ("volume", "language", "title", "answer")
    rows = [{name: getattr(one, name) for name in columns} for one in found]
    show([row | {"answer": str(row["answer"])[:60]} for row in rows], as_json=False)
