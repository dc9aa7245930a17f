"""Reports that a mail could not be delivered: RFC 3464, and what servers wrote before it and still write.

A report names one recipient here: the first that failed. One about a success is no bounce.
"""

from typing import Final, NamedTuple

import re2

from channels.mail import headers
from channels.mail.mime import Part, header

_SUBJECT: Final = re2.compile(
    r"(?i)(?:undeliver(?:ed|able)|delivery (?:status notification|failure|has failed|report|notification)|"
    r"mail delivery (?:failed|failure|problem|system|subsystem|delayed)|returned (?:mail|to sender)|"
    r"failure notice|"
    r"(?:message|mail) (?:not|could not be|cannot be) delivered|non ?-?remis|unzustellbar|nicht zugestellt|"
    r"zustellung fehlgeschlagen|échec de (?:la )?(?:remise|distribution|livraison)|no se (?:puede|pudo|"
    r"ha podido) entregar|"
    r"error de entrega|mancata consegna|falha na entrega|não entregue|niet bezorgd|onbestelbaar|"
    r"недоставлен|не доставлен|"
    r"не удалось доставить|niedostarczon|退信|系统退信|系統退信|无法投递|無法投遞|投递失败|未送达|配信不能|"
    r"配信できません|送信エラー|반송|returned mail)"
)
_ORIGIN: Final = re2.compile(
    r"(?i)^(?:mailer-daemon|postmaster|mail-daemon|daemon|mailerdaemon|microsoftexchange[0-9a-f]+|10000)$"
)
_CODE: Final = re2.compile(r"(?:^|[^\d.])(?:([245])\d\d[ \-]|([245])\.\d{1,3}\.\d{1,3}(?:[^\d.]|$))")
_ADDRESS: Final = re2.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_REASONED: Final = re2.compile(
    r"(?i)(?:does not exist|doesn't exist|no such (?:user|mailbox|recipient)|user (?:unknown|not found)|"
    r"unknown user|"
    r"mailbox (?:unavailable|not found|is full)|address (?:rejected|not found)|couldn't be found|not found|"
    r"not our customer|"
    r"account (?:is )?disabled|quota|unrouteable|invalid (?:address|recipient)|不存在|未找到|拒收|已满|"
    r"宛先|unbekannt)"
)
_TEMPORARY: Final = re2.compile(
    r"(?i)(?:delayed|warning: (?:message|could not)|will (?:keep trying|be retried|try again|retry)|"
    r"not yet been delivered|temporary)"
)
_LONGEST_REASON: Final = 500


class Bounce(NamedTuple):
    """`permanent`: the address takes no mail. `message_id` is that of the mail that came back,
    "" if unknown."""

    recipient: str
    permanent: bool
    reason: str
    message_id: str = ""


def bounce(mail: Part, sender: str, subject: str, text: str) -> Bounce | None:
    """What the report says, None for anything that is no report of a failure."""
    original = _original(mail)
    report = next((part for part in _leaves(mail) if part.type in _REPORTS), None)
    if report is not None:
        found = _reported(report)
        return None if found is None else found._replace(message_id=original)
    local = sender.partition("@")[0]
    failed = mail.field("x-failed-recipients")
    returned = "".join(mail.field("return-path").split()) == "<>"
    if not failed and not ((_ORIGIN.search(local) or returned) and _SUBJECT.search(subject[:300])):
        return None
    return _told(failed, text, subject, sender)._replace(message_id=original or _quoted_id(text))


_REPORTS = ("message/delivery-status", "message/global-delivery-status")


def _leaves(mail: Part) -> list[Part]:
    found: list[Part] = []
    pending = [mail]
    while pending:
        part = pending.pop()
        found.append(part)
        pending.extend(reversed(part.parts))
    return found


def _reported(report: Part) -> Bounce | None:
    """RFC 3464: groups of fields, the first about the message, each other about a recipient."""
    content = report.content().replace(b"\r\n", b"\n").strip(b"\n")
    worst: Bounce | None = None
    for group in content.split(b"\n\n")[:200]:
        fields = dict(reversed(header(group.strip(b"\n") + b"\n")))
        action = fields.get("action", "").strip().lower().partition(" ")[0]
        status = fields.get("status", "").strip()
        if action not in ("failed", "delayed") and not (not action and status[:1] in ("4", "5")):
            continue
        recipient = _recipient(fields.get("final-recipient", "")) or _recipient(
            fields.get("original-recipient", "")
        )
        words = fields.get("diagnostic-code", "")
        reason = headers.text(words.partition(";")[2] or words) or _status(status, action)
        code = _CODE.search(reason)
        first = status[:1] if status[:1] in "45" and status[:1] else (code[1] or code[2]) if code else "5"
        found = Bounce(recipient, action != "delayed" and first == "5", reason[:_LONGEST_REASON])
        if worst is None or (found.permanent and not worst.permanent):
            worst = found
    return worst


def _status(status: str, action: str) -> str:
    return f"{action or 'failed'} ({status})" if status else action


def _recipient(field: str) -> str:
    kind, semicolon, address = field.partition(";")
    found = headers.addresses(address if semicolon else kind)
    return found[0].email if found else ""


def _told(failed: str, text: str, subject: str, sender: str) -> Bounce:
    """From a report in words."""
    lines = [line.strip() for line in text[:20_000].split("\n")]
    named = headers.addresses(failed)
    own = sender.casefold()
    others = (match for line in lines for match in _ADDRESS.findall(line))
    recipient = named[0].email if named else next((one for one in others if one.casefold() != own), "")
    coded = next(
        (line for line in lines if _CODE.search(line) and not line.startswith(("Received:", "X-"))), ""
    )
    reason = coded or next((line for line in lines if _REASONED.search(line)), "") or subject
    code = _CODE.search(coded) if coded else None
    first = (code[1] or code[2]) if code else "5"
    delayed = _TEMPORARY.search(subject[:300]) is not None
    return Bounce(recipient, first == "5" and not delayed, reason[:_LONGEST_REASON])


def _original(mail: Part) -> str:
    """The Message-ID of the mail that came back, from the copy of it or of its header."""
    for part in _leaves(mail):
        if part.type in ("message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "message/global"):
            fields = dict(reversed(header(part.content().lstrip() + b"\n")))
            return headers.message_id(fields.get("message-id", ""))
    return ""


def _quoted_id(text: str) -> str:
    """From a header that is repeated in the text."""
    for line in text[:50_000].split("\n"):
        name, colon, value = line.strip().partition(":")
        if colon and name.lower() == "message-id":
            return headers.message_id(value)
    return ""
