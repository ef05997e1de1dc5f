"""Real Terraform and the real providers, against a canned server in the contract's shapes.

The service itself, with the products' stand-ins behind it, is met by the acceptance suite.
"""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from canned_service import FAILED, TOKEN
from plan_variants import VARIANTS
from terraform_runs import ROOT, run_main

from imis_sso_stacks.expressions import literal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from canned_service import CannedService
    from terraform_runs import Terraform

    Start = Callable[[Path], Terraform]

pytestmark = pytest.mark.acceptance
ROOT_OF = "/v1/environments/test/"
REDIRECT = "https://members-test.example.org/"


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Synthesise the settings files that people start from."""
    out = tmp_path_factory.mktemp("shipped")
    done = run_main(ROOT / "cdktf" / "environments", out)
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture
def stack(tmp_path: Path, shipped: Path, terraform: Start) -> Terraform:
    """Initialise the stack of the shipped ``test.yaml``."""
    shutil.copytree(shipped / "stacks" / "test", tmp_path / "stack")
    return terraform(tmp_path / "stack")


def example(tmp_path: Path, name: str) -> Path:
    """Copy the examples and give the folder of one."""
    ignored = shutil.ignore_patterns(".terraform*", "*.tfstate*")
    shutil.copytree(ROOT / "examples", tmp_path / "examples", ignore=ignored)
    return tmp_path / "examples" / name


def changes(terraform: Terraform) -> dict[str, Any]:
    """Plan, and give the saved plan as JSON."""
    terraform.run("plan", "-input=false", "-out=tfplan")
    plan: dict[str, Any] = terraform.json("show", "-json", "tfplan")
    return plan


def meant(plan: dict[str, Any]) -> dict[str, Any]:
    """Give what a plan manages, without the module around it: actions, values, import ids."""
    return {
        # The module has one block for all directories.
        change["address"].removeprefix("module.pair.").replace('["', "_").replace('"]', ""): (
            change["change"]["actions"],
            change["change"]["after"]["path"],
            change["change"]["after"]["body"],
            json.loads(change["change"].get("importing", {"id": "null"})["id"]),
        )
        for change in plan["resource_changes"]
        if change["mode"] == "managed"
    }


@pytest.mark.parametrize("name", ["full", "least", "partial"])
def test_a_synthesised_stack_is_valid(
    synthesised: Path, tmp_path: Path, terraform: Start, name: str
) -> None:
    """``terraform validate`` with the real provider's schema."""
    shutil.copytree(synthesised / "stacks" / name, tmp_path / "stack")
    stack = terraform_without_backend(terraform, tmp_path / "stack")
    assert stack.json("validate", "-json")["diagnostics"] == []


def terraform_without_backend(terraform: Start, folder: Path) -> Terraform:
    """Initialise with ``-backend=false``: the backend of an example is nobody's bucket."""
    file = folder / "cdk.tf.json"
    document = json.loads(file.read_text("utf-8"))
    del document["terraform"]["backend"]
    file.write_text(json.dumps(document), "utf-8")
    return terraform(folder)


@pytest.mark.parametrize("name", ["module/usage", "hcl-restful", "hcl-restapi"])
def test_an_example_is_valid_and_formatted(tmp_path: Path, terraform: Start, name: str) -> None:
    """Examples are code."""
    found = terraform(example(tmp_path, name))
    assert found.json("validate", "-json")["diagnostics"] == []
    found.run("fmt", "-check", "-recursive", str(tmp_path / "examples"))


def test_the_stack_adopts_applies_and_settles(stack: Terraform, service: CannedService) -> None:
    """R1, R3: imported, written in order, then empty plans."""
    plan = changes(stack)
    assert service.writes() == []
    assert all(imported for *_, imported in meant(plan).values())
    stack.run("apply", "tfplan")
    assert [(method, path) for method, path, _ in service.writes()] == [
        ("PUT", ROOT_OF + "imis/openid-connect"),
        ("PUT", ROOT_OF + "cloud-sso/imis-sso-settings"),
        ("PUT", ROOT_OF + "imis/oidc-authentication"),
    ]
    for _ in range(3):
        stack.run("plan", "-detailed-exitcode", expect=0)


def test_the_token_is_in_no_saved_plan_and_no_state(
    stack: Terraform, service: CannedService
) -> None:
    """A sensitive variable would stand in clear in the plan file."""
    stack.run("plan", "-out=tfplan")
    stack.run("apply", "tfplan")
    unpacked = stack.run("show", "-json", "tfplan")
    shutil.unpack_archive(stack.folder / "tfplan", stack.folder / "unpacked", "zip")
    files = [file for file in stack.folder.rglob("*") if file.is_file()]
    assert (stack.folder / "terraform.test.tfstate") in files
    held = [file for file in files if TOKEN.encode() in file.read_bytes()]
    assert held == []
    assert TOKEN not in unpacked
    assert service.writes()


def test_a_rotated_secret_is_a_change_of_version(stack: Terraform, service: CannedService) -> None:
    """Contract C22: the plan shows it before anything is pushed."""
    stack.run("apply", "-auto-approve")
    service.documents["cloud-sso/imis-client"] |= {"client_secret_version": "v1-rotated"}
    plan = changes(stack)
    (change,) = [c for c in plan["resource_changes"] if c["change"]["actions"] == ["update"]]
    before, after = change["change"]["before"]["body"], change["change"]["after"]["body"]
    assert {key for key in after if before[key] != after[key]} == {"client_secret_version"}
    assert after["client_secret_version"].endswith("rotated")


def test_a_failed_verification_warns_and_does_not_stop(
    stack: Terraform, service: CannedService
) -> None:
    """Exit code 0, the failed check and its remedy in the warning."""
    stack.run("apply", "-auto-approve")
    service.documents["verification"] |= {"passed": False, "checks": [FAILED]}
    told = " ".join(stack.run("plan", "-detailed-exitcode", expect=0).split())
    assert "The pair test does not verify." in told
    assert f"{FAILED['id']}: {FAILED['detail']} {FAILED['remedy']}" in told


def test_an_empty_value_stops_the_plan(stack: Terraform, service: CannedService) -> None:
    """What Cloud SSO does not show is never written over what iMIS holds."""
    service.documents["cloud-sso/imis-client"]["issuer"] = ""
    told = " ".join(stack.run("plan", expect=1).split())
    assert "Cloud SSO shows no Issuer" in told
    assert service.writes() == []


def test_a_busy_service_is_waited_for(stack: Terraform, service: CannedService) -> None:
    """Contract C33: 503 is retried, after the Retry-After and not after a fixed maximum."""
    service.busy = 1
    stack.run("plan")
    paths = [path for _, path, _ in service.requests]
    assert paths[:2] == [ROOT_OF + "cloud-sso/imis-client"] * 2


def test_destroy_lets_go_in_reverse_order(stack: Terraform, service: CannedService) -> None:
    """Contract C5: DELETE of each, the mode first; nothing is read through a deleted document."""
    stack.run("apply", "-auto-approve")
    service.requests.clear()
    stack.run("destroy", "-auto-approve")
    assert [(method, path) for method, path, _ in service.writes()] == [
        ("DELETE", ROOT_OF + "imis/oidc-authentication"),
        ("DELETE", ROOT_OF + "cloud-sso/imis-sso-settings"),
        ("DELETE", ROOT_OF + "imis/openid-connect"),
    ]
    again = meant(changes(stack))
    assert all(actions == ["no-op"] and imported for actions, *_, imported in again.values())


def test_destroy_is_not_stopped_by_an_empty_value(stack: Terraform, service: CannedService) -> None:
    """Letting go must work on the day when Cloud SSO's page is broken."""
    stack.run("apply", "-auto-approve")
    service.documents["cloud-sso/imis-client"]["issuer"] = ""
    stack.run("destroy", "-auto-approve")
    assert service.writes()[-1][0] == "DELETE"


@pytest.mark.parametrize(
    ("levels", "printed"),
    [
        ({"TF_LOG": "INFO"}, False),
        ({"TF_LOG": "DEBUG"}, True),
        ({"TF_LOG_CORE": "TRACE"}, False),
        ({"TF_LOG": "TRACE", "TF_LOG_PROVIDER_RESTFUL": "INFO"}, False),
    ],
)
def test_only_the_provider_prints_the_token(
    stack: Terraform, levels: dict[str, str], printed: bool
) -> None:
    """The table in docs/terraform.md: Terraform's own trace holds no token."""
    assert (TOKEN in stack.run("plan", also=levels)) == printed


@pytest.fixture(scope="module")
def variants(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Synthesise all variants, each as an environment of its own."""
    folder = tmp_path_factory.mktemp("variants")
    for name, variant in VARIANTS.items():
        settings = {
            "environment": environment(name),
            "openid_connect": {"redirect_login_url": REDIRECT} | page_of(variant),
            "directories": variant.get("directories", {}),
            "oidc_authentication": {"mode": "test_mode"},
            # The same for all, so that one `terraform init` serves them.
            "backend": {"local": {"path": "same.tfstate"}},
        }
        (folder / f"{environment(name)}.yaml").write_text(json.dumps(settings), "utf-8")
    done = run_main(folder, folder / "out")
    assert done.returncode == 0, done.stderr
    return folder / "out" / "stacks"


def page_of(variant: dict[str, Any]) -> dict[str, Any]:
    """Give what a variant says of the OpenID Connect page."""
    return {key: value for key, value in variant.items() if key != "directories"}


def environment(variant: str) -> str:
    """Give a variant's name as one segment of a URL."""
    return variant.replace(" ", "-")


def root_of_module(folder: Path, variant: str) -> None:
    """Write a root configuration that calls the module with a variant's values."""
    names = ("imis_openid_connect", "cloud_sso_imis_sso_settings", "imis_oidc_authentication")
    given = {"environment": environment(variant), "redirect_login_url": REDIRECT}
    call = {"source": "../", "mode": "test_mode"} | given | literal(VARIANTS[variant])
    blocks = [
        {"to": f"module.pair.restful_resource.{name}", "id": f"${{module.pair.import_ids.{name}}}"}
        for name in names
    ]
    (folder / "main.tf").unlink(missing_ok=True)
    root = {"module": {"pair": call}, "import": blocks}
    (folder / "main.tf.json").write_text(json.dumps(root), "utf-8")


def test_the_module_declares_what_the_stack_declares(
    tmp_path: Path, variants: Path, terraform: Start, service: CannedService
) -> None:
    """For every variant: the same reads, the same actions, the same values, the same imports."""
    usage = example(tmp_path, "module/usage")
    (tmp_path / "stack").mkdir()
    found: dict[str, Terraform] = {}
    for name in VARIANTS:
        root_of_module(usage, name)
        shutil.copy(variants / environment(name) / "cdk.tf.json", tmp_path / "stack")
        found = found or {"module": terraform(usage), "stack": terraform(tmp_path / "stack")}
        plans, reads = {}, {}
        for kind, one in found.items():
            service.requests.clear()
            plans[kind] = changes(one)
            reads[kind] = sorted(path for _, path, _ in service.requests)
        assert meant(plans["module"]) == meant(plans["stack"]), name
        assert reads["module"] == reads["stack"], name


def test_the_module_sends_what_the_stack_sends(
    tmp_path: Path, stack: Terraform, terraform: Start, service: CannedService
) -> None:
    """The usage that is shipped and the stack of ``test.yaml``: the same writes in order."""
    usage = terraform(example(tmp_path, "module/usage"))
    sent = []
    for one in (stack, usage):
        service.reset()
        one.run("apply", "-auto-approve")
        sent.append(service.writes())
        one.run("plan", "-detailed-exitcode", expect=0)
    assert sent[0] == sent[1] != []


def test_the_hand_written_configuration_declares_what_the_stack_declares(
    tmp_path: Path, stack: Terraform, terraform: Start
) -> None:
    """But for the mode, which it leaves disabled; an import may name an object as a whole."""
    hand = meant(changes(terraform(example(tmp_path, "hcl-restful"))))
    ours = meant(changes(stack))
    assert {key: value[1] for key, value in hand.items()} == {k: v[1] for k, v in ours.items()}
    last = "restful_resource.imis_oidc_authentication"
    assert hand.pop(last)[2] == {"mode": "disabled"}
    assert ours.pop(last)[2] == {"mode": "test_mode"}
    assert {key: value[2] for key, value in hand.items()} == {k: v[2] for k, v in ours.items()}


@pytest.mark.parametrize("name", ["hcl-restful", "hcl-restapi"])
def test_a_hand_written_configuration_goes_all_the_way(
    tmp_path: Path, terraform: Start, service: CannedService, name: str
) -> None:
    """Import, apply, empty plans, destroy; the token in no file."""
    found = terraform(example(tmp_path, name))
    plan = changes(found)
    assert all(c["change"]["importing"] for c in plan["resource_changes"] if c["mode"] == "managed")
    found.run("apply", "tfplan")
    applied = service.documents["imis/openid-connect"]
    assert applied["client_id"] == service.documents["cloud-sso/imis-client"]["client_id"]
    assert service.documents["cloud-sso/imis-sso-settings"]["redirect_url"] == REDIRECT
    for _ in range(3):
        found.run("plan", "-detailed-exitcode", expect=0)
    files = [file for file in found.folder.rglob("*") if file.is_file()]
    assert [file for file in files if TOKEN.encode() in file.read_bytes()] == []
    service.requests.clear()
    found.run("destroy", "-auto-approve")
    assert [path for _, path, _ in service.writes()] == [
        ROOT_OF + "imis/oidc-authentication",
        ROOT_OF + "cloud-sso/imis-sso-settings",
        ROOT_OF + "imis/openid-connect",
    ]


def test_an_unmanaged_field_that_does_not_exist_is_refused(
    tmp_path: Path, terraform: Start
) -> None:
    """The module's counterpart of an unknown key in a settings file."""
    usage = example(tmp_path, "module/usage")
    root_of_module(usage, "least")
    root = json.loads((usage / "main.tf.json").read_text("utf-8"))
    root["module"]["pair"]["unmanaged"] = ["client"]
    (usage / "main.tf.json").write_text(json.dumps(root), "utf-8")
    told = terraform(usage).run("plan", expect=1)
    assert "Only fields of the OpenID Connect page" in " ".join(told.split())
