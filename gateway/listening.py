"""The socket that is served from, bound before anything else so that a port in use stops the start."""

import errno
import socket


class ListenError(Exception):
    """The address can't be listened on; the text is one sentence that says why and what to do."""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes any that is free. Raises `ListenError`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        raise ListenError(_sentence(error, host, port)) from error


def _sentence(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} on {host} is in use: stop what uses it, or choose another with --port or "
            "FRONTDESK_PORT."
        )
    if error.errno == errno.EACCES:
        return f"Port {port} is not for this user: choose one from 1024 up with --port or FRONTDESK_PORT."
    return f"{host} is no address to listen on here ({error.strerror}): choose another with --host."


def base_url(listening: socket.socket, public_url: str) -> str:
    """Where browsers on this machine find the desk, or everyone where a public address is set."""
    if public_url:
        return public_url
    host, port = listening.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - shown, not bound
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"
