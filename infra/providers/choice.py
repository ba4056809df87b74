"""Choose where the broker and the registry come from."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final

from infra.atomic import write_atomically
from infra.errors import WrongUsage
from infra.providers import Broker, BrokerProvider
from infra.providers.local import LocalBroker
from infra.providers.own import OwnCluster

KAFKA: Final = "EMS_KAFKA_BOOTSTRAP_SERVERS"
REGISTRY: Final = "EMS_SCHEMA_REGISTRY_URL"


class BrokerChoice(StrEnum):
    """Where they come from."""

    LOCAL = "local"
    OWN = "own"


def provider(
    choice: BrokerChoice | None, state_dir: Path, given: Mapping[str, str], ports: Mapping[str, int]
) -> BrokerProvider:
    """Return the provider: as asked for, else one's own cluster where one is named, else the last one used here.

    Args:
        choice: what was asked for; remembered, so that the next command finds what this one started.
        state_dir: where a local broker keeps its data.
        given: the settings that somebody gave, by the names of their variables.
        ports: the ports that somebody asked for, by process.

    Raises:
        WrongUsage: half a cluster was named.
    """
    file = state_dir / "broker"
    said = file.read_text(encoding="utf-8").split() if file.exists() else []
    if choice is None and (KAFKA in given or REGISTRY in given):
        choice = BrokerChoice.OWN
    if choice is None and said:
        choice = BrokerChoice(said[0])
        given = {**dict(zip((KAFKA, REGISTRY), said[1:], strict=False)), **given}
    if choice is not None:
        own = [given.get(KAFKA, ""), given.get(REGISTRY, "")] if choice is BrokerChoice.OWN else []
        write_atomically(file, " ".join([choice.value, *own]))
    if choice is BrokerChoice.OWN:
        return _own(given)
    return LocalBroker(state_dir, ports)


def _own(given: Mapping[str, str]) -> OwnCluster:
    if not given.get(KAFKA) or not given.get(REGISTRY):
        raise WrongUsage(
            f"A cluster of your own needs both {KAFKA} and {REGISTRY}. Set both, or neither to use a broker of this "
            "machine (ems up --broker local)."
        )
    return OwnCluster(Broker(given[KAFKA], given[REGISTRY]))
