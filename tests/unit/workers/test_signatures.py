"""Signatures: the agent's own, then the mailbox's, filled in and harmless."""

import pytest

from channels.mail.settings import MailSettings
from router.values import Agent
from storage.signatures import Signature
from workers.signatures import ending, fault

EMMA = Agent(id="agt_1", name="Emma <b>Larsen</b>", email="emma@desk.example")


def mailbox(**given: str) -> MailSettings:
    """A mailbox's settings."""
    keys = {"hook_secret": "h" * 32, "thread_key": "k" * 43}
    return MailSettings.load({"address": "support@desk.example", "name": "Lamps", **given}, keys)


def test_the_agent_s_stands_above_the_mailbox_s() -> None:
    """Each with the names that belong there."""
    own = Signature(text="{{ agent.name | default: 'Your team' }}\nRepairs")
    found = ending(own, mailbox(signature="{{ mailbox.name }}, {{ mailbox.address }}"), EMMA)
    assert found.text == "Emma <b>Larsen</b>\nRepairs\n\nLamps, support@desk.example"
    assert found.html == (
        "<div>Emma &lt;b&gt;Larsen&lt;/b&gt;<br>Repairs</div><div>Lamps, support@desk.example</div>"
    )


def test_a_name_adds_no_element_and_a_script_is_left_out() -> None:
    """HTML is cleaned once it is filled in, and makes the text where there is none."""
    own = Signature(html="<b>{{ agent.name }}</b><script>alert(1)</script><a href='javascript:x()'>us</a>")
    found = ending(own, mailbox(), EMMA)
    assert found.html == '<b>Emma &lt;b&gt;Larsen&lt;/b&gt;</b><a rel="noopener noreferrer">us</a>'
    assert found.text == "Emma <b>Larsen</b>us"


def test_who_has_none_signs_nothing() -> None:
    """A program has no name, and nothing is made of nothing."""
    assert ending(Signature(), mailbox(), EMMA) == Signature()
    assert ending(Signature(), mailbox(signature="{{ agent.name }}"), None) == Signature()


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ agent.name }}", ""),
        ("", ""),
        ("{{ customer.name }}", "nothing is named 'customer': there are agent, mailbox"),
        ("{{ agent.name", "LiquidSyntaxError"),
    ],
)
def test_a_template_that_is_none_is_told_when_it_is_saved(template: str, expected: str) -> None:
    """In words for its author."""
    assert fault(template).startswith(expected)
    assert bool(fault(template)) is bool(expected)
