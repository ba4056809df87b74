"""The table of what the services state after a request was accepted, with the times since then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from rich.box import ROUNDED
from rich.console import Group, RenderableType
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from choreography import Event
from infra.demo.facts import Fact

Awaited = Mapping[str, tuple[type[Event], ...]]
"""What each service is to state; nothing when it has no reason to react."""

_NAMES: Final = {"hr": "HR"}
_WIDEST: Final = 47  # columns; every table of the story has the same width
# said on the way to a fact, or about what needed no reaction, unless it is what is awaited
_BESIDES: Final = frozenset({"ReactionDecided", "ReactionReleased", "ReactionSkipped"})


@dataclass
class Row:
    """One service.

    Attributes:
        service: its name.
        awaits: the facts that it is to state, in this order; none when there is nothing for it to do.
        stated: what it did state, with the seconds since the request was accepted.
    """

    service: str
    awaits: tuple[str, ...]
    stated: dict[str, float] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether everything was stated."""
        return all(name in self.stated for name in self.awaits)

    @property
    def strange(self) -> tuple[str, ...]:
        """What was stated instead."""
        return tuple(name for name in self.stated if name not in self.awaits)

    @property
    def missing(self) -> str:
        """What did not happen and where to look, as a sentence; empty when all is well."""
        names = " and ".join(name for name in self.awaits if name not in self.stated)
        instead = f" (it stated {', '.join(self.strange)})" if self.strange else ""
        program = f"consumers.{self.service}"
        return f"{program} did not state {names} in time{instead}. Look into {program}.log." if names else ""


class Board:
    """One row per service.

    Args:
        awaited: what each service is to state.
        accepted: when the request was accepted, in seconds since 1970.

    Attributes:
        closed: whether nothing is waited for any more.
    """

    def __init__(self, awaited: Awaited, accepted: float) -> None:
        self.rows = [Row(service, tuple(kind.__name__ for kind in kinds)) for service, kinds in awaited.items()]
        self.closed = False
        self._accepted = accepted
        self._spinner = Spinner("dots")

    def take(self, facts: Sequence[Fact]) -> bool:
        """Note what was stated; return whether nothing more is to be expected."""
        for row in self.rows:
            for fact in facts:
                if fact.service == row.service and (fact.type in row.awaits or fact.type not in _BESIDES):
                    row.stated.setdefault(fact.type, max(0.0, fact.stated - self._accepted))
        return all(row.complete or row.strange for row in self.rows)

    @property
    def missing(self) -> tuple[str, ...]:
        """What has not happened, one sentence per service."""
        return tuple(row.missing for row in self.rows if row.missing)

    def plain(self) -> RenderableType:
        """Return it as lines."""
        lines = (f"  {_seconds(row):>8}  {_name(row):12}  {_facts(row)}" for row in self.rows)
        return Group(*(Text(line) for line in lines))

    def table(self) -> RenderableType:
        """Return it as a table for a terminal, in which those who are still awaited move."""
        table = Table("service", box=ROUNDED, border_style="blue", header_style="dim")
        table.add_column("states", min_width=_WIDEST)
        table.add_column("after 202", justify="right")
        for row in self.rows:
            ended = row.complete or row.strange or self.closed
            time = Text(_seconds(row), "bold" if row.complete else "bold red") if ended else self._spinner
            style = "green" if row.complete and row.awaits else "dim"
            table.add_row(Text(_name(row), "bold"), Text(_facts(row), style), time)
        return table


def _name(row: Row) -> str:
    return _NAMES.get(row.service, row.service.capitalize())


def _facts(row: Row) -> str:
    return ", ".join((*(name for name in row.awaits if name in row.stated), *row.strange)) or _silence(row)


def _silence(row: Row) -> str:
    return "nothing so far" if row.awaits else "does not react to this"


def _seconds(row: Row) -> str:
    if not row.complete:
        return "✘"
    return f"{max(row.stated.values()):.2f} s" if row.stated else "–"
