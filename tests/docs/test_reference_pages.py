"""Reference pages are complete: what is not documented fails the build."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import click
import pytest
import typer
from service_process import Running, running

from imis_sso.cli.commands import app
from imis_sso.domain.problems import problem_types
from imis_sso.domain.resources import RESOURCES
from imis_sso.domain.verdicts import CHECK_IDS
from imis_sso.simulators import Variant
from imis_sso.simulators.cloud_sso import faults as cloud_sso_faults
from imis_sso.simulators.faults import TRANSPORT_KINDS
from imis_sso.simulators.imis import faults as imis_faults

DOCS = Path(__file__).resolve().parents[2] / "docs"


def page(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


def commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, list[str]]]:
    inner = getattr(command, "commands", {})
    for name, each in inner.items():
        yield from commands(each, (*path, name))
    if not inner:
        options = [
            option for each in command.params for option in (*each.opts, *each.secondary_opts)
        ]
        yield " ".join(path), [each for each in options if each.startswith("--")]


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda each: each.path)
def test_every_field_has_its_row(resource) -> None:
    section = page("api.md").partition(f"### {resource.path}\n")[2].partition("\n### ")[0]
    for each in resource.document.settings():
        default = (
            str(each.default).lower() if isinstance(each.default, bool) else f'"{each.default}"'
        )
        assert f"| `{each.path}` | {each.label} | `{default}` |" in section
    for name in resource.document.model_fields:
        assert f"| `{name}" in section


def test_every_command_and_option_is_described() -> None:
    text = page("commands.md")
    found = list(commands(typer.main.get_command(app)))
    assert len(found) >= 13
    for name, options in found:
        assert re.search(rf"^## .*\b{name}\b", text, re.MULTILINE), name
        assert [each for each in options if f"`{each}`" not in text] == []


def test_every_problem_is_explained_with_its_status() -> None:
    text = page("problems.md")
    for slug, each in problem_types().items():
        section = text.partition(f"\n## {slug}\n")[2].partition("\n## ")[0]
        assert f"**{each.title}**, status {each.status}." in section, slug
        assert len(section.split()) > 15


def test_every_check_has_its_row() -> None:
    text = page("verification.md")
    assert [each for each in CHECK_IDS if f"| `{each}` |" not in text] == []


def test_every_variant_and_fault_is_named() -> None:
    text = page("simulators.md")
    kinds = {*TRANSPORT_KINDS, *imis_faults.KINDS, *cloud_sso_faults.KINDS}
    names = {each.name for each in fields(Variant)}
    assert sorted(each for each in names | kinds if f"`{each}`" not in text) == []


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    place = tmp_path_factory.mktemp("documented")
    with running(place, "serve", "--simulate", "--port", "0") as found:
        yield found


@pytest.mark.browser
def test_the_examples_of_the_api_run_as_written(service: Running) -> None:
    blocks = re.findall(r"```sh\n(.*?)```", page("api.md"), re.DOTALL)
    assert len(blocks) >= 3
    known = {"URL": service.ready["base_url"], "TOKEN": service.ready["token"]}
    for block in blocks:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block],
            env=os.environ | known,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, f"{block}\n{done.stderr}"
        assert done.stdout.startswith("{")
