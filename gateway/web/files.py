"""Where the pages are: the folder served under `/static/` and the documents that have paths of their own."""

from pathlib import Path
from typing import Final

STATIC: Final = Path(__file__).parent / "static"

LOADER: Final = STATIC / "widget" / "loader.js"
"""Served as `/widget.js`."""

WIDGET_PAGE: Final = STATIC / "widget" / "page.html"
"""Served as `/widget/{channel_id}`; the page reads the channel from its own path."""

INBOX_PAGE: Final = STATIC / "inbox" / "index.html"
"""Served as `/`, `/tickets/{ticket_id}`, `/admin/{section}`; the page reads what is open from its path."""

DEMO_PAGE: Final = STATIC / "demo" / "index.html"
"""Served as `/demo`; the page asks `/demo/config.json` for the widget's channel."""
