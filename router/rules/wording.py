"""The words that say a rule in a sentence, in English and Simplified Chinese, in that order."""

from typing import Final

Words = tuple[str, str]

FIELDS: Final[dict[str, Words]] = {
    "channel": ("the channel", "渠道"),
    "channel.kind": ("the kind of channel", "渠道类型"),
    "channel.name": ("the channel's name", "渠道名称"),
    "kind": ("the kind of message", "消息类型"),
    "language": ("the language", "语言"),
    "text": ("the text", "消息文本"),
    "subject": ("the subject", "主题"),
    "sender.address": ("the sender's address", "发送者地址"),
    "sender.name": ("the sender's name", "发送者姓名"),
    "sender.email": ("the sender's e-mail", "发送者邮箱"),
    "sender.domain": ("the sender's domain", "发送者域名"),
    "attachments": ("the number of attachments", "附件数量"),
    "customer.name": ("the customer's name", "客户姓名"),
    "customer.email": ("the customer's e-mail", "客户邮箱"),
    "customer.tier": ("the customer's tier", "客户等级"),
    "customer.tags": ("the customer's tags", "客户标签"),
    "customer.language": ("the customer's language", "客户语言"),
    "customer.country": ("the customer's country", "客户国家"),
    "customer.company": ("the customer's company", "客户公司"),
    "customer.owner": ("the customer's owner", "客户负责人"),
    "conversation.with": ("who answers the conversation", "会话接待方"),
    "ticket.status": ("the ticket's status", "工单状态"),
    "ticket.priority": ("the ticket's priority", "工单优先级"),
    "ticket.type": ("the ticket's type", "工单类型"),
    "ticket.tier": ("the ticket's tier", "工单等级"),
    "ticket.queue": ("the ticket's queue", "工单队列"),
    "ticket.tags": ("the ticket's tags", "工单标签"),
    "tier": ("the tier", "等级"),
    "type": ("the type", "类型"),
    "priority": ("the priority", "优先级"),
    "queue": ("the queue", "队列"),
    "policy": ("the SLA policy", "SLA 策略"),
    "tags": ("the tags", "标签"),
    "match.outcome": ("the knowledge base's outcome", "知识库匹配结果"),
    "match.confidence": ("the knowledge base's confidence", "知识库匹配置信度"),
    "match.article": ("the matched article", "匹配的文章"),
    "attachments.names": ("the attachments' names", "附件名称"),
    "attachments.types": ("the attachments' types", "附件类型"),
    "customer.open_tickets": ("the customer's number of open tickets", "客户未结工单数"),
    "customer.last_contact": ("the customer's last contact", "客户上次联系时间"),
    "ticket.assignee": ("the ticket's assignee", "工单受理人"),
    "ticket.subject": ("the ticket's subject", "工单主题"),
    "ticket.waiting_reason": ("what the ticket waits for", "工单等待原因"),
    "ticket.created_at": ("the ticket's creation", "工单创建时间"),
    "ticket.updated_at": ("the ticket's last change", "工单更新时间"),
    "ticket.waiting_since": ("the beginning of the ticket's wait", "工单开始等待时间"),
    "ticket.first_replied_at": ("the first reply", "首次回复时间"),
    "ticket.resolved_at": ("the ticket's resolution", "工单解决时间"),
    "previous.status": ("the status before", "之前的状态"),
    "previous.priority": ("the priority before", "之前的优先级"),
    "previous.type": ("the type before", "之前的类型"),
    "previous.queue": ("the queue before", "之前的队列"),
    "previous.assignee": ("the assignee before", "之前的受理人"),
    "previous.tags": ("the tags before", "之前的标签"),
    "actor": ("who acts", "操作者"),
    "event": ("what happened", "事件"),
    "now": ("the time", "当前时间"),
    "urgency": ("the urgency", "紧急程度"),
    "complaint": ("the complaint score", "投诉程度"),
    "queue_oldest": ("the longest wait in the queue in seconds", "队列中最长等待秒数"),
    "expected_wait": ("the expected wait in seconds", "预计等待秒数"),
    "queue_waiting": ("the number of tickets waiting in the queue", "队列中等待的工单数"),
}
FAMILIES: Final[dict[str, Words]] = {
    "context.": ("the context's", "上下文字段"),
    "customer.attributes.": ("the customer's attribute", "客户属性"),
    "ticket.fields.": ("the ticket's field", "工单字段"),
    "previous.fields.": ("the ticket's field before,", "工单之前的字段"),
    "fields.": ("the field", "字段"),
    "hours.": ("the calendar", "日历"),
    "weekday.": ("the weekday in the calendar", "所在日历的星期"),
    "local_time.": ("the local time in the calendar", "所在日历的本地时间"),
}
OPERATORS: Final[dict[str, Words]] = {
    "is": ("is {}", "是{}"),
    "is_not": ("is not {}", "不是{}"),
    "in": ("is one of {}", "是{}之一"),
    "not_in": ("is none of {}", "不是{}中的任何一个"),
    "contains": ("contains {}", "包含{}"),
    "not_contains": ("does not contain {}", "不包含{}"),
    "contains_any": ("contains any of {}", "包含{}中的任意一个"),
    "contains_all": ("contains all of {}", "同时包含{}"),
    "starts_with": ("starts with {}", "以{}开头"),
    "ends_with": ("ends with {}", "以{}结尾"),
    "matches": ("matches the pattern {}", "匹配模式{}"),
    "greater": ("is greater than {}", "大于{}"),
    "less": ("is less than {}", "小于{}"),
    "at_least": ("is at least {}", "不低于{}"),
    "at_most": ("is at most {}", "不高于{}"),
    "fuzzy": ("is roughly {}", "大致包含{}"),
    "before": ("is before {}", "早于{}"),
    "after": ("is after {}", "晚于{}"),
    "older_than": ("is longer ago than {}", "距今超过{}"),
    "newer_than": ("is no longer ago than {}", "距今不超过{}"),
    "exists": ("is there", "存在"),
    "not_exists": ("is not there", "不存在"),
}
EFFECTS: Final[dict[str, Words]] = {
    "set": ("set {} to {}", "将{}设为{}"),
    "tag": ("add the tag {}", "添加标签{}"),
    "require": ("require the skill {} at level {} or above", "要求技能{}达到{}级或以上"),
    "reply": ("reply {}", "回复{}"),
    "answer": ("answer with the article {}", "用文章{}回答"),
    "handover": ("hand over to a person", "转人工"),
    "skip_bot": ("skip the bot", "跳过机器人"),
    "discard": ("discard the message ({})", "丢弃消息（{}）"),
    "policy": ("use the SLA policy {}", "采用 SLA 策略{}"),
    "notify": ("notify {}", "通知{}"),
    "webhook": ("call {}", "调用{}"),
    "snooze": ("let the ticket wait for {}", "将工单推迟{}"),
    "spam": ("close it as spam", "作为垃圾消息关闭"),
}
PRIORITIES: Final[dict[str, Words]] = {
    "low": ("low", "低"),
    "normal": ("normal", "普通"),
    "high": ("high", "高"),
    "urgent": ("urgent", "紧急"),
}
GRAMMAR: Final[dict[str, Words]] = {
    "quote": ("“{}”", "“{}”"),
    "list": (", ", "、"),
    "and": (" and ", "，并且"),
    "or": (" or ", "，或者"),
    "group": ("({})", "（{}）"),
    "not": ("not ({})", "并非（{}）"),
    "cel": ("the expression {} is true", "表达式{}成立"),
    "then": (", ", "，"),
    "always": ("Always: {}.", "始终：{}。"),
    "if": ("If {}: {}.", "如果{}：{}。"),
    "off": ("(off) {}", "（已停用）{}"),
}
FINDINGS: Final[dict[str, Words]] = {
    "never": ("It can never match: {}.", "它永远不会匹配：{}。"),
    "silent": (
        "It replies to what it discards, so nothing is said.",
        "它回复了被丢弃的消息，因此什么也不会说。",
    ),
    "pointless": ("It sets {} twice: only {} counts.", "它两次设置{}：只有{}算数。"),
    "unheld_level": (
        "It asks for {} at level {}, and the best has level {}.",
        "它要求技能{}达到{}级，而最高的只有{}级。",
    ),
    "unheld": ("It asks for {} at level {}, and nobody has it.", "它要求技能{}达到{}级，但没有人具备。"),
    "no_workers": ("Nobody works in queue {}.", "没有人在队列{}中工作。"),
    "no_default": (
        "What no rule of the stage matches has no queue: none is the desk's default.",
        "没有规则匹配的消息将没有队列：尚未设置默认队列。",
    ),
    "duplicate": ("It says what rule {} says.", "它与规则{}的内容相同。"),
    "unreachable": (
        "Rule {} always matches and ends the stage before it.",
        "规则{}始终匹配，本阶段在它之前就已结束。",
    ),
    "shadowed": (
        "Rule {} matches wherever it would, and comes first.",
        "凡是它会匹配的消息，排在前面的规则{}都已匹配。",
    ),
    "contradiction": (
        "On the same messages rule {} sets {} to {}, this one to {}.",
        "对同样的消息，规则{}将{}设为{}，而这条设为{}。",
    ),
    "circle": ("It is set off by what follows from it: {}.", "它的结果又会触发它自己：{}。"),
}
REASONS: Final[dict[str, Words]] = {
    "denies": ("it denies what always holds", "它否定了始终成立的条件"),
    "empty": ("no value is left", "没有剩下任何可取的值"),
    "denied": ("a part of it is denied by another", "其中一部分被另一部分否定"),
    "opposed": ("{} must and must not be that", "{}既必须是又不能是该值"),
    "both": ("{} can't be both", "{}不可能同时是两者"),
    "bounds": ("no number is in both bounds of {}", "没有数同时满足{}的两个界限"),
}
"""Why a condition can't hold."""


def in_words(words: Words, *values: str | Words) -> Words:
    """The words with the values filled in, each in its own language where it has two."""
    en, zh = (
        said.format(*(value if isinstance(value, str) else value[at] for value in values))
        for at, said in enumerate(words)
    )
    return en, zh


def field_words(name: str) -> Words:
    """What a field is called; in English by the name rules write."""
    if name in FIELDS:
        return name, FIELDS[name][1]
    family = next((prefix for prefix in FAMILIES if name.startswith(prefix)), "")
    return name, f"{FAMILIES[family][1]}“{name.removeprefix(family)}”" if family else name
