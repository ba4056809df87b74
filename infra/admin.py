"""A client for administrative work on a broker."""

import logging
from typing import Final

from confluent_kafka.admin import AdminClient

# librdkafka prints every failed connection to the standard error otherwise
_SILENT: Final = logging.getLogger("infra.admin.librdkafka")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False


def admin_client(bootstrap_servers: str) -> AdminClient:
    """Return a client that says what goes wrong by its exceptions alone."""
    return AdminClient({"bootstrap.servers": bootstrap_servers}, logger=_SILENT)
