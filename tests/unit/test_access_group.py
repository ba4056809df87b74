"""A group of a directory, as Access reads it."""

from scim2_models import Context

from consumers.access.scim.group import Group, GroupMember

SCHEMAS = ["urn:ietf:params:scim:schemas:core:2.0:Group"]


def read(**attributes: object) -> Group:
    return Group.model_validate({"schemas": SCHEMAS, "id": "g", **attributes}, scim_ctx=Context.RESOURCE_QUERY_RESPONSE)


def test_a_member_is_read_whatever_the_case_of_its_attributes() -> None:
    group = read(Members=[{"Value": "u1", "TYPE": "User", "$Ref": "../Users/u1", "display": "Ada"}])

    assert group.members == [GroupMember(value="u1", type="User", **{"$ref": "../Users/u1"}, display="Ada")]


def test_what_else_a_member_shows_is_not_looked_at() -> None:
    group = read(members=[{"value": "u1", "odd": {"mail": "ada@corp.local"}}])

    assert group.members == [GroupMember(value="u1")]
