"""What the parts of a rule document have in common: strict, frozen, no unknown key, errors with a code."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError


class Part(BaseModel):
    """A part of a rule document."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


Name = Annotated[str, Field(min_length=1, max_length=200)]


def refused(code: str, detail: str) -> PydanticCustomError:
    """The error of a part: a code for programs and the reason in words."""
    return PydanticCustomError(code, "{detail}", {"detail": detail})
