"""What in a vendor's webhook is somebody's exit; all the rest is ignored with a reason, and nothing is guessed."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.ems.vendors import VENDORS, Leaver
from tests.integration.intake.vendor_webhooks import exit_of

DAY = "2026-03-31"
VENDOR = sorted(VENDORS)


def read(vendor: str, payload: dict[str, Any]) -> list[Leaver | str]:
    return list(VENDORS[vendor].read(payload))


def bamboohr(**fields: Any) -> list[Leaver | str]:
    one = {"id": "7", "action": "Updated", "changedFields": list(fields), "fields": fields}
    return read("bamboohr", {"employees": [one]})


def deel(**resource: Any) -> list[Leaver | str]:
    meta = {"event_type": "contract.terminated", "tracking_id": "t-1"}
    return read("deel", {"data": {"meta": meta, "resource": resource}})


def merge(event: str = "Employee.changed", **data: Any) -> list[Leaver | str]:
    return read("merge", {"hook": {"event": event}, "data": data})


@pytest.mark.parametrize("vendor", VENDOR)
def test_an_exit_is_read(vendor: str) -> None:
    (leaver,) = read(vendor, exit_of(vendor, "e-1", DAY))

    assert isinstance(leaver, Leaver)
    assert (leaver.employee_id, leaver.last_day) == ("e-1", None if vendor == "hibob" else date(2026, 3, 31))


def test_bamboohr_posts_a_date_under_either_name_and_plain_or_in_an_object() -> None:
    for fields in ({"terminationDate": DAY}, {"Termination Date": DAY}, {"terminationDate": {"value": DAY}}):
        assert bamboohr(**fields) == [Leaver("7", date(2026, 3, 31), event="7 2026-03-31")]


def test_bamboohr_may_state_several_exits_at_once() -> None:
    people = [exit_of("bamboohr", name, DAY)["employees"][0] for name in ("1", "2")]
    stays = people[0] | {"id": "3", "fields": {"Job Title": "Engineer"}}

    one, two, three = read("bamboohr", {"employees": [*people, stays]})

    assert [one, two] == [Leaver(name, date(2026, 3, 31), event=f"{name} 2026-03-31") for name in ("1", "2")]
    assert isinstance(three, str)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"terminationDate": None},
        {"terminationDate": ""},
        {"terminationDate": "0000-00-00"},
        {"terminationDate": "31 Mar 2026"},
        {"terminationDate": "2026-03-31 or so"},
        {"terminationDate": 20260331},
        {"terminationDate": "20260331"},
        {"terminationDate": "2026-W13-2"},
        {"terminationDate": "0"},
        {"terminationDate": "1774915200"},
        {"Employment Status": "Terminated", "Employment Status: Date": DAY},
        {"Status": "Inactive"},
    ],
)
def test_bamboohr_without_a_termination_date_is_nobodys_exit(fields: dict[str, Any]) -> None:
    (reason,) = bamboohr(**fields)

    assert isinstance(reason, str)
    assert "terminationDate" in reason


@pytest.mark.parametrize(
    "payload",
    [
        {"type": "employee.updated", "data": {"employeeId": "7", "changedFields": ["terminationDate"]}},
        {"type": "employee.deleted", "data": {"employeeId": "7"}},
        {"employees": [{"id": "7", "action": "Deleted", "fields": {"terminationDate": DAY}}]},
        {"employees": [{"action": "Updated", "fields": {"terminationDate": DAY}}]},
        {"employees": ["7"]},
        {},
    ],
)
def test_bamboohr_events_that_carry_ids_only_need_reading(payload: dict[str, Any]) -> None:
    (reason,) = read("bamboohr", payload)

    assert isinstance(reason, str)


@pytest.mark.parametrize("kind", ["employee.left", "employee.access.revoked.immediately"])
def test_hibob_states_a_termination_by_its_kind(kind: str) -> None:
    assert read("hibob", {"type": kind, "data": {"employeeId": "7"}}) == [Leaver("7", None)]


@pytest.mark.parametrize("kind", ["employee.inactivated", "employee.updated", "employee.temporaryLeave", None, ["x"]])
def test_hibob_leaves_and_updates_are_nobodys_exit(kind: Any) -> None:
    (reason,) = read("hibob", {"type": kind, "data": {"employeeId": "7"}})

    assert isinstance(reason, str)


def test_hibob_without_an_employee_is_nobodys_exit() -> None:
    (reason,) = read("hibob", {"type": "employee.left", "employee": {"id": "7"}})

    assert isinstance(reason, str)


def test_deel_may_send_its_resource_alone_or_in_a_list() -> None:
    contract = {"id": "3072cm7", "completion_date": "2026-03-31T00:00:00.000Z"}
    meta = {"event_type": "contract.terminated"}

    assert read("deel", {"data": {"meta": meta, "resource": [contract]}}) == [Leaver("3072cm7", date(2026, 3, 31))]
    assert deel(**contract) == [Leaver("3072cm7", date(2026, 3, 31), event="t-1 3072cm7")]


@pytest.mark.parametrize("resource", [{}, {"id": "3072cm7"}, {"completion_date": DAY}, {"id": "", "x": DAY}])
def test_deel_without_a_contract_and_a_date_needs_reading(resource: dict[str, Any]) -> None:
    (reason,) = deel(**resource)

    assert isinstance(reason, str)


@pytest.mark.parametrize(
    "meta", [{"event_type": "worker.v2.updated"}, {"event_type": "contract.terminated", "is_simulation": True}, {}]
)
def test_other_events_and_simulations_of_deel_are_nobodys_exit(meta: dict[str, Any]) -> None:
    payload = {"data": {"meta": meta, "resource": {"id": "3072cm7", "completion_date": DAY}}}
    (reason,) = read("deel", payload)

    assert isinstance(reason, str)


@pytest.mark.parametrize(
    ("event", "data"),
    [
        ("Employee.removed", {"employee_number": "7", "termination_date": DAY}),
        ("LinkedAccount.synced", {"employee_number": "7", "termination_date": DAY}),
        ("Employee.changed", {"employee_number": "7", "termination_date": None}),
        ("Employee.changed", {"employee_number": "7", "employment_status": "INACTIVE"}),
        ("Employee.changed", {"employee_number": None, "remote_id": "19202938", "termination_date": DAY}),
    ],
)
def test_merge_without_a_number_and_a_date_is_nobodys_exit(event: str, data: dict[str, Any]) -> None:
    (reason,) = merge(event, **data)

    assert isinstance(reason, str)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@st.composite
def mangled(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """Draw an exit of which one part became something else."""
    vendor = draw(st.sampled_from(VENDOR))
    payload = exit_of(vendor, "e-1", DAY)
    here: Any = payload
    while True:
        name = draw(st.sampled_from(sorted(here) if isinstance(here, dict) else range(len(here))))
        if not isinstance(here[name], dict | list) or not here[name] or draw(st.booleans()):
            here[name] = draw(JSON)
            return vendor, payload
        here = here[name]


@given(mangled())
def test_whatever_a_vendor_sends_is_an_exit_or_a_reason(given_: tuple[str, dict[str, Any]]) -> None:
    vendor, payload = given_

    assert all(isinstance(found, Leaver | str) for found in read(vendor, payload))
