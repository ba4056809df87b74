"""A ledger, and what a rebuild made of it, in words."""

from collections.abc import Mapping
from typing import Any, Final

from choreography.ledger.table import State
from infra.cli.shown import all_shown
from infra.operate.database import Home
from infra.operate.rebuild import Outcome

_MEANING: Final = {
    State.DONE: "has happened, and was stated",
    State.SKIPPED: "needs no effect",
    State.HELD: "waits: ems held list",
    State.INTENT: "is done again at the next start, as a repeat",
}


def show_ledger(found: Mapping[str, Any]) -> None:
    """Print what stands in a ledger."""
    found = all_shown(found)
    print(f"Ledger {found['ledger_id']} of {found['group']}, in {found['database']}")
    for state in State:
        print(f"  {state:8}{found['states'].get(state, 0):>9}")
    for reason, count in sorted(found["held"].items()):
        print(f"    {reason:6}{count:>9}")
    print(f"  {'outbox':8}{found['outbox_waiting']:>9}  not published yet")
    print("  topic:partition, where the group began, and what is finished before")
    for one in found["positions"]:
        finished = "–" if one["finished"] is None else one["finished"]
        print(f"    {one['topic']}:{one['partition']:<4}{one['begin']:>9}{finished:>9}")


def told(group: str, outcome: Outcome, *, dry_run: bool) -> dict[str, Any]:
    """Return what a rebuild has found, for programs."""
    rebuilt = outcome.rebuilt
    return {
        "group": group,
        "dry_run": dry_run,
        "ledger_id": rebuilt.ledger_id,
        "states": dict(rebuilt.rows),
        "facts": rebuilt.tally.facts,
        "facts_repeated": rebuilt.tally.repeated,
        "facts_without_event": rebuilt.tally.eventless,
        "records_of_others": rebuilt.tally.foreign,
        "held_for_a_person": [one.effect_key for one in rebuilt.held],
        "record_gone": [one.effect_key for one in rebuilt.gone],
        "begin_not_stated": [f"{at.topic}:{at.partition}" for at in rebuilt.unstated],
        "outbox_kept": len(outcome.old.waiting),
        "moved_aside": outcome.aside,
    }


def show_outcome(home: Home, outcome: Outcome, *, seconds: float, dry_run: bool) -> None:
    """Print what a rebuild has found, and what to do next."""
    rebuilt, tally = outcome.rebuilt, outcome.rebuilt.tally
    print(f"{home.group}: {rebuilt.rows.total()} reactions, after {seconds:.1f} s.")
    for state in State:
        if rebuilt.rows[state]:
            print(f"  {rebuilt.rows[state]:>8}  {state:8} {_MEANING[state]}")
    notes = {
        "repeat a fact that was read already": tally.repeated,
        "facts answer an event that has left its topic; they count": tally.eventless,
        "records on its topics are not this group's, and do not count": tally.foreign,
        "must not be done twice, and nobody knows whether they were done: a person decides": len(rebuilt.held),
        "can never be run again, because their records have left the topic": len(rebuilt.gone),
        "partitions of which nobody stated where the group begins": len(rebuilt.unstated),
        "records that waited in the old outbox come along": len(outcome.old.waiting),
    }
    for meaning, count in notes.items():
        if count:
            print(f"  {count:>8}  {meaning}")
    if outcome.aside is not None:
        print(f"What stood there is now {outcome.aside}")
    if dry_run:
        print("Nothing was written. To write it, add --execute.")
    else:
        print(f"Written to {home.shown_url}. Start the service: it takes this ledger for its own.")
        if rebuilt.held:
            print(f"Then decide: ems held list --group {home.group} --reason RESTRICTED")
