"""The end of a history: the faults stop, a person decides what only a person can, and everything has to end."""

from typing import Final

from choreography.ledger.table import Order
from tests.simulation.orders import order, resume
from tests.simulation.scene import Scene

# What is left to do in a ledger: interrupted attempts, and whatever is held for another reason than that a person has
# to decide about it, or about what blocks its lane before it.
_UNFINISHED: Final = """
SELECT one.event_type, one.sequence, one.state, one.hold_reason, one.ordered FROM ledger AS one
WHERE one.state = 'INTENT'
OR one.state = 'HELD' AND (one.hold_reason = 'QUEUED' OR one.not_before IS NOT NULL OR one.ordered IS NOT NULL)
AND NOT EXISTS (
    SELECT 1 FROM ledger AS first WHERE first.topic = one.topic AND first.partition = one.partition
    AND first.raw_key IS one.raw_key AND first."offset" < one."offset" AND first.state = 'HELD' AND first.blocks_lane
    AND first.hold_reason != 'QUEUED' AND first.not_before IS NULL AND first.ordered IS NULL
) LIMIT 1"""


def calm(scene: Scene) -> None:
    """End all faults, and start again what has died."""
    world = scene.world
    world.say("---- calm ----")
    world.at_step.clear()
    scene.faults.end()
    scene.disk.broken_until, scene.disk.lost_answers = 0.0, 0
    scene.broker.away_until = 0.0
    resume(scene)
    if not any(one.process.alive for one in scene.members):
        scene.start_member()
    if scene.sources and not any(one.alive for one in scene.sources):
        scene.start_source()


def is_finished(scene: Scene) -> bool:
    """Whether nothing is left to do: no lag, nothing unpublished, nothing that waits for time or for a crash."""
    world = scene.world
    if scene.left_to_submit or world.is_expecting or any(one.is_paused for one in world.processes):
        return False
    return not unfinished(scene)


def unfinished(scene: Scene) -> list[str]:
    """Name what is left to do."""
    found = []
    for at in scene.group.partitions:
        committed, offsets = scene.group.committed.get(at), scene.broker.logs[at].offsets
        if offsets and (committed is None or committed.offset <= offsets[-1]):
            found.append(f"not ended: {at.topic}:{at.partition} is at {committed} and has {offsets[-1]}")
    if found:
        return found
    for owner, disk in scene.disks.items():
        for (row,) in disk.query("SELECT id FROM outbox WHERE published_at IS NULL LIMIT 1"):
            found.append(f"not ended: row {row} of the outbox of {owner} is not published")
    return found + [f"not ended: {row}" for row in scene.disk.query(_UNFINISHED)]


def settle_held(scene: Scene) -> bool:
    """Have a person release everything that is held, and drop what cannot be read; return whether there was any."""
    resume(scene)
    return order(scene, Order.DROP, poison=True) + order(scene, Order.RELEASE, poison=False) > 0
