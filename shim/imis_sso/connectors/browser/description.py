"""A page is data: what a page file may say, read strictly (architecture: connectors).

A page file names the model's fields; a field's `label` defaults to the model's, and `synonyms`
add other texts by which it may go. Labels are compared exactly, but without case. What is said here
of every key is also the schema for editors (`page_schema`) and explained in docs/page-files.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)

Kind = Literal["text", "textarea", "select", "checkbox", "secret", "shown", "list"]


def _as_list(value: object) -> object:
    return (
        (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value
    )


_ONE: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": 200}


def _one_or(least: int) -> WithJsonSchema:
    listed = {"type": "array", "items": _ONE, "minItems": least}
    return WithJsonSchema({"anyOf": [_ONE, listed]})


Name = Annotated[str, Field(min_length=1, max_length=200)]
Names = Annotated[tuple[Name, ...], BeforeValidator(_as_list), Field(min_length=1), _one_or(1)]
MaybeNames = Annotated[tuple[Name, ...], BeforeValidator(_as_list), _one_or(0)]
Steps = Annotated[tuple[Names, ...], BeforeValidator(_as_list)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class FieldDescription(_Part):
    """One field of a page: how it is labelled, of what kind it is, how a hidden secret is shown."""

    label: Name = Field(description="Text beside the field; left out, it is the model's label.")
    synonyms: MaybeNames = Field(default=(), description="Other texts by which the field may go.")
    kind: Kind = Field(
        description="`text`, `textarea`, `select`, `checkbox`, `secret` (a password box, which "
        "shows dots), `shown` (cannot be edited), or `list` (entries below a heading)."
    )
    secret: bool = Field(default=False, description="Whether what it shows is a secret.")
    reveal: MaybeNames = Field(
        default=(), description="Texts of the control beside a secret that shows it."
    )
    optional: bool = Field(default=False, description="Whether the page may be without the field.")
    texts: dict[str, Names] = Field(
        default={}, description="For a select: the texts of the option for each value of the model."
    )
    hidden_with: dict[str, Names] = Field(
        default={},
        description="Selects by field, and the values with which the page may be without this one.",
    )

    @property
    def names(self) -> tuple[str, ...]:
        """Every label by which the field may go."""
        return (self.label, *self.synonyms)

    @property
    def writable(self) -> bool:
        """Whether the field is an input of the form."""
        return self.kind not in {"shown", "list"}

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.reveal and not self.secret:
            msg = "reveal is for a secret field"
            raise ValueError(msg)
        if bool(self.texts) != (self.kind == "select"):
            msg = "a select, and nothing else, has texts"
            raise ValueError(msg)
        return self


class SaveDescription(_Part):
    """How a page is saved. What counts in the end is the page loaded afresh."""

    button: Names = Field(description="Texts of the button; the first that is there is pressed.")
    confirm: bool = Field(
        default=False, description="Whether a question of the browser after it is answered yes."
    )
    agree: MaybeNames = Field(
        default=(),
        description="Texts of the button that agrees, where the page itself asks in a dialog.",
    )
    evidence: MaybeNames = Field(
        default=(), description="Words of success: a hint that saving is over, and no more."
    )


class RecordsDescription(_Part):
    """The list from which a page's form is reached, where there is one form for each record."""

    edit: Names = Field(description="Texts of the control beside a record that opens it.")
    add: Names = Field(description="Texts of the control that opens an empty form.")
    delete: Names = Field(
        description="Texts of the control beside a record that deletes it, and of the button that "
        "agrees, where the page itself asks in a dialog."
    )


class PageDescription(_Part):
    """A settings page: the way to it, its fields, and how it is saved."""

    open: Steps = Field(
        description="Links to follow from the product's first page; for each, the texts it may "
        "have, the likeliest first."
    )
    fields: dict[str, FieldDescription] = Field(description="The fields, by the model's names.")
    save: SaveDescription | None = Field(
        default=None, description="How it is saved; without it the page is only read."
    )

    records: RecordsDescription | None = Field(
        default=None, description="How records are listed where `open` leads to, if it is a list."
    )

    @property
    def title(self) -> str:
        """The page's name, by which messages speak of it."""
        return self.open[-1][0]

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if not self.open or not self.fields:
            msg = "a page has a way to it and at least one field"
            raise ValueError(msg)
        _refuse_shared_names(self.fields)
        _refuse_unknown_selects(self.fields)
        return self


class SecondFactorDescription(_Part):
    """What may come after the password: a field for a one-time code, or a person's approval.

    `submit` is the button beside the code. `waiting` are words of a page that has no such field
    because it waits for a person, for example at a telephone.
    """

    code: FieldDescription = Field(description="The field for a one-time code.")
    submit: Names = Field(description="Texts of the button beside the code.")
    waiting: MaybeNames = Field(
        default=(), description="Words of a page that waits for a person's approval elsewhere."
    )


class LogInDescription(_Part):
    """A log-in: its fields, its button, and what may come before and after.

    The fields stand on one page, or the user name comes first, by itself or with others, beside
    the button `next`. `choice` is the link or button by which administrators choose to log in with
    a password; it may come at any step. `refused` are words of a refusal.
    """

    fields: dict[str, FieldDescription] = Field(
        description="`username`, `password`, and whatever else the log-in asks for."
    )
    submit: Names = Field(description="Texts of the button; one of them is on the page.")
    next: MaybeNames = Field(
        default=(), description="Texts of the button beside the user name, where it comes first."
    )
    choice: MaybeNames = Field(
        default=(), description="Texts of the control that chooses a log-in by password."
    )
    refused: MaybeNames = Field(
        default=(), description="Words by which the page says that a log-in was refused."
    )
    second_factor: SecondFactorDescription | None = Field(
        default=None, description="What may come after the password."
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not {"username", "password"} <= self.fields.keys():
            msg = "a log-in page has the fields username and password"
            raise ValueError(msg)
        if self.fields["password"].kind != "secret":
            msg = "the password's kind is secret"
            raise ValueError(msg)
        _refuse_shared_names(self.fields)
        return self


def _refuse_shared_names(fields: Mapping[str, FieldDescription]) -> None:
    owner: dict[str, str] = {}
    for field, described in fields.items():
        for name in described.names:
            other = owner.setdefault(name.casefold(), field)
            if other != field:
                msg = f"{other} and {field} share the label {name!r}"
                raise ValueError(msg)


def _refuse_unknown_selects(fields: Mapping[str, FieldDescription]) -> None:
    for field, described in fields.items():
        for other, values in described.hidden_with.items():
            known = fields[other].texts if other in fields else {}
            strange = [each for each in values if each not in known]
            if strange:
                msg = f"{field} is hidden with {other}, which has no {', '.join(strange)}"
                raise ValueError(msg)
