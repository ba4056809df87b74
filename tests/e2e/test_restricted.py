"""Of a restricted case HR hears first; the manager once HR has had it released, by the command line, or never."""

import json
import os
import subprocess
import sys
from collections import Counter
from datetime import date
from typing import Any

import pytest

from infra.endpoints import STATE_DIR
from infra.sandbox import company
from infra.sandbox.people import Person
from infra.sandbox.probes import Mail
from tests.e2e.waiting import eventually
from tests.e2e.world import RESIGNED, Case, World

pytestmark = pytest.mark.broker

GROUP = "ems.notification"
RESIGNED_IN = {"en": "handed in a resignation", "de": "gekündigt"}
LEAVES_IN = {"en": "leaves: the decision is final", "de": "scheidet aus: Die Entscheidung ist endgültig"}
MOVED_IN = {"en": "now works until Friday, 28 March 2031.", "de": "arbeitet nun bis Freitag, 28. März 2031."}
TOLD_HR = ("NotificationWithheld", *RESIGNED[1:])


def ems(world: World, *arguments: str) -> Any:
    """Do what a person does at the command line; return what it says."""
    environment = {**os.environ, STATE_DIR: str(world.stack.state_dir)}
    command = (sys.executable, "-m", "infra.cli.main", *arguments, "--output", "json")
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def await_held(world: World, case: Case) -> None:
    """Wait until the manager's message is held."""

    def held() -> bool:
        found = ems(world, "held", "list", "--group", GROUP, "--case", str(case.id))["held"]
        return [one["reason"] for one in found] == ["RESTRICTED"]

    eventually(held, "the manager's message to be held", lambda: world.remarks(case))


def letters(world: World, case: Case) -> list[Mail]:
    """The mails about a case that are no invitations, in the order of arrival."""
    return [mail for mail in world.mails(case) if mail.invitation is None]


def one_line(mail: Mail) -> str:
    """What a mail says, without its line breaks."""
    return " ".join(mail.text.split())


def restricted(world: World) -> tuple[Case, Person]:
    """Have somebody resign in confidence; return the case and the manager."""
    (employee,) = world.hiring.employees(1)
    partner = world.hiring.hr_partner().employee_id
    case = world.resign(employee.employee_id, hr_partner_id=partner, confidentiality="RESTRICTED")
    world.await_facts(case, TOLD_HR)
    await_held(world, case)
    manager_id = world.fact(case, "NotificationWithheld")["manager_id"]
    return case, company.person(manager_id)


def test_the_manager_hears_once_it_is_released_and_from_then_on_whatever_comes(world: World) -> None:
    case, manager = restricted(world)
    before = letters(world, case)

    ems(world, "held", "release", "--group", GROUP, "--case", str(case.id), "--execute")
    world.await_facts(case, (*TOLD_HR, "ManagerNotified"))
    world.decide(case, "CONFIRMED")
    world.await_facts(case, (*TOLD_HR, *["ManagerNotified"] * 2, "NotificationWithheld", "CriticalAccessRevoked"))

    assert [mail.recipients for mail in before] == [(company.HR_MAILBOX,)]
    told = letters(world, case)
    assert [mail.recipients for mail in told] == [(company.HR_MAILBOX,), (manager.mail,)] * 2
    assert "handed in a resignation" in told[0].text
    assert RESIGNED_IN[manager.language] in one_line(told[1])
    assert LEAVES_IN[manager.language] in one_line(told[3])
    assert len({str(mail.message["References"]).split()[0] for mail in told}) == 1


def test_what_is_taken_back_before_it_was_released_reaches_the_manager_never(world: World) -> None:
    case, manager = restricted(world)

    world.intake.withdraw(case.id, requested_by="EMPLOYEE")
    world.await_facts(case, (*TOLD_HR, "NotificationDropped", "CriticalAccessRestored"))
    eventually(
        lambda: not ems(world, "held", "list", "--group", GROUP, "--case", str(case.id))["held"],
        "the held message to be given up",
        lambda: world.remarks(case),
    )
    world.progress.await_finished()

    assert [mail.recipients for mail in letters(world, case)] == [(company.HR_MAILBOX,)] * 2
    assert manager.mail not in {address for mail in world.mails(case) for address in mail.recipients}
    assert Counter(world.fact_names(case))["ManagerNotified"] == 0


def test_a_new_last_working_day_is_told_to_whoever_knows_of_the_case(world: World) -> None:
    (employee,) = world.hiring.employees(1)
    partner = world.hiring.hr_partner().employee_id
    case = world.resign(employee.employee_id, hr_partner_id=partner)
    world.await_facts(case, RESIGNED)

    world.intake.change_last_working_day(case.id, date(2031, 3, 28))
    world.await_facts(case, (*RESIGNED, "ManagerNotified"))

    first, moved = letters(world, case)
    assert moved.recipients == first.recipients
    manager = company.person(world.fact(case, "ManagerNotified")["recipient_id"])
    assert MOVED_IN[manager.language] in one_line(moved)
    assert moved.message["In-Reply-To"] == first.message_id
