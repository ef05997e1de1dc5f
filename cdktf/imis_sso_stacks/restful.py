"""Constructs for the generic provider magodo/restful, written as overrides: no generated bindings.

The traps they avoid are told in docs/terraform.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cdktf import TerraformDataSource, TerraformResource, TerraformStack, TerraformVariable

from imis_sso_stacks.expressions import import_id, literal, reference

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from constructs import Construct

PROVIDER_VERSION = "0.25.2"
# Write-only arguments, and ephemeral variables, which keep the token out of saved plans.
TERRAFORM_VERSION = ">= 1.11"
# The service answers 429 and 503 with Retry-After, and with these two only where waiting helps
# (contract C31, C33); the provider waits that long. No max_wait_in_sec: 0.25.2 takes it for the
# shortest wait.
_RETRY = {"status_codes": [429, 503], "count": 3, "wait_in_sec": 1}


def variable(
    stack: TerraformStack, name: str, description: str, **more: str | bool | None
) -> TerraformVariable:
    """Declare a root variable that must not be null, with more arguments of the block as given."""
    declared = TerraformVariable(stack, name, type="string", description=description)
    for argument, value in ({"nullable": False} | more).items():
        declared.add_override(argument, value)
    return declared


def connect(stack: TerraformStack) -> None:
    """Declare the provider and the variables ``imis_sso_url``, ``imis_sso_token`` of a stack.

    The token is ephemeral: a merely sensitive variable stands in clear in every saved plan. The
    methods belong to the provider, not to the resources, so that an import with only ``path`` and
    ``body`` leaves no difference behind.
    """
    variable(stack, "imis_sso_url", "Address of the service, for example http://127.0.0.1:8080.")
    bearer = "Bearer token with the scope apply for this environment (read is enough to plan)."
    variable(stack, "imis_sso_token", bearer, ephemeral=True)
    stack.add_override("terraform.required_version", TERRAFORM_VERSION)
    source = {"source": "magodo/restful", "version": PROVIDER_VERSION}
    stack.add_override("terraform.required_providers.restful", source)
    stack.add_override("provider.restful", [_provider()])


def _provider() -> dict[str, Any]:
    return {
        "base_url": reference("var.imis_sso_url"),
        "create_method": "PUT",
        "update_method": "PUT",
        "security": {"http": {"token": {"token": reference("var.imis_sso_token")}}},
        "client": {"retry": _RETRY},
    }


class Document(TerraformResource):
    """A settings document that Terraform manages: exactly the keys of ``body``, at every depth."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        path: str,
        body: Mapping[str, Any],
        after: Sequence[TerraformResource] = (),
    ) -> None:
        """Declare it under a logical name; ``after`` lists what must be written first."""
        super().__init__(
            scope, name, terraform_resource_type="restful_resource", depends_on=list(after) or None
        )
        self.override_logical_id(name)
        self.add_override("path", path)
        self.add_override("body", dict(body))
        self._import = {"to": f"restful_resource.{name}", "id": import_id(path, body)}

    @property
    def import_block(self) -> dict[str, str]:
        """The block that adopts the live document, so that the first plan is a difference."""
        return self._import


class Reading(TerraformDataSource):
    """A document that is only read.

    ``after`` is for what no body uses: with it, the value is unknown whenever one of them changes.
    """

    def __init__(
        self, scope: Construct, name: str, path: str, after: Sequence[TerraformResource] = ()
    ) -> None:
        """Declare it under a logical name."""
        super().__init__(
            scope, name, terraform_resource_type="restful_resource", depends_on=list(after) or None
        )
        self.override_logical_id(name)
        self.add_override("id", path)
        self._address = f"data.restful_resource.{name}"

    def output(self, field: str) -> str:
        """Give the expression, without its braces, of one field of the answer."""
        return f"{self._address}.output.{field}"

    def demand(self, texts: Mapping[str, str]) -> None:
        """Stop a plan in which one of these fields is empty, each with its own words."""
        demands = [
            {"condition": reference(f'self.output.{field} != ""'), "error_message": literal(text)}
            for field, text in sorted(texts.items())
        ]
        self.add_override("lifecycle", {"postcondition": demands})
