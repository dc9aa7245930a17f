"""The webhook channel: any program that can sign a POST, both ways by Standard Webhooks 1.0."""

from channels.webhook.channel import Webhook

__all__ = ["Webhook"]
