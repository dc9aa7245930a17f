"""Agents get limits by channel kind, a stand-in, a shift, a heartbeat; what the engine is told is kept."""

import sqlalchemy as sa
from alembic import op

from storage.columns import Bytes, Json, Text, UtcTime

revision = "0011"
down_revision = "0010"

Serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Widen the one table, make the other."""
    op.add_column("agents", sa.Column("channels", Json(), nullable=False, server_default="{}"))
    op.add_column("agents", sa.Column("stand_in", Text, nullable=False, server_default=""))
    op.add_column("agents", sa.Column("seen_at", UtcTime(), nullable=True))
    op.add_column("agents", sa.Column("shift", Text, nullable=False, server_default=""))
    op.create_table(
        "assignment_log",
        sa.Column("seq", Serial, nullable=False),
        sa.Column("begins", sa.Boolean(), nullable=False),
        sa.Column("lines", Bytes, nullable=False),
        sa.Column("handled_us", sa.BigInteger(), nullable=False),
        sa.Column("handled", sa.Integer(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
