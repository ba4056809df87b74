"""What went wrong, as RFC 9457 problem details: by field, never with a value, so that no personal data comes back.

Fields are named that we know: what stands where the name of a field should be may be anything, such as a person's name.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.responses import Response

from producers.ems.bodies import MAX_BODY
from producers.ems.json_text import NoJson

MEDIA_TYPE: Final = "application/problem+json"
_FIELDS_NAMED: Final = 20
_NAME_LENGTH: Final = 64
_FOREIGN: Final = "Has fields that this route does not take; leave them out"


class FieldProblem(BaseModel):
    """One field that does not fit."""

    model_config = ConfigDict(extra="forbid")

    pointer: str = Field(description="The field, as a JSON pointer (RFC 6901) into the body.")
    detail: str


class ProblemDetails(BaseModel):
    """Why a request was refused (RFC 9457); it names fields, and never repeats a value."""

    model_config = ConfigDict(extra="forbid")

    title: str
    status: int
    detail: str = Field(description="What happened, what it means, what to do next.")
    errors: list[FieldProblem] | None = Field(default=None, description="Of a body that does not fit: its fields.")
    case_id: UUID | None = Field(default=None, description="Of a second resignation: the case that is open already.")


class Problem(Exception):  # noqa: N818 - RFC 9457 calls it so
    """A request that is refused.

    Attributes:
        status: the HTTP status.
        detail: what happened, what it means, what to do next.
        headers: what else the response must say.
        details: its body.
    """

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        errors: list[FieldProblem] | None = None,
        case_id: UUID | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})
        self.details = ProblemDetails(title=status.phrase, status=status, detail=detail, errors=errors, case_id=case_id)

    def response(self) -> Response:
        """Return the problem as an HTTP response."""
        body = self.details.model_dump_json(exclude_none=True)
        return Response(body, self.status, self.headers, media_type=MEDIA_TYPE)

    def members(self) -> dict[str, object]:
        """Return the members of the problem."""
        return self.details.model_dump(mode="json", exclude_none=True)

    def errors(self) -> Sequence[tuple[str, str]]:
        """Return the fields that do not fit, as JSON pointers, and what is wrong with each."""
        return [(one.pointer, one.detail) for one in self.details.errors or ()]


def misfit(error: ValidationError) -> Problem:
    """Name the fields of a body that do not fit, by JSON pointer (RFC 6901)."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    named = dict.fromkeys(_named(one["type"], one["loc"], one["msg"]) for one in found)
    return unfitting([FieldProblem(pointer=pointer, detail=detail) for pointer, detail in list(named)[:_FIELDS_NAMED]])


def no_json(error: NoJson) -> Problem:
    """Refuse a body that is no JSON, or nobody can tell which."""
    return unfitting([FieldProblem(pointer="#", detail=str(error))])


def unfitting(errors: list[FieldProblem]) -> Problem:
    """Refuse a body for these fields."""
    return Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "The body is not what this route takes; `errors` names each field. Nothing was changed.",
        errors=errors,
    )


def reserved() -> Problem:
    """Refuse an idempotency key that is one of ours."""
    return Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "A webhook-id that begins with ems: is one of EMS itself; give the request another one. Nothing was changed.",
    )


def too_large() -> Problem:
    """Refuse a body that is larger than any request needs; whoever goes on sending it is not listened to."""
    return Problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        f"The body is larger than {MAX_BODY} bytes, which no request needs. Nothing was changed.",
        headers={"connection": "close"},
    )


def _named(kind: str, path: Sequence[str | int], message: str) -> tuple[str, str]:
    """Return pointer and detail of an error; a field that is not ours is not named."""
    return (_pointer(path[:-1]), _FOREIGN) if kind == "extra_forbidden" else (_pointer(path), message)


def _pointer(path: Sequence[str | int]) -> str:
    names = (str(part)[:_NAME_LENGTH].replace("~", "~0").replace("/", "~1") for part in path)
    return "#" + "".join(f"/{name}" for name in names)
