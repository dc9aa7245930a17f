"""Which mail programs sent by themselves, and what reports of failed deliveries say."""

import pytest

from channels.mail.message import BounceReport
from channels.mail.parse import read


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("Auto-Submitted: auto-replied", True),
        ("Auto-Submitted: auto-generated; x=y", True),
        ("Auto-Submitted: no", False),
        ("X-Autoreply: yes", True),
        ("X-Auto-Response-Suppress: All", True),
        ("X-Auto-Response-Suppress: DR, OOF, AutoReply", True),
        ("Precedence: bulk", True),
        ("Precedence: auto_reply", True),
        ("Precedence: list\nList-Id: <support.example.org>\nList-Post: <mailto:a@b.c>", False),
        ("List-Unsubscribe: <mailto:u@b.c>\nList-Unsubscribe-Post: List-Unsubscribe=One-Click", True),
        ("Return-Path: <>", True),
        ("Return-Path: <ann@example.org>", False),
        ("Subject: Automatic reply: your order", True),
        ("Subject: Re: Out of Office", True),
        ("Subject: 自动回复：订单", True),
        ("Subject: Abwesenheitsnotiz: Anfrage", True),
        ("Subject: Réponse automatique : absent", True),
        ("Subject: 自動返信", True),
        ("Subject: My automatic reply does not work", False),
        ("From: no-reply@shop.example", True),
        ("From: MAILER-DAEMON@mx.example", True),
        ("From: Noreen Reply <noreen@shop.example>", False),
        ("Content-Type: text/calendar; method=REPLY", True),
        ("Content-Type: text/calendar; method=REQUEST", False),
    ],
)
def test_automatic_mail_is_recognised(fields: str, expected: bool) -> None:
    """By its header, or by the words that programs begin a subject with."""
    raw = f"{fields}\nFrom: ann@example.org\nSubject: hi\n\nHello\n".encode()
    assert read(raw).mail.automatic is expected


REPORT = """\
From: Mail Delivery Subsystem <mailer-daemon@mx.example>
To: desk@example.org
Subject: Delivery Status Notification (Failure)
Content-Type: multipart/report; report-type=delivery-status; boundary=r

--r
Content-Type: text/plain

Your message could not be delivered.
--r
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example
Arrival-Date: Sat, 21 Nov 2026 10:00:00 +0000

Final-Recipient: rfc822; ann@example.org
Action: ACTION
Status: STATUS
Diagnostic-Code: smtp; CODE 5.1.1 The account
 does not exist

--r
Content-Type: message/rfc822

Message-ID: <sent-1@desk.example>
Subject: your order

hi
--r--
"""


@pytest.mark.parametrize(
    ("action", "status", "permanent"),
    [
        ("failed", "5.1.1", True),
        ("failed", "4.4.7", False),
        ("delayed", "4.4.1", False),
        ("Failed", "", True),
    ],
)
def test_a_report_says_who_why_and_of_which_mail(action: str, status: str, permanent: bool) -> None:
    """RFC 3464."""
    raw = REPORT.replace("ACTION", action).replace("STATUS", status).replace("CODE", "550")
    mail = read(raw.encode()).mail
    assert mail.bounce == BounceReport(
        recipient="ann@example.org",
        permanent=permanent,
        reason="550 5.1.1 The account does not exist",
        message_id="<sent-1@desk.example>",
    )
    assert mail.automatic


@pytest.mark.parametrize("action", ["delivered", "relayed", "expanded"])
def test_a_report_of_success_is_no_bounce(action: str) -> None:
    """It is automatic all the same."""
    mail = read(REPORT.replace("ACTION", action).replace("STATUS", "2.0.0").encode()).mail
    assert (mail.bounce, mail.automatic) == (None, True)


@pytest.mark.parametrize(
    ("raw", "recipient", "permanent", "reason"),
    [
        (
            "From: MAILER-DAEMON@qmail.example\nSubject: failure notice\n\n"
            "Hi. This is the qmail-send program at qmail.example.\n\n<ann@example.org>:\n"
            "Sorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy.\n",
            "ann@example.org",
            True,
            "Sorry, no mailbox here by that name. (#5.1.1)",
        ),
        (
            "From: Mail Delivery System <Mailer-Daemon@exim.example>\n"
            "X-Failed-Recipients: ann@example.org\n"
            "Subject: Mail delivery failed: returning message to sender\n\n"
            "  ann@example.org\n    host mx [1.2.3.4]\n    452 4.2.2 over quota\n",
            "ann@example.org",
            False,
            "452 4.2.2 over quota",
        ),
        (
            "From: postmaster@qq.com\nSubject: 系统退信\n\n抱歉，您的邮件被退回来了\n"
            "收件人 ann@example.org 不存在\n",
            "ann@example.org",
            True,
            "收件人 ann@example.org 不存在",
        ),
    ],
)
def test_reports_in_words_are_read(raw: str, recipient: str, permanent: bool, reason: str) -> None:
    """From servers that know no standard."""
    assert read(raw.encode()).mail.bounce == BounceReport(
        recipient=recipient, permanent=permanent, reason=reason
    )


def test_a_person_who_writes_of_a_failed_delivery_is_no_bounce() -> None:
    """The subject alone says nothing."""
    mail = read(b"From: ann@example.org\nSubject: Mail delivery failed?\n\n550 is what I got\n").mail
    assert (mail.bounce, mail.automatic) == (None, False)
