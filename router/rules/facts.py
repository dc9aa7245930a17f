"""Facts: one message as rules see it, with what earlier rules made of it."""

from bus.envelope import Inbound
from router.decision import Context
from router.rules.fields import Values


class Facts:
    """The field values of one message. A run writes into them: one `Facts` for one run."""

    __slots__ = ("values",)

    def __init__(self, message: Inbound, context: Context) -> None:
        self.values = Values(message, context)

    @property
    def language(self) -> str:
        """What a rule set, else the message's, the conversation's or the customer's, else told by script."""
        return str(self.values["language"])
