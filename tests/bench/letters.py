"""Mails of about 100 KB as people and programs write them, each one different."""

import base64
import quopri
import random
from collections.abc import Iterator
from email.header import Header

_WORDS = (
    "the lamp that I bought in your shop last week does not light any more and my order has not come "
    "although I paid for it please tell me when somebody will look at it kind regards thank you refund"
).split()
_HAN = "我上周在你们店里买的灯不亮了订单也没有收到虽然已经付款请告诉我什么时候有人处理谢谢退款"
KILOBYTES = 100


def letters(count: int, kilobytes: int = KILOBYTES) -> Iterator[bytes]:
    """So many mails, the kinds by turns; the same each time."""
    drawn = random.Random(4)
    kinds = (_thread, _newsletter, _with_file, _chinese, _outlook)
    for number in range(count):
        kind, body = kinds[number % len(kinds)](drawn, kilobytes * 1000)
        head = (
            f"From: Ann Archer <ann{number}@example.org>\r\nTo: support@desk.example\r\n"
            f"Subject: {Header('Lamp ' + _text(drawn, 40)).encode()}\r\n"
            f"Message-ID: <{number}.{drawn.random()}@example.org>\r\nMIME-Version: 1.0\r\n{kind}\r\n\r\n"
        )
        yield head.encode() + body


def _text(drawn: random.Random, length: int) -> str:
    return " ".join(drawn.choices(_WORDS, k=max(1, length // 5)))[:length]


def _thread(drawn: random.Random, size: int) -> tuple[str, bytes]:
    """Text above the quotes of a long thread, six levels deep."""
    lines = [_text(drawn, 400), ""]
    total = 0
    while total < size:
        depth = min(6, 1 + total * 6 // size)
        introduced = f"On Mon, 2 Mar 2026 at 10:0{drawn.randrange(10)} Desk <support@desk.example> wrote:"
        quoted = [introduced, *(_text(drawn, 70) for _ in range(25))]
        lines += [">" * depth + " " + line for line in quoted]
        total += sum(map(len, quoted))
    return "Content-Type: text/plain; charset=utf-8", "\r\n".join(lines).encode()[:size]


def _newsletter(drawn: random.Random, size: int) -> tuple[str, bytes]:
    """HTML alone, tables within tables with styles."""
    cell = (
        '<td style="padding:4px;font-family:Arial" width="50%"><p>{}</p><img src="https://x.example/{}"></td>'
    )
    row = "<tr>{}</tr>"
    html = ["<html><body><table><tr><td><table>"]
    while sum(map(len, html)) < size:
        cells = "".join(cell.format(_text(drawn, 120), drawn.randrange(10**6)) for _ in range(2))
        html.append(row.format(cells))
    html.append("</table></td></tr></table></body></html>")
    body = quopri.encodestring("\n".join(html).encode()).replace(b"\n", b"\r\n")
    kind = "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable"
    return kind, body


def _with_file(drawn: random.Random, size: int) -> tuple[str, bytes]:
    """Text, HTML and a file."""
    text = _text(drawn, 2_000)
    file = base64.encodebytes(drawn.randbytes(size * 3 // 4 - 4_000)).replace(b"\n", b"\r\n")
    parts = (
        b"Content-Type: multipart/alternative; boundary=a\r\n\r\n"
        b"--a\r\nContent-Type: text/plain\r\n\r\n" + text.encode() + b"\r\n"
        b"--a\r\nContent-Type: text/html\r\n\r\n<p>" + text.encode() + b"</p>\r\n--a--\r\n",
        b"Content-Type: application/pdf; name=bill.pdf\r\n"
        b"Content-Disposition: attachment; filename=bill.pdf\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n" + file,
    )
    body = b"".join(b"--b\r\n" + part + b"\r\n" for part in parts) + b"--b--\r\n"
    return "Content-Type: multipart/mixed; boundary=b", body


def _chinese(drawn: random.Random, size: int) -> tuple[str, bytes]:
    """GB18030 in base64, with a quote below as QQ makes it."""
    text = "".join(drawn.choices(_HAN, k=size // 3))
    lines = [text[start : start + 60] for start in range(0, len(text), 60)]
    quoted = ["------------------ 原始邮件 ------------------", "发件人: desk", *lines[20:]]
    body = base64.encodebytes("\n".join([*lines[:20], "", *quoted]).encode("gb18030"))
    kind = "Content-Type: text/plain; charset=gb18030\r\nContent-Transfer-Encoding: base64"
    return kind, body.replace(b"\n", b"\r\n")


def _outlook(drawn: random.Random, size: int) -> tuple[str, bytes]:
    """Outlook's HTML above an old header, and blockquotes below."""
    paragraph = '<p class="MsoNormal"><span style="font-size:11.0pt">{}<o:p></o:p></span></p>'
    html = [
        '<html><body><div class="WordSection1">',
        *(paragraph.format(_text(drawn, 200)) for _ in range(5)),
    ]
    html.append(
        '<div style="border:none;border-top:solid #E1E1E1 1.0pt"><p><b>From:</b> Desk<br><b>Sent:</b> Monday'
    )
    html.append("<br><b>To:</b> Ann<br><b>Subject:</b> Lamp</p></div>")
    while sum(map(len, html)) < size:
        html.append(f"<blockquote>{paragraph.format(_text(drawn, 300))}</blockquote>")
    html.append("</div></body></html>")
    return "Content-Type: text/html; charset=utf-8", "\r\n".join(html).encode()
