"""E-mail: read in processes that can be killed, fetched by IMAP or posted, sent by SMTP."""

from channels.mail.channel import Mail

__all__ = ["Mail"]
