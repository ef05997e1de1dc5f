"""All wiring in one place: registry → connectors → pairs → the application."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

import imis_sso
from imis_sso import connecting
from imis_sso.api import (
    attestations,
    changes,
    collections,
    connectors,
    emergency,
    environments,
    health,
    manual_steps,
    settings,
    snapshots,
)
from imis_sso.api.answers import problem_answer, store_problem
from imis_sso.api.decisions import Openings, enforce
from imis_sso.api.entrance import Entrance
from imis_sso.api.idempotency import IdempotentPosts
from imis_sso.api.limits import RateLimit
from imis_sso.api.openapi import Described
from imis_sso.connectors.base import Sink
from imis_sso.connectors.callers.jwt import looks_like_jwt
from imis_sso.connectors.callers.keys import Issuer
from imis_sso.connectors.callers.trusted import Trust, TrustedCallers
from imis_sso.connectors.certificates import HostCertificates
from imis_sso.connectors.oidc.discovery import Discovery
from imis_sso.connectors.oidc.probes import ProviderProbes
from imis_sso.connectors.secrets.resolve import resolve_off_loop
from imis_sso.connectors.sinks import FileSink, SyslogSink, WebhookSink
from imis_sso.described_pages import with_usable_pages
from imis_sso.domain.access import Principal
from imis_sso.domain.fingerprint import FingerprintKey
from imis_sso.domain.hosts import host_of
from imis_sso.domain.ledger import StoreUnavailable
from imis_sso.domain.problems import MethodNotAllowed, NotFound, Problem, SecretUnavailable
from imis_sso.domain.resources import PRODUCTS, Product
from imis_sso.domain.secret import Secret
from imis_sso.domain.trust import Pins
from imis_sso.environments import (
    INTERACTIVE,
    CallerSection,
    EnvironmentConfig,
    Registry,
    SinkSection,
)
from imis_sso.services.bindings import Bindings
from imis_sso.services.delivery import Delivery
from imis_sso.services.doors import Doors
from imis_sso.services.expiry import Expiry
from imis_sso.services.half import WAITING, Half
from imis_sso.services.journal import Journal
from imis_sso.services.manual_steps import Steps
from imis_sso.services.pair import Pair, Policy
from imis_sso.services.persons_logins import PersonsLogins
from imis_sso.services.proven import Rehearsals
from imis_sso.services.secrets import Secrets
from imis_sso.settings import ServerSettings
from imis_sso.storage import opened_store
from imis_sso.store.aside import Opened, open_whatever_works
from imis_sso.store.base import Store
from imis_sso.store.kept_logins import KeptLogins
from imis_sso.store.key import load_key
from imis_sso.web import docs, pages

logger = logging.getLogger(__name__)

READY_SECONDS: Final = 3.0


@dataclass(frozen=True)
class Service:
    """The service without its HTTP surface: its settings, its memory, its environments."""

    settings: ServerSettings
    store: Store
    pairs: Mapping[str, Pair]
    callers: TrustedCallers = field(default_factory=lambda: TrustedCallers(()))
    deliveries: Sequence[Delivery] = ()
    notices: tuple[str, ...] = ()

    async def authenticate(self, token: str) -> Principal | None:
        """Give whom a bearer token stands for: a JWT's caller, or a stored token (contract C40).

        Raises what either says of a token that it knows and refuses.
        """
        if looks_like_jwt(token):
            return await self.callers.find(token)
        return await self.store.tokens.find(token)

    async def ready(self) -> bool:
        """Tell whether the store can be read; no product is asked (contract C3)."""
        try:
            async with asyncio.timeout(READY_SECONDS):
                await self.store.ping()
        except (StoreUnavailable, TimeoutError):
            return False
        return True


def _trust(section: CallerSection) -> Trust:
    way = Issuer(section.issuer, section.jwks_uri, section.ca_file, section.allow_private)
    return Trust(section.rule(), way)


def _policy(config: EnvironmentConfig) -> Policy:
    return Policy(
        writes_allowed=config.writable,
        on_destroy=config.on_destroy.value,
        pins=Pins(frozenset(config.sso_hosts) or None, frozenset(config.imis_hosts)),
        tenant=config.tenant.pins(),
        unread_secret_keeps=config.imis.unread_secret is not None,
        unread_directory_secret_keeps=config.cloud_sso.unread_secret is not None,
        directory_limit=config.cloud_sso.directory_limit,
        secret_hosts={
            name: frozenset(each.hosts) for name, each in config.secrets.items() if each.hosts
        },
        production=config.production,
        strict_preconditions=config.strict_preconditions,
        test_mode_days=config.test_mode_days,
        verifies_edits=config.edits_while_enabled == "verified",
        require_attestation=config.require_attestation,
        rehearsal_required=config.rehearsal == "required",
    )


def _persons_logins(config: EnvironmentConfig, key: FingerprintKey, store: Store) -> PersonsLogins:
    by_person = [each for each in PRODUCTS if config.half(each).login == INTERACTIVE]
    return PersonsLogins(
        {each: KeptLogins(store.facts, key, config.name, each) for each in by_person}
    )


def _expiry(config: EnvironmentConfig, logins: PersonsLogins) -> Expiry:
    # The address of iMIS is connected to anyway; the other hosts meet the egress rule.
    imis = host_of(config.imis.url)
    dated = {
        name: each.expires for name, each in config.secrets.items() if each.expires is not None
    }
    certificates = HostCertificates(
        (imis, *config.sso_hosts), (imis, *config.egress.allow), config.ca_file
    )
    return Expiry(dated, certificates, config.expiry_warning_days, logins=logins)


def build_pair(
    config: EnvironmentConfig,
    key: FingerprintKey,
    store: Store,
    waiting_writes: int = WAITING,
    neighbours: Mapping[str, str] | None = None,
) -> Pair:
    """Wire one environment. Nothing is connected and nobody logs in yet (contract C47).

    `neighbours` are the other environments' iMIS addresses, by name.
    """
    halves: dict[Product, Half] = {}
    doors: dict[Product, Doors] = {}
    for product in PRODUCTS:
        doors[product] = connecting.doors_into(product, config, store, key)
        halves[product] = Half(
            product,
            doors[product],
            hold=partial(store.leases.hold, config.name, product),
            turn=partial(store.leases.turn, config.name, product),
            waiting=waiting_writes,
            bindings=Bindings(config.name, store.facts),
        )

    async def resolve(name: str) -> Secret:
        return await resolve_off_loop(config.secrets[name].source)

    takers = {name: frozenset(each.documents) for name, each in config.secrets.items()}
    secrets = Secrets(
        config.name,
        key,
        store.applied_secrets,
        sources=takers,
        resolve=resolve,
        cloud_sso=halves["cloud-sso"],
    )
    journal = Journal(config.name, store.trail, store.spool, store.holds)
    sign_in_url = config.imis.url + config.imis.sign_in_path
    return Pair(
        config.name,
        _policy(config),
        halves,
        secrets,
        store.managed,
        journal,
        store.history,
        store.evidences,
        circuits={product: each.circuit for product, each in doors.items()},
        doors=doors,
        steps=Steps(config.name, store.facts),
        discovery=Discovery(config.egress.allow, config.ca_file),
        imis_url=config.imis.url,
        sign_in_url=sign_in_url,
        expiry=_expiry(config, _persons_logins(config, key, store)),
        probes=ProviderProbes(config.egress.allow, config.ca_file, sign_in_url),
        neighbours=neighbours or {},
        facts=store.facts,
        rehearsals=Rehearsals(store.facts, (config.name, *(neighbours or ()))),
    )


def _neighbours(registry: Registry, name: str) -> dict[str, str]:
    others = registry.environments.items()
    return {other: config.imis.url for other, config in others if other != name}


def _sink(section: SinkSection) -> Sink:
    if section.file is not None:
        return FileSink(section.name, section.file)
    if section.syslog is not None:
        return SyslogSink(section.name, section.syslog, section.ca_file)
    source, url = section.token, section.webhook or ""

    async def token() -> Secret:
        if source is None:
            msg = "there is no token"
            raise SecretUnavailable(msg)
        return await resolve_off_loop(source)

    return WebhookSink(section.name, url, token if source else None, section.ca_file)


@asynccontextmanager
async def opened(
    registry: Registry,
    settings: ServerSettings,
    *,
    emergency: bool = False,
    spool: Path | None = None,
) -> AsyncIterator[Service]:
    """Open the service and close it again, whatever happens.

    In an emergency it opens also without a store; `spool` is then where the spool shall be. Else it
    raises ConfigurationError where the store, the server key or a page file cannot be used.
    """
    registry, said = with_usable_pages(registry, emergency=emergency)
    opening = partial(opened_store, settings)
    if emergency:
        shared = settings.database_url is not None
        found = await open_whatever_works(settings, opening, spool, shared=shared)
    else:
        found = Opened(await opening(), load_key(settings))
    key, store, limit = found.key, found.store, settings.waiting_writes
    pairs = {
        name: build_pair(config, key, store, limit, _neighbours(registry, name))
        for name, config in registry.environments.items()
    }
    deliveries = [
        Delivery(_sink(each), store.trail, store.deliveries)
        for each in registry.audit.sinks
        if not found.stands_aside
    ]
    callers = TrustedCallers([_trust(each) for each in registry.server.callers])
    for delivery in deliveries:
        delivery.start()
    try:
        notices = (*found.notices, *said)
        yield Service(settings, store, pairs, callers, deliveries, notices)
    finally:
        for delivery in deliveries:
            await delivery.aclose()
        await callers.aclose()
        for pair in pairs.values():
            await pair.aclose()
        await store.aclose()


def create_app(service: Service) -> FastAPI:
    """Make the application: routes, problems, and the entrance around them."""
    app = Described(
        title="imis-sso",
        version=imis_sso.__version__,
        summary="Settings of iMIS OpenID Connect and Cloud SSO, for Terraform.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.pairs = service.pairs
    app.state.ready = service.ready
    app.state.deliveries = service.deliveries
    app.state.public_key = service.store.public_key
    for router in (
        health.routes,
        environments.routes,
        attestations.routes,
        changes.routes,
        connectors.routes,
        emergency.routes,
        manual_steps.routes,
        collections.router(),
        settings.router(),
        snapshots.routes,
        pages.routes,
        docs.routes,
    ):
        # Flat, not `include_router`, which hides them: `_allowed` has to see every route.
        app.router.routes.extend(router.routes)
    enforce(app.router.routes)
    app.add_exception_handler(Problem, _answer_problem)
    app.add_exception_handler(StoreUnavailable, _answer_store)
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_middleware(IdempotentPosts, store=service.store.idempotency)
    app.add_middleware(
        Entrance,
        authenticate=service.authenticate,
        limit=RateLimit(service.settings.rate_limit),
        openings=Openings(app.router.routes),
    )
    return app


async def _answer_problem(request: Request, error: Exception) -> Response:
    if not isinstance(error, Problem):
        raise error
    return problem_answer(error, request.method, request.state.request_id)


async def _answer_store(request: Request, error: Exception) -> Response:
    if not isinstance(error, StoreUnavailable):
        raise error
    logger.error("the store cannot be used: %s", error)
    return await _answer_problem(request, store_problem(error))


async def _answer_http(request: Request, _error: Exception) -> Response:
    """Turn the router's own refusals into problems (contract C30)."""
    allow = _allowed(request)
    if not allow:
        msg = "There is nothing at this address; /openapi.json lists what there is."
        return await _answer_problem(request, NotFound(msg))
    msg = f"This address takes {', '.join(allow)}, not {request.method[:20]}."
    answer = await _answer_problem(request, MethodNotAllowed(msg))
    answer.headers["Allow"] = ", ".join(allow)
    return answer


def _allowed(request: Request) -> list[str]:
    """Give the methods that the routes at this address take; empty where there is none."""
    methods: set[str] = set()
    for route in request.app.router.routes:
        match, _ = route.matches(request.scope)
        if match is not Match.NONE:
            methods |= getattr(route, "methods", None) or set()
    return sorted(methods)
