"""The Telegram channel: a bot that its users write to, by polling or by webhook."""

from channels.telegram.channel import Telegram

__all__ = ["Telegram"]
