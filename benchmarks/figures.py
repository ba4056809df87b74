"""A figure, what it is to be, and the table of them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from benchmarks.processors import Busy
from benchmarks.spread import Spread

SHARE: Final = 8.0  # of the bare round trip
_PLAIN_WIDTH: Final = 100  # columns, where the output is no terminal
_WORDS: Final = {True: "yes", False: "missed", None: ""}


@dataclass(frozen=True)
class Figure:
    """Something that was measured.

    Attributes:
        name: what it is.
        shown: the value, in words.
        values: the value for programs, by unit.
        target: what it is to be; empty where it is only to be compared with.
        met: whether it is.
    """

    name: str
    shown: str
    values: dict[str, float]
    target: str = ""
    met: bool | None = None


def spread_figure(name: str, spread: Spread) -> Figure:
    """Return two percentiles as a figure without a target."""
    return Figure(name, f"{spread.p50:.1f} / {spread.p99:.1f} ms", {"p50_ms": spread.p50, "p99_ms": spread.p99})


def busy_figure(name: str, busy: Busy) -> Figure:
    """Return how busy the processors were."""
    shown = f"{busy.whole:.0%} busy, {busy.others:.0%} by others"
    return Figure(name, shown, {"busy": busy.whole, "busy_by_others": busy.others})


def at_most(name: str, value: float, limit: float, unit: str, digits: int = 1) -> Figure:
    """Return a value that must not exceed a limit."""
    return Figure(
        name,
        _with_unit(value, unit, digits),
        {unit: value},
        f"≤ {_with_unit(limit, unit, digits)}",
        value <= limit,
    )


def at_least(name: str, value: float, limit: float, unit: str, digits: int = 1) -> Figure:
    """Return a value that must reach a limit."""
    target = f"≥ {_with_unit(limit, unit, digits if limit % 1 else 0)}"
    return Figure(name, _with_unit(value, unit, digits), {unit: value}, target, value >= limit)


def plain(name: str, value: float, unit: str, digits: int = 1) -> Figure:
    """Return a value that is only to be compared with."""
    return Figure(name, _with_unit(value, unit, digits), {unit: value})


def effect_figures(
    effect: str, cases: int, total: Sequence[float], alone: Sequence[float], bare: Spread
) -> Iterator[Figure]:
    """Return what one effect took in the system and at its target alone, and what is left for the choreography.

    Args:
        effect: its name, and the load.
        cases: how many there should be.
        total: milliseconds from the 202 to each effect.
        alone: milliseconds of each effect at its target, called directly.
        bare: the round trip of one record that the difference is compared with.
    """
    if len(total) < cases or len(alone) < cases:
        counts = {"in_the_system": float(len(total)), "alone": float(len(alone))}
        yield Figure(
            f"{effect}: came, in the system and alone", f"{len(total)}, {len(alone)}", counts, f"{cases}", False
        )
    if total and alone:
        whole, target = Spread.of(total), Spread.of(alone)
        yield spread_figure(f"{effect}: accepted → effect", whole)
        yield spread_figure(f"{effect}: its target alone", target)
        yield _share(f"{effect}: own share ÷ bare produce → poll", (whole.p50 - target.p50) / bare.p50)


def _share(name: str, ratio: float) -> Figure:
    """Return the choreography's share of a median; less than nothing is what queues make of it, and proves nothing."""
    figure = at_most(name, ratio, SHARE, "ratio")
    return figure if ratio >= 0 else replace(figure, met=False)


def table(figures: Iterable[Figure]) -> Table:
    """Return the figures as a table."""
    shown = Table("figure", "p50 / p99, or value", "target", "met", box=None, pad_edge=False)
    shown.columns[1].justify = "right"
    for figure in figures:
        shown.add_row(figure.name, figure.shown, figure.target, _WORDS[figure.met])
    return shown


def show(figures: Iterable[Figure]) -> None:
    """Print the table; plain, and of one width, where the output is no terminal."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=_PLAIN_WIDTH)
    console.print(table(figures), markup=False, highlight=False)


def as_json(figures: Iterable[Figure]) -> list[dict[str, Any]]:
    """Return the figures for programs."""
    return [{"name": one.name, "values": one.values, "target": one.target, "met": one.met} for one in figures]


def _with_unit(value: float, unit: str, digits: int) -> str:
    number = f"{value:,.{digits}f}"
    if unit.startswith("/") or not unit:
        return f"{number}{unit}"
    return f"{number} ×" if unit == "ratio" else f"{number} {unit}"
