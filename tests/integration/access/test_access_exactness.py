"""Whatever the memberships were: the groups after a case that was undone are the groups before it."""

from dataclasses import dataclass
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.exits import EmployeeRetained, ExitCaseVoided, ExitConfirmed, ResignationWithdrawn
from tests.integration.access.company import Directory
from tests.integration.access.reacting import Access, Case

pytestmark = pytest.mark.parametrize("directory", ["polite"], indirect=True)

NAMES = {"userName": "ada", "displayName": "Ada L.", "name.formatted": "Ada Lovelace"}


@dataclass(frozen=True)
class Membership:
    """How the leaver stands in a group."""

    typed: bool
    referred: bool
    shown: str | None

    def of(self, account: str, user_name: str) -> dict[str, str]:
        shown = user_name if self.shown == "userName" else NAMES.get(self.shown or "")
        sent = {
            "value": account,
            "type": "User" if self.typed else None,
            "$ref": f"../Users/{account}" if self.referred else None,
            "display": shown,
        }
        return {name: value for name, value in sent.items() if value is not None}


standing = st.builds(Membership, st.booleans(), st.booleans(), st.sampled_from([None, *NAMES]))
groups = st.lists(st.tuples(st.lists(standing, max_size=2, unique=True), st.integers(0, 3)), min_size=1, max_size=4)
endings = st.sampled_from(
    [(EmployeeRetained,), (ResignationWithdrawn,), (ExitCaseVoided,), (ExitConfirmed, ResignationWithdrawn)]
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(groups=groups, endings=endings)
def test_who_stays_has_exactly_the_memberships_of_before(
    directory: Directory,
    groups: list[tuple[list[Membership], int]],
    endings: tuple[type[EmployeeRetained | ResignationWithdrawn | ExitCaseVoided | ExitConfirmed], ...],
) -> None:
    employee_id = f"E-{uuid4().hex}"
    account = directory.person(
        employee_id, displayName=NAMES["displayName"], name={"formatted": NAMES["name.formatted"]}
    )
    user_name = directory.read("Users", account)["userName"]
    names = [f"group-{uuid4().hex}" for _ in groups]
    ids = [
        directory.group(name, *(one.of(account, user_name) for one in mine), *(f"colleague-{n}" for n in range(others)))
        for name, (mine, others) in zip(names, groups, strict=True)
    ]
    before = [directory.members(group) for group in ids]
    access, case = Access(directory.url, *names), Case(employee_id)

    access.react(case.resigned())
    between = [directory.members(group) for group in ids]
    for ending in endings:
        access.react(case.states(ending))

    assert [directory.members(group) for group in ids] == before
    for (_, others), objects in zip(groups, between, strict=True):
        assert not others or {dict(one)["value"] for one in objects} == {f"colleague-{n}" for n in range(others)}
