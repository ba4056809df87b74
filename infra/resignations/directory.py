"""Whose resignation a line is, where the file names people by mail or user name: the directory knows, or nobody."""

import json
from collections.abc import Iterator
from typing import Any, Final

import httpx2

from infra.errors import Unreachable
from infra.resignations.lines import NoResignation

_ATTRIBUTES: Final = {"mail": "emails.value", "user_name": "userName"}
_ENTERPRISE: Final = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
_PAGE: Final = 100


class Directory:
    """Looks people up, each once.

    Args:
        http: asks the directory, with its address and its token.
        employee_is: `mail` or `user_name`.
    """

    def __init__(self, http: httpx2.Client, employee_is: str) -> None:
        self._http = http
        self._is = employee_is
        self._known: dict[str, str] = {}

    def employee_id(self, name: str) -> str:
        """Return the employee id of the one person who is called so.

        Raises:
            NoResignation: there is none, or several, or the one has no employee id.
            Unreachable: the directory does not answer as it should.
        """
        if name not in self._known:
            self._known[name] = self._asked(name)
        return self._known[name]

    def _asked(self, name: str) -> str:
        try:
            found = {str(one["id"]): one for one in self._answers(name) if name.casefold() in _names(one, self._is)}
        except (httpx2.HTTPError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise Unreachable("The directory does not answer as it should, so nobody was looked up.") from error
        if len(found) != 1:
            raise NoResignation(f"{len(found) or 'nobody'} in the directory is called so: it must be exactly one")
        (person,) = found.values()
        number = person.get("externalId") or (person.get(_ENTERPRISE) or {}).get("employeeNumber")
        if not isinstance(number, str):
            raise NoResignation("the directory knows no employee id of this person")
        return number

    def _answers(self, name: str) -> Iterator[dict[str, Any]]:
        start, total = 1, 1
        while start <= total:
            asked: dict[str, str | int] = {
                "filter": f"{_ATTRIBUTES[self._is]} eq {json.dumps(name)}",
                "startIndex": start,
                "count": _PAGE,
            }
            page = self._http.get("Users", params=asked).raise_for_status().json()
            people, total = page.get("Resources") or [], int(page["totalResults"])
            yield from people
            if not people:
                return
            start += len(people)


def _names(person: dict[str, Any], employee_is: str) -> set[str]:
    if employee_is == "user_name":
        return {str(person.get("userName")).casefold()}
    return {str(mail.get("value")).casefold() for mail in person.get("emails") or ()}
