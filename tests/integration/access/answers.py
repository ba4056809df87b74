"""What a directory may answer."""

from typing import Any

from httpx2 import Response


def scim(status: int, body: dict[str, Any]) -> Response:
    return Response(status, headers={"Content-Type": "application/scim+json"}, json=body)


def refusal(status: int) -> Response:
    error = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": str(status), "detail": "Ada Canary"}
    return scim(status, error)
