"""The clients' settings are such that the client itself takes them."""

import logging

import pytest
from confluent_kafka import Consumer

from choreography.kafka.config import consumer_config, scout_config
from choreography.settings import GroupProtocol

DECIDED_BY_THE_BROKER = ("session.timeout.ms", "heartbeat.interval.ms", "partition.assignment.strategy")


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_the_client_takes_the_settings_of_both_group_protocols(protocol: GroupProtocol) -> None:
    config = consumer_config("127.0.0.1:1", "me", "shop.warehouse", 6_000, protocol)

    Consumer(config, logger=logging.getLogger("librdkafka")).close()

    assert config["group.protocol"] == protocol
    assert [name for name in DECIDED_BY_THE_BROKER if (name in config) == (protocol == "consumer")] == []


@pytest.mark.parametrize("session_timeout_ms", [1_000, 3_000, 300_000])
def test_a_heartbeat_comes_several_times_within_a_session(session_timeout_ms: int) -> None:
    config = consumer_config("127.0.0.1:1", "me", "shop.warehouse", session_timeout_ms)

    Consumer(config, logger=logging.getLogger("librdkafka")).close()

    assert config["heartbeat.interval.ms"] * 3 <= session_timeout_ms


def test_who_reads_ahead_never_commits() -> None:
    config = scout_config("127.0.0.1:1", "shop.warehouse.scout")

    Consumer(config, logger=logging.getLogger("librdkafka")).close()

    assert (config["enable.auto.commit"], config["enable.auto.offset.store"]) == (False, False)
