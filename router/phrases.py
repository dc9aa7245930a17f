"""What the bot says and the few words it must never misread, in English and Simplified Chinese.

Whole messages are compared, after trimming punctuation, so that "no agent called me back" is a question
for a person to read and not a command.
"""

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
        "suggest": "I may have an answer. Which of these is it about?",
        "person": "None of these, a person please",
        "thanks": "Glad that helped. Write again any time.",
        "helped": "That helped",
        "not_helped": "Talk to a person",
    },
    "zh": {
        "handover": f"已为您转接人工客服，工单号 #{NUMBER}，客服会在这里回复您。",
        "suggest": "您想咨询的是下面哪一个问题？",
        "person": "都不是，转人工",
        "thanks": "很高兴能帮到您，有问题随时再联系我们。",
        "helped": "有帮助",
        "not_helped": "转人工",
    },
}

_WANTS_PERSON = frozenset(
    {
        "agent",
        "a human",
        "human",
        "a person",
        "person",
        "operator",
        "representative",
        "real person",
        "a real person",
        "human agent",
        "live agent",
        "speak to a human",
        "talk to a human",
        "speak to an agent",
        "talk to an agent",
        "speak to a person",
        "talk to a person",
        "speak to someone",
        "talk to someone",
        "i want a human",
        "i want to talk to a human",
        "i want to speak to a human",
        "i want to talk to a person",
        "i want to speak to a person",
        "i need a human",
        "can i talk to a human",
        "can i speak to a human",
        "can i talk to a person",
        "can i speak to a person",
        "can i talk to an agent",
        "人工",
        "转人工",
        "人工客服",
        "转人工客服",
        "人工服务",
        "转人工服务",
        "找人工",
        "我要人工",
        "我要转人工",
        "我要人工客服",
        "我要找人工",
        "请转人工",
        "客服",
        "真人",
        "真人客服",
    }
)
# What the option is called, for channels that send the words of a button and not its value.
_PERSON_OPTIONS = frozenset({"none of these a person please", "都不是转人工"})
_POLITE = (" please", "please ", " thanks", " thank you", "谢谢", "请")
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
    """Whether the message asks for a person and nothing else."""
    plain = _plain(text)
    if plain in _WANTS_PERSON or plain in _PERSON_OPTIONS:
        return True
    for polite in _POLITE:
        plain = plain.removesuffix(polite).removeprefix(polite)
    return plain.strip() in _WANTS_PERSON


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
