"""How long a topic keeps a record, as its configuration on the broker says."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import ConfigResource, ResourceType

from choreography.settings import KafkaConnection
from infra.admin import admin_client
from infra.errors import Unreachable

_SECONDS: Final = 15.0
# A broker looks for what is to be deleted every five minutes (log.retention.check.interval.ms), and waits for another.
_TIDYING: Final = timedelta(minutes=6)


@dataclass(frozen=True)
class Retention:
    """What a topic is told.

    Attributes:
        kept: how long after a record was written; `None` for ever.
        segment: records are deleted by segments, which take new ones for so long.
        is_compacted: the newest record of a key is kept for ever.
    """

    kept: timedelta | None
    segment: timedelta
    is_compacted: bool

    def gone_by(self, written: datetime) -> datetime | None:
        """Return when a record that was written then will be gone at the latest; `None` if never."""
        return None if self.kept is None or self.is_compacted else written + self.kept + self.segment + _TIDYING


def retention_of(connection: KafkaConnection, topics: Iterable[str]) -> dict[str, Retention]:
    """Ask the broker how long it keeps topics.

    Raises:
        Unreachable: it does not answer.
    """
    wanted = [ConfigResource(ResourceType.TOPIC, name) for name in topics]
    if not wanted:
        return {}
    admin = admin_client(connection)
    try:
        asked = admin.describe_configs(wanted, request_timeout=_SECONDS)
        answers = {one.name: answer.result(2 * _SECONDS) for one, answer in asked.items()}
    except (KafkaException, TimeoutError) as error:
        raise Unreachable(
            f"The broker at {connection.bootstrap_servers} does not tell how long its topics keep records. Check that "
            "it runs, and that this client may describe the configuration of topics."
        ) from error
    return {
        name: _retention({entry.name: str(entry.value) for entry in config.values()})
        for name, config in answers.items()
    }


def _retention(config: dict[str, str]) -> Retention:
    kept = int(config["retention.ms"])
    return Retention(
        kept=None if kept < 0 or "delete" not in config["cleanup.policy"] else timedelta(milliseconds=kept),
        segment=timedelta(milliseconds=int(config["segment.ms"])),
        is_compacted="compact" in config["cleanup.policy"],
    )
