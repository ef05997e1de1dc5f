"""The worked example of docs/architecture.md is carried out on a copy of the service, and works."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "architecture.md"

TRIAL = """
import asyncio, tempfile
from pathlib import Path
import httpx, imis_sso
from imis_sso.simulators import Simulation
from service_bench import OPENID_CONNECT, bench_for

async def trial(place):
    with Simulation(place / "simulation") as simulation:
        async with bench_for(simulation, place) as bench:
            before = (await bench.client.get(OPENID_CONNECT)).json()
            wrong = await bench.client.put(OPENID_CONNECT, json={"require_mfa": "yes"})
            put = await bench.client.put(OPENID_CONNECT, json={"require_mfa": True})
            again = await bench.client.put(OPENID_CONNECT, json={"require_mfa": True})
            schema = (await bench.client.get("/openapi.json")).json()
            page = (await bench.client.get("/docs")).text
            record = simulation.imis("test").state()["records"][0]
    assert before["require_mfa"] is False
    assert wrong.status_code == 422 and "require_mfa must be true or false" in wrong.text
    assert put.status_code == 200 and put.json() == before | {"require_mfa": True}, put.text
    assert again.headers["upstream-writes"] == "0"
    assert record["RequireMfa"] is True
    get = schema["paths"]["/v1/environments/{env}/imis/openid-connect"]["get"]
    answer = get["responses"]["200"]["content"]["application/json"]["schema"]
    assert "require_mfa" in answer["properties"]
    assert "Require multi-factor" in page
    print(imis_sso.__file__)

with tempfile.TemporaryDirectory() as place:
    asyncio.run(trial(Path(place)))
"""


def insert(file: Path, before: str, text: str) -> None:
    source = file.read_text("utf-8")
    assert source.count(before) == 1, f"{before!r} marks the place in {file.name}"
    file.write_text(source.replace(before, f"{text}{before}"), "utf-8")


def _surroundings(first: Path) -> dict[str, str]:
    # What runs in the copy is not covered code of ours.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    return kept | {"PYTHONPATH": f"{first}:{ROOT / 'tests'}"}


@pytest.mark.browser  # the document's secret reference is looked for at Cloud SSO
def test_a_new_boolean_setting_takes_its_model_its_mapping_and_its_text(tmp_path: Path) -> None:
    example = PAGE.read_text("utf-8").partition("## Worked example")[2]
    model, mapping = (
        block.replace("\n   ", "\n")
        for block in re.findall(r"```python\n(.*?)   ```", example, re.DOTALL)
    )
    copy = tmp_path / "imis_sso"
    shutil.copytree(ROOT / "shim" / "imis_sso", copy)
    insert(
        copy / "domain" / "documents" / "openid_connect.py",
        "    set_login_hint: bool",
        re.sub(r"(?m)^", "    ", model.replace("   ", "", 1).rstrip()) + "\n",
    )
    insert(
        copy / "connectors" / "imis_rest" / "mapping.py",
        '    "set_login_hint": Property',
        f"    {mapping.strip()}\n",
    )
    done = subprocess.run(
        [sys.executable, "-c", TRIAL],
        env=_surroundings(tmp_path),
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(copy / "__init__.py")
