"""A service's promise, published when it starts: what it reacts to, what it states, and within which time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import uuid5

from choreography.declare.event import Event
from choreography.declare.reaction import Reaction
from choreography.declare.service import Service
from choreography.records import ManifestReaction, ServiceManifest, group_correlation
from choreography.version import __version__


def manifest_of(service: Service[Any], at: datetime) -> ServiceManifest:
    """Describe a service."""
    manifest = ServiceManifest(
        group=service.group,
        version=__version__,
        starts=str(service.starts),
        topics=tuple(topic.name for topic in service.topics),
        reactions=tuple(_promised(reaction) for reaction in service.reactions),
    )
    return _stamped(manifest, at)


def manifest_of_source(name: str, publishes: Sequence[type[Event]], at: datetime) -> ServiceManifest:
    """Describe a process that states facts without reacting to any."""
    topics = tuple(sorted({kind.topic.name for kind in publishes}))
    return _stamped(ServiceManifest(group=name, version=__version__, starts="now", topics=topics), at)


def _promised(reaction: Reaction[Any]) -> ManifestReaction:
    return ManifestReaction(
        event=reaction.event.ce_type(),
        publishes=tuple(kind.ce_type() for kind in reaction.publishes),
        target=reaction.target,
        reads=reaction.reads,
        unless=tuple(kind.ce_type() for kind in reaction.unless),
        within_seconds=int(reaction.within.total_seconds()) if reaction.within else None,
        repeatable=reaction.repeatable,
    )


def _stamped(manifest: ServiceManifest, at: datetime) -> ServiceManifest:
    group = manifest.group
    return manifest.stamped(
        event_id=uuid5(group_correlation(group), f"{manifest.version}/{at.isoformat()}"),
        key=group,
        correlation=group_correlation(group),
        order=1,
        at=at,
    )
