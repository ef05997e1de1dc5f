"""What the simulated iMIS answers, route by route (product facts 3.3)."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from imis_sso.simulators.gate import Endpoint, Entry, attempt_of
from imis_sso.simulators.imis import wire
from imis_sso.simulators.imis.faults import LOGIN_PAGE, spoilt
from imis_sso.simulators.imis.model import DuplicateError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from imis_sso.simulators.imis.model import ImisModel
    from imis_sso.simulators.imis.wire import Record

_ENTITY = "/api/OpenIDProvider"
_RECORD = _ENTITY + "/{id}"
_VALIDATION = {"X-Reason-Phrase": "Validation error"}


def entries(model: ImisModel) -> list[Entry]:
    """Give the routes of one simulated iMIS."""
    imis = _Imis(model)
    guarded, entity = imis.guarded, imis.entity
    return [
        Entry(
            "GET",
            "/api/SystemSettings/0",
            guarded(imis.named("system-settings", imis.system_settings)),
        ),
        Entry("GET", "/api/metadata/OpenIDProvider", entity(imis.metadata, "metadata")),
        Entry("GET", _ENTITY, entity(imis.list_records, "records"), "read"),
        Entry("POST", _ENTITY, entity(imis.create), "write"),
        Entry("POST", f"{_ENTITY}/_validate", entity(imis.validate, "validation")),
        Entry("POST", f"{_ENTITY}/_execute", entity(imis.no_operation)),
        Entry(
            "POST",
            f"{_ENTITY}/_haspermission/{{action}}",
            entity(imis.has_permission, "permission"),
        ),
        Entry("GET", _RECORD, entity(imis.read), "read"),
        Entry("PUT", _RECORD, entity(imis.replace), "write"),
        Entry("DELETE", _RECORD, entity(imis.remove), "write"),
        Entry("GET", "/api/{rest:path}", guarded(imis.no_service)),
        Entry("POST", "/api/{rest:path}", guarded(imis.no_service)),
        Entry("PUT", "/api/{rest:path}", guarded(imis.no_service)),
        Entry("DELETE", "/api/{rest:path}", guarded(imis.no_service)),
        Entry("POST", "/{path:path}", imis.token, "login"),
    ]


class _Imis:
    def __init__(self, model: ImisModel) -> None:
        self._model = model

    # Log-in

    async def token(self, request: Request) -> Response:
        if request.url.path != self._model.variant.imis_token_path:
            return _plain(HTTPStatus.NOT_FOUND, "Not found")
        form = {name: str(value) for name, value in (await request.form()).items()}
        if form.get("grant_type") != "password":
            return _oauth_error("unsupported_grant_type", "The grant type must be password.")
        token = self._model.log_in(form.get("username", ""), form.get("password", ""))
        if token is None:
            return _oauth_error("invalid_grant", "The user name or password is incorrect.")
        life = {"expires_in": self._model.token_seconds} if self._model.manners.tells_life else {}
        return JSONResponse(
            {"access_token": token, "token_type": "bearer", **life}
            | {"userName": self._model.username}
        )

    def guarded(self, endpoint: Endpoint) -> Endpoint:
        """Let nothing pass without a token that holds (401)."""

        async def checked(request: Request) -> Response:
            scheme, _, token = request.headers.get("authorization", "").partition(" ")
            if self._model.take(attempt_of(request), "login_page"):
                return HTMLResponse(LOGIN_PAGE)
            if self._model.take(attempt_of(request), "expire_session"):
                self._model.expire_sessions()
            if scheme.lower() != "bearer" or not self._model.accepts(token):
                text = {"Message": "Authorization has been denied for this request."}
                return JSONResponse(text, HTTPStatus.UNAUTHORIZED, {"WWW-Authenticate": "Bearer"})
            return await endpoint(request)

        return checked

    def named(self, name: str, endpoint: Endpoint) -> Endpoint:
        """Refuse what a real tenant was seen to refuse under this name (see `Manners`)."""

        async def seen(request: Request) -> Response:
            return self._model.manners.refusal(name) or await endpoint(request)

        return seen

    def entity(self, endpoint: Endpoint, name: str = "") -> Endpoint:
        """Answer as the variant says this installation serves the entity, and check the roles."""

        async def served(request: Request) -> Response:
            refusal = _REST_REFUSALS.get(self._model.variant.imis_rest)
            if refusal is not None:
                return _plain(*refusal)
            if not self._model.is_permitted():
                return _plain(HTTPStatus.FORBIDDEN, "Access denied")
            return await endpoint(request)

        return self.guarded(self.named(name, served))

    # Reading

    async def system_settings(self, _request: Request) -> Response:
        # Unknown: the names of these properties; only what they say is documented.
        return self._dressed(
            "system-settings",
            {
                "$type": f"{wire.NAMESPACE}.SystemSettingsData, Asi.Contracts",
                "SystemSettingsId": "0",
                "LicensedOrganization": self._model.organisation,
                "Version": self._model.version,
            },
        )

    async def metadata(self, _request: Request) -> Response:
        kinds = dict.fromkeys(wire.BOOLEANS, "Boolean") | {name: name for name in wire.ENUMS}
        item = f"{wire.NAMESPACE}.PropertyDefinitionData, Asi.Contracts"
        properties = [
            {"$type": item, "Name": name, "PropertyTypeName": kinds.get(name, "String")}
            for name in wire.DEFAULTS
        ]
        if declared := self._model.manners.declared():
            properties = [
                {"$type": item, "Name": name, "PropertyTypeName": kind}
                for name, kind in declared.items()
            ]
        return self._dressed(
            "metadata",
            {
                "$type": f"{wire.NAMESPACE}.EntityDefinitionData, Asi.Contracts",
                "EntityTypeName": "OpenIDProvider",
                "Properties": wire.collection(item, properties),
            },
        )

    async def list_records(self, request: Request) -> Response:
        try:
            limit = int(request.query_params.get("limit", wire.DEFAULT_LIMIT))
            offset = int(request.query_params.get("offset", 0))
        except ValueError:
            return _plain(HTTPStatus.BAD_REQUEST, "limit and offset must be numbers")
        limit = min(max(limit, 1), wire.LIMIT_CAP)
        spoils = self._model.take(attempt_of(request), "changed_page")
        records = self._model.shown(attempt_of(request))
        items = [spoilt(self._shown(record), spoils) for record in records]
        return self._dressed("records", wire.paged(items, max(offset, 0), limit))

    async def read(self, request: Request) -> Response:
        fault = self._model.take(attempt_of(request), "changed_page")
        for record in self._model.shown(attempt_of(request)):
            if record["ProviderId"] == request.path_params["id"]:
                return JSONResponse(spoilt(self._shown(record), fault))
        return _missing()

    async def has_permission(self, request: Request) -> Response:
        allowed = request.path_params["action"] in {"Create", "Read", "Update", "Delete"}
        return JSONResponse(_PERMISSION[self._model.variant.imis_permission](allowed))

    # Writing

    async def create(self, request: Request) -> Response:
        sent = await self._decoded(request)
        if isinstance(sent, Response):
            return sent
        if self._model.take(attempt_of(request), "write_dropped"):
            return self._created({"ProviderId": "0", **sent})
        try:
            record = self._model.create(self._altered(request, sent), attempt_of(request))
        except DuplicateError:
            return _plain(HTTPStatus.CONFLICT, "A record of this identity exists already")
        return self._created(record)

    async def replace(self, request: Request) -> Response:
        record_id = request.path_params["id"]
        if self._model.find(record_id) is None:
            return _missing()
        sent = await self._decoded(request)
        if isinstance(sent, Response):
            return sent
        if sent.get("ProviderId", record_id) != record_id:
            return _plain(HTTPStatus.BAD_REQUEST, "The identity in the body is another one")
        if self._model.take(attempt_of(request), "write_dropped"):
            return self._written(sent)
        altered = self._altered(request, sent)
        return self._written(self._model.replace(record_id, altered, attempt_of(request)))

    async def remove(self, request: Request) -> Response:
        if self._model.find(request.path_params["id"]) is None:
            return _missing()
        if not self._model.take(attempt_of(request), "write_dropped"):
            self._model.remove(request.path_params["id"], attempt_of(request))
        return Response(status_code=HTTPStatus.NO_CONTENT)

    async def validate(self, request: Request) -> Response:
        kind = self._model.variant.imis_validate
        if kind == "missing":
            return await self.no_operation(request)
        sent = await self._decoded(request)
        if not isinstance(sent, Response):
            return self._dressed("validation", wire.validation_results([]))
        if kind == "result" and "x-reason-phrase" in sent.headers:
            return Response(sent.body, HTTPStatus.OK, media_type="application/json")
        return sent

    async def no_operation(self, _request: Request) -> Response:
        return _plain(HTTPStatus.NOT_IMPLEMENTED, "Operation not implemented")

    async def no_service(self, _request: Request) -> Response:
        return _plain(HTTPStatus.NOT_IMPLEMENTED, "Service not implemented")

    # The wire

    def _dressed(self, name: str, document: Record) -> Response:
        return JSONResponse(self._model.manners.dressed(name, document))

    def _shown(self, record: Record) -> Record:
        return wire.encode(record, self._model.variant)

    async def _decoded(self, request: Request) -> Record | Response:
        body = await request.body()
        try:
            return wire.decode(body)
        except wire.MalformedError as error:
            return _plain(HTTPStatus.BAD_REQUEST, f"{error} {self._echo(body)}".strip())
        except wire.InvalidError as error:
            results = wire.validation_results(error.errors, self._echo(body))
            return JSONResponse(results, HTTPStatus.BAD_REQUEST, _VALIDATION)

    def _echo(self, body: bytes) -> str:
        echoes = self._model.variant.imis_errors == "echo"
        return f"Received: {body.decode('utf-8', 'replace')}" if echoes else ""

    def _altered(self, request: Request, sent: Record) -> Record:
        fault = self._model.take(attempt_of(request), "write_altered")
        if fault is None:
            return sent
        default = {"ProviderName": f"{sent.get('ProviderName', '')} (altered)"}
        changes: Record = fault.params.get("changes", default)
        return sent | changes

    def _written(self, record: Record) -> Response:
        status = int(self._model.variant.imis_put_status)
        if status == HTTPStatus.NO_CONTENT:
            return Response(status_code=status)
        return JSONResponse(self._shown(record), status)

    def _created(self, record: Record) -> Response:
        kind = self._model.variant.imis_post_id
        if kind == "body":
            return JSONResponse(self._shown(record), HTTPStatus.CREATED)
        if kind == "header":
            location = f"{self._model.base_url}{_ENTITY}/{record['ProviderId']}"
            return Response(status_code=HTTPStatus.CREATED, headers={"Location": location})
        return Response(status_code=HTTPStatus.NO_CONTENT)


_REST_REFUSALS = {
    "forbidden": (HTTPStatus.FORBIDDEN, "Access denied"),
    "missing": (HTTPStatus.NOT_FOUND, "Not found"),
    "not_implemented": (HTTPStatus.NOT_IMPLEMENTED, "Service not implemented"),
}
_PERMISSION: Mapping[str, Any] = {
    "bare": lambda allowed: allowed,
    "result": lambda allowed: {"Result": allowed},
    "boxed": lambda allowed: {"$type": "System.Boolean", "$value": allowed},
}


def _plain(status: HTTPStatus, text: str) -> Response:
    headers = {"X-Reason-Phrase": text} if status is HTTPStatus.NOT_IMPLEMENTED else {}
    return PlainTextResponse(text, status, headers)


def _missing() -> Response:
    return _plain(HTTPStatus.NOT_FOUND, "Not found")


def _oauth_error(error: str, description: str) -> Response:
    document = {"error": error, "error_description": description}
    return Response(json.dumps(document), HTTPStatus.BAD_REQUEST, media_type="application/json")
