"""A person is read from the directory's answer, tolerantly."""

import subprocess
import sys
from typing import Any

import pytest

from consumers.shared.directory import Person

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def test_a_person_is_read_with_name_mail_manager_and_division() -> None:
    resource = {
        "id": "7f",
        "externalId": "E-1",
        "displayName": "Ana Petrović",
        "name": {"givenName": "Ana"},
        "emails": [{"value": "home@example.com", "type": "home"}, {"value": "ana@example.com", "type": "work"}],
        "preferredLanguage": "hr",
        "timezone": "Europe/Zagreb",
        "userType": "Employee",
        ENTERPRISE: {"manager": {"value": "9a"}, "division": "Harbour", "department": "Cranes", "employeeNumber": "17"},
    }

    person = Person.from_scim(resource)

    assert person == Person(
        id="7f",
        employee_id="E-1",
        display_name="Ana Petrović",
        mail="ana@example.com",
        employee_number="17",
        preferred_language="hr",
        time_zone="Europe/Zagreb",
        manager_scim_id="9a",
        division="Harbour",
        mails=("home@example.com", "ana@example.com"),
    )


def test_a_person_of_whom_the_directory_knows_only_the_id_does_no_harm() -> None:
    person = Person.from_scim({"id": "7f", "name": None, "emails": None, "active": None, ENTERPRISE: None})

    assert person == Person(id="7f", employee_id="", display_name="7f", active=True)


@pytest.mark.parametrize("said", [False, "False", "false"])
def test_a_person_is_inactive_however_the_directory_spells_it(said: object) -> None:
    assert Person.from_scim({"id": "7f", "active": said}).active is False


@pytest.mark.parametrize(
    ("emails", "mail"),
    [
        ([{"value": "a@corp.local"}], "a@corp.local"),
        ([{"value": "work@example.com", "type": "work"}, {"value": "p@example.com", "primary": True}], "p@example.com"),
        ([{"value": ""}, {"value": None}, {"value": "b@example.com", "type": "Büro"}], "b@example.com"),
        ([], None),
    ],
)
def test_the_primary_address_comes_before_the_one_for_work_and_no_address_is_refused(
    emails: list[dict[str, Any]], mail: str | None
) -> None:
    assert Person.from_scim({"id": "7f", "emails": emails}).mail == mail


def test_a_person_without_display_name_is_called_by_name_or_user_name() -> None:
    assert Person.from_scim({"id": "7f", "name": {"givenName": "Ana", "familyName": "P"}}).display_name == "Ana P"
    assert Person.from_scim({"id": "7f", "userName": "ana"}).display_name == "ana"


def test_what_the_directory_adds_of_its_own_is_passed_over() -> None:
    assert Person.from_scim({"id": "7f", "urn:example:custom": {"shoeSize": 43}, "shoes": 2}).id == "7f"


def test_something_without_id_is_no_person() -> None:
    with pytest.raises(ValueError, match="without an id"):
        Person.from_scim({"displayName": "Ana"})


@pytest.mark.parametrize("manager", ["9a", {"value": "9a"}, {"$ref": "../Users/9a"}, {"Value": "9a"}])
def test_a_manager_is_understood_however_the_directory_writes_one(manager: object) -> None:
    assert Person.from_scim({"id": "7f", ENTERPRISE: {"manager": manager}}).manager_scim_id == "9a"


@pytest.mark.parametrize(
    "odd",
    [
        {ENTERPRISE: {"manager": ["9a"], "employeeNumber": {"value": 1}, "division": None}},
        {ENTERPRISE: "none"},
        {"emails": "ana@corp.local", "name": "Ana", "displayName": ["Ana"], "active": "yes", "timezone": 1.5},
        {"emails": [None, {"value": 7}], "externalId": True},
    ],
)
def test_what_is_odd_about_a_person_is_as_if_it_were_missing(odd: dict[str, Any]) -> None:
    assert Person.from_scim({"id": "7f", "userName": "ana", **odd}).display_name == "ana"


def test_a_number_that_is_written_as_one_is_read() -> None:
    person = Person.from_scim({"id": 7, ENTERPRISE: {"employeeNumber": 17}})

    assert (person.id, person.employee_id, person.employee_number) == ("7", "17", "17")


@pytest.mark.parametrize("service", ["notification", "hr", "access"])
def test_no_service_loads_a_scim_library_to_ask_the_directory(service: str) -> None:
    says = f"import sys, consumers.{service}.__main__; sys.exit(any(name.startswith('scim2') for name in sys.modules))"

    assert subprocess.run([sys.executable, "-c", says], check=False).returncode == 0
