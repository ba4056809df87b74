"""What waits, in words: coloured on a terminal, plain lines elsewhere."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from rich.console import Console

from choreography.ledger.held import Held, Marked
from choreography.ledger.table import Order
from infra.cli.shown import all_shown

_COMMANDS: Final = ("read_it", "read_its_dead_letter")
_COLOURS: Final = {"FAILED": "red", "LATER": "yellow", "QUEUED": "dim"}


def show_held(group: str, found: Sequence[Held], counts: Mapping[str, int]) -> None:
    """Print what is held, a block of lines each."""
    console = Console(highlight=False, soft_wrap=True)
    for one in map(all_shown, found):
        console.print(f"{one.effect_key}  [{_COLOURS.get(one.reason, 'cyan')}]{one.reason}[/]  {_since(one)}")
        for line in _lines(one):
            console.print(f"  {line}", markup=False)
    total = ", ".join(f"{count} {reason}" for reason, count in sorted(counts.items()))
    shown = "" if len(found) == sum(counts.values()) else f"{len(found)} shown; "
    print(f"{shown}{group} holds {total}." if counts else f"{group} holds nothing.")


def show_record(told: Mapping[str, Any]) -> None:
    """Print what is known about one reaction, a line for each thing that is known."""
    ours = {name: told[name] for name in _COMMANDS if name in told}  # to be copied whole
    for name, value in {**all_shown(told), **ours}.items():
        if isinstance(value, Mapping):
            print(f"{name.replace('_', ' ')}")
            for inner, one in value.items():
                print(f"  {inner:22}{one}")
        elif value not in (None, ""):
            print(f"{name.replace('_', ' '):24}{value}")


def reasons_against(done: Marked, what: Order) -> Iterator[str]:
    """Say of each thing that was named why it cannot be ordered."""
    for effect, state in done.missing.items():
        is_not = f"is {state}, not held (any more): nothing waits for a decision" if state else "is not known here"
        yield f"{effect} {is_not}."
    for one in done.already:
        if one.ordered != what:
            yield f"{one.effect_key} is ordered already: {one.ordered}. An order is carried out, and not taken back."
    for one in done.queued:
        yield f"{one.effect_key} queues behind another one of {one.record_key}: release or drop that one."


def ordered(done: Marked, what: Order, *, dry_run: bool) -> dict[str, Any]:
    """Return what was ordered, for programs."""
    return {
        "order": what,
        "dry_run": dry_run,
        "ordered": [one.effect_key for one in done.marked],
        "already": {str(one.effect_key): one.ordered for one in done.already},
        "queued": [one.effect_key for one in done.queued],
    }


def show_ordered(done: Marked, what: Order, group: str, *, dry_run: bool) -> None:
    """Print what was ordered, or would be."""
    for one in all_shown(done.marked):
        print(f"{'would ' if dry_run else ''}{what}  {_line(one)}")
    for one in all_shown(done.already):
        print(f"already to {one.ordered}  {_line(one)}")
    if done.queued:
        print(f"{len(done.queued)} that queue behind others are left alone: they go on when those do.")
    print(_summary(len(done.marked), what, group, dry_run=dry_run))


def _summary(count: int, what: Order, group: str, *, dry_run: bool) -> str:
    if not count:
        return "There is nothing to order."
    if dry_run:
        return f"Nothing was ordered yet. To {what} {count}, say it again with --execute."
    return (
        f"Ordered to {what}: {count}. {group} does it within about a second, if it runs. "
        f"What is left: ems held list --group {group}"
    )


def _line(one: Held) -> str:
    kind = one.event_type or "unreadable"
    return f"{one.effect_key}  {one.reason}  {kind}  {one.record_key}  {one.topic}:{one.partition}:{one.offset}"


def _lines(one: Held) -> Iterator[str]:
    place = f"{one.topic}:{one.partition}:{one.offset}"
    if one.event_type:
        yield f"{one.event_type}  key {one.record_key}  case {one.correlation_id}  {place}"
    else:
        yield f"a record that cannot be read  key {one.record_key}  {place}"
    if one.blocks_lane:
        yield f"what follows for {one.record_key} waits behind it: {one.queued}"
    if one.not_before:
        yield f"tried again by itself at {_time(one.not_before)}"
    if one.detail:
        yield one.detail
    if one.ordered:
        yield f"ordered: {one.ordered}"


def _since(one: Held) -> str:
    tried = f", after {one.attempts} attempts" if one.attempts else ", never attempted"
    return f"since {_time(one.since)}{tried}{', target perhaps touched' if one.begun else ''}"


def _time(text: str) -> str:
    return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M:%S UTC")
