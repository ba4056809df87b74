"""Topics: names that every tool can use, and what follows from them."""

import pytest

from choreography import InvalidDeclaration, Topic
from choreography.declare.topic import FOR_EVER
from choreography.records import REACTIONS, SERVICES


@pytest.mark.parametrize("name", ["ems.exits.v1", "ems.case-view.v12", "a.v1", "ems.hr.2026.v3"])
def test_a_good_name_is_accepted(name: str) -> None:
    assert Topic(name, package="shop").name == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "ems",
        "ems.exits",
        "ems.exits.v0",
        "ems.exits.1",
        "Ems.exits.v1",
        "ems.exit_cases.v1",
        "ems..v1",
        "ems.v1.hr",
    ],
)
def test_a_bad_name_is_refused_with_what_would_be_allowed(name: str) -> None:
    with pytest.raises(InvalidDeclaration, match=r"as in 'ems\.exits\.v1'"):
        Topic(name, package="shop")


def test_a_topic_without_partitions_is_refused() -> None:
    with pytest.raises(InvalidDeclaration, match="at least one partition"):
        Topic("ems.exits.v1", package="shop", partitions=0)


def test_the_namespace_is_the_name_without_its_version() -> None:
    topic = Topic("ems.case-view.v2", package="shop")

    assert (topic.namespace, topic.version) == ("ems.case-view", "v2")


def test_facts_are_kept_for_ever_unless_said_otherwise() -> None:
    topic = Topic("ems.exits.v1", package="shop")

    assert (topic.retention_ms, topic.cleanup) == (FOR_EVER, "delete")


def test_the_topics_of_the_kit_are_named_after_the_system_that_uses_it() -> None:
    assert REACTIONS.of("ems").name == "ems.reactions.v1"
    assert SERVICES.of("shop").name == "shop.services.v1"
    assert SERVICES.of("shop").cleanup == "compact"
    assert REACTIONS.of("ems").package == REACTIONS.package
