"""Services that die by kill -9 at each point around a mail: there is one mail in the end, and its fact is certain."""

import signal
from collections import Counter
from collections.abc import Iterator
from typing import Final

import pytest

from infra.sandbox.people import Person
from tests.e2e.world import World, exit_code

pytestmark = pytest.mark.broker

SERVICES: Final = ("consumers.notification", "consumers.hr")
POINTS: Final = ("before_intent", "after_intent", "after_effect", "after_done")
SECOND: Final = ":2"  # that Notification tells of the decision; that HR, which has booked, invites
MAILS: Final = ("ManagerNotified", "ManagerNotified", "InterviewInvitationSent")


@pytest.fixture(scope="module")
def people(world: World) -> Iterator[Person]:
    return iter(world.hiring.employees(len(POINTS)))


@pytest.mark.parametrize("point", POINTS)
def test_a_mail_is_sent_once_wherever_its_service_dies(
    world: World, people: Iterator[Person], point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for service in SERVICES:
        world.stack.kill(service)
    monkeypatch.setenv("CHOREOGRAPHY_FAIL_AT", f"{point}{SECOND}")
    world.stack.start_missing()
    monkeypatch.delenv("CHOREOGRAPHY_FAIL_AT")
    pids = {service: world.stack.endpoints.pids[service] for service in SERVICES}

    case = world.resign(next(people).employee_id)
    world.decide(case, "CONFIRMED")
    assert {exit_code(service, pid) for service, pid in pids.items()} == {signal.SIGKILL}
    world.stack.start_missing()
    world.await_facts(case, MAILS)

    mails = [fact.fields for fact in world.facts(case) if fact.name in MAILS]
    sent = Counter(mail.message_id for mail in world.mailbox.every_mail())
    assert [(sent[one["message_id"]], one["perhaps_repeated"]) for one in mails] == [(1, False)] * len(MAILS)
