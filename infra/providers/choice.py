"""Choose where the broker and the registry come from."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final

from infra.errors import WrongUsage
from infra.providers import Broker, BrokerProvider
from infra.providers.compose import ComposeBroker
from infra.providers.local import LocalBroker
from infra.providers.own import OwnCluster

KAFKA: Final = "EMS_KAFKA_BOOTSTRAP_SERVERS"
REGISTRY: Final = "EMS_SCHEMA_REGISTRY_URL"


class BrokerChoice(StrEnum):
    """Where they come from."""

    LOCAL = "local"
    COMPOSE = "compose"
    OWN = "own"


def provider(
    choice: BrokerChoice | None, state_dir: Path, given: Mapping[str, str], ports: Mapping[str, int]
) -> BrokerProvider:
    """Return the provider; without a choice one's own cluster where the environment names it, else this machine.

    Args:
        choice: what was asked for.
        state_dir: where a local broker keeps its data.
        given: the settings that somebody gave, by the names of their variables.
        ports: the ports that somebody asked for, by process.

    Raises:
        WrongUsage: half a cluster was named.
    """
    named = [name for name in (KAFKA, REGISTRY) if given.get(name)]
    if choice is BrokerChoice.OWN or (choice is None and named):
        if len(named) < len((KAFKA, REGISTRY)):
            raise WrongUsage(
                f"A cluster of your own needs both {KAFKA} and {REGISTRY}. Set both, or none to use a broker of this "
                "machine."
            )
        return OwnCluster(Broker(given[KAFKA], given[REGISTRY]))
    if choice is BrokerChoice.COMPOSE:
        return ComposeBroker(state_dir)
    return LocalBroker(state_dir, ports)
