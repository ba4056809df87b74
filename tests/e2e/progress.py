"""How far consumer groups have come, as the broker tells anybody."""

from collections.abc import Iterable
from typing import Final

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from infra.admin import admin_client
from tests.e2e.waiting import eventually

GROUPS: Final = ("ems.access", "ems.hr", "ems.notification")
_SECONDS: Final = 10.0

At = tuple[str, int]


def end_offsets(admin: AdminClient, partitions: Iterable[TopicPartition]) -> dict[At, int]:
    """Return how far each partition goes, by topic and number.

    Args:
        admin: a new one, since one that knew the broker before a crash goes on asking for the old leader epoch.
        partitions: which.

    Raises:
        KafkaException: the broker is away.
    """
    newest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
    answers = admin.list_offsets(dict.fromkeys(partitions, newest), request_timeout=_SECONDS)
    return {(at.topic, at.partition): one.result().offset for at, one in answers.items()}


class Progress:
    """The offsets of the three groups."""

    def __init__(self, bootstrap_servers: str) -> None:
        self._servers = bootstrap_servers
        self._ends: dict[At, int] = {}

    def lag(self) -> dict[str, int]:
        """Return how many records each group has still to finish."""
        admin = admin_client(self._servers)
        committed = {group: _committed(admin, group) for group in GROUPS}
        asked = {at for positions in committed.values() for at in positions}
        self._ends = end_offsets(admin, [TopicPartition(*at) for at in asked])
        return {
            group: sum(self._ends[at] - position for at, position in positions.items())
            for group, positions in committed.items()
        }

    def await_finished(self) -> None:
        """Wait until every group has finished all that there is, and nothing more came of it.

        What is finished may still be on its way from an outbox; so two looks must agree.
        """
        seen: list[object] = []

        def finished() -> bool:
            try:
                done = not any(self.lag().values())
            except KafkaException as error:
                seen.append(error)
                return False
            seen.append(self._ends if done else None)
            return done and len(seen) > 1 and seen[-2] == seen[-1]

        eventually(finished, "all groups to finish all that there is", lambda: f"still to finish: {self.lag()}")


def _committed(admin: AdminClient, group: str) -> dict[At, int]:
    asked = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)], request_timeout=_SECONDS)
    found = asked[group].result().topic_partitions or []
    return {(one.topic, one.partition): one.offset for one in found}
