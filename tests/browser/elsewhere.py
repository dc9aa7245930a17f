"""A shop on an origin of its own that carries the desk's chat, with a policy that allows nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@contextmanager
def shop_elsewhere(desk_url: str, channel_id: str) -> Iterator[str]:
    """Serves the shop; gives its address, which differs from the desk's in host and port."""
    page = (
        f'<!doctype html><html lang="en"><title>Shop</title><link rel="icon" href="data:,">'
        f'<script src="{desk_url}/widget.js" data-channel="{channel_id}" async></script><h1>Shop</h1>'
    ).encode()
    policy = f"default-src 'none'; script-src {desk_url}; frame-src {desk_url}; img-src data:"

    class Shop(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, format: str, *args: object) -> None:
            """Its requests are nobody's news."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
