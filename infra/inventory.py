"""What there is, found by walking the packages: topics, schemas, producers and services."""

import pkgutil
from dataclasses import dataclass
from importlib import import_module
from typing import Final

from choreography import INTAKE, Topic
from choreography.declare import catalog
from choreography.outbox.deadletter import dead_letters_of
from choreography.records import REACTIONS, RECORDS, SERVICES
from choreography.wire.subject import Subject

_SCHEMAS: Final = "schemas"
_PRODUCERS: Final = "producers"
_CONSUMERS: Final = "consumers"


@dataclass(frozen=True)
class Inventory:
    """Everything that a broker and a registry must hold before the services start."""

    topics: tuple[Topic, ...]
    subjects: tuple[Subject, ...]


def inventory() -> Inventory:
    """Return the topics and schemas of the domain, those of every service, and the kit's own for each system."""
    services = [service for _, service in catalog.services(_CONSUMERS)]
    stated = dict.fromkeys([*catalog.events(_SCHEMAS), *(kind for one in services for kind in one.publishes)])
    facts = dict.fromkeys([*catalog.topics(_SCHEMAS), *(kind.topic for kind in stated)])
    systems = sorted({topic.name.partition(".")[0] for topic in facts} | {service.system for service in services})
    kit = [topic.of(system) for system in systems for topic in (REACTIONS, SERVICES, INTAKE)]
    letters = [dead_letters_of(one.group) for one in services]
    records = [Subject.of(kind.topic.of(system), kind) for system in systems for kind in RECORDS]
    return Inventory(
        topics=(*facts, *kit, *letters),
        subjects=(*(Subject.of(kind.topic, kind) for kind in stated), *records),
    )


def programs() -> tuple[str, ...]:
    """Return the packages that run as processes (`python -m <package>`): producers first, then services."""
    producers = import_module(_PRODUCERS)
    found = (module.name for module in pkgutil.iter_modules(producers.__path__, f"{_PRODUCERS}.") if module.ispkg)
    return (*sorted(found), *(package for package, _ in catalog.services(_CONSUMERS)))
