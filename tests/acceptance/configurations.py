"""The shipped ways to declare a pair: CDKTF stack, module, plain HCL; each set up in a folder."""

from __future__ import annotations

import re
import shutil
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import yaml
from hand_written import files_holding
from terraform_runs import ROOT, Terraform, run_main

if TYPE_CHECKING:
    from pathlib import Path

    from live_service import LiveService, Pair

_LEFT_BEHIND = shutil.ignore_patterns(".terraform*", "*.tfstate*", "tfplan")


def copy_examples(folder: Path) -> Path:
    """Copy the examples, without what a run of theirs has left behind, and give their folder."""
    return shutil.copytree(ROOT / "examples", folder / "examples", ignore=_LEFT_BEHIND)


@dataclass
class Configuration(ABC):
    """A pair declared as code, initialised; it can be declared anew."""

    folder: Path
    service: LiveService
    pair: Pair
    mode: str = "disabled"
    terraform: Terraform = field(init=False)

    def __post_init__(self) -> None:
        variables = self.service.variables | self.variables()
        self.terraform = Terraform(self.place(), variables)
        self.terraform.run("init", "-input=false")

    def files_holding(self, text: str) -> list[Path]:
        """Give the files of the folder that hold a text."""
        return files_holding(self.terraform.folder, text)

    @abstractmethod
    def place(self) -> Path:
        """Write the configuration; the folder to run Terraform in."""

    @abstractmethod
    def variables(self) -> dict[str, str]:
        """Give the variables it needs beside address and token."""

    @abstractmethod
    def set_mode(self, mode: str) -> None:
        """Declare another mode, as its user would."""

    @abstractmethod
    def set_text(self, key: str, text: str) -> None:
        """Declare another text for a key of the OpenID Connect page, as its user would."""


class Stack(Configuration):
    """The CDKTF stack, from a settings file."""

    def place(self) -> Path:
        self._page = {"redirect_login_url": self.pair.redirect_url}
        (self.folder / "environments").mkdir()
        self._synthesise()
        return self.folder / "out" / "stacks" / self.pair.name

    def variables(self) -> dict[str, str]:
        return {}

    def set_mode(self, mode: str) -> None:
        self.mode = mode
        self._synthesise()

    def set_text(self, key: str, text: str) -> None:
        self._page[key] = text
        self._synthesise()

    def _synthesise(self) -> None:
        settings = {
            "environment": self.pair.name,
            "openid_connect": self._page,
            "oidc_authentication": {"mode": self.mode},
        }
        file = self.folder / "environments" / f"{self.pair.name}.yaml"
        file.write_text(yaml.safe_dump(settings), "utf-8")
        done = run_main(file.parent, self.folder / "out")
        assert done.returncode == 0, done.stderr


class Example(Configuration):
    """A folder of ``examples/``, with variables."""

    example: ClassVar[str]
    indent: ClassVar[int] = 4

    def place(self) -> Path:
        return copy_examples(self.folder) / self.example

    def variables(self) -> dict[str, str]:
        return {
            "TF_VAR_environment": self.pair.name,
            "TF_VAR_redirect_url": self.pair.redirect_url,
            "TF_VAR_mode": self.mode,
        }

    def set_mode(self, mode: str) -> None:
        self.terraform.variables["TF_VAR_mode"] = mode

    def set_text(self, key: str, text: str) -> None:
        file = self.terraform.folder / "main.tf"
        line = rf"^( {{{self.indent}}}{key} *= ).*$"
        found, times = re.subn(line, rf'\1"{text}"', file.read_text("utf-8"), flags=re.MULTILINE)
        assert times == 1, key
        file.write_text(found, "utf-8")


class HclRestful(Example):
    """The pair by hand, with restful."""

    example = "hcl-restful"


class Module(Example):
    """The module, called as its usage shows."""

    example = "module/usage"
    indent = 2

    def set_text(self, key: str, text: str) -> None:
        file = self.terraform.folder / "main.tf"
        call = '  source = "../"\n'
        found = file.read_text("utf-8")
        if f"  {key} =" in found:
            super().set_text(key, text)
        else:
            file.write_text(found.replace(call, f'{call}  {key} = "{text}"\n'), "utf-8")


@dataclass
class HclRestapi(Example):
    """The pair by hand, with one version of restapi, changed as the example's README says."""

    example: ClassVar[str] = "hcl-restapi"
    version: str = "1.20.0"

    def place(self) -> Path:
        folder = super().place()
        file = folder / "versions.tf"
        text = file.read_text("utf-8").replace('"1.20.0"', f'"{self.version}"')
        if self.version.startswith("3."):
            header = re.compile(r"  headers = \{.*?\n  \}\n", re.DOTALL)
            text = header.sub("  bearer_token = var.imis_sso_token\n", text)
        file.write_text(text, "utf-8")
        if not self.version.startswith("1."):
            self._ask_for_what_is_declared(folder / "main.tf")
        return folder

    def _ask_for_what_is_declared(self, file: Path) -> None:
        text = file.read_text("utf-8")
        page = text[text.index("data = jsonencode({") : text.index("# Versions 2 and 3")]
        fields = ",".join(re.findall(r"^    (\w+) +=", page, re.MULTILINE))
        asking = f'query_string = "fields={fields}"\n\n  # Versions 2 and 3'
        file.write_text(text.replace("# Versions 2 and 3", asking, 1), "utf-8")


KINDS: dict[str, type[Configuration]] = {
    "stack": Stack,
    "module": Module,
    "hcl-restful": HclRestful,
}
