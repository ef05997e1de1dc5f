"""The registry's rules for callers of trusted issuers (contract C40)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, Field, model_validator

from imis_sso.domain import forms
from imis_sso.domain.access import Scope
from imis_sso.domain.callers import RECORDED, CallerRule
from imis_sso.domain.configuration import ConfigurationFault
from imis_sso.domain.hosts import host_of
from imis_sso.domain.shared_issuers import names_owner, owner_claims
from imis_sso.registry.kinds import Authorities, Name, Text
from imis_sso.registry.section import Section
from imis_sso.registry.tree import Key, Tree

_OF_THEIR_OWN: Final = {
    "aud": "the key audience says it",
    "exp": "it is always checked",
    "iat": "it is always checked",
    "iss": "the key issuer says it",
    "nbf": "it is always checked",
}


def _exact_url(value: str) -> str:
    """Take an https address as it is: an issuer is compared byte for byte, its slash included."""
    canonical = forms.https_url(value)
    if canonical != value:
        msg = f"is not in its canonical form, which is {canonical}"
        raise ValueError(msg)
    host_of(value)
    return value


def _conditions(value: Mapping[str, str]) -> Mapping[str, str]:
    for name in value:
        if name in _OF_THEIR_OWN:
            msg = f'must not name "{name}": {_OF_THEIR_OWN[name]}'
            raise ValueError(msg)
    if not any(pattern.strip("*") for pattern in value.values()):
        msg = "must hold a claim whose value is more than *"
        raise ValueError(msg)
    return MappingProxyType(dict(value))


Url = Annotated[str, AfterValidator(_exact_url)]


class CallerSection(Section):
    """A rule for callers with a JWT of an issuer that the operator trusts (contract C40)."""

    name: Name = Field(description="Name of the rule; callers are recorded as NAME:SUBJECT.")
    issuer: Url = Field(description="The issuer, byte for byte as its tokens name it.")
    jwks_uri: Url | None = Field(
        default=None, description="Where its keys are; default: its discovery document says so."
    )
    audience: Text = Field(description="The audience that the tokens must be for, and no other.")
    claims: Annotated[Mapping[Text, Text], AfterValidator(_conditions)] = Field(
        min_length=1, description="What claims must be: an exact value, or a pattern with `*`."
    )
    scope: Annotated[Scope, Field(strict=False)] = Field(
        default=Scope.READ, description="What such a caller may do."
    )
    environments: tuple[Name, ...] | None = Field(
        default=None, min_length=1, strict=False, description="Where; default: everywhere."
    )
    subject_claims_recorded: tuple[Text, ...] = Field(
        default=RECORDED,
        strict=False,
        description="Claims that are recorded with what the caller does.",
    )
    ca_file: Authorities | None = Field(
        default=None, description="Certificate authorities to trust besides the system's."
    )
    allow_private: bool = Field(
        default=False, description="The hosts of this issuer may be in a private network."
    )

    @model_validator(mode="after")
    def _of_one_owner(self) -> Self:
        if not names_owner(self.issuer, self.claims):
            msg = (
                "everybody can have tokens of this issuer: claims must name the owner, without * "
                f"in its name, by one of {', '.join(owner_claims(self.issuer))}"
            )
            raise ValueError(msg)
        return self

    def rule(self) -> CallerRule:
        """Give the rule for the domain."""
        return CallerRule(
            self.name,
            self.issuer,
            self.audience,
            self.claims,
            self.scope,
            None if self.environments is None else frozenset(self.environments),
            self.subject_claims_recorded,
        )

    @property
    def way(self) -> tuple[Any, ...]:
        """How its keys are fetched: rules for one issuer must agree on it."""
        return self.jwks_uri, self.ca_file, self.allow_private


def caller_faults(
    callers: Sequence[CallerSection], environments: Sequence[str], tree: Tree
) -> Iterator[ConfigurationFault]:
    """Give a fault for each rule that contradicts another one or names no environment."""
    names: set[str] = set()
    ways: dict[str, tuple[Any, ...]] = {}
    for at, each in enumerate(callers):
        key: Key = ("server", "callers", at)
        if each.name in names:
            yield tree.fault((*key, "name"), f'another rule is named "{each.name}"')
        names.add(each.name)
        if ways.setdefault(each.issuer, each.way) != each.way:
            msg = "another rule for this issuer has another jwks_uri, ca_file or allow_private"
            yield tree.fault((*key, "issuer"), msg)
        for place, name in enumerate(each.environments or ()):
            if name not in environments:
                msg = f'there is no environment "{name}" in this file'
                yield tree.fault((*key, "environments", place), msg)
