"""What a person's mail ends with: the agent's own signature, then the mailbox's, both filled in: pure.

Both are Liquid templates over `agent.name`, `agent.email` and `mailbox.name`, `mailbox.address`.
"""

import html
from collections.abc import Mapping, Sequence
from typing import Final

import nh3

from channels.mail import html_lines
from channels.mail.lines import joined
from channels.mail.settings import MailSettings
from router.rules.template import Text
from router.values import Agent
from storage.signatures import Signature

NAMES: Final = frozenset({"agent", "mailbox"})
_Names = Mapping[str, Mapping[str, str]]


def fault(template: str) -> str:
    """What is wrong with a signature, in words; "" if it is none."""
    if not template.strip():
        return ""
    try:
        Text(template, NAMES).fill(names(None, "Support", "support@example.org").__getitem__)
    except ValueError as error:
        return str(error)
    return ""


def names(agent: Agent | None, mailbox: str, address: str) -> _Names:
    """What the templates can say; a program that writes has no name."""
    return {
        "agent": {"name": agent.name if agent else "", "email": agent.email if agent else ""},
        "mailbox": {"name": mailbox, "address": address},
    }


def ending(own: Signature, settings: MailSettings, agent: Agent | None) -> Signature:
    """Both as they stand below a mail, "" where there are none."""
    told = names(agent, settings.name, settings.address)
    both = (own, Signature(settings.signature, settings.signature_html))
    filled = [found for one in both if any(found := _filled(one, told))]
    return Signature(_one_below(filled, "text", "\n\n"), _one_below(filled, "html", ""))


def _one_below(filled: Sequence[Signature], form: str, between: str) -> str:
    return between.join(getattr(one, form) for one in filled)


def _filled(signature: Signature, told: _Names) -> Signature:
    escaped = {name: {key: html.escape(value) for key, value in of.items()} for name, of in told.items()}
    text = _fill(signature.text, told).strip()
    # Cleaned once it is filled in: what a name adds is looked at as well.
    rich = nh3.clean(_fill(signature.html, escaped).strip())
    if rich and not text:
        text = joined(html_lines.lines(rich)).strip()
    if text and not rich:
        rich = f"<div>{html.escape(text).replace(chr(10), '<br>')}</div>"
    return Signature(text, rich)


def _fill(template: str, told: _Names) -> str:
    if not template.strip():
        return ""
    try:
        return Text(template, NAMES).fill(told.__getitem__)
    except ValueError:
        # It was tried when it was saved; a mail is not held up by what fails all the same.
        return ""
