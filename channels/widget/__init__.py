"""The widget channel: the chat that a site embeds. Sockets, tokens and history are the gateway's."""

from channels.widget.channel import Widget

__all__ = ["Widget"]
