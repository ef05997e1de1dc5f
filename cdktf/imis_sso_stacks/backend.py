"""Where a stack keeps its state: any of Terraform's backends, by its own name and arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Never

from cdktf import TerraformBackend

from imis_sso_stacks.expressions import literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs import Construct


class Backend(TerraformBackend):
    """A backend block. Without one the library would write an absolute path of this machine."""

    def __init__(self, scope: Construct, kind: str, arguments: Mapping[str, Any]) -> None:
        """Declare it; the arguments are those of Terraform's documentation, unchanged."""
        super().__init__(scope, "backend", kind)
        for name, value in arguments.items():
            self.add_override(name, literal(value))

    def get_remote_state_data_source(self, _scope: Construct, _name: str, _stack: str) -> Never:
        """Refuse: no stack reads the state of another."""
        raise NotImplementedError
