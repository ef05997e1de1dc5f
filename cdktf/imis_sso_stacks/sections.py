"""What every part of a settings file is: strict, frozen, with fields left to the product."""

from __future__ import annotations

from typing import Annotated, Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

# One segment of a URL (contract C1), or "" for no name (contract C23).
SecretName = Annotated[str, Field(pattern=r"^([a-z0-9][a-z0-9-]*)?$")]


class Section(BaseModel):
    """A mapping of a settings file: unknown keys are refused, nothing is coerced (contract C11)."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def refuse(text: str, *at: str | int) -> PydanticCustomError:
    """Give the error for a rule that types cannot say; ``at`` leads to the key at fault."""
    return PydanticCustomError("rule", "{text}", {"text": text, "at": at})


Name = TypeVar("Name", bound=str)


class Managed(Section, Generic[Name]):
    """A settings document of which single fields can be left to the product (contract 8)."""

    unmanaged: list[Name] = []

    @model_validator(mode="after")
    def _set_or_unmanaged(self) -> Self:
        for index, name in enumerate(self.unmanaged):
            if _is_set(self, name.split(".")):
                raise refuse(f"{name} is set as well: remove one of the two", "unmanaged", index)
        return self


def _is_set(section: BaseModel, path: list[str]) -> bool:
    if path[0] not in section.model_fields_set:
        return False
    inner = getattr(section, path[0])
    return len(path) == 1 or not isinstance(inner, BaseModel) or _is_set(inner, path[1:])
