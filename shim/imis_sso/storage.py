"""Which store the settings name, opened: the one way in for the service and for the commands."""

from __future__ import annotations

from imis_sso.connectors.secrets.resolve import resolve_off_loop
from imis_sso.domain.ledger import StoreUnavailable
from imis_sso.domain.problems import SecretUnavailable
from imis_sso.domain.secret import Secret
from imis_sso.domain.sources import SecretSource
from imis_sso.settings import ServerSettings
from imis_sso.store.engine import SqlStore, open_store
from imis_sso.store.postgresql import Password, Server
from imis_sso.store.retention import Retention


async def opened_store(settings: ServerSettings) -> SqlStore:
    """Open the store of these settings, made or migrated where necessary.

    Raises ConfigurationError where it cannot be used.
    """
    return await open_store(
        settings.data_dir,
        server=database_server(settings),
        audit_key_file=settings.audit_key_file,
        retention=Retention(settings.snapshots_keep, settings.snapshots_days),
    )


def database_server(settings: ServerSettings) -> Server | None:
    """Give the server with the way to its password; None for SQLite in the data directory.

    A password that came with the URL goes before the one that `database_password` names.
    """
    address, source = settings.database_url, settings.database_password
    if address is None:
        return None
    if address.password is not None:
        return Server(address.url, _constant(address.password))
    return Server(address.url, None if source is None else _resolving(source))


def _constant(password: Secret) -> Password:
    async def given() -> Secret:
        return password

    return given


def _resolving(source: SecretSource) -> Password:
    async def resolved() -> Secret:
        try:
            return await resolve_off_loop(source)
        except SecretUnavailable as problem:
            raise StoreUnavailable(problem.detail.rstrip(".")) from None

    return resolved
