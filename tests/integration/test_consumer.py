"""The consumer's thread on a real broker, where the client calls back all the time."""

import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from infra.providers import Broker
from tests.shop.live import LIBRDKAFKA

pytestmark = pytest.mark.broker
ROOT = Path(__file__).parents[2]

# A process of its own, since what this is about aborts it.
SCRIPT = """
import sys, threading
from choreography.kafka.config import consumer_config
from choreography.kafka.consumer import KafkaConsumer

servers, topic, protocol = sys.argv[1:]
given, called = threading.Event(), []

class Curious:
    def begins(self, partitions, ask):
        for _ in range(20):
            ask.partitions(), ask.committed(), ask.since(partitions, 0), [ask.watermarks(at) for at in partitions]
        return dict.fromkeys(partitions, 0)

    def assigned(self, starts):
        given.set()

    def revoked(self, partitions):
        return {}

    def lost(self, partitions):
        pass

    def records(self, batch):
        pass

    def polled(self):
        pass

often = {"statistics.interval.ms": 1, "stats_cb": called.append}
config = consumer_config(servers, "curious", topic, 6_000, protocol) | often
consumer = KafkaConsumer(config, [topic], Curious(), print)
consumer.start()
assert given.wait(30)
seen = len(called)
while len(called) < seen + 100:
    pass
consumer.stop()
consumer.join(30)
print("left")
"""


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_asking_the_broker_within_a_callback_does_not_abort_the_process(broker: Broker, protocol: str) -> None:
    topic = f"curious-{uuid4().hex}"
    admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers}, logger=LIBRDKAFKA)
    admin.create_topics([NewTopic(topic, 3, 1)])[topic].result(30)

    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, broker.bootstrap_servers, topic, protocol],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, "left\n"), done.stderr
