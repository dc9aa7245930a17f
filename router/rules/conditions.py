"""The form of a condition: what the `if` of a rule may say."""

from collections.abc import Iterator
from typing import Annotated, Any, Final

from pydantic import Discriminator, Field, Tag, ValidationInfo, field_validator, model_validator

from router.rules.expression import expression
from router.rules.fields import field_named
from router.rules.operators import BY_KIND, OPERATORS, problem
from router.rules.parts import Part, refused


class All(Part):
    """Every condition holds."""

    all: tuple["Condition", ...]


class AnyOf(Part):
    """At least one condition holds."""

    any: tuple["Condition", ...]


class Not(Part):
    """The condition does not hold."""

    not_: "Condition" = Field(alias="not")


class Cel(Part):
    """An expression in CEL that is true."""

    cel: str

    @field_validator("cel")
    @classmethod
    def _compiles(cls, source: str) -> str:
        try:
            expression(source)
        except ValueError as error:
            raise refused("cel", str(error)) from error
        return source


class Comparison(Part):
    """A field compared with a value."""

    field: str
    op: str
    value: Any = None

    @field_validator("field")
    @classmethod
    def _known(cls, name: str) -> str:
        if field_named(name) is None:
            raise refused("field", f"no field is named '{name[:100]}'")
        return name

    @field_validator("op")
    @classmethod
    def _fits_field(cls, op: str, info: ValidationInfo) -> str:
        field = field_named(info.data.get("field", ""))
        if op not in OPERATORS:
            raise refused("operator", f"no operator is named '{op[:100]}'")
        if field is not None and op not in BY_KIND[field.kind]:
            fitting = ", ".join(BY_KIND[field.kind])
            raise refused("operator", f"'{op}' does not go with '{info.data['field']}': {fitting} do")
        return op

    @field_validator("value")
    @classmethod
    def _fits_operator(cls, value: Any, info: ValidationInfo) -> Any:
        field, op = field_named(info.data.get("field", "")), info.data.get("op")
        wrong = problem(field, op, value) if field is not None and op is not None else None
        if wrong:
            raise refused("pattern" if op == "matches" else "value", wrong)
        return value

    @model_validator(mode="after")
    def _has_value(self) -> "Comparison":
        if "value" not in self.model_fields_set and not self.op.endswith("exists"):
            raise refused("missing", f"'{self.op}' needs a value")
        return self


_CONDITIONS: Final[dict[str, type[Part]]] = {"all": All, "any": AnyOf, "not": Not, "cel": Cel}


def _condition_tag(value: Any) -> str | None:
    if isinstance(value, Part):
        return next((f"<{key}>" for key, kind in _CONDITIONS.items() if type(value) is kind), "<field>")
    if not isinstance(value, dict):
        return None
    key = next((key for key in _CONDITIONS if key in value), "field" if value else None)
    return f"<{key}>" if key else None


Condition = Annotated[
    Annotated[All, Tag("<all>")]
    | Annotated[AnyOf, Tag("<any>")]
    | Annotated[Not, Tag("<not>")]
    | Annotated[Cel, Tag("<cel>")]
    | Annotated[Comparison, Tag("<field>")],
    Discriminator(
        _condition_tag,
        custom_error_type="condition",
        custom_error_message="a condition is an object with 'all', 'any', 'not', 'cel', or 'field' and 'op'",
    ),
]


def fields_of(condition: Condition) -> Iterator[str]:
    """The fields that its comparisons name."""
    match condition:
        case Comparison():
            yield condition.field
        case All():
            for part in condition.all:
                yield from fields_of(part)
        case AnyOf():
            for part in condition.any:
                yield from fields_of(part)
        case Not():
            yield from fields_of(condition.not_)
