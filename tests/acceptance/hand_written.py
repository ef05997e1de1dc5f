"""Small configurations as somebody writes them who has read the contract and nothing else."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from terraform_runs import Terraform

FILES = Path(__file__).with_name("hand_written_configurations")


@dataclass(frozen=True)
class HandWritten:
    """One of them in a folder of its own, initialised."""

    terraform: Terraform

    @classmethod
    def of(cls, folder: Path, names: tuple[str, ...], variables: dict[str, str]) -> HandWritten:
        """Copy the named files beside the provider's block, and initialise."""
        folder.mkdir(exist_ok=True)
        for name in ("provider", *names):
            shutil.copy(FILES / f"{name}.tf", folder)
        terraform = Terraform(folder, variables)
        terraform.run("init", "-input=false")
        return cls(terraform)

    def files_holding(self, text: str) -> list[Path]:
        """Give the files of the folder that hold a text."""
        return files_holding(self.terraform.folder, text)


def files_holding(folder: Path, *texts: str) -> list[Path]:
    """Give the files below a folder that hold a text, saved plans also looked at unpacked."""
    for plan in folder.glob("tfplan*"):
        if plan.is_file():
            shutil.unpack_archive(plan, folder / f"unpacked.{plan.name}", "zip")
    files = [file for file in folder.rglob("*") if file.is_file() and "providers" not in file.parts]
    assert any(file.suffix == ".tfstate" for file in files), "nothing was applied"
    return [file for file in files if any(text.encode() in file.read_bytes() for text in texts)]
