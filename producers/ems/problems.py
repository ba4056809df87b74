"""What went wrong, as RFC 9457 problem details: by field, never with a value, so that no personal data comes back.

Fields are named that we know: what stands where the name of a field should be may be anything, such as a person's name.
"""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final

from pydantic import ValidationError
from starlette.responses import Response

_FIELDS_NAMED: Final = 20
_NAME_LENGTH: Final = 64
_FOREIGN: Final = "Has fields that this route does not take; leave them out"


class Problem(Exception):  # noqa: N818 - RFC 9457 calls it so
    """A request that is refused.

    Attributes:
        status: the HTTP status.
        detail: what happened, what it means, what to do next.
        headers: what else the response must say.
        more: further members of the problem, such as `errors`.
    """

    def __init__(
        self, status: HTTPStatus, detail: str, *, headers: Mapping[str, str] | None = None, **more: object
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})
        self.more = more

    def response(self) -> Response:
        """Return the problem as an HTTP response."""
        return Response(json.dumps(self.members()), self.status, self.headers, media_type="application/problem+json")

    def members(self) -> dict[str, object]:
        """Return the members of the problem."""
        return {"title": self.status.phrase, "status": self.status, "detail": self.detail, **self.more}

    def errors(self) -> Sequence[tuple[str, str]]:
        """Return the fields that do not fit, as JSON pointers, and what is wrong with each."""
        found = self.more.get("errors", [])
        return [(one["pointer"], one["detail"]) for one in found] if isinstance(found, list) else []


def misfit(error: ValidationError) -> Problem:
    """Name the fields of a body that do not fit, by JSON pointer (RFC 6901)."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    named = dict.fromkeys(_named(one["type"], one["loc"], one["msg"]) for one in found)
    errors = [{"pointer": pointer, "detail": detail} for pointer, detail in list(named)[:_FIELDS_NAMED]]
    return Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "The body is not what this route takes; `errors` names each field. Nothing was changed.",
        errors=errors,
    )


def _named(kind: str, path: Sequence[str | int], message: str) -> tuple[str, str]:
    """Return pointer and detail of an error; a field that is not ours is not named."""
    return (_pointer(path[:-1]), _FOREIGN) if kind == "extra_forbidden" else (_pointer(path), message)


def _pointer(path: Sequence[str | int]) -> str:
    names = (str(part)[:_NAME_LENGTH].replace("~", "~0").replace("/", "~1") for part in path)
    return "#" + "".join(f"/{name}" for name in names)
