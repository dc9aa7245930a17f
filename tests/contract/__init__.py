"""One suite per port, run against the embedded twin and the real server."""
