"""The web application: every endpoint, page and socket, under one edge."""

from importlib.metadata import version

from aiohttp import web

from gateway.http import dispatch, documentation, help, hooks, ops, pages, stream, widget
from gateway.http.auth import Doorkeeper
from gateway.http.edge import edge, middleware
from gateway.http.endpoint import Api
from gateway.http.express import EXPRESS, Express
from gateway.http.hooks import HookParts
from gateway.http.resources import (
    agents,
    article_exchange,
    articles,
    assignment,
    audit,
    catalogue,
    channel_log,
    channels,
    conversations,
    customers,
    dead_letters,
    drafts,
    explaining,
    learning,
    ledger,
    mail_html,
    notice_choices,
    notices,
    quarantine,
    routing,
    rule_grammar,
    rule_sentences,
    session,
    signatures,
    simulating,
    target_precision,
    ticket_mail,
    tickets,
    tokens,
    trials,
    typing,
    uploads,
)
from gateway.http.widget import WidgetParts
from gateway.parts import Parts


def api() -> Api:
    """All endpoints, in the order of the documentation."""
    return Api().include(
        session.api,
        tickets.api,
        ticket_mail.api,
        drafts.api,
        assignment.api,
        conversations.api,
        mail_html.api,
        typing.api,
        customers.api,
        uploads.api,
        articles.api,
        article_exchange.api,
        learning.api,
        target_precision.api,
        routing.api,
        rule_grammar.api,
        rule_sentences.api,
        simulating.api,
        explaining.api,
        trials.api,
        notices.api,
        notice_choices.api,
        agents.api,
        signatures.api,
        catalogue.api,
        channels.api,
        channel_log.api,
        stream.api,
        dead_letters.api,
        quarantine.api,
        ledger.api,
        tokens.api,
        audit.api,
    )


def build_app(parts: Parts) -> web.Application:
    """The application, not yet listening."""
    watch = edge(parts.settings, parts.metrics)
    app = web.Application(middlewares=[middleware(watch)])
    doorkeeper = Doorkeeper(parts)
    endpoints = api()
    dispatch.mount(app, endpoints, parts, doorkeeper)
    documentation.mount(app, endpoints, version("frontdesk"))
    stream.mount(app, parts, doorkeeper)
    ops.mount(app, parts)
    pages.mount(app, parts)
    help.mount(app, parts)
    hook = hooks.hook_of(_hook_parts(parts))
    app.router.add_routes([hooks.route(hook)])
    app[EXPRESS] = Express(hook, watch)
    _mount_widget(app, parts)
    return app


def _hook_parts(parts: Parts) -> HookParts:
    return HookParts(
        settings=parts.settings,
        live=parts.live,
        clock=parts.clock,
        connections=parts.connections,
        acceptance=parts.acceptance,
        tally=parts.tally,
    )


def _mount_widget(app: web.Application, parts: Parts) -> None:
    made = WidgetParts(
        settings=parts.settings,
        store=parts.store,
        live=parts.live,
        clock=parts.clock,
        connections=parts.connections,
        acceptance=parts.acceptance,
        tally=parts.tally,
        blobs=parts.blobs,
    )
    app.router.add_routes(widget.routes(made))
    app.on_shutdown.append(made.sockets.close)
