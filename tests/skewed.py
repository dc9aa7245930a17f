"""`frontdesk` on a machine whose clock is wrong: `python -m tests.skewed SECONDS worker --role inbound`."""

import sys
from datetime import datetime, timedelta, tzinfo

from gateway import compose
from gateway.cli.main import app

SHIFT = timedelta(seconds=float(sys.argv.pop(1)))


class Wrong(datetime):
    """What such a machine takes for the time."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        """See `datetime`."""
        return datetime.now(tz) + SHIFT


setattr(compose, "datetime", Wrong)  # noqa: B010 - it exports no such name
app()
