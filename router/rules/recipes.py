"""Recipes: rules to start from, each with a test case, in English and Chinese."""

from typing import Any, Final, NamedTuple


class Recipe(NamedTuple):
    """Rules for a purpose, said in both languages. Queues and calendars in them are to be made one's own."""

    id: str
    en: str
    zh: str
    rules: list[dict[str, Any]]
    cases: list[dict[str, Any]]


_COMPLAINT: Final = {"field": "complaint", "op": "at_least", "value": 50}
_NEW: Final = {"field": "ticket.status", "op": "not_exists"}
_ACKNOWLEDGEMENT: Final = (
    "{% if language == 'zh' %}您的工单号是 #{{ ticket.number }}，队列中有 {{ queue_waiting }} 张工单在等待"
    "{% if expected_wait %}，预计等待约 {{ expected_wait | divided_by: 60.0 | ceil }} 分钟{% endif %}。"
    "{% if match.title %}您也可以先看看：{{ match.title }}{% endif %}"
    "{% else %}Your ticket is #{{ ticket.number }}. Tickets waiting in this queue: {{ queue_waiting }}."
    "{% if expected_wait %} We expect to answer within about {{ expected_wait | divided_by: 60.0 | ceil }} "
    "minutes.{% endif %}"
    "{% if match.title %} Meanwhile this may help: {{ match.title }}{% endif %}{% endif %}"
)

RECIPES: Final[tuple[Recipe, ...]] = (
    Recipe(
        "complaint",
        "Complaints go to their own queue, urgently",
        "投诉进入专门队列并标为紧急",
        [
            {
                "id": "complaint-mark",
                "name": "Complaint / 投诉",
                "stage": "enrich",
                "if": _COMPLAINT,
                "then": [{"set": "type", "to": "complaint"}, {"tag": "complaint"}],
            },
            {
                "id": "complaint-queue",
                "name": "Complaint queue / 投诉队列",
                "stage": "route",
                "if": _COMPLAINT,
                "then": [{"set": "queue", "to": "complaints"}, {"set": "priority", "to": "urgent"}],
            },
            {
                "id": "complaint-person",
                "name": "A person answers complaints / 投诉转人工",
                "stage": "respond",
                "if": _COMPLAINT,
                "then": [{"handover": True}],
            },
        ],
        [
            {
                "name": "12315",
                "message": {"text": "我要投诉,再不处理就找12315"},
                "expect": {"queue": "complaints", "priority": "urgent", "type": "complaint"},
            },
            {
                "name": "lawyer",
                "message": {"text": "This is unacceptable. My lawyer will write to you."},
                "expect": {"queue": "complaints", "priority": "urgent"},
            },
        ],
    ),
    Recipe(
        "vip",
        "Gold customers in a hurry are urgent",
        "金牌客户的紧急消息优先处理",
        [
            {
                "id": "vip-urgent",
                "name": "VIP urgent / VIP 紧急",
                "stage": "enrich",
                "if": {
                    "all": [
                        {"field": "customer.tier", "op": "is", "value": "gold"},
                        {"field": "urgency", "op": "at_least", "value": 40},
                    ]
                },
                "then": [{"set": "priority", "to": "urgent"}, {"tag": "vip"}],
            }
        ],
        [
            {
                "name": "加急",
                "message": {"text": "麻烦加急处理", "tier": "gold"},
                "expect": {"priority": "urgent", "tags": ["vip"]},
            }
        ],
    ),
    Recipe(
        "after-hours",
        "Tell people who write after hours when somebody is there",
        "在非工作时间告知客户何时有人",
        [
            {
                "id": "after-hours",
                "name": "After hours / 非工作时间",
                "stage": "act",
                "if": {"all": [{"field": "hours.office", "op": "is", "value": "closed"}, _NEW]},
                "then": [
                    {"tag": "after-hours"},
                    {
                        "reply": "{% if language == 'zh' %}现在是非工作时间，我们上班后第一时间回复您。"
                        "{% else %}Our office is closed now. We will answer as soon as it opens.{% endif %}"
                    },
                ],
            }
        ],
        [],
    ),
    Recipe(
        "language",
        "Chinese goes to people who speak it",
        "中文消息交给会中文的同事",
        [
            {
                "id": "language-zh",
                "name": "Chinese / 中文",
                "stage": "enrich",
                "if": {"field": "language", "op": "is", "value": "zh"},
                "then": [{"require": {"skill": "chinese", "level": 3}}],
            }
        ],
        [{"name": "中文", "message": {"text": "你好，请问在吗"}, "expect": {"skills": {"chinese": 3}}}],
    ),
    Recipe(
        "acknowledgement",
        "Say at once that the message has arrived: once a ticket, with the wait and a suggested article",
        "立即确认收到：每张工单一次，含等待人数和建议文章",
        [
            {
                "id": "acknowledgement",
                "name": "Acknowledgement / 自动确认",
                "stage": "act",
                "events": ["ticket_created"],
                "then": [{"reply": _ACKNOWLEDGEMENT}],
            }
        ],
        [],
    ),
)
