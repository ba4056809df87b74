"""Asking a SCIM server for a list (RFC 7644 §3.4.2): servers ignore filters, answer in pages, or refuse `count`."""

import json
from collections.abc import AsyncIterator
from typing import Any, Final

from scim2_client import SCIMResponseException
from scim2_client.engines.httpx2 import AsyncSCIMClient
from scim2_models import Resource

_PAGE: Final = 100


class Refused(ValueError):  # noqa: N818 - an answer of the directory
    """The directory answered with an error, or with something that is not SCIM.

    Attributes:
        status: as SCIM's error says it; empty where it is none.
    """

    def __init__(self, status: str) -> None:
        super().__init__("the directory answered with an error")
        self.status = status


class Pages:
    """The lists of a directory.

    Args:
        scim: asks it.
    """

    def __init__(self, scim: AsyncSCIMClient) -> None:
        self._scim = scim
        self._counts = True  # until the server shows that it does not understand it

    async def search(self, kind: type[Resource[Any]], attribute: str, value: str) -> AsyncIterator[dict[str, Any]]:
        """Yield what the server answers to `attribute eq value`, page by page, whether or not it fits."""
        fits = f"{attribute} eq {json.dumps(value)}"  # a filter's strings are JSON's (RFC 7644 §3.4.2.2)
        seen: set[str] = set()
        start = 1
        while True:
            page = await self.page(kind, {"filter": fits, "startIndex": start}, _PAGE)
            total = int(page["totalResults"])
            resources = [one for one in page.get("Resources") or () if str(one["id"]) not in seen]
            for resource in resources:
                seen.add(str(resource["id"]))
                yield resource
            start += len(resources)
            if not resources or start > total:
                return

    async def page(self, kind: type[Resource[Any]], request: dict[str, Any], count: int) -> dict[str, Any]:
        """Return a page; as long as the server likes where it fails with a length and does not without one."""
        if self._counts:
            try:
                return checked(await self._scim.query(kind, query_parameters={**request, "count": count}))
            except (Refused, SCIMResponseException):  # Canaille answers 500, with a page of HTML
                page = checked(await self._scim.query(kind, query_parameters=request))
                self._counts = False
                return page
        return checked(await self._scim.query(kind, query_parameters=request))


def is_error(payload: object, status: str) -> bool:
    """Tell whether the server answered with this error."""
    return isinstance(payload, dict) and str(payload.get("status")) == status and "schemas" in payload


def checked(payload: object) -> dict[str, Any]:
    """Return a resource or a page.

    Raises:
        Refused: the server answered with an error, or with something else.
    """
    schemas = payload.get("schemas") if isinstance(payload, dict) else None
    if not isinstance(payload, dict) or not isinstance(schemas, list) or any("Error" in str(one) for one in schemas):
        raise Refused(str(payload.get("status")) if isinstance(payload, dict) else "")
    return payload
