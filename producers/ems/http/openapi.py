"""The OpenAPI 3.1 document of the intake, made of the table of routes and of the models of bodies and answers.

What JSON Schema cannot say (an employment that ends before its last working day; a duplicate without its twin) is
refused with 422 all the same.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from producers.ems.http.problems import MEDIA_TYPE, ProblemDetails
from producers.ems.http.refusals import examples
from producers.ems.http.routes import RESIGN, Operation

JSON: Final = "application/json"
PATH: Final = "/openapi.json"
_SCHEMAS: Final = "#/components/schemas/"
_SIGNATURE: Final = {
    "webhook-id": "The idempotency key: the same request with the same id counts once.",
    "webhook-timestamp": "Unix seconds, at most five minutes from now.",
    "webhook-signature": "`v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`; several, with blanks between.",
}
_SECONDS: Final = {"description": "Seconds.", "schema": {"type": "integer"}}
_RETRY: Final = {"retry-after": {**_SECONDS, "required": True}}
_HEADERS: Final[Mapping[HTTPStatus, Mapping[str, Any]]] = {
    HTTPStatus.UNAUTHORIZED: {"www-authenticate": {"required": True, "schema": {"type": "string"}}},
    HTTPStatus.METHOD_NOT_ALLOWED: {"allow": {"required": True, "schema": {"type": "string"}}},
    HTTPStatus.CONFLICT: {"retry-after": _SECONDS},
    HTTPStatus.TOO_MANY_REQUESTS: _RETRY,
    HTTPStatus.SERVICE_UNAVAILABLE: _RETRY,
}
Json = dict[str, Any]


def document(operations: Sequence[Operation]) -> Json:
    """Return the document of these routes and its own, as JSON values."""
    paths: dict[str, Json] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, operations)
    paths[PATH] = {"get": _itself()}
    headers = dict.fromkeys(name for operation in operations for name in operation.signed_by)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Exit Management System: intake",
            "version": "1",
            "description": "Requests are signed as www.standardwebhooks.com describes; 202 means that it is stored.",
        },
        "paths": paths,
        "components": {
            "schemas": _schemas(operations),
            "responses": {status.name: _refusal(status) for status in sorted(examples())},
            "securitySchemes": {
                name: {"type": "apiKey", "in": "header", "name": name, "description": _SIGNATURE.get(name, "")}
                for name in headers
            },
        },
    }


def _operation(operation: Operation, operations: Iterable[Operation]) -> Json:
    described: Json = {
        "operationId": operation.name,
        "summary": operation.summary,
        "security": [{name: [] for name in operation.signed_by}],
        "responses": {str(int(operation.status)): _success(operation, operations)} | _refusals(operation.refuses),
    }
    if "{case_id}" in operation.path:
        described["parameters"] = [_CASE_ID]
    if operation.method == "POST":
        described["requestBody"] = {"required": operation.takes is not None, "content": {JSON: _taken(operation)}}
    return described


_CASE_ID: Final = {
    "name": "case_id",
    "in": "path",
    "required": True,
    "description": "The id that the resignation was answered with.",
    "schema": {"type": "string", "format": "uuid"},
}


def _taken(operation: Operation) -> Json:
    if operation.takes is None:  # its form is the vendor's to say
        return {"schema": {}}
    return {"schema": _named(operation.takes), "example": dict(operation.example)}


def _success(operation: Operation, operations: Iterable[Operation]) -> Json:
    answer: Json = {"description": operation.status.phrase, "content": {JSON: {"schema": _one_of(operation.gives)}}}
    if operation is RESIGN:
        answer["links"] = dict(_links(operations))
    return answer


def _links(operations: Iterable[Operation]) -> Iterator[tuple[str, Json]]:
    for operation in operations:
        if "{case_id}" in operation.path:
            yield (
                operation.name,
                {"operationId": operation.name, "parameters": {"case_id": "$response.body#/case_id"}},
            )


def _refusals(statuses: Iterable[HTTPStatus]) -> Json:
    return {str(int(status)): {"$ref": f"#/components/responses/{status.name}"} for status in sorted(statuses)}


def _refusal(status: HTTPStatus) -> Json:
    example = examples()[status].details.model_dump(mode="json", exclude_none=True)
    content = {MEDIA_TYPE: {"schema": _named(ProblemDetails), "example": example}}
    if status is HTTPStatus.BAD_REQUEST:  # what is no HTTP is refused before any route is known
        content["text/plain"] = {"schema": {"type": "string"}}
    return {"description": status.phrase, "headers": dict(_HEADERS.get(status, {})), "content": content}


def _itself() -> Json:
    return {
        "operationId": "openapi",
        "summary": "This document. It needs no signature.",
        "security": [],
        "responses": {
            "200": {"description": "OK", "content": {JSON: {"schema": {"type": "object"}}}},
        }
        | _refusals([HTTPStatus.BAD_REQUEST, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.INTERNAL_SERVER_ERROR]),
    }


def _schemas(operations: Iterable[Operation]) -> Json:
    models: set[type[BaseModel]] = {ProblemDetails}
    models |= {model for one in operations for model in (one.takes, *one.gives) if model is not None}
    ordered = sorted(models, key=lambda model: model.__name__)
    _, found = models_json_schema([(model, "validation") for model in ordered], ref_template=_SCHEMAS + "{model}")
    return dict(found["$defs"])


def _named(model: type[BaseModel]) -> Json:
    return {"$ref": _SCHEMAS + model.__name__}


def _one_of(models: Sequence[type[BaseModel]]) -> Json:
    return _named(models[0]) if len(models) == 1 else {"oneOf": [_named(model) for model in models]}
