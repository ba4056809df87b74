"""What a history left behind, in the form that the checker reads: seen from outside, nothing of the runtime asked."""

from collections.abc import Iterator
from typing import Any

from choreography import Event
from choreography.errors import ChoreographyError
from choreography.records import REACTIONS, ReactionSkipped
from choreography.wire.record import Record
from tests.checker import history as told
from tests.simulation.database import LOGGED
from tests.simulation.scene import Scene

_ROW = tuple("correlation" if name == "correlation_id" else name for name in LOGGED)
_TRUTHS = ("begun", "blocks_lane", "released")


def history_of(scene: Scene) -> told.History:
    """Return everything that was seen."""
    return told.History(
        submissions=tuple(scene.submissions),
        records=tuple(_records(scene)),
        effects=tuple(sorted((line for one in scene.setting.targets.values() for line in one.log), key=_at)),
        ledger=tuple(_rows(scene)),
        commits=tuple(scene.commits),
        outbox=tuple(_waiting(scene)),
        assignments=tuple(scene.assignments),
        actions=tuple(scene.actions),
    )


def _records(scene: Scene) -> Iterator[told.Record]:
    read: tuple[type[Event], ...] = (*scene.setting.kinds, ReactionSkipped)
    kinds = {kind.full_name(): kind for kind in read}
    topics = {kind.topic.name for kind in scene.setting.kinds}
    if any("ReactionSkipped" in one.instead for one in scene.setting.expectations.reactions):
        topics.add(REACTIONS.of(scene.service.system).name)
    for at, log in scene.broker.logs.items():
        if at.topic in topics:
            for record, step in zip(log.records, log.times, strict=True):
                yield _record(scene, record, kinds, step)


def _record(scene: Scene, record: Record, kinds: dict[str, type[Event]], step: int) -> told.Record:
    try:
        event = scene.codec.decode_known(record.value, kinds)
    except ChoreographyError:
        event = None
    value = event.model_dump(mode="json") if event is not None else None
    headers = {name: text.decode() for name, text in record.headers if text is not None}
    key = record.key.decode() if record.key is not None else None
    return told.Record(record.topic, record.partition, record.offset, key, headers, value, step)


def _rows(scene: Scene) -> Iterator[told.Row]:
    for at, *values in scene.disk.query("SELECT * FROM ledger_log ORDER BY rowid"):
        said: dict[str, Any] = dict(zip(_ROW, values, strict=True))
        for name in _TRUTHS:
            said[name] = bool(said[name])
        said["not_before"] = None
        yield told.Row(group=scene.service.group, at=at, **said)


def _waiting(scene: Scene) -> Iterator[told.Waiting]:
    for owner, disk in scene.disks.items():
        for row, topic, key in disk.query("SELECT id, topic, key FROM outbox WHERE published_at IS NULL"):
            yield told.Waiting(owner, row, topic, key.decode() if key else None)


def _at(line: told.Effect) -> float:
    return line.at or 0
