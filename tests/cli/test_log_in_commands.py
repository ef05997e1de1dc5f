"""Products out of reach, wrong credentials, and that a wrong password is tried once (C47)."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from command_line import Registry, command, process
from service_process import running

from imis_sso.simulators import CloudSsoModel, ImisModel

MODE = "imis/oidc-authentication"
SETTINGS = "environment: test\noidc_authentication:\n  mode: disabled\n"


@pytest.fixture
def settings(tmp_path: Path) -> str:
    file = tmp_path / "test.yaml"
    page = "openid_connect:\n  redirect_login_url: https://members-test.example.org/\n"
    file.write_text(SETTINGS + page, "utf-8")
    return str(file)


def _free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
        return port


def _lock_out(tmp_path: Path, product: str = "imis") -> None:
    (tmp_path / f"test-{product}").write_text("not-the-password", "utf-8")


def test_an_unreachable_product(registry: Registry, settings: str) -> None:
    """One clear line, no defaults in its place (contract C4)."""
    url = f"https://127.0.0.1:{_free_port()}"
    file = str(registry({"imis": {"url": url}}))
    for arguments in (("show", "test", MODE), ("diff", "test", "--settings", settings)):
        told = command(*arguments, "--config", file)
        told.failed("Product unavailable: …")
        assert "iMIS" in told.err
        assert told.out == ""


@pytest.mark.browser
def test_an_unreachable_product_is_no_verdict(registry: Registry) -> None:
    """1, not 2: nothing was verified."""
    url = f"https://127.0.0.1:{_free_port()}"
    told = command("verify", "test", "--config", str(registry({"imis": {"url": url}})))
    told.failed("Product unavailable: …")
    assert told.out == ""


def test_wrong_credentials_are_tried_once(
    registry: Registry, settings: str, imis: ImisModel, tmp_path: Path
) -> None:
    """However many commands follow each other: each is a service of its own."""
    file = str(registry())
    _lock_out(tmp_path)
    commands = [("show", "test", MODE), ("diff", "test", "--settings", settings),
                ("mode", "test", "disabled"), ("show", "test")]  # fmt: skip
    for arguments in commands:
        told = command(*arguments, "--config", file)
        told.failed("Product refused the log-in: …")
        assert "not-the-password" not in told.err
        assert imis.counters.refused_logins == 1
    assert imis.counters.logins == 0
    assert imis.counters.writes == 0


def test_once_across_restarts_of_the_service(
    registry: Registry, imis: ImisModel, tmp_path: Path
) -> None:
    """Real processes; start-up logs in nowhere (contract C47)."""
    file = str(registry())
    _lock_out(tmp_path)
    token = command("token", "create", "reader", "--config", file).out.strip()
    for _restart in range(2):
        with running(tmp_path, "serve", "--config", file, "--port", "0") as service:
            before = imis.counters.requests
            assert service.call("GET", "/v1/environments", token).status_code == 200
            assert imis.counters.requests == before
            for _repeat in range(2):
                answer = service.call("GET", f"/v1/environments/test/{MODE}", token)
                assert answer.status_code == 424
                assert answer.json()["type"] == "/problems/upstream-credentials-refused"
            assert service.stop() == 0
        assert imis.counters.refused_logins == 1
    process("show", "test", MODE, "--config", file).failed("Product refused the log-in: …")
    assert imis.counters.refused_logins == 1


@pytest.mark.browser
def test_log_in_again_when_told_to(
    registry: Registry, imis: ImisModel, cloud_sso: CloudSsoModel, tmp_path: Path
) -> None:
    """`login --retry` tries once more, and once only; a new password needs no word."""
    file = str(registry())
    _lock_out(tmp_path)
    _lock_out(tmp_path, "cloud_sso")
    arguments = ("login", "test", "--config", file)

    def counts() -> tuple[int, int]:
        return imis.counters.refused_logins, cloud_sso.counters.refused_logins

    for _repeat in range(2):
        told = command(*arguments)
        assert (told.code, told.err) == (1, "")
        lines = told.out.splitlines()
        assert [each.split(":")[0] for each in lines] == ["iMIS", "Cloud SSO"]
        assert all("Product refused the log-in" in each for each in lines)
        assert counts() == (1, 1)
    assert command(*arguments, "--retry").code == 1
    assert counts() == (2, 2)
    assert command(*arguments).code == 1
    assert command("verify", "test", "--config", file).code == 1
    assert counts() == (2, 2)
    (tmp_path / "test-imis").write_text(imis.password, "utf-8")
    (tmp_path / "test-cloud_sso").write_text(cloud_sso.password, "utf-8")
    cloud_sso.patch({"lockout_seconds": cloud_sso.lockout_seconds})  # its own lock-out has passed
    told = command(*arguments)
    assert (told.code, told.out) == (0, "iMIS: logged in.\nCloud SSO: logged in.\n")
    assert counts() == (2, 2)


def test_retry_is_for_one_environment(registry: Registry, imis: ImisModel, tmp_path: Path) -> None:
    """What another environment's account was refused stays remembered."""
    file = str(registry())
    _lock_out(tmp_path)
    assert command("show", "test", MODE, "--config", file).code == 1
    # Cloud SSO of `prod` is not asked: its iMIS alone tells that nothing of `test` was forgotten.
    (tmp_path / "prod-cloud_sso").write_text("", "utf-8")
    command("login", "prod", "--retry", "--config", file)
    assert command("show", "test", MODE, "--config", file).code == 1
    assert imis.counters.refused_logins == 1


def test_log_in_to_nowhere(registry: Registry) -> None:
    file = str(registry())
    command("login", "tset", "--config", file).failed(
        f"there is no environment 'tset' in {file}; it has: test, prod"
    )
