"""Mails of all shapes: charsets, encodings, alternatives, files, forwards, calendars."""

import base64
import hashlib

import pytest

from channels.mail.charset import decoded
from channels.mail.headers import Address, addresses, message_ids, text
from channels.mail.message import Mail
from channels.mail.parameters import parameters
from channels.mail.parse import read


def mail(*lines: str, charset: str = "utf-8") -> Mail:
    """What is made of these lines under a usual header."""
    head = ("From: Ann <ann@example.org>", "To: desk@example.org", "Subject: hi", "MIME-Version: 1.0")
    return read("\r\n".join((*head, *lines)).encode(charset)).mail


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("=?utf-8?B?5L2g5aW9?= =?utf-8?Q?_=E4=BD=A0?= hi", "你好 你 hi"),
        ("=?iso-8859-1?q?caf=E9?=x", "caféx"),
        ("=?utf-8?B?5L0=?= =?utf-8?B?oOWlvQ==?=", "你好"),
        ("=?gb2312?B?1cXI/Q==?=", "张三"),
        ("=?utf-8*en?q?a?=", "a"),
        ("=?nonsense", "=?nonsense"),
        ("=?utf-8?x?a?=", "=?utf-8?x?a?="),
        ("订单".encode().decode("latin-1"), "订单"),
        ("订单".encode("gb18030").decode("latin-1") * 4, "订单" * 4),
        ("a\tb  c", "a b c"),
    ],
)
def test_words_of_a_header(field: str, expected: str) -> None:
    """RFC 2047, and what senders do instead."""
    assert text(field) == expected


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ('"Doe, John" <John@Ex.COM>, bob@x.org (Bob)', [("Doe, John", "John@ex.com"), ("Bob", "bob@x.org")]),
        ("=?utf-8?q?J=C3=BCrgen?= <j@x.de>", [("Jürgen", "j@x.de")]),
        ('"=?gb2312?B?1cXI/Q==?=" <z@qq.com>', [("张三", "z@qq.com")]),
        ("Team: a@b.c, d@e.f;, x@y.z", [("", "a@b.c"), ("", "d@e.f"), ("", "x@y.z")]),
        ("undisclosed-recipients:;", []),
        ("a@b.c <a@b.c>", [("", "a@b.c")]),
        ("'a@b.c' <a@b.c>", [("", "a@b.c")]),
        ("<@relay.org:a@b.c>", [("", "a@b.c")]),
        ("Ann", [("Ann", "")]),
        ("MAILER-DAEMON", [("MAILER-DAEMON", "")]),
        ('"O\\"Neil" <o@n.ie>', [('O"Neil', "o@n.ie")]),
        ("(" * 5_000 + "a@b.c", []),
    ],
)
def test_addresses(field: str, expected: list[tuple[str, str]]) -> None:
    """RFC 5322, groups and comments, and addresses written twice."""
    assert addresses(field) == tuple(Address(*one) for one in expected)


def test_message_ids_keep_their_order_and_come_once() -> None:
    """Comments and garbage between them are passed over."""
    assert message_ids("<a@b> junk <c@d>\t<a@b> <e@f") == ("<a@b>", "<c@d>")


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ('attachment; filename="a b.pdf"', "a b.pdf"),
        ("attachment; filename*=utf-8''%e8%ae%a2%e5%8d%95.pdf", "订单.pdf"),
        ("attachment; filename*0*=utf-8''%e8%ae; filename*1*=%a2; filename*2=.pdf", "订.pdf"),
        ('attachment; filename="x;y.pdf"; size=3', "x;y.pdf"),
        ("attachment (a; b); filename=c.pdf", "c.pdf"),
        ('attachment; filename="a\\"b"', 'a"b'),
    ],
)
def test_parameters(field: str, name: str) -> None:
    """RFC 2231: other charsets, and values in pieces."""
    assert parameters(field).params["filename"] == name


@pytest.mark.parametrize("declared", ["", "us-ascii", "utf-8", "x-nonsense", "iso-8859-1", "unicode_escape"])
@pytest.mark.parametrize(
    ("written", "really"),
    [
        ("您好，请问我的订单什么时候到？谢谢", "gb18030"),
        ("您好，請問我的訂單什麼時候到？謝謝", "big5"),
        ("お世話になっております。", "cp932"),
        ("Здравствуйте, где мой заказ?", "koi8-r"),
        ("Здравствуйте, где мой заказ?", "cp1251"),
        ("Où est ma commande réglée ?", "cp1252"),
        ("Où est ma commande réglée ?", "utf-8"),
    ],
)
def test_charsets_that_lie(written: str, really: str, declared: str) -> None:
    """The text is read although its charset is named wrongly or not at all."""
    assert decoded(written.encode(really), declared) == written


@pytest.mark.parametrize(
    ("written", "really", "declared"),
    [
        ("Zażółć gęślą jaźń", "iso8859-2", "ISO-8859-2"),
        ("Γειά σου κόσμε", "cp1253", "windows-1253"),
        ("안녕하세요", "cp949", "ks_c_5601-1987"),
        ("“fine” – ok €", "cp1252", "iso-8859-1"),
        ("日本語", "iso2022_jp", "iso-2022-jp"),
        ("日本語です", "iso2022_jp", ""),
        ("繁體中文", "gb18030", "gb2312"),
        ("联通网络您好", "utf-8", "gb2312"),
        ("naïve", "utf-16", "utf-8"),
    ],
)
def test_charsets_by_their_usual_names(written: str, really: str, declared: str) -> None:
    """A name stands for the superset that programs really write."""
    assert decoded(written.encode(really), declared) == written


def test_nul_and_broken_bytes_become_a_mark() -> None:
    """No database has to take a NUL."""
    assert decoded(b"a\0b") == "a\ufffdb"
    assert decoded("订单号码".encode() + b"\xff", "utf-8") == "订单号码\ufffd"


def test_the_text_of_an_alternative_is_read_and_its_html_kept() -> None:
    """What is shown is safe, and remote images are not loaded."""
    found = mail(
        "Content-Type: multipart/alternative; boundary=q",
        "",
        "--q",
        "Content-Type: text/plain; charset=utf-8",
        "",
        "Hello",
        "--q",
        "Content-Type: text/html; charset=utf-8",
        "",
        '<p onclick="x()">Hello<script>x()</script><img src="https://t.example/p.gif"><img src="cid:1"></p>',
        "--q--",
    )
    assert (found.text, found.reply_text) == ("Hello", "Hello")
    assert "script" not in found.html_safe
    assert "onclick" not in found.html_safe
    assert ' src="https' not in found.html_safe
    assert 'data-remote-src="https://t.example/p.gif"' in found.html_safe
    assert 'src="cid:1"' in found.html_safe


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("a<br>b<div>c</div>d", "a\nb\nc\nd"),
        ("<ul><li>x<li>y</ul><ol start=1><li>z</ol>", "- x\n- y\n\n1. z"),
        ('see <a href="https://x.example/a">here</a>', "see here <https://x.example/a>"),
        ('<a href="https://x.example/">https://x.example</a>', "https://x.example"),
        ("<table><tr><td>a<td>b</table>", "a b"),
        ("a &amp;&nbsp;b&lt;", "a & b<"),
        ("<style>p{}</style><title>t</title><p>x", "x"),
        ('<div style="display: none">preview</div>x', "x"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("<blockquote>q</blockquote>x", "> q\nx"),
        ("", ""),
    ],
)
def test_html_alone_is_turned_to_text(html: str, expected: str) -> None:
    """As a reader sees it."""
    assert mail("Content-Type: text/html", "", html).text == expected


def test_files_are_told_with_what_they_are() -> None:
    """A picture that the HTML shows is within the text; the others are attached."""
    png = base64.b64encode(b"\x89PNG").decode()
    found = mail(
        "Content-Type: multipart/mixed; boundary=m",
        "",
        "--m",
        "Content-Type: multipart/related; boundary=r",
        "",
        "--r",
        "Content-Type: text/html",
        "",
        '<img src="cid:logo@x">',
        "--r",
        'Content-Type: image/png; name="logo.png"',
        "Content-ID: <logo@x>",
        "Content-Transfer-Encoding: base64",
        "",
        png,
        "--r--",
        "--m",
        'Content-Type: application/pdf; name="../../etc/a\u202efdp.exe"',
        "Content-Disposition: attachment",
        "",
        "pdf",
        "--m",
        "Content-Type: text/plain",
        'Content-Disposition: attachment; filename="notes.txt"',
        "",
        "notes",
        "--m--",
    )
    assert [(one.name, one.type, one.size, one.inline) for one in found.attachments] == [
        ("logo.png", "image/png", 4, True),
        ("afdp.exe", "application/pdf", 3, False),
        ("notes.txt", "text/plain", 5, False),
    ]
    assert found.attachments[0].sha256 == hashlib.sha256(b"\x89PNG").hexdigest()


def test_a_mail_forwarded_as_a_file_is_kept_whole() -> None:
    """Its own text is not taken for the sender's."""
    found = mail(
        "Content-Type: multipart/mixed; boundary=m",
        "",
        "--m",
        "",
        "See below",
        "--m",
        "Content-Type: message/rfc822",
        "",
        "From: bob@example.org",
        "Subject: =?utf-8?q?Invoice?=",
        "",
        "inner",
        "--m--",
    )
    assert found.text == "See below"
    assert [(one.name, one.type) for one in found.attachments] == [("Invoice.eml", "message/rfc822")]


def test_an_invitation_says_what_and_when() -> None:
    """Where nothing else is written; the calendar itself is a file."""
    found = mail(
        "Content-Type: text/calendar; method=REQUEST; charset=utf-8",
        "",
        "BEGIN:VCALENDAR",
        "BEGIN:VEVENT",
        "SUMMARY:Review\\, part",
        "  two",
        "DTSTART:20261121T100000Z",
        "LOCATION:Room 1",
        "END:VEVENT",
        "END:VCALENDAR",
    )
    assert found.text == "Review, part two\n2026-11-21 10:00 UTC\nRoom 1"
    assert [one.name for one in found.attachments] == ["attachment.ics"]


def test_lines_of_flowing_text_are_joined() -> None:
    """RFC 3676: a line that ends in a blank goes on."""
    found = mail("Content-Type: text/plain; format=flowed", "", "one ", "two", "> a ", "> b", "-- ", "me")
    assert found.text == "one two\n> a b\n-- \nme"
    assert (found.reply_text, found.signature) == ("one two", "--\nme")


def test_an_empty_mail_is_empty() -> None:
    """No body is no fault."""
    found = mail()
    assert (found.text, found.reply_text, found.html_safe, found.quarantined) == ("", "", "", None)


def test_a_boundary_that_never_comes_leaves_text() -> None:
    """What there is, is shown."""
    assert mail("Content-Type: multipart/mixed; boundary=x", "", "plain words").text == "plain words"


def test_base64_with_garbage_and_without_its_end_is_read() -> None:
    """As far as it goes."""
    found = mail("Content-Transfer-Encoding: base64", "", "SGVs!bG8s", "IHdvcmxk*IQ")
    assert found.text == "Hello, world!"


def test_winmail_dat_that_is_none_is_kept_as_a_file() -> None:
    """Nothing is lost with a wrapping that can't be opened."""
    found = mail("Content-Type: application/ms-tnef; name=winmail.dat", "", "not tnef")
    assert [(one.name, one.size) for one in found.attachments] == [("winmail.dat", 8)]
