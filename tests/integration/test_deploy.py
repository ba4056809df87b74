"""The deploy step: what is missing is made, what stands is left alone."""

import json
from uuid import uuid4

import pytest
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType
from confluent_kafka.schema_registry import SchemaRegistryClient

from choreography import Topic
from choreography.wire.subject import Subject
from infra.deploy import DeployFailed, deploy
from infra.errors import Refused
from infra.inventory import Inventory, inventory
from infra.providers import Broker

pytestmark = pytest.mark.broker


@pytest.fixture
def topic() -> Topic:
    """A topic that no other test has."""
    return Topic(f"test{uuid4().hex}.facts.v1", package="tests", partitions=2)


def test_the_first_deploy_makes_everything_and_the_second_changes_nothing(broker: Broker, topic: Topic) -> None:
    wanted = Inventory((topic,), (subject(topic),))

    first = deploy(broker, wanted)
    second = deploy(broker, wanted)

    assert first.created == (topic.name,)
    assert first.registered == (subject(topic).name,)
    assert (second.created, second.registered, second.unchanged, second.warnings) == ((), (), 2, ())


def test_facts_are_kept_for_ever(broker: Broker, topic: Topic) -> None:
    deploy(broker, Inventory((topic,), ()))

    resource = ConfigResource(ResourceType.TOPIC, topic.name)
    admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers})
    values = admin.describe_configs([resource])[resource].result(30)

    assert values["retention.ms"].value == "-1"
    assert values["cleanup.policy"].value == "delete"


def test_the_number_of_partitions_is_never_changed(broker: Broker, topic: Topic) -> None:
    deploy(broker, Inventory((topic,), ()))

    again = deploy(broker, Inventory((Topic(topic.name, package="tests", partitions=4),), ()))

    assert again.created == ()
    assert len(again.warnings) == 1
    assert "has 2 partitions and is declared with 4. It was left as it is, because keys would move" in again.warnings[0]
    found = AdminClient({"bootstrap.servers": broker.bootstrap_servers}).list_topics(topic.name, timeout=30)
    assert len(found.topics[topic.name].partitions) == 2


def test_a_schema_that_old_records_could_not_be_read_with_is_refused(broker: Broker, topic: Topic) -> None:
    deploy(broker, Inventory((), (subject(topic),)))

    with pytest.raises(Refused, match=r"not compatible with its earlier versions.*Give each new field a default"):
        deploy(broker, Inventory((), (subject(topic, {"name": "added", "type": "string"}),)))


def test_a_schema_with_a_new_optional_field_is_accepted(broker: Broker, topic: Topic) -> None:
    deploy(broker, Inventory((), (subject(topic),)))

    done = deploy(broker, Inventory((), (subject(topic, {"name": "added", "type": "string", "default": ""}),)))

    assert done.registered == (subject(topic).name,)


def test_what_the_registry_demands_of_others_stays_as_it_is(broker: Broker, topic: Topic) -> None:
    registry = SchemaRegistryClient({"url": broker.registry_url, "timeout": 30})
    before = registry.get_config().compatibility_level

    deploy(broker, Inventory((), (subject(topic),)))

    assert registry.get_config().compatibility_level == before != "FULL_TRANSITIVE"
    assert registry.get_config(subject(topic).name).compatibility_level == "FULL_TRANSITIVE"
    registry.close()


def test_a_registry_that_is_away_is_said_so(broker: Broker, topic: Topic, free_port: int) -> None:
    away = Broker(broker.bootstrap_servers, f"http://127.0.0.1:{free_port}/apis/ccompat/v7")

    with pytest.raises(DeployFailed, match=r"schemas could not be registered at http.*run the same command again"):
        deploy(away, Inventory((), (subject(topic),)))


def test_everything_that_services_need_is_found_by_walking_the_packages() -> None:
    wanted = inventory()
    names = {topic.name for topic in wanted.topics}

    assert names >= {"ems.exits.v1", "ems.hr.v1", "ems.access.v1", "ems.notification.v1"}
    assert names >= {"ems.reactions.v1", "ems.services.v1", "ems.intake.v1"}
    assert names >= {"ems.notification.dlq.v1", "ems.hr.dlq.v1", "ems.access.dlq.v1"}
    assert "ems.exits.v1-ems.exits.EmployeeResigned" in {one.name for one in wanted.subjects}
    assert "ems.reactions.v1-choreography.ReactionSkipped" in {one.name for one in wanted.subjects}


def subject(topic: Topic, *more: dict[str, str]) -> Subject:
    """A schema of this topic, with more fields than it had at first."""
    fields = [{"name": "employee_id", "type": "string"}, *more]
    record = {"type": "record", "name": "Told", "namespace": topic.namespace, "fields": fields}
    return Subject(f"{topic.name}-{topic.namespace}.Told", json.dumps(record))
