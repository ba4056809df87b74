"""More people than can be true lose their access at once: the rest waits until a person has looked."""

from datetime import timedelta

import pytest

from choreography import Hold
from consumers.access.ports import Mass
from schemas.exits import EmployeeDeparted, ExitConfirmed
from tests.integration.access.company import Directory, Team
from tests.integration.access.reacting import NOW, Access

HOUR = timedelta(hours=1)


def access_with(directory: Directory, team: Team, mass: Mass, *began_before: timedelta) -> Access:
    access = Access(directory.url, *team.names, mass=mass, known_by=directory.known_by)
    access.memory.began = [*(NOW - before for before in began_before), NOW]
    return access


def test_one_too_many_is_held_and_not_touched_until_a_person_releases(directory: Directory, team: Team) -> None:
    access = access_with(directory, team, Mass(2, None, HOUR), timedelta(minutes=59), timedelta(minutes=1))
    versions = [directory.version(group) for group in team.critical]

    resigned = team.case.resigned()
    with pytest.raises(Hold, match="More than 2 people leave within 60 minutes"):
        access.react(resigned)
    untouched = [directory.version(group) for group in team.critical]
    blocked = access.react(resigned, released=True)

    assert untouched == versions
    assert set(blocked.entitlement_ids) == team.critical


def test_those_who_leave_one_after_the_other_are_no_mass(directory: Directory, team: Team) -> None:
    access = access_with(directory, team, Mass(2, None, HOUR), timedelta(minutes=60), timedelta(minutes=1))

    assert set(access.react(team.case.resigned()).entitlement_ids) == team.critical


def test_a_mass_may_be_a_share_of_the_company(directory: Directory, team: Team) -> None:
    people = directory.http.get("/Users").json()["totalResults"]
    before = [timedelta(minutes=1)] * (people // 2)

    with pytest.raises(Hold):
        access_with(directory, team, Mass(None, 50, HOUR), *before).react(team.case.resigned())
    with pytest.raises(Hold):
        access_with(directory, team, Mass(people, 50, HOUR), *before).react(team.case.resigned())
    assert access_with(directory, team, Mass(None, 50, HOUR), *before[1:]).react(team.case.resigned()).memberships


def test_a_mass_of_confirmations_is_held_and_one_of_departures_is_not(directory: Directory, team: Team) -> None:
    access = access_with(directory, team, Mass(1, None, HOUR), timedelta(minutes=1))

    with pytest.raises(Hold):
        access.react(team.case.states(ExitConfirmed))
    swept = access.react(team.case.states(EmployeeDeparted))

    assert set(swept.entitlement_ids) == team.critical


def test_what_was_begun_before_the_mass_is_finished(directory: Directory, team: Team) -> None:
    access, resigned = access_with(directory, team, Mass(1, None, HOUR)), team.case.resigned()
    assert access.killed_at(12, resigned)
    access.memory.began.append(NOW)

    assert set(access.react(resigned).entitlement_ids) == team.critical
