"""Refusing what two servers in a row may read in two ways, before any route is looked for.

A proxy that lets through what it takes for harmless must not be talked into passing on something else: a path with a
part that is written otherwise, or a second request in what it takes for the body of the first.
"""

from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from producers.ems.problems import Problem
from producers.ems.refusals import problem_of


class Strictness:
    """Refuses paths that are encoded, and bodies that say their length twice.

    Args:
        app: gets all others.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or have it answered."""
        problem = _refusal(scope)
        await (self._app if problem is None else problem.response())(scope, receive, send)


def _refusal(scope: Scope) -> Problem | None:
    names = {name for name, _ in scope["headers"]}
    if b"transfer-encoding" in names and (b"content-length" in names or scope["http_version"] == "1.0"):
        return Problem(
            HTTPStatus.BAD_REQUEST,
            "The request says the length of its body in two ways. Send Content-Length or Transfer-Encoding, not both.",
            headers={"connection": "close"},
        )
    if b"%" in scope["raw_path"]:  # no address of ours needs it
        return problem_of(HTTPException(HTTPStatus.NOT_FOUND))
    return None
