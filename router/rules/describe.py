"""A rule as one plain sentence, for people who read rules rather than JSON."""

from typing import Any, Final

from router.rules.conditions import All, AnyOf, Cel, Comparison, Condition, Not
from router.rules.effects import AddTag, Drop, Effect, HandOver, Require, SayReply, Set, SkipBot, Spam
from router.rules.form import Rule
from router.rules.wording import EFFECTS, FAMILIES, FIELDS, GRAMMAR, OPERATORS, PRIORITIES, Words

_LONGEST_QUOTE: Final = 80
_MOST_QUOTES: Final = 8


def describe(rule: Rule, language: str) -> str:
    """The rule in Simplified Chinese where `language` (BCP-47) is Chinese, else in English."""
    return _Speaker(language).rule(rule)


class _Speaker:
    def __init__(self, language: str) -> None:
        self._at = 1 if language.lower().startswith("zh") else 0

    def rule(self, rule: Rule) -> str:
        does = self._say("then").join(self._effect(effect) for effect in rule.then)
        if rule.if_ is None:
            said = self._say("always").format(does)
        else:
            said = self._say("if").format(self._condition(rule.if_, inside=False), does)
        return said if rule.on else self._say("off").format(said)

    def _say(self, word: str) -> str:
        return GRAMMAR[word][self._at]

    def _condition(self, condition: Condition, *, inside: bool = True) -> str:
        match condition:
            case All():
                return self._joined("and", condition.all, inside)
            case AnyOf():
                return self._joined("or", condition.any, inside)
            case Not():
                return self._say("not").format(self._condition(condition.not_, inside=False))
            case Cel():
                return self._say("cel").format(self._quote(condition.cel))
            case Comparison():
                return self._comparison(condition)

    def _joined(self, word: str, parts: tuple[Condition, ...], inside: bool) -> str:
        if len(parts) == 1:
            return self._condition(parts[0], inside=inside)
        joined = self._say(word).join(self._condition(part) for part in parts)
        return self._say("group").format(joined) if inside else joined

    def _comparison(self, comparison: Comparison) -> str:
        value = comparison.value
        # "urgent" is a word as well.
        named = comparison.field.endswith("priority")
        said = OPERATORS[comparison.op][self._at].format(self._value(value) if named else self._plain(value))
        space = "" if self._at else " "
        return f"{self._field(comparison.field)}{space}{said}"

    def _field(self, name: str) -> str:
        if name in FIELDS:
            return FIELDS[name][self._at]
        family = next(prefix for prefix in FAMILIES if name.startswith(prefix))
        return f"{FAMILIES[family][self._at]} {self._quote(name.removeprefix(family))}"

    def _effect(self, effect: Effect) -> str:
        words: Words = EFFECTS[effect.key]
        said = words[self._at]
        match effect:
            case Set():
                return said.format(self._field(effect.set), self._value(effect.to))
            case Require():
                return said.format(self._quote(effect.require.skill), effect.require.level)
            case HandOver() | SkipBot() | Spam():
                return said
            case Drop():
                return said.format(effect.discard)
            case AddTag() | SayReply():
                return said.format(self._quote(getattr(effect, effect.key)))
            case _:
                return said.format(self._value(getattr(effect, effect.key)))

    def _value(self, value: Any) -> str:
        if isinstance(value, list):
            return self._list([self._value(each) for each in value[:_MOST_QUOTES]], len(value))
        return (
            PRIORITIES[value][self._at]
            if isinstance(value, str) and value in PRIORITIES
            else self._plain(value)
        )

    def _list(self, shown: list[str], of: int) -> str:
        return self._say("list").join([*shown, "…"] if of > _MOST_QUOTES else shown)

    def _plain(self, value: Any) -> str:
        if isinstance(value, list):
            return self._list([self._plain(each) for each in value[:_MOST_QUOTES]], len(value))
        if isinstance(value, str):
            return self._quote(value)
        if isinstance(value, dict):
            return self._quote(str(value.get("url", value)))
        return str(value)

    def _quote(self, text: str) -> str:
        flat = " ".join(text.split())
        short = flat if len(flat) <= _LONGEST_QUOTE else flat[: _LONGEST_QUOTE - 1] + "…"
        return self._say("quote").format(short)
