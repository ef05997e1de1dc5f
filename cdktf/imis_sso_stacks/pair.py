"""The stack of one environment: iMIS and the Cloud SSO it trusts (contract 1.2 and 8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cdktf import TerraformOutput, TerraformStack

from imis_sso_stacks.backend import Backend
from imis_sso_stacks.documents import (
    DIRECTORIES,
    IMIS_CLIENT,
    Body,
    Declared,
    Shown,
    Value,
    declared,
)
from imis_sso_stacks.expressions import literal, reference
from imis_sso_stacks.restful import Document, Reading, connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs import Construct

    from imis_sso_stacks.settings import Settings

_LABELS = {
    "client_id": "Client ID",
    "client_secret_version": "Client Secret",
    "discovery_url": "Discovery (Well-Known) URL",
    "issuer": "Issuer",
}
# Outputs are values of bodies, so that a plan shows a changed output only beside a changed body.
_OUTPUTS = ("client_id", "client_secret_version", "mode", "redirect_url")


class PairStack(TerraformStack):
    """What the settings of one environment declare, in the order of contract 1.2.

    No body refers to another managed document; what Cloud SSO shows comes from data sources
    without ``depends_on``, so it is known when planning (contract 8).
    """

    def __init__(self, scope: Construct, settings: Settings) -> None:
        """Declare the pair; the stack is named after the environment."""
        super().__init__(scope, settings.environment)
        self._root = f"/v1/environments/{settings.environment}"
        documents = declared(settings)
        Backend(self, *settings.state)
        connect(self)
        self._readings = self._read(documents)
        managed = self._manage(documents)
        there = [
            each.import_block
            for each, said in zip(managed, documents, strict=True)
            if said.imported
        ]
        self.add_override("import", there)
        self._verify(settings.environment, managed)
        self._give(settings.environment, documents)

    def _read(self, documents: tuple[Declared, ...]) -> dict[str, Reading]:
        """Read what bodies use, each value with the demand that it is not empty."""
        used = [pair for document in documents for pair in _shown(document.body)]
        readings = {}
        for source in sorted({shown.document for _, shown in used}):
            reading = Reading(self, _name(source), f"{self._root}/{source}")
            reading.demand(
                {
                    shown.field: _missing(key, shown)
                    for key, shown in used
                    if shown.document == source
                }
            )
            readings[source] = reading
        return readings

    def _manage(self, documents: tuple[Declared, ...]) -> list[Document]:
        """Declare each document after all that come before it."""
        managed: list[Document] = []
        for document in documents:
            path, body = f"{self._root}/{document.path}", self._rendered(document.body)
            managed.append(Document(self, _name(document.path), path, body, tuple(managed)))
        return managed

    def _rendered(self, value: Value) -> Any:
        if isinstance(value, Shown):
            return reference(self._readings[value.document].output(value.field))
        if isinstance(value, dict):
            return {key: self._rendered(inner) for key, inner in value.items()}
        return literal(value)

    def _verify(self, environment: str, managed: list[Document]) -> None:
        """Judge the pair as it is after the apply.

        The data source stands outside the check block: inside, a plan with
        ``-detailed-exitcode`` would answer 2 for ever.
        """
        reading = Reading(self, "verification", f"{self._root}/verification", managed)
        condition = reference(reading.output("passed"))
        words = reference(_verdict(environment, reading.output("checks")))
        check = {"assert": [{"condition": condition, "error_message": words}]}
        self.add_override("check.verification", [check])

    def _give(self, environment: str, documents: tuple[Declared, ...]) -> None:
        TerraformOutput(self, "environment", value=environment)
        body: Body = {}
        for document in documents:
            body |= {} if document.path.startswith(f"{DIRECTORIES}/") else document.body
        for key in _OUTPUTS:
            if key in body:
                TerraformOutput(self, key, value=self._rendered(body[key]))


def _name(path: str) -> str:
    """Give a document's logical name, made of its path alone, so that it never moves."""
    name = "imis_client" if path == IMIS_CLIENT else path.replace("secrets/", "secret_")
    return name.replace("/", "_").replace("-", "_")


def _shown(body: Body) -> Iterator[tuple[str, Shown]]:
    return ((key, value) for key, value in body.items() if isinstance(value, Shown))


def _missing(key: str, shown: Shown) -> str:
    if shown.document != IMIS_CLIENT:
        return f"The service gives no version of {shown.document}, which {key} needs."
    return (
        f"Cloud SSO shows no {_LABELS[shown.field]} under External Directories > "
        f"iMIS SSO Settings, and {key} is taken from there."
    )


def _verdict(environment: str, checks: str) -> str:
    """Give the expression for what a failed verification says: every failed check, its remedy."""
    failed = (
        f'[for c in {checks} : "${{c.id}}: ${{c.detail}} ${{c.remedy}}" if c.status == "failed"]'
    )
    return f'join("\\n", concat(["The pair {environment} does not verify."], {failed}))'
