"""A client for administrative work on a broker."""

import logging
from typing import Final

from confluent_kafka.admin import AdminClient

from choreography.settings import KafkaConnection

# librdkafka prints every failed connection to the standard error otherwise
_SILENT: Final = logging.getLogger("infra.admin.librdkafka")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False


def admin_client(connection: KafkaConnection | str) -> AdminClient:
    """Return a client that says what goes wrong by its exceptions alone.

    Args:
        connection: how the cluster is reached; a plain `host:port` for one without credentials.
    """
    reached = KafkaConnection(connection) if isinstance(connection, str) else connection
    return AdminClient(reached.config(), logger=_SILENT)
