"""The rows of the table that are measured on a broker alone, by name, in the order in which they are measured.

The order matters where several are measured in one run: `takeover` adds orders to the topic that others count.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.figures import Figure
from benchmarks.kit import backlog, growth, ledger, parallel, poison, rebuild, relay, replay, runtime, start, takeover
from benchmarks.kit.bed import Bed
from benchmarks.steps import Steps


@dataclass(frozen=True)
class Row:
    """A row, or a few that are measured together.

    Attributes:
        what: is measured, in a few words.
        measure: measures it.
    """

    what: str
    measure: Callable[[Bed], Iterable[Figure]]


ROWS: Final[dict[str, Row]] = {
    "runtime": Row("the runtime without a ledger, beside a bare loop and another framework", runtime.measure),
    "parallel": Row("slow handlers beside each other, every key in order", parallel.measure),
    "start": Row("from poll to the start of the handler", start.measure),
    "poison": Row("orders beside what nobody can read", poison.measure),
    "rebuild": Row("a ledger from its facts", rebuild.measure),
    "ledger": Row("effects with the ledger on", ledger.measure),
    "replay": Row("events that are finished already", replay.measure),
    "growth": Row("the price of a large ledger", growth.measure),
    "relay": Row("a backlog in the outbox", relay.measure),
    "backlog": Row("the memory of a service far behind", backlog.measure),
    "takeover": Row("a member is killed", takeover.measure),
}


def measure_rows(folder: Path, names: Iterable[str], steps: Steps) -> Iterator[Figure]:
    """Measure rows on a broker of their own; one that fails is a figure that is missed, and the others go on."""
    with Bed.opened(folder, steps) as bed:
        for name in names:
            steps.begin(name)
            try:
                yield from ROWS[name].measure(bed)
            except Exception as error:  # noqa: BLE001 - whatever it is, the figures of the other rows must not be lost
                yield Figure(name, "failed", {}, f"{type(error).__name__}: {error}", met=False)
