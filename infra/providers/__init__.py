"""Where the broker and the registry come from: this machine, or a cluster of one's own.

`infra.providers.choice` chooses one; everything else knows only the small interface below.
"""

from dataclasses import dataclass
from typing import Protocol

from infra.local.process import ProcessSpec
from infra.progress import Progress


@dataclass(frozen=True)
class Broker:
    """Where Kafka and the registry answer.

    Attributes:
        bootstrap_servers: `host:port`, several joined by commas.
        registry_url: the base address of the Confluent-compatible API.
    """

    bootstrap_servers: str
    registry_url: str


class BrokerProvider(Protocol):
    """Gives a broker and a registry."""

    @property
    def specs(self) -> tuple[ProcessSpec, ...]:
        """The processes of this machine that it consists of; a stack may start them before it calls `start`."""

    def start(self, progress: Progress) -> Broker:
        """Make sure that both run and answer, and return where; does nothing where they do."""

    def stop(self) -> None:
        """End what `start` started; the data stays."""
