"""The mix: what customers of a shop write, 95 % to a person who has their ticket, 5 % a question for the bot.

Everything is drawn from a seed, so that two runs measure the same work.
"""

from collections.abc import Sequence
from random import Random
from typing import NamedTuple

import orjson

from gateway.demo import content

FIRST_TIMERS = 0.05
# Each of them has an open ticket, assigned and answered once; they write about three times in a round.
PEOPLE = 1500

_ENGLISH = (
    "Thanks, I have sent the photos of the damaged seam with this message.",
    "My order number is {n}, the parcel has still not arrived.",
    "Could you check whether the refund for order {n} has gone out?",
    "Yes, the blue one in size L please.",
    "It is still the same problem: the zip of the jacket sticks after two days.",
    "I paid by credit card and was charged twice, see the statement.",
    "When will the courier come? I am at home until five.",
    "That works for me. Which address do I send it back to?",
    "The tracking page says delivered, but my neighbours have nothing either.",
    "Please send the invoice to accounting as well, the VAT number is {n}.",
    "I waited all week and this is urgent now, we leave on Saturday.",
    "The tent poles from the {n} set are too short for the flysheet.",
)
_CHINESE = (
    "我的订单号是{n},物流三天没有更新了。",
    "好的,我已经把照片发过来了,麻烦尽快处理。",
    "请问退款什么时候到账?订单{n}。",
    "地址是上海市徐汇区,电话没有变。",
    "发票抬头写公司名字,税号{n}。",
    "帐篷还是漏水,能不能换一个新的?",
)
_NAMES = (
    "Ann Becker",
    "Wei Zhang",
    "Carlos Ruiz",
    "Li Na",
    "Fatima Khan",
    "Tom Okafor",
    "王芳",
    "Sofia Rossi",
)


class Post(NamedTuple):
    """A message on its way in: the platform's id for it, and the body."""

    id: str
    body: bytes


def address(round_: int, number: int) -> str:
    """The platform's id of somebody with a ticket; each round has people of its own."""
    return f"customer-{round_}-{number:05d}"


def language(number: int) -> str:
    """What that somebody writes: a third of them Chinese."""
    return "en" if number % 3 else "zh"


def posts(round_: int, count: int, people: int = PEOPLE) -> list[Post]:
    """The messages of a round."""
    random = Random(round_)
    questions = [phrase for article in content.articles() for phrase in article.phrasings]
    return [_post(random, round_, number, people, questions) for number in range(count)]


def texts(count: int) -> list[str]:
    """What people with a ticket say."""
    random = Random(0)
    return [_said(random, number) for number in range(count)]


def questions(count: int) -> list[str]:
    """What people ask the bot."""
    random = Random(0)
    asked = [phrase for article in content.articles() for phrase in article.phrasings]
    return [random.choice(asked) for _ in range(count)]


def _post(random: Random, round_: int, number: int, people: int, asked: Sequence[str]) -> Post:
    new = random.random() < FIRST_TIMERS
    whose = random.randrange(people)
    text = random.choice(asked) if new else _said(random, whose)
    id_ = f"bench-{round_}-{number}"
    sender = f"visitor-{round_}-{number}" if new else address(round_, whose)
    name = _NAMES[whose % len(_NAMES)]
    body = {
        "id": id_,
        "from": {"id": sender, "name": name, "email": f"{sender}@example.org"},
        "text": text,
        "sent_at": "2026-05-04T10:15:30Z",
    }
    return Post(id_, orjson.dumps(body))


def _said(random: Random, whose: int) -> str:
    sentences = _ENGLISH if language(whose) == "en" else _CHINESE
    return random.choice(sentences).replace("{n}", str(random.randrange(100_000, 999_999)))
