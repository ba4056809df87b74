"""What chaos and the simulation expect of the services, held to what the services declare."""

import pytest

from choreography import Service
from consumers.access.service import service as access
from consumers.hr.service import service as hr
from consumers.notification.service import service as notification
from tests.chaos.company import Company
from tests.chaos.expected import expectations
from tests.checker.duty import short
from tests.checker.expectations import Reaction
from tests.simulation import rights

SERVICES = {one.group: one for one in (notification, hr, access)}
CHAOS = expectations(Company.of(4), quiet=True, slack=0).reactions
SIMULATION = (*rights.NOTIFICATION.reactions, *rights.HR.reactions, *rights.ACCESS.reactions)


def name(one: Reaction) -> str:
    return f"{one.group} {one.event}"


@pytest.mark.parametrize("expected", [*CHAOS, *SIMULATION], ids=name)
def test_what_makes_a_reaction_pointless_is_what_the_service_declares(expected: Reaction) -> None:
    declared = [one for one in SERVICES[expected.group].reactions if one.event.__name__ == expected.event]

    assert [{kind.__name__ for kind in one.unless} for one in declared] == [set(expected.unless)]


@pytest.mark.parametrize("expected", [one for one in (*CHAOS, *SIMULATION) if one.undoes], ids=name)
def test_what_is_taken_back_is_whatever_the_service_does_unless_it_is_undone(expected: Reaction) -> None:
    undone = undoes(SERVICES[expected.group], expected.event)

    assert undone <= set(expected.undoes), "an effect that is taken back would pass for one that never happened"


def test_chaos_expects_every_reaction_but_that_to_a_departure_which_no_run_lives_to_see() -> None:
    declared = {(group, one.event.__name__) for group, service in SERVICES.items() for one in service.reactions}

    assert declared - {(one.group, one.event) for one in CHAOS} == {("ems.access", "EmployeeDeparted")}


def undoes(service: Service, event: str) -> set[str]:  # type: ignore[type-arg]  # of any ports
    return {short(one) for kind, types in service.undoes.items() if kind.__name__ == event for one in types}
