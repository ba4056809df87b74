"""An anomaly: its name, what it means, and the few lines that prove it."""

from dataclasses import dataclass
from enum import StrEnum

from tests.checker.history import Line


class Name(StrEnum):
    """The names; `tests.checker.checker` says what each means."""

    LOST_EVENT = "lost-event"
    GHOST_EVENT = "ghost-event"
    OVERTAKEN_EVENT = "overtaken-event"
    LOST_EFFECT = "lost-effect"
    DUPLICATE_EFFECT = "duplicate-effect"
    STALE_EFFECT = "stale-effect"
    WRONG_FINAL_STATE = "wrong-final-state"
    EARLY_EFFECT = "early-effect"
    OFFSET_PAST_UNDONE = "offset-past-undone"
    EFFECT_WITHOUT_INTENT = "effect-without-intent"
    REPLAY_EFFECT = "replay-effect"
    WEDGED_PARTITION = "wedged-partition"
    UNFLAGGED_AMBIGUITY = "unflagged-ambiguity"


@dataclass(frozen=True, slots=True)
class Anomaly:
    """Something that must not be.

    Attributes:
        says: what happened, in a sentence.
        witness: the lines without which it could not be seen, in the order in which they tell it.
    """

    name: Name
    says: str
    witness: tuple[Line, ...]
