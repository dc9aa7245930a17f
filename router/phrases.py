"""What the bot says and the few words it must never misread, in English and Simplified Chinese.

Whole messages are compared, after trimming punctuation, so that "no agent called me back" is a question
for a person to read and not a command.
"""

import re
import unicodedata

# Replaced by the ticket's number once it is given: a decision is made before there is one.
NUMBER = "{ticket.number}"

# The values of the bot's own options.
PERSON = "person"
HELPED = "helped"
ARTICLE = "article:"

WORDS: dict[str, dict[str, str]] = {
    "en": {
        "handover": f"I've passed this on to our team. Your ticket number is #{NUMBER}; "
        "someone will answer you here.",
        "handover_wait": f"I've passed this on to our team. Your ticket number is #{NUMBER}; "
        "someone will answer you here, usually within about {wait}.",
        "tried": "The bot has tried:",
        "tried_answers": "answered with ",
        "tried_offers": "asked whether it is about ",
        "tried_why": "handed over because ",
        "suggest": "I may have an answer. Which of these is it about?",
        "person": "None of these, a person please",
        "thanks": "Glad that helped. Write again any time.",
        "did_it_help": "Did this help?",
        "away": "You had left the chat before you could see this:",
        "away_answer": "Answer this mail to go on; it reaches the same conversation.",
        "helped": "That helped",
        "not_helped": "Talk to a person",
    },
    "zh": {
        "handover": f"已为您转接人工客服，工单号 #{NUMBER}，客服会在这里回复您。",
        "handover_wait": f"已为您转接人工客服，工单号 #{NUMBER}，客服会在这里回复您，一般约 {{wait}}内回复。",
        "tried": "机器人已尝试：",
        "tried_answers": "回答了 ",
        "tried_offers": "询问是否为 ",
        "tried_why": "转人工原因：",
        "suggest": "您想咨询的是下面哪一个问题？",
        "person": "都不是，转人工",
        "thanks": "很高兴能帮到您，有问题随时再联系我们。",
        "did_it_help": "这有帮助吗？",
        "away": "您离开聊天后，我们回复了您：",
        "away_answer": "直接回复此邮件即可继续同一会话。",
        "helped": "有帮助",
        "not_helped": "转人工",
    },
}

NO_ANSWER = "the knowledge base has no answer"
TWICE = "the same answer was given before"
ASKED_FOR_PERSON = "the customer asks for a person"
NOT_HELPED = "the customer says it did not help"
NOTHING_LEFT = "nothing left to suggest"
MANY_TURNS = "the bot has had its turns"
# The reasons for a hand-over, as an agent reads them in Chinese.
REASONS_ZH: dict[str, str] = {
    NO_ANSWER: "知识库没有答案",
    TWICE: "同样的答案之前已给出",
    ASKED_FOR_PERSON: "客户要求人工",
    NOT_HELPED: "客户表示没有帮助",
    NOTHING_LEFT: "没有其他可推荐的问题",
    MANY_TURNS: "机器人回复次数已达上限",
    "a rule asks for a person": "规则要求转人工",
    "a rule skips the bot": "规则跳过机器人",
}

# A message made of these words alone, with one of the second list among them, asks for a person: in every
# order that people put them, and never where it says anything else.
_AROUND = frozenset(
    """
    a an the i i'd i'll id would like want wanna need wish to please pls could can may might let me us my
    speak talk chat write connect transfer get give put pass hand through over with real live actual human
    customer service support care now just someone somebody right away hi hello hey thanks thank you ok be
    being sir madam instead here
    """.split()
)
_PERSONS = frozenset("agent agents human humans person operator representative rep advisor".split())
_SOMEONE = frozenset({"someone", "somebody", "people", "staff"})
_ASKING = _AROUND | _PERSONS | _SOMEONE
_SPEAKING = frozenset({"speak", "talk", "chat", "connect", "transfer"})
# What says no wish by itself: who asks within a longer message uses another word, too.
_NO_WISH = (
    _PERSONS
    | _SOMEONE
    | frozenset("a an the real live actual human customer service support care here".split())
)
_CLAUSE = re.compile(r"[.!?,;:\n。！？，；：、]+")
# Of a longer message so many characters and clauses are looked at.
_LOOKED_AT = 2_000
_MOST_CLAUSES = 60
_WHOLE = frozenset({"customer service", "customer support", "live chat", "live support", "customer care"})
_AROUND_ZH = (
    *(
        "你好",
        "您好",
        "请问",
        "请",
        "麻烦",
        "帮我",
        "给我",
        "帮忙",
        "我要",
        "我想",
        "我需要",
        "想要",
        "想",
        "要",
        "需要",
    ),
    *(
        "能不能",
        "能否",
        "可不可以",
        "可以",
        "能",
        "怎么",
        "直接",
        "转接到",
        "转接",
        "转到",
        "转",
        "接通",
        "接",
        "找",
        "换",
    ),
    *(
        "叫",
        "联系",
        "呼叫",
        "对接",
        "一个",
        "一位",
        "个",
        "位",
        "到",
        "一下",
        "下",
        "和",
        "跟",
        "说话",
        "聊",
        "沟通",
    ),
    *(
        "吗",
        "吧",
        "啊",
        "呀",
        "呢",
        "谢谢",
        "好吗",
        "行吗",
        "你们",
        "你们的",
        "的",
        "了",
        "在线",
        "真的",
        "服务",
        "坐席",
    ),
)
_PERSONS_ZH = ("人工客服", "人工服务", "客服人员", "工作人员", "真人", "活人", "人工", "客服", "专员")
_LONGEST_ZH = max(map(len, (*_AROUND_ZH, *_PERSONS_ZH)))
_AROUND_ZH_SET, _PERSONS_ZH_SET = frozenset(_AROUND_ZH), frozenset(_PERSONS_ZH)
# What the option is called, for channels that send the words of a button and not its value.
_PERSON_OPTIONS = frozenset({"none of these a person please", "都不是转人工"})
_HELPED = frozenset(
    {
        "thanks",
        "thank you",
        "thanks a lot",
        "thank you very much",
        "thx",
        "great",
        "great thanks",
        "perfect",
        "that helped",
        "yes that helped",
        "solved",
        "yes",
        "谢谢",
        "谢谢你",
        "谢谢您",
        "多谢",
        "感谢",
        "好的谢谢",
        "好的",
        "解决了",
        "已解决",
        "有帮助",
        "是的",
    }
)
_NOT_HELPED = frozenset(
    {
        "no",
        "that did not help",
        "that didn't help",
        "that does not help",
        "that doesn't help",
        "not helpful",
        "still not working",
        "没有帮助",
        "没用",
        "没有用",
        "没解决",
        "没有解决",
        "还是不行",
        "不行",
    }
)
# Longer texts are never one of the phrases; they are not even normalised.
_LONGEST = 60


def words(language: str) -> dict[str, str]:
    """The bot's words in the customer's language; English where it has no others."""
    return WORDS["zh" if language.startswith("zh") else "en"]


def wants_person(text: str) -> bool:
    """Whether the message asks for a person: it says nothing else, or one of its clauses asks outright."""
    if only_wants_person(text):
        return True
    clauses = _CLAUSE.split(text[:_LOOKED_AT], _MOST_CLAUSES)[:_MOST_CLAUSES]
    return len(clauses) > 1 and any(map(_asks_outright, clauses))


def _asks_outright(clause: str) -> bool:
    """Within other words "human" alone is no wish: somebody is to be spoken to, sent for or passed on to."""
    plain = _plain(clause)
    said = set(plain.split())
    return only_wants_person(clause) and not (said <= _NO_WISH or plain in _PERSONS_ZH_SET)


def only_wants_person(text: str) -> bool:
    """Whether the message asks for a person and nothing else."""
    plain = _plain(text)
    if not plain:
        return False
    if plain in _PERSON_OPTIONS or plain in _WHOLE:
        return True
    said = plain.split()
    if len(said) > 1 or plain.isascii():
        words = set(said)
        asked = words & _PERSONS or (words & _SOMEONE and words & _SPEAKING)
        return bool(asked) and words <= _ASKING
    return _wants_person_zh(plain)


def _wants_person_zh(plain: str) -> bool:
    """Whether nothing but the words of the two lists makes up the text, the longest taken first."""
    at, asked = 0, False
    while at < len(plain):
        for length in range(min(_LONGEST_ZH, len(plain) - at), 0, -1):
            word = plain[at : at + length]
            if word in _PERSONS_ZH_SET or word in _AROUND_ZH_SET:
                asked = asked or word in _PERSONS_ZH_SET
                at += length
                break
        else:
            return False
    return asked


def same_words(text: str, other: str) -> bool:
    """Whether two short texts are the same but for case and punctuation."""
    plain = _plain(text)
    return plain != "" and plain == _plain(other)


def says_helped(text: str) -> bool:
    """Whether the message says that the answer was right."""
    return _plain(text) in _HELPED


def says_not_helped(text: str) -> bool:
    """Whether the message says that the answer was not right."""
    return _plain(text) in _NOT_HELPED


def _plain(text: str) -> str:
    if len(text) > _LONGEST:
        return ""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    kept = (letter if letter.isalnum() or letter in " '" else " " for letter in folded)
    words = "".join(kept).split()
    # Between Han characters a space or comma says nothing.
    return ("" if any("一" <= letter <= "鿿" for letter in folded) else " ").join(words)
