"""The bench itself: its table can be read, and the straw man does the work that it is the limit of."""

import sqlite3
from pathlib import Path

from tests.bench import load, mix
from tests.bench.runs import saturate, signed
from tests.bench.subjects import strawman
from tests.bench.table import Figure, formatted


def test_each_figure_stands_beside_its_limit_and_its_target() -> None:
    """A row has the figure, E1's of the same run, the unit, and what was wanted, met or missed."""
    rows = [
        Figure(name="messages, end to end", value=1234.5, limit=7890.1, unit="per s"),
        Figure(name="share", value=0.1564, unit="×", target=">= 0.5", met=False),
    ]
    assert formatted(rows).splitlines() == [
        "figure                measured  limit (E1)  unit   target",
        "-----------------------------------------------------------------",
        "messages, end to end     1,234       7,890  per s",
        "share                    0.156              ×      >= 0.5  missed",
    ]


async def test_the_straw_man_stores_what_it_is_sent_once(tmp_path: Path) -> None:
    """Every post becomes a message of its sender's conversation; one that comes again becomes none."""
    posts = mix.posts(0, 30)
    with strawman(tmp_path) as subject:
        await saturate(subject, posts)
        await load.saturate(subject.address.port, signed(subject, posts[:5]))
        await saturate(subject, mix.posts(1, 5))
        with sqlite3.connect(subject.database) as sql:
            stored = sql.execute("SELECT count(*), count(DISTINCT message_id) FROM messages").fetchone()
            positions = sql.execute("SELECT sum(position) FROM conversations").fetchone()
    assert (stored, positions) == ((35, 35), (35,))


def test_the_same_round_is_the_same_work() -> None:
    """One message in twenty comes from somebody new, and a round can be measured again."""
    posts = mix.posts(3, 2000)
    new = sum(b"visitor-" in post.body for post in posts)
    assert posts == mix.posts(3, 2000)
    assert 70 <= new <= 130
