"""Judging a directory by its own issuer's discovery document (contract section 6, C45). Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Final

from imis_sso.domain.checks import Check, Status
from imis_sso.domain.documents import Directory
from imis_sso.domain.evidence import Authentication, ProviderFound
from imis_sso.domain.forms import authority, split_https
from imis_sso.domain.provider_verdicts import judge_secret

WELL_KNOWN: Final = "/.well-known/openid-configuration"
_NAMES: Final = {
    "authorization_url": "authorization_endpoint",
    "token_url": "token_endpoint",
    "userinfo_url": "userinfo_endpoint",
}


def discovery_check(key: str) -> str:
    """Give the id of the check that compares a directory's addresses."""
    return f"directory.{key}.discovery"


def secret_check(key: str) -> str:
    """Give the id of the active check of a directory's secret."""
    return f"directory.{key}.secret-accepted"


def metadata_address(issuer: str) -> str:
    """Give where an issuer's metadata is (Discovery 1.0 section 4); a final slash is dropped."""
    return f"{issuer.removesuffix('/')}{WELL_KNOWN}"


def judge_addresses(key: str, directory: Directory, found: ProviderFound) -> Check:
    """Judge whether a directory's addresses are those that its issuer's metadata names.

    What cannot be fetched proves nothing; a document without a userinfo endpoint says nothing of
    that address.
    """
    check, fields = discovery_check(key), _fields(key, ("issuer", *_NAMES))
    metadata = found.metadata
    if metadata is None:
        detail = f"{found.address} proves nothing: {found.discovery.code}"
        return Check(check, Status.SKIPPED, detail, fields)
    told = {"issuer": metadata.issuer}
    told |= {name: metadata.text(said) for name, said in _NAMES.items() if metadata.text(said)}
    values = directory.values()
    wrong = [name for name, value in told.items() if values[name] != value]
    # The vendor's guide writes Cognito's userinfo endpoint without the capital of its metadata.
    case = [each for each in wrong if str(values[each]).lower() == told[each].lower()]
    if not wrong:
        detail = f"{', '.join(told)} are what the issuer's metadata names"
        return Check(check, Status.PASSED, detail, fields)
    said = "; ".join(f'{each} is "{values[each]}", not "{told[each]}"' for each in wrong)
    remedy = f"Set {', '.join(wrong)} of {_path(key)} to what the metadata names, byte for byte."
    status = Status.WARNING if wrong == case and "issuer" not in case else Status.FAILED
    return Check(check, status, said, _fields(key, wrong), remedy)


def judge_gone(key: str) -> Check:
    """Judge a key whose record is no longer in Cloud SSO."""
    remedy = f"Write {_path(key)} again, or unbind the key: imis-sso directories unbind."
    detail = "the directory of this key is no longer in Cloud SSO"
    return Check(discovery_check(key), Status.FAILED, detail, _fields(key, ("name",)), remedy)


def secret_refusal(
    directory: Directory, found: ProviderFound, hosts: Collection[str] | None
) -> str | None:
    """Say why a directory's secret must not be sent; None where it may (contract C45).

    It goes only to a token endpoint that its own issuer's metadata names, with byte-equal issuer;
    both on `hosts`, the registry's pins of that secret.
    """
    metadata = found.metadata
    if metadata is None:
        return f"there is no discovery document: {found.discovery.code}"
    if not directory.issuer or metadata.issuer != directory.issuer:
        return "the discovery document does not name the directory's issuer"
    endpoint = metadata.text("token_endpoint")
    if not endpoint:
        return "the discovery document names no token endpoint"
    if hosts is None:
        return "no secret of the registry with hosts is the one that the directory holds"
    return _off(found.address, hosts) or _off(endpoint, hosts)


def _off(address: str, hosts: Collection[str]) -> str | None:
    try:
        host = authority(split_https(address))
    except ValueError as error:
        return f"an address of the directory {error}"
    return None if host in hosts else f"{host} is not among the hosts of the secret"


def judge_directory_secret(key: str, seen: Authentication) -> Check:
    """Judge whether the directory takes its secret, by the table that iMIS's client is judged by.

    Raises nothing; a silent endpoint proves nothing.
    """
    found = judge_secret(seen)
    fields = _fields(key, ("client_id", "client_secret_version"))
    remedy = found.remedy and (
        f"Look in the directory whether the secret was replaced or has expired, then set it at its "
        f"source and push it: client_secret_version of {_path(key)}."
    )
    return replace(found, id=secret_check(key), fields=fields, remedy=remedy)


def _path(key: str) -> str:
    return f"cloud-sso/directories/{key}"


def _fields(key: str, names: Collection[str]) -> tuple[str, ...]:
    return tuple(f"{_path(key)}#{each}" for each in names)
