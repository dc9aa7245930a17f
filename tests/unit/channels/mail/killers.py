"""Mails made to take a reader down, by name, each with why it is set aside (None: it is read)."""

HEADER = (
    b"From: Ann <ann@example.org>\r\nTo: desk@example.org\r\nSubject: hi\r\nMessage-ID: <1@example.org>\r\n"
)


def _nested(depth: int) -> bytes:
    level = b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n"
    return HEADER + b"".join(level % (n, n) for n in range(depth)) + b"\r\nhi\r\n"


def _typed(type_: bytes, body: bytes) -> bytes:
    return HEADER + b"Content-Type: " + type_ + b"\r\n\r\n" + body


KILLERS: dict[str, tuple[bytes, str | None]] = {
    "160 KB of parameters": (
        _typed(b"text/plain; " + b"a*0*=" * 32_000, b"hi"),
        "its field content-type has more than 100000 bytes",
    ),
    "90 KB of parameters": (_typed(b"text/plain; " + b"a*0*=" * 18_000, b"hi"), None),
    "an encoded-word subject of 1.1 MB": (
        b"From: a@b.c\r\nSubject: " + b"=?utf-8?q?=61?= " * 70_000 + b"\r\n\r\nhi",
        "its header has more than 400000 bytes",
    ),
    "an encoded-word subject of 90 KB": (
        b"From: a@b.c\r\nSubject: " + b"=?utf-8?q?=61?= " * 5_600 + b"\r\n\r\nhi",
        None,
    ),
    "50,000 parts": (
        _typed(b"multipart/mixed; boundary=b", b"--b\r\n\r\nx\r\n" * 50_000 + b"--b--\r\n"),
        "it has more than 1000 parts",
    ),
    "2,000 levels": (_nested(2_000), "its parts are nested more than 30 deep"),
    "2,000 mails within mails": (HEADER + b"Content-Type: message/rfc822\r\n\r\n" * 2_000 + b"hi", None),
    "20 KB of ( in From": (
        b"From: " + b"(" * 20_000 + b"\r\nSubject: x\r\n\r\nhi",
        "its field from has more than 8000 bytes",
    ),
    "On On On": (_typed(b"text/plain", b"On " * 4_000), None),
    "40,000 lines that begin like a quote": (_typed(b"text/plain", b"On 1 \n" * 40_000), None),
    "120,000 lines of old headers": (_typed(b"text/plain", b"From: a\nSent: b\n" * 60_000), None),
    "30,000 nested divs": (
        _typed(b"text/html", b"<div>" * 30_000 + b"x"),
        "its HTML is nested more than 1000 deep",
    ),
    "900,000 entities": (
        _typed(b"text/html", b"&amp;" * 900_000),
        "its HTML has more than 100000 entities",
    ),
    "26 MB": (HEADER + b"\r\n" + b"x" * 26_000_000, "it has more than 25 MB"),
    "nothing": (b"", None),
    "no mail at all": (bytes(range(256)) * 1_000, None),
}
