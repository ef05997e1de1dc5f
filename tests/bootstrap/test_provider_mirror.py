"""Provider binaries: the registry first, else built; recorded, and proved to start."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from provision import go, mirror, providers, record
from provision.mirror import PROVIDERS, RESTAPI_1, RESTFUL
from provision.outcome import MissingError

if TYPE_CHECKING:
    from workbench import Workbench

    from provision.site import Site

ROOT = Path(__file__).resolve().parents[2]
GO = """
case "$*" in version) echo go version go1.26.1 linux/amd64; exit ;; esac
while [ $# -gt 1 ]; do [ "$1" = -o ] && output=$2; shift; done
echo "binary of $1" > "$output"; echo "$1" >> "$CALLS"
"""
# The registry is out of reach; everything else works.
OFFLINE = 'case "$*" in *mirror*) echo no such host >&2; exit 1 ;; *) echo "$1" >> "$CALLS" ;; esac'


@pytest.fixture
def calls(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the file of the calls of a Terraform without registry and of a Go."""
    sources = bench.root / providers.MODULE
    sources.mkdir(parents=True)
    (sources / "go.sum").write_text("hashes\n", "utf-8")
    bench.program("terraform", OFFLINE, folder=bench.site().bin)
    bench.program("go", GO)
    file = bench.root / "calls"
    monkeypatch.setenv("CALLS", str(file))
    return file


def _lines(calls: Path) -> list[str]:
    return calls.read_text("utf-8").splitlines() if calls.exists() else []


def _forget(calls: Path) -> None:
    calls.unlink(missing_ok=True)


def test_built_where_the_registry_is_out_of_reach(bench: Workbench, calls: Path) -> None:
    """Both versions that are Go modules are built, then Terraform starts them."""
    found = providers.provide(bench.site(), bench.say)
    assert _lines(calls) == [RESTFUL.module, RESTAPI_1.module, "init", "providers"]
    assert mirror.available(bench.site()) == [RESTFUL, RESTAPI_1]
    assert found.version == "magodo/restful 0.25.2 (built), Mastercard/restapi 1.20.0 (built)"


def test_versions_only_the_registry_has_are_named(bench: Workbench, calls: Path) -> None:
    """Named as not available, which is no failure and not called a pass."""
    found = providers.provide(bench.site(), bench.say)
    assert [re.findall(r"Mastercard/restapi \d\S*", note) for note in found.notes] == [
        ["Mastercard/restapi 2.0.1"],
        ["Mastercard/restapi 3.0.0"],
    ]
    assert all("its tests are not run" in note for note in found.notes)
    assert _lines(calls)


def test_registry_first(bench: Workbench, calls: Path) -> None:
    """With the registry in reach all four versions are fetched and nothing is built."""
    fetch = 'for word; do last=$word; done; echo "$1 $2" >> "$CALLS"; cat main.tf.json >> "$CALLS"'
    bench.program("terraform", fetch, folder=bench.site().bin)
    for provider in PROVIDERS:
        file = mirror.archive(bench.site(), provider)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    found = providers.provide(bench.site(), bench.say)
    text = calls.read_text("utf-8")
    assert text.count("providers mirror") == len(PROVIDERS)
    assert found.version.count("(provider") == len(PROVIDERS)
    assert found.notes == ()
    assert str(RESTFUL.module) not in text


def test_second_run_does_nothing(bench: Workbench, calls: Path) -> None:
    """Neither the registry nor Go nor Terraform is asked again."""
    providers.provide(bench.site(), bench.say)
    _forget(calls)
    bench.said.clear()
    providers.provide(bench.site(), bench.say)
    assert _lines(calls) == []
    assert bench.said == []


def test_force_does_it_again(bench: Workbench, calls: Path) -> None:
    """--force asks the registry again, which may be in reach now."""
    providers.provide(bench.site(), bench.say)
    _forget(calls)
    providers.provide(bench.site(force=True), bench.say)
    assert _lines(calls)[:2] == [RESTFUL.module, RESTAPI_1.module]


def test_changed_sources_are_built_again(bench: Workbench, calls: Path) -> None:
    """Another go.sum is another binary."""
    providers.provide(bench.site(), bench.say)
    _forget(calls)
    (bench.root / providers.MODULE / "go.sum").write_text("other hashes\n", "utf-8")
    providers.provide(bench.site(), bench.say)
    assert RESTFUL.module in _lines(calls)


def test_removed_binary_is_built_again_alone(bench: Workbench, calls: Path) -> None:
    """Only what is missing."""
    providers.provide(bench.site(), bench.say)
    _forget(calls)
    mirror.binary(bench.site(), RESTAPI_1).unlink()
    providers.provide(bench.site(), bench.say)
    assert _lines(calls)[0] == RESTAPI_1.module
    assert RESTFUL.module not in _lines(calls)


def test_interrupted_build_goes_on_where_it_stopped(bench: Workbench, calls: Path) -> None:
    """The first binary is kept when the second cannot be built."""
    failing = GO.replace('echo "binary', 'case "$1" in *restapi) exit 1 ;; esac; echo "binary')
    bench.program("go", failing)
    with pytest.raises(MissingError, match=r"provider Mastercard/restapi 1\.20\.0") as caught:
        providers.provide(bench.site(), bench.say)
    assert "GOPROXY" in caught.value.remedy
    assert "terraform-provider-restapi_v1.20.0" in caught.value.remedy
    _forget(calls)
    bench.program("go", GO)
    providers.provide(bench.site(), bench.say)
    assert _lines(calls)[0] == RESTAPI_1.module


def test_no_unfinished_binary_in_the_mirror(bench: Workbench, calls: Path) -> None:
    """Terraform hashes whole folders: a stray file would change the lock."""
    bench.program("go", GO.replace('echo "$1" >>', 'exit 1; echo "$1" >>'))
    with pytest.raises(MissingError):
        providers.provide(bench.site(), bench.say)
    assert [path for path in bench.site().mirror.rglob("*") if path.is_file()] == []
    assert [path.name for path in bench.site().tools.glob("build-*")] == []
    assert _lines(calls) == []


def test_providers_that_do_not_start_are_told(bench: Workbench, calls: Path) -> None:
    """A binary for another machine, for instance; the next run tries again."""
    bench.program(
        "terraform",
        'case "$1" in init) ;; *) echo exec format error >&2; exit 1 ;; esac',
        folder=bench.site().bin,
    )
    with pytest.raises(MissingError, match="exec format error") as caught:
        providers.provide(bench.site(), bench.say)
    assert "remove .tools" in caught.value.remedy
    bench.program("terraform", OFFLINE, folder=bench.site().bin)
    _forget(calls)
    providers.provide(bench.site(), bench.say)
    assert _lines(calls) == ["init", "providers"]


def test_layout_for_both_registries(bench: Workbench, calls: Path) -> None:
    """Namespace in lower case, version, platform; OpenTofu finds real folders, not links."""
    site = bench.site()
    providers.provide(site, bench.say)
    below = f"mastercard/restapi/1.20.0/{mirror.platform_name()}/terraform-provider-restapi_v1.20.0"
    files = [site.mirror / host / below for host in (mirror.HOST, mirror.OPENTOFU_HOST)]
    assert [file.is_file() for file in files] == [True, True]
    assert not any(parent.is_symlink() for parent in files[1].parents)
    assert _lines(calls)


def test_configuration_names_the_mirror_and_leaves_the_rest(bench: Workbench) -> None:
    """Our providers only from the mirror, every other one as usual."""
    mirror.write_config(bench.site())
    text = bench.site().terraform_config.read_text("utf-8")
    assert "disable_checkpoint = true" in text
    assert f'path    = "{bench.site().mirror}"' in text
    include = re.search(r"include = (\[.*\])", text)
    exclude = re.search(r"exclude = (\[.*\])", text)
    assert include is not None
    assert exclude is not None
    assert json.loads(include[1]) == json.loads(exclude[1])
    assert "registry.terraform.io/magodo/restful" in json.loads(include[1])


def test_table_and_go_module_agree() -> None:
    """The version in the mirror's path is the version that go.mod requires."""
    text = (ROOT / providers.MODULE / "go.mod").read_text("utf-8")
    for provider in PROVIDERS:
        if provider.module:
            assert f"{provider.module} v{provider.version}\n" in text


def test_what_can_be_built_is_required() -> None:
    """Versions that only the registry has are not: without it nobody could have them."""
    required = [provider.title for provider in PROVIDERS if provider.required]
    assert required == ["magodo/restful 0.25.2", "Mastercard/restapi 1.20.0"]


def test_damaged_record_is_an_empty_one(bench: Workbench) -> None:
    """Then the work is done again."""
    file = bench.root / "record.json"
    file.write_text('{"half', "utf-8")
    assert record.read(file) == {}
    file.write_text("[]", "utf-8")
    assert record.read(file) == {}
    record.write(file, {"key": "value"})
    assert record.read(file) == {"key": "value"}


def test_go_is_told_to_trust_the_committed_hashes(bench: Workbench, calls: Path) -> None:
    """Read-only modules: neither go.mod nor go.sum ever changes by a build."""
    program = go.provide(bench.site(), bench.say)
    settings = go.environment(program)
    assert "-mod=readonly" in settings["GOFLAGS"]
    assert settings["GOTOOLCHAIN"] == "local"
    assert settings["PATH"].startswith(str(bench.programs))
    assert _site_is_clean(bench.site())
    assert _lines(calls) == []


def _site_is_clean(site: Site) -> bool:
    return not site.mirror.exists()
