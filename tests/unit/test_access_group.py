"""A group of a directory, as Access reads it."""

import pytest

from consumers.access.scim.group import Group, GroupMember, group_of, is_same

GUID = "0a1B2c3d-0000-4000-8000-00000000000f"


def read(**attributes: object) -> Group:
    return group_of({"id": "g", **attributes})


def test_a_member_is_read_whatever_the_case_of_its_attributes() -> None:
    group = read(Members=[{"Value": "u1", "TYPE": "User", "$Ref": "../Users/u1", "display": "Ada"}])

    assert group.members == (GroupMember("u1", "User", "../Users/u1", "Ada"),)


def test_what_else_a_member_shows_is_not_looked_at() -> None:
    group = read(members=[{"value": "u1", "odd": {"mail": "ada@corp.local"}}])

    assert group.members == (GroupMember("u1"),)


@pytest.mark.parametrize("members", [None, "u1", {"value": "u1"}, [{"display": "Ada"}], [None]])
def test_a_group_whose_members_cannot_all_be_read_is_not_taken_for_one_without_them(members: object) -> None:
    assert not read(members=members).shown


def test_a_number_or_a_bare_id_is_a_member_too() -> None:
    assert [one.value for one in read(members=["u1", 17, {"value": 18}]).members] == ["u1", "17", "18"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [(GUID, GUID.upper(), True), (GUID, GUID.lower(), True), ("Ada", "ada", False), ("ada", "ada", True)],
)
def test_a_guid_is_the_same_in_whatever_case_and_other_ids_are_not(one: str, other: str, *, same: bool) -> None:
    assert is_same(one, other) is same
