"""Nobody stays blocked behind a held record: what a later event undoes may not be left to a person."""

from typing import NamedTuple
from uuid import UUID

from choreography import Event
from choreography.errors import ChoreographyError
from choreography.wire.record import Record, TopicPartition
from tests.simulation.scene import Scene


class _Held(NamedTuple):
    at: TopicPartition
    offset: int
    lane: bytes | None
    correlation: UUID
    order: int
    type: str
    blocks: bool

    def is_undone_by(self, event: Event, record: Record, scene: Scene) -> bool:
        """Whether an event makes this one pointless."""
        wanted = {one.event.ce_type(): one.unless for one in scene.service.reactions}.get(self.type, ())
        is_later = record.at == self.at and event.correlation == self.correlation and event.order > self.order
        return is_later and isinstance(event, wanted)


def held_though_undone(scene: Scene) -> list[str]:
    """Name what is held although a later event undoes it, and nothing else blocks that event's way."""
    held = _held(scene)
    found = []
    for at in scene.group.partitions if held else ():
        for record in scene.broker.logs[at].records:
            event = _event(scene, record)
            if event is None:
                continue
            in_its_way = [one for one in held if one.at == at and one.lane == record.key and one.offset < record.offset]
            if any(one.blocks and not one.is_undone_by(event, record, scene) for one in in_its_way):
                continue
            found += [
                f"held-though-undone: {one.type} at {one.at.topic}:{one.at.partition}:{one.offset} is held, "
                f"and {type(event).__name__} at {record.offset} undoes it"
                for one in in_its_way
                if one.is_undone_by(event, record, scene)
            ]
    return found


def _held(scene: Scene) -> list[_Held]:
    rows = scene.disk.query(
        'SELECT topic, partition, "offset", raw_key, correlation_id, sequence, event_type, blocks_lane FROM ledger '
        "WHERE state = 'HELD'"
    )
    return [
        _Held(TopicPartition(topic, partition), offset, key, UUID(correlation), order, kind, bool(blocks))
        for topic, partition, offset, key, correlation, order, kind, blocks in rows
    ]


def _event(scene: Scene, record: Record) -> Event | None:
    try:
        return scene.codec.decode_known(record.value, scene.service.kinds)
    except ChoreographyError:
        return None
