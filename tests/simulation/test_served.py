"""Crash histories in which the real clients ask real servers' code: what is undone leaves nothing behind."""

import re
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

import pytest

from consumers.access.ports import Returned
from consumers.access.scim.directory import ScimAccessDirectory
from consumers.hr.caldav import CalDavCalendar
from consumers.shared.mail import SmtpServer
from schemas.access import Membership
from tests.simulation.plan import Plan, Submission
from tests.simulation.run import live
from tests.simulation.simulating import simulation

HISTORIES = 400  # more than three times as many as the rarest of the planted bugs needs
DUTIES = ("access", "hr", "notification")


@pytest.mark.timeout(1_800)
def test_directory_calendar_and_mailbox_end_as_one_permitted_history_at_real_servers_code() -> None:
    run = simulation("--served", "--histories", str(HISTORIES))

    assert run.returncode == 0, run.stdout + run.stderr
    assert f"{HISTORIES:,} histories" in run.stdout


@pytest.mark.parametrize("duty", DUTIES)
@pytest.mark.parametrize("undone", ["ResignationWithdrawn", "EmployeeRetained", "ExitCaseVoided"])
def test_what_was_undone_before_a_service_ran_reaches_nobody_for_an_instant(duty: str, undone: str) -> None:
    resigned, taken_back = Submission(0.0, 0, 0, "EmployeeResigned", 1), Submission(0.0, 0, 0, undone, 2)

    assert requests(duty, resigned)
    assert not requests(duty, resigned, taken_back)


def requests(duty: str, *submissions: Submission) -> list[str]:
    """Return what a service asks its targets that finds these events waiting."""
    return traced(duty, " gets a request ", *submissions)


def traced(duty: str, what: str, *submissions: Submission) -> list[str]:
    """Return the lines of the trace that say so, of a service that finds these events waiting."""
    plan = Plan(seed=1, service=duty, served=True, backlog=len(submissions), submissions=submissions)
    outcome = live(plan, trace=True)
    assert outcome.anomalies == ()
    return [line for line in outcome.lines if what in line]


@pytest.mark.parametrize("then", ["ExitConfirmed", "EmployeeDeparted"])
def test_who_leaves_by_the_time_access_runs_is_not_blocked_first(then: str) -> None:
    resigned, leaves = Submission(0.0, 0, 0, "EmployeeResigned", 1), Submission(0.0, 0, 0, then, 2)

    handled = traced("access", " handles ", resigned, leaves)

    assert [line.split()[3] for line in handled] == [then]


async def _give_nothing_back(_self: Any, memberships: tuple[Membership, ...], _claim: Any) -> Returned:
    return Returned(memberships)


async def _call_nothing_off(*_: Any) -> int:
    return 2  # the SEQUENCE that it would have


async def _send_nothing(_self: Any, message: EmailMessage, *, claim: Any, **_: Any) -> tuple[str, ...]:
    await claim()
    return tuple(one.addr_spec for one in message["To"].addresses)


@pytest.mark.parametrize(
    ("duty", "then", "method", "broken"),
    [
        ("access", "EmployeeRetained", (ScimAccessDirectory, "give_back"), _give_nothing_back),
        ("hr", "EmployeeRetained", (CalDavCalendar, "cancel"), _call_nothing_off),
        ("notification", "ExitConfirmed", (SmtpServer, "deliver"), _send_nothing),
    ],
)
def test_a_client_that_says_so_and_does_nothing_is_found_out(
    duty: str, then: str, method: tuple[type[Any], str], broken: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    resigned, decided = Submission(0.0, 0, 0, "EmployeeResigned", 1), Submission(60.0, 0, 0, then, 2)
    plan = Plan(seed=1, service=duty, served=True, submissions=(resigned, decided))
    assert live(plan).anomalies == ()

    monkeypatch.setattr(*method, broken)

    assert re.match("(lost-effect|wrong-final-state)", live(plan).anomalies[0])
