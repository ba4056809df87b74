"""The checker: names what must not be in a history, each with the few lines that prove it.

It shares no code with the product, and knows of a run only what stands in its history and its expectations. A *duty*
is what a group owes about an event: one effect at one target, with the key uuid5(event id, group). A duty is
*finished* when its row is DONE, SKIPPED or HELD. What concludes something from an absence needs `quiet`.

lost-event
    A submission was accepted and its fact stands on no topic; or an outbox row is left unpublished; or a row is DONE
    and its fact (uuid5(effect key, type)) stands neither on a topic nor in the outbox. (quiet)
ghost-event
    A record of a source type that nobody submitted; or a fact that answers an event which stands on no topic; or a
    second record with the same id on the same topic that says something else.
overtaken-event
    On a source topic the first copy of a fact stands behind that of a later fact (greater sequence) of its case. Late
    repeats of records that stood there before are harmless.
lost-effect
    A duty is due, the group has committed past its event, and its effect never happened, though nothing undid the
    event, no fact says why not (`instead`), no person dropped it, and it is not held by design. What takes something
    back is due when that had happened. (quiet)
duplicate-effect
    A mail was accepted twice for one duty (under `resend`: after the duty was finished); or an effect replaced the
    object that it had put before with another; or changed the same members of a set in the same way again; or one
    case has two objects at the same time.
stale-effect
    An effect happened although its event was undone: after the later event's own duty was finished (or had its
    effect); or it was begun (first INTENT) under an assignment at which the later event stood in the same partition
    already, or `seen_after` later.
wrong-final-state
    At the end an object is there whose case was undone, or is gone though it was not; a set lacks what was to be
    given back, has what was to be taken, or has anything else that was not there before (quiet); or something was
    taken back that never happened (told otherwise without having been told).
early-effect
    An effect happened before its event was on the topic; or before the effect of an earlier event of its lane (group,
    topic, partition, key), unless it had waited beside its lane (held as AGE, BRAKE or RESTRICTED).
offset-past-undone
    A member committed an offset greater than that of a record whose duty was not finished then (or that is poison and
    not held). What was held or released before counts as finished: its row carries the record.
effect-without-intent
    A target took an effect while no INTENT of it was committed, or one that belongs to no event.
replay-effect
    An effect was made after a reset of offsets, though its duty was finished before the reset; or an effect was made
    for an event from before the group's beginning.
wedged-partition
    At the end a group's committed offset is not behind the last record of the partition; or a row is left INTENT, or
    HELD though it was to be released, waits for a time, or queues behind nothing that is held by design. (quiet)
unflagged-ambiguity
    Under `resend` a mail was accepted twice and the fact does not say `perhaps_repeated`.

What is not concluded: effects at a target whose log shows neither effect key nor case belong to nobody in
particular; for those the facts count, and the final state.
"""

from collections.abc import Callable, Iterator
from typing import Final

from tests.checker.anomaly import Anomaly
from tests.checker.effects import doubled_effects, effects_without_intent, lost_effects
from tests.checker.events import ghost_events, lost_events, overtaken_events
from tests.checker.expectations import Expectations
from tests.checker.finals import wrong_final_states
from tests.checker.history import History
from tests.checker.index import Index
from tests.checker.offsets import offsets_past_undone, wedged_partitions
from tests.checker.order import early_effects, stale_effects

CHECKS: Final[tuple[Callable[[Index], Iterator[Anomaly]], ...]] = (
    lost_events,
    ghost_events,
    overtaken_events,
    lost_effects,
    doubled_effects,
    stale_effects,
    wrong_final_states,
    early_effects,
    offsets_past_undone,
    effects_without_intent,
    wedged_partitions,
)


def check(history: History, expectations: Expectations) -> list[Anomaly]:
    """Return everything in a history that must not be."""
    index = Index(history, expectations)
    return [anomaly for look in CHECKS for anomaly in look(index)]
