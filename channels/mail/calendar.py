"""A calendar part (RFC 5545) in a few lines of text, for a mail that says nothing else."""

from datetime import datetime

_LINES = 2_000
_SHOWN = {"SUMMARY": "", "DTSTART": "", "DTEND": "", "LOCATION": "", "ORGANIZER": "", "DESCRIPTION": ""}


def summary(text: str) -> str:
    """What, when, where, who; "" for what holds no event."""
    fields = _fields(text)
    if not fields.get("SUMMARY") and not fields.get("DTSTART"):
        return ""
    when = " – ".join(filter(None, (_time(fields.get("DTSTART", "")), _time(fields.get("DTEND", "")))))
    organizer = fields.get("ORGANIZER", "")
    organizer = organizer[7:] if organizer.lower().startswith("mailto:") else organizer
    shown = (
        fields.get("SUMMARY", ""),
        when,
        fields.get("LOCATION", ""),
        organizer,
        fields.get("DESCRIPTION", ""),
    )
    return "\n".join(filter(None, shown))


def _fields(text: str) -> dict[str, str]:
    """The first event's fields; long ones go on in lines that begin with a blank."""
    unfolded = text.replace("\r\n", "\n").replace("\n ", "").replace("\n\t", "")
    found: dict[str, str] = {}
    inside = False
    for line in unfolded.split("\n")[:_LINES]:
        name, _, value = line.partition(":")
        plain = name.partition(";")[0].upper()
        if plain == "BEGIN" and value.strip().upper() in ("VEVENT", "VTODO"):
            inside = True
        elif plain == "END" and inside and value.strip().upper() in ("VEVENT", "VTODO"):
            break
        elif inside and plain in _SHOWN:
            found.setdefault(plain, _plain(value))
    return found


def _plain(value: str) -> str:
    return value.replace("\\n", "\n").replace("\\N", "\n").replace("\\,", ",").replace("\\;", ";").strip()


def _time(value: str) -> str:
    for form, shown in (
        ("%Y%m%dT%H%M%SZ", "%Y-%m-%d %H:%M UTC"),
        ("%Y%m%dT%H%M%S", "%Y-%m-%d %H:%M"),
        ("%Y%m%d", "%Y-%m-%d"),
    ):
        try:
            return datetime.strptime(value.strip(), form).strftime(shown)  # noqa: DTZ007 - printed as it is written
        except ValueError:
            continue
    return ""
