"""A directory that does more than it was asked to: that is not called verified, and security is told by mail."""

import asyncio
import json
from email import message_from_bytes, policy
from typing import Any
from uuid import uuid4

import pytest
from httpx2 import AsyncHTTPTransport, Request, Response

from choreography import Event, NothingToDo
from schemas.exits import EmployeeRetained, ExitConfirmed
from tests.integration.access.company import Directory, Team
from tests.integration.access.reacting import Access
from tests.integration.mail.server import Script, mail_system
from tests.integration.mail.writing import open_mailer
from tests.integration.telling import told_one_after_the_other

pytestmark = pytest.mark.parametrize("directory", ["polite"], indirect=True)


class RemovesEverybody(AsyncHTTPTransport):
    async def handle_async_request(self, request: Request) -> Response:
        return await super().handle_async_request(await changed(request, "remove", path="members"))


class AddsSomebodyElse(AsyncHTTPTransport):
    async def handle_async_request(self, request: Request) -> Response:
        somebody = {"value": uuid4().hex, "type": "User"}
        return await super().handle_async_request(await changed(request, "add", value=[somebody]))


async def changed(request: Request, kind: str, **other: Any) -> Request:
    """Return a request in which operations of one kind are other ones; what they add, they add besides."""
    if request.method != "PATCH":
        return request
    await request.aread()
    body = json.loads(request.content)
    for one in body["Operations"]:
        if one["op"] == kind:
            one.update({**other, "value": [*other["value"], *one["value"]]} if "value" in other else other)
    headers = {name: value for name, value in request.headers.items() if name != "content-length"}
    return Request("PATCH", request.url, headers=headers, json=body)


def security_reads(*events: Event) -> list[str]:
    """Return the mails that security gets, each on one line."""
    script = Script()

    async def told() -> None:
        async with mail_system(script) as port, open_mailer(port) as mailer:
            await told_one_after_the_other(mailer, *events)

    asyncio.run(told())
    mails = [message_from_bytes(one, policy=policy.default) for to, one in script.accepted if "security" in to[0]]
    return [" ".join(one.get_body(("plain",)).get_content().split()) for one in mails]  # type: ignore[union-attr]


@pytest.mark.parametrize("taking", ["resigned", "confirmed"])
def test_a_directory_that_removes_more_than_it_was_asked_to_is_not_called_verified(
    directory: Directory, team: Team, taking: str
) -> None:
    access, resigned = Access(directory.url, *team.names, between=RemovesEverybody), team.case.resigned()
    taken = access.react(resigned if taking == "resigned" else team.case.states(ExitConfirmed))

    [mail] = security_reads(resigned, taken)

    assert not taken.verified
    assert "does not prove that exactly this person was taken out of" in mail
    assert all(group in mail for group in team.critical)


@pytest.mark.parametrize(
    "other",
    [
        {"op": "add", "path": "members", "value": [{"value": "somebody"}]},
        {"op": "replace", "path": 'members[value eq "{colleague}"].display', "value": "Somebody"},
    ],
    ids=["adds somebody", "changes somebody"],
)
def test_a_directory_that_does_something_else_besides_is_not_called_verified(
    directory: Directory, team: Team, other: dict[str, Any]
) -> None:
    besides = {**other, "path": other["path"].replace("{colleague}", team.colleague)}

    class DoesMore(AsyncHTTPTransport):
        async def handle_async_request(self, request: Request) -> Response:
            if request.method == "PATCH":
                directory.patch(request.url.path.rpartition("/")[2], besides)
                del request.headers["If-Match"]  # it is the directory itself that did so
            return await super().handle_async_request(request)

    blocked = Access(directory.url, *team.names, between=DoesMore).react(team.case.resigned())

    assert not blocked.verified


def test_security_reads_that_a_directory_gave_access_to_somebody_else_too(directory: Directory, team: Team) -> None:
    access, resigned = Access(directory.url, *team.names, between=AddsSomebodyElse), team.case.resigned()
    blocked = access.react(resigned)
    restored = access.react(team.case.states(EmployeeRetained))

    with pytest.raises(NothingToDo):
        security_reads(resigned, blocked)
    [mail] = security_reads(resigned, restored)

    assert set(restored.restored) == team.critical
    assert (restored.not_restored, restored.verified) == ((), False)
    assert "does not prove that exactly this person was put back into" in mail
    assert all(group in mail for group in team.critical)
