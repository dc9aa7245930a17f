"""What the Bot API's errors mean: to whoever sends, and to whoever listens."""

from datetime import timedelta

from telegram.error import (
    BadRequest,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from channels.protocol import Denied, Doubtful, Rejected, Retryable, SendError, Slowed, Unheard, Unreachable
from channels.telegram.request import Unsent

# As the Bot API says that there is nobody (any more) to whom it could give a message.
_NOBODY = ("chat not found", "user is deactivated", "bot was blocked", "bot was kicked", "peer_id_invalid")


def sending(error: TelegramError, token: str, *, shows: bool = True) -> SendError:
    """The `SendError` for a call that failed; `shows`: it may have shown the customer something."""
    words = _words(error, token)
    match error:
        case RetryAfter():
            return Slowed(f"Telegram asks to wait: {words}", _seconds(error))
        case InvalidToken():
            return Denied(f"Telegram does not know the bot's token: {words}")
        case Forbidden():
            return Unreachable(f"Telegram does not let the bot write to them: {words}")
        case BadRequest():
            if any(sign in words.lower() for sign in _NOBODY):
                return Unreachable(f"Telegram knows nobody there: {words}")
            return Rejected(f"Telegram refuses it: {words}")
        case Unsent():
            return Retryable(words)
        case TimedOut():
            return Doubtful(f"{words}: it may or may not have arrived") if shows else Retryable(words)
    return Retryable(f"Telegram can't take it now: {words}")


def listening(error: TelegramError, token: str) -> Unheard:
    """The `Unheard` for a call that failed."""
    if isinstance(error, RetryAfter):
        return Unheard("Telegram asks to wait", _seconds(error))
    if isinstance(error, InvalidToken):
        return Unheard(f"Telegram does not know the bot's token: {_words(error, token)}", 30.0)
    return Unheard(_words(error, token))


def passing(error: TelegramError) -> bool:
    """Whether the same call may work later."""
    return isinstance(error, RetryAfter | NetworkError) and not isinstance(error, BadRequest)


def _seconds(error: RetryAfter) -> float:
    wanted = error.retry_after
    return wanted.total_seconds() if isinstance(wanted, timedelta) else float(wanted)


def _words(error: TelegramError, token: str) -> str:
    return error.message.replace(token, "…")[:300]
