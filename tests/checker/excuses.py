"""What a group owes, and why it may rightly owe it no more."""

from tests.checker.duty import Duty
from tests.checker.index import Index


def is_due(index: Index, duty: Duty) -> bool:
    """Whether the effect had to happen: its event concerns the group, and nothing has undone it.

    One that takes something back is due only where there is something to take back.
    """
    if duty.is_before_begin or duty.undoing or duty.reaction.group in index.expectations.brakes:
        return False
    return not duty.reaction.undoes or any(one.has_happened and one.key not in index.dropped for one in duty.undone)


def excuse(index: Index, duty: Duty) -> str | None:
    """Say why an effect that is due need not have happened, if there is a reason."""
    if duty.instead:
        return f"{duty.instead[0].type} says why not"
    if duty.key in index.dropped:
        return "a person gave it up"
    if may_be_held(index, duty):
        return "it is held by design"
    return None


def may_be_held(index: Index, duty: Duty) -> bool:
    """Whether the duty is held, and by design: itself, or behind one of its lane that is."""
    row = duty.row
    if row is None or row.state != "HELD":
        return False
    allowed = index.expectations.may_be_held
    if "*" in allowed or duty.event.id in allowed:
        return True
    first = index.lanes_held_by_design.get(duty.lane)
    return first is not None and first < duty.event.record.offset
