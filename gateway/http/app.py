"""The web application: every endpoint, page and socket, under one edge."""

from importlib.metadata import version

from aiohttp import web

from gateway.http import dispatch, documentation, ops
from gateway.http.auth import Doorkeeper
from gateway.http.edge import edge
from gateway.http.endpoint import Api
from gateway.http.resources import catalogue
from gateway.parts import Parts


def api() -> Api:
    """All endpoints."""
    return Api().include(catalogue.api)


def build_app(parts: Parts) -> web.Application:
    """The application, not yet listening."""
    app = web.Application(middlewares=[edge(parts.settings, parts.metrics)])
    doorkeeper = Doorkeeper(parts)
    endpoints = api()
    dispatch.mount(app, endpoints, parts, doorkeeper)
    documentation.mount(app, endpoints, version("frontdesk"))
    ops.mount(app, parts)
    return app
