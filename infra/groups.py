"""A consumer group, as the broker tells anybody: who is in it, and how far it has come."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException

from choreography.kafka.offsets import partition_of
from choreography.rebuild.row import Past
from choreography.settings import KafkaConnection
from choreography.wire.record import TopicPartition
from infra.admin import admin_client
from infra.errors import Refused, Unreachable

_NO_GROUP: Final = frozenset({KafkaError.GROUP_ID_NOT_FOUND, KafkaError.INVALID_GROUP_ID})


@dataclass(frozen=True)
class Group:
    """A consumer group on a cluster.

    Attributes:
        name: such as `ems.access`.
        connection: how the cluster is reached.
        seconds: how long it may take to answer.
    """

    name: str
    connection: KafkaConnection
    seconds: float = 15.0

    def members(self) -> tuple[str, ...]:
        """Return who is in the group now: client id and host of each member.

        Raises:
            Unreachable: the broker does not answer.
        """
        admin = admin_client(self.connection)  # kept until the answer is there: its end would end the question
        try:
            asked = admin.describe_consumer_groups([self.name], request_timeout=self.seconds)
            found = asked[self.name].result(2 * self.seconds)
        except TimeoutError as error:
            raise self._unreachable("it has not answered in time") from error
        except KafkaException as error:
            if error.args[0].code() in _NO_GROUP:
                return ()
            raise self._unreachable(error.args[0].str()) from error
        return tuple(sorted(f"{one.client_id} on {one.host}" for one in found.members))

    def past(self) -> Past:
        """Return the committed offsets, and the ledger that they name.

        Raises:
            Unreachable: the broker does not answer.
            Refused: they name several ledgers.
        """
        asked = ConsumerGroupTopicPartitions(self.name)
        admin = admin_client(self.connection)
        try:
            answer = admin.list_consumer_group_offsets([asked], request_timeout=self.seconds)
            found = answer[self.name].result(2 * self.seconds).topic_partitions or []
        except TimeoutError as error:
            raise self._unreachable("it has not answered in time") from error
        except KafkaException as error:
            if error.args[0].code() in _NO_GROUP:
                return Past({}, None)
            raise self._unreachable(error.args[0].str()) from error
        committed: dict[TopicPartition, int] = {}
        ledgers: set[UUID] = set()
        for one in found:
            if one.offset >= 0:
                committed[partition_of(one)] = one.offset
                ledgers |= _ledger(one.metadata)
        if len(ledgers) > 1:
            raise Refused(
                f"The committed offsets of {self.name} name {len(ledgers)} ledgers, so nobody can tell which of them "
                "was the group's. Clear what they name (the offsets stay as they are), and try again: "
                f"kafka-consumer-groups.sh --group {self.name} --reset-offsets --to-current --all-topics --execute"
            )
        return Past(committed, next(iter(ledgers), None))

    def _unreachable(self, reason: str) -> Unreachable:
        return Unreachable(
            f"The broker at {self.connection.bootstrap_servers} does not tell about {self.name} "
            f"({reason}). Check that it runs, and try again."
        )


def _ledger(metadata: str | None) -> set[UUID]:
    try:
        return {UUID(metadata)} if metadata else set()
    except ValueError:
        return set()
