"""A cluster of one's own, named by the environment; it is used, and never started or ended."""

from confluent_kafka import KafkaException

from infra.admin import admin_client
from infra.errors import Unreachable
from infra.local.process import ProcessSpec
from infra.progress import Progress
from infra.providers import Broker


class OwnCluster:
    """The cluster at the given addresses."""

    specs: tuple[ProcessSpec, ...] = ()

    def __init__(self, broker: Broker, *, seconds: float = 10.0) -> None:
        self._broker = broker
        self._seconds = seconds

    def start(self, progress: Progress) -> Broker:
        """Return where it is, once it has answered.

        Raises:
            Unreachable: it did not.
        """
        progress.say(f"Using the Kafka cluster at {self._broker.bootstrap_servers}.")
        client = admin_client(self._broker.bootstrap_servers)
        try:
            client.list_topics(timeout=self._seconds)
        except KafkaException as error:
            raise Unreachable(
                f"No Kafka broker answers at {self._broker.bootstrap_servers} within {self._seconds:.0f} seconds, so "
                "nothing can be started on it. Check EMS_KAFKA_BOOTSTRAP_SERVERS, or remove it to use a broker of this "
                "machine."
            ) from error
        return self._broker

    def stop(self) -> None:
        """Leave it alone."""
