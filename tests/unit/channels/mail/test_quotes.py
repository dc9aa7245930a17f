"""What somebody wrote, apart from quotes and signature, as many programs write replies."""

from typing import Final

import pytest

from channels.mail.strip import strip

# Program and language, what stands before the quoted text.
ATTRIBUTIONS: Final = [
    ("Gmail, English", "On Mon, Apr 2, 2012 at 6:26 PM, Megan One <m@x.com> wrote:"),
    ("Gmail, wrapped", "On Fri, May 6, 2011 at 6:03 PM, Roman from News\n<roman@definebox.com> wrote:"),
    ("Gmail, wrapped twice", "On Nov 30, 2011, at 12:47 PM, Somebody <\n416ffd@somebody.example\n> wrote:"),
    ("Gmail, Chinese", "张三 <z@x.cn> 于2025年12月26日周五 15:03写道："),
    ("Gmail, traditional Chinese", "王小明 <w@x.tw> 於 2025年12月26日 週五 下午3:03寫道："),
    ("Gmail, German", "Am Mo., 3. Feb. 2020 um 10:12 Uhr schrieb Max Muster <\nmax@x.de>:"),
    ("Gmail, German, name first", "Max <m@x.de> schrieb am Fr., 28. Apr. 2017 um 11:53 Uhr:"),
    ("Gmail, French", "Le lun. 3 févr. 2020 à 10:12, Jean <j@x.fr> a écrit :"),
    ("Gmail, Spanish", "El lun., 3 de feb. de 2020 a la(s) 10:12, Juan (juan@x.es) escribió:"),
    ("Gmail, Japanese", "2020年2月3日(月) 10:12 山田太郎 <y@x.jp>:"),
    ("Gmail, Korean", "2020년 2월 3일 (월) 오전 10:12, 홍길동 <h@x.kr>님이 작성:"),
    ("Gmail, Russian", "пн, 3 февр. 2020 г. в 10:12, Иван <i@x.ru>:"),
    ("Gmail, Portuguese", "Em seg., 3 de fev. de 2020 às 10:12, João <j@x.pt> escreveu:"),
    ("Gmail, Italian", "Il giorno lun 3 feb 2020 alle ore 10:12 Gino <g@x.it> ha scritto:"),
    ("Gmail, Dutch", "Op ma 3 feb. 2020 om 10:12 schreef Jan <j@x.nl>:"),
    ("Gmail, Swedish", "Den mån 3 feb. 2020 kl 10:12 skrev Sven <s@x.se>:"),
    ("Gmail, Norwegian", "man. 3. feb. 2020 kl. 10:12 skrev Ola <o@x.no>:"),
    ("Gmail, Danish", "Den 3. feb. 2020 kl. 10.12 skrev Bo <b@x.dk>:"),
    ("Gmail, Finnish", "ma 3. helmik. 2020 klo 10.12 Matti (m@x.fi) kirjoitti:"),
    ("Gmail, Polish", "pon., 3 lut 2020 o 10:12 Jan <j@x.pl> napisał(a):"),
    ("Gmail, Czech", "po 3. 2. 2020 v 10:12 odesílatel Jan <j@x.cz> napsal:"),
    ("Gmail, Hungarian", "Ján <j@x.hu> ezt írta (időpont: 2020. febr. 3., H, 10:12):"),
    ("Gmail, Turkish", "Ali <a@x.tr>, 3 Şub 2020 Pzt, 10:12 tarihinde şunu yazdı:"),
    ("Gmail, Greek", "Στις Δευ, 3 Φεβ 2020 στις 10:12 μ.μ., ο χρήστης X <x@x.gr> έγραψε:"),
    ("Gmail, Romanian", "În lun., 3 feb. 2020 la 10:12, Ion <i@x.ro> a scris:"),
    ("Gmail, Ukrainian", "пн, 3 лют. 2020 р. о 10:12 Іван <i@x.ua> пише:"),
    ("Gmail, Vietnamese", "Vào Th 2, 3 thg 2, 2020 vào lúc 10:12 An <a@x.vn> đã viết:"),
    ("Gmail, Hebrew", "בתאריך יום ב׳, 3 בפבר׳ 2020 ב-10:12 מאת X <x@x.il>:"),
    ("Gmail, Arabic", "في الاثنين، 3 فبراير 2020 10:12 كتب X <x@x.sa>:"),
    ("Gmail, once", "2014-10-17 11:28 GMT+03:00 Postmaster <\npostmaster@sandbox.example>:"),
    ("Apple Mail, English", "On 11-Apr-2011, at 6:54 PM, Roman <romant@example.com> wrote:"),
    ("Apple Mail, German", "Am 18.09.2013 um 16:24 schrieb codinghorror <info@x.org>:"),
    ("Apple Mail, Chinese", "在 2019年7月18日，上午11:15，ZHOU <z@q.com> 写道："),
    ("Apple Mail, Japanese", "2013/10/10 10:00、山田 <y@x.jp>のメール:"),
    ("Apple Mail, Dutch", "Op 17-feb.-2015, om 13:18 heeft Julius <p@rome.com> het volgende geschreven:"),
    ("Thunderbird, English", "On 04/19/2011 07:10 AM, Roman Tkachenko wrote:"),
    ("Thunderbird, Chinese", "在 2019/7/18 11:15, ZHOU 写道:"),
    ("Thunderbird, Polish", "W dniu 28 stycznia 2015 01:53 użytkownik Zoe <z@x.com>\nnapisał:"),
    ("Yahoo", "    On Monday, January 1, 2020, 1:00:00 PM GMT+1, Bob <b@c.d> wrote:  \n"),
    ("Yandex", '03.02.2020, 10:12, "Иван" <i@x.ru>:'),
    ("Zoho", "---- On Tue, 22 Dec 2015 14:17:36 +0530 Sam<info@d.org> wrote ----"),
    ("163 web", '在 2025-12-26 15:03:00，"张三" <a@163.com> 写道：'),
    ("163 web, English", 'At 2013-10-10 10:10:10,"Ann" <a@163.com> wrote:'),
    ("Samsung", "Sent from Samsung MobileName <address@example.com> wrote:"),
]

HEADERS: Final = [
    ("Outlook, English", "From: Bob <b@x.c>\nSent: Monday, January 1, 2020 1:00 PM\nTo: Ann <a@x.c>\n"
    "Subject: RE: hi"),
    ("Outlook, bold", "*From:* Bob [mailto:\nb@x.c]\n*Sent:* Monday, June 27, 2012 3:05 PM\n*To:* a@x.c\n"
    "*Subject:* Hi"),
    ("Outlook, German", "Von: b@x.c\nGesendet: Dienstag, 25. November 2014 14:59\nAn: Somebody\n"
    "Betreff: Hallo"),
    ("Outlook, French",
    "De : Bob [mailto:b@x.c]\nEnvoyé : vendredi 23 janvier 2015 16:39\nÀ : Ann\nObjet : Suite"),
    ("Outlook, Swedish", "Från: Bob\nSkickat: den 26 augusti 2015 14:45\nTill: Ann\nÄmne: RE: Week 36"),
    ("Outlook, Chinese", "发件人: Acme <s@x.c>\n发送时间: 2026年9月30日 10:00\n收件人: w@x.c\n主题: 报价"),
    ("Outlook, Russian", "От: Alex\nОтправлено: четверг, 26 июня 2014 г. 15:05\nКому: Ann"),
    ("Outlook, Japanese", "差出人: Bob <b@x.c>\n送信日時: 2020年2月3日 10:12\n宛先: Ann\n件名: RE: 質問"),
    ("Outlook for a phone", "________________________________\nFrom: Bob <b@x.c>\n"
    "Sent: Monday, January 1, 2020 1:00:00 PM\nTo: Ann <a@x.c>\nSubject: RE: hi"),
    ("Outlook 2003", "-----Original Message-----\nFrom: Bob\nSent: today\n"),
    ("QQ",
    '------------------ 原始邮件 ------------------\n发件人: "a" <a@b.com>;\n'
    '发送时间: 2020年1月1日(星期三) 中午12:00\n收件人: "b"<b@qq.com>;\n主题: hi'),
    ("QQ, English", '------------------ Original ------------------\nFrom:  "a";<a@b.c>;\n'
    'Date:  Mon, Jan 1, 2020 10:00 AM\nTo:  "b"<b@qq.com>; \n\nSubject:  hi'),
    ("163's program", "---- 回复的原邮件 ----\n| 发件人 | 王<j@163.com> |\n| 日期 | 2025年 |"),
    ("DingTalk",
    "------------------------------------------------------------------\n发件人：王五<w@x.cn>\n"
    "日　期：2020年01月01日 10:00:00\n收件人：客服<k@x.cn>\n主　题：问题"),
    ("Foxmail", "\n发件人： 李四\n发送时间： 2020-01-01 10:00\n收件人： zhang\n主题： Re: hi"),
    ("Zimbra", '----- Original Message -----\nFrom: "Bob" <b@c.d>\nTo: "Ann" <a@c.d>\n'
    'Sent: Monday, January 1, 2020 1:00:00 PM\nSubject: x'),
    ("Zimbra, German", 'Von: "Bob" <b@c.d>\nAn: "Ann" <a@c.d>\nGesendet: Montag, 1. Januar 2020 13:00:00\n'
    'Betreff: x'),
    ("Hotmail", "Date: Wed, 16 May 2012 00:15:02 -0600\nTo: klizhentas@example.com"),
    ("a desk", "##- Please type your reply above this line -##"),
    ("forwarded", "---------- Forwarded message ---------\nFrom: Bob <b@c.d>\nDate: Mon, 1 Jan 2020\n"
    "Subject: x\nTo: a@b.c"),
]  # fmt: skip


@pytest.mark.parametrize(("program", "line"), ATTRIBUTIONS, ids=[one[0] for one in ATTRIBUTIONS])
def test_what_follows_an_attribution_is_quoted(program: str, line: str) -> None:
    """With marked lines below it, and without: the line goes, and the quote with it."""
    assert strip(f"Yes, please.\n\n{line}\n\n> Old\n> words\n") == "Yes, please."
    assert strip(f"Yes, please.\n\n{line}\n> Old\n\nAn answer.\n\n> More\n") == "Yes, please.\n\nAn answer."
    assert strip(f"Yes, please.\n\n{line}\n\nOld words\n") == "Yes, please."


@pytest.mark.parametrize(("program", "lines"), HEADERS, ids=[one[0] for one in HEADERS])
def test_what_follows_a_repeated_header_is_quoted(program: str, lines: str) -> None:
    """From the header on nothing is the author's."""
    assert strip(f"Yes, please.\n\n{lines}\n\nOld words\nmore\n") == "Yes, please."


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("> How many?\nThree.\n\n> Which?\n\nBlue, please.\n", "Three.\n\nBlue, please."),
        ("On 1/1/2020 10:10, A wrote:\n> How many?\nThree.\n", "Three."),
        ("reply On Wed, Apr 4, 2012 at 3:59 PM, bob@x.org wrote:\n> Hi", "reply"),
        ("Ja\n> (http://x.example/a\n_b=3)\n> c", "Ja"),
        ("FYI\n\nBegin forwarded message:\n\nFrom: a@b.c\nSubject: x\nDate: 1 Jan 2020\n\nold", "FYI"),
    ],
)
def test_answers_between_quotes_stay(text: str, reply: str) -> None:
    """What is not marked is what was written."""
    assert strip(text) == reply


@pytest.mark.parametrize(
    "text",
    [
        "On Monday I wrote to you: the parcel is broken.\nOn 5 May 2020 I called.\nPlease help.",
        "I want to book.\nFrom: London\nTo: Paris\nDate: 5 May\n\nThank you",
        "Items:\n- one\n- two\n- three",
        "Key points\n---\nFirst point is that we should go on doing this every day.\n---\n"
        "And so on, as before it was.",
        "with regards to the payment I ask.\nBye",
        "I sent it from my iPhone app yesterday and it failed.\nWhat now?",
        "if a &gt; 100 and b &lt; 200\nthen c",
        "On " * 4_000,
        "---------- Forwarded message ---------\nFrom: Bob <b@c.d>\nSubject: x\nTo: a@b.c\n\ntext",
        "From: Web form <form@x.org>\nSubject: Contact\n\nName: Ann\nHello",
        "Hi. I am fine.\n\nThanks,\nAlex",
        "",
        "好的",
    ],
)
def test_what_only_looks_like_a_quote_stays(text: str) -> None:
    """Prose, lists, forms, and mails that are nothing but a forward."""
    assert strip(text) == " ".join(text.split(" ")).strip()


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("Can you help?\n\n-- \nJohn\nCEO\n\nmore", "Can you help?"),
        ("Can you help?\n--\nJohn\nCEO", "Can you help?"),
        ("🎉\n\n—\nJohn Doe\nCEO at Pandaland\n\n@pandaland", "🎉"),
        ("Hello\n\nBest regards,\nJohn\n+1 555 0100", "Hello"),
        ("Hallo\n\nMit freundlichen Grüßen\n\nMax Muster\nMuster GmbH", "Hallo"),
        ("Bonjour\n\nBien cordialement,\nJean", "Bonjour"),
        ("请尽快处理。\n\n此致\n敬礼\n\n王小明", "请尽快处理。"),
        ("Hello\n\nBest regards,\nJohn\n\nP.S. the invoice too", "Hello\n\nP.S. the invoice too"),
        ("Ok\n\nSent from my iPhone", "Ok"),
        ("Ok\n\n发自我的iPhone", "Ok"),
        ("Ok\n\niPhoneから送信", "Ok"),
        ("Ok\n\nVon meinem iPhone gesendet", "Ok"),
        ("Ok\n\nGet Outlook for iOS<https://aka.ms/o0ukef>", "Ok"),
        ("Ok\n\nEnvoyé de mon iPhone\n\nLe 3 févr. 2020 à 10:12, J <j@x.fr> a écrit :\n> x", "Ok"),
        ("Hi\n\n_____________________\nusers mailing list\nusers@lists.example", "Hi"),
        ("Best regards,\nJohn", "Best regards,\nJohn"),
    ],
)
def test_signatures_go(text: str, reply: str) -> None:
    """Marked by dashes, by a closing formula or by the device; a postscript stays."""
    assert strip(text) == reply


@pytest.mark.parametrize(
    ("html", "reply"),
    [
        ('Ok<div class="gmail_quote">On 11-Apr-2011, at 6:54 '
        'PM, B &lt;b@x.c&gt; wrote:<div>Test</div></div>',
        "Ok"),
        (
            '<div>Ok</div><div class="gmail_quote"><div class="gmail_attr">On '
            '1 Jan 2020 at 10:00 B &lt;b@x.c&gt; '
            'wrote:<br></div><blockquote class="gmail_quote">How many?</blockquote><div>Three.</div>'
            '<blockquote class="gmail_quote">Which?</blockquote>Blue.</div>',
            "Ok\n\nThree.\n\nBlue.",
        ),
        ('Ok<div class="gmail_signature">John<br>CEO</div>', "Ok"),
        (
            'Ok<div style="border:none;border-top:solid #B5C4DF '
            '1.0pt;padding:3.0pt 0cm 0cm 0cm"><b>发件人：</b>x</div>旧',
            "Ok",
        ),
        ('Ok<div id="appendonsend"></div><hr><div id="divRplyFwdMsg">From: x</div><div>old</div>', "Ok"),
        ('Ok<div class="yahoo_quoted">On x, B wrote:<div>old</div></div>', "Ok"),
        ('Ok<div class="ntes-mailmaster-quote">---- 回复的原邮件 '
        '----<table><tr><td>旧</table></div>', "Ok"),
        ('Ok<div id="imail_signature">王</div><div id="isReplyContent">旧</div>', "Ok"),
        ("Ok<div>------------------&nbsp;原始邮件&nbsp;------------------</div><div>发件人: x</div>", "Ok"),
        ('Ok<div class="moz-cite-prefix">Am 01.01.20 um 10:10 '
        'schrieb X:</div><blockquote type="cite">a</blockquote>', "Ok"),
        ("<blockquote>indented by hand</blockquote>", "indented by hand"),
        ("<div>" * 3_000 + "Ok", "Ok"),
    ],
)  # fmt: skip
def test_html_tells_by_its_elements(html: str, reply: str) -> None:
    """Classes and ids that programs give to quotes and signatures."""
    assert strip(html) == reply
