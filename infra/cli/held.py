"""`ems held`: what waits for a person in a service, and what the person decides."""

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Final
from uuid import UUID

import typer

from choreography.ledger.held import Which, held, held_by_reason, order, reaction
from choreography.ledger.table import Order
from choreography.records import HoldReason
from infra.cli.held_record import about
from infra.cli.held_view import ordered, reasons_against, show_held, show_ordered, show_record
from infra.cli.ledger_options import DatabaseUrl, Group, Output
from infra.errors import Refused, WrongUsage
from infra.operate.database import Home, home_of, opened

app = typer.Typer(no_args_is_help=True, help="See what waits for a person in a service, and release or drop it.")

_WHICH: Final = "Which ones (all that are given must be true)"
Reasons = Annotated[
    list[HoldReason] | None,
    typer.Option("--reason", case_sensitive=False, help="Held for this reason.", rich_help_panel=_WHICH),
]
Key = Annotated[str | None, typer.Option(help="The record's key: the employee's id.", rich_help_panel=_WHICH)]
Case = Annotated[UUID | None, typer.Option(help="The case's id.", rich_help_panel=_WHICH)]
All = Annotated[bool, typer.Option("--all", help="Everything that is held.", rich_help_panel=_WHICH)]
Effects = Annotated[list[UUID] | None, typer.Argument(metavar="[EFFECT]...", help="Effect keys, as `list` shows them.")]
DryRun = Annotated[
    bool | None,
    typer.Option(
        "--dry-run/--execute",
        help="Only say what would be ordered: the default, unless effect keys are named.",
        show_default=False,
    ),
]


@app.command("list", epilog="Example: ems held list --group ems.access --reason FAILED")
def list_held(
    *,
    group: Group,
    reason: Reasons = None,
    key: Key = None,
    case: Case = None,
    database_url: DatabaseUrl = None,
    output: Output = "text",
) -> None:
    """Show what is held: why, since when, where its record stands, and how many wait behind it."""
    which = Which(reasons=reason or (), key=key, correlation=case)
    with opened(home_of(group, database_url)) as ledgers:
        found, counts = ledgers.run(lambda tx: (held(tx, which), held_by_reason(tx)))
    if output == "json":
        print(json.dumps({"group": group, "by_reason": counts, "held": [asdict(one) for one in found]}, default=str))
    else:
        show_held(group, found, counts)


@app.command(epilog="Example: ems held show 5b0e8a3c-8d5f-5a52-9f3c-2f9f5d5f6c10 --group ems.access")
def show(
    effect: Annotated[UUID, typer.Argument(metavar="EFFECT", help="An effect key, as `list` shows it.")],
    *,
    group: Group,
    database_url: DatabaseUrl = None,
    output: Output = "text",
) -> None:
    """Show one reaction: its record, what it decided or stated, and how to read more with Kafka's own tools."""
    home = home_of(group, database_url)
    with opened(home) as ledgers:
        row = ledgers.run(lambda tx: reaction(tx, effect))
    if row is None:
        raise Refused(f"{group} knows no effect {effect}. See what is held: ems held list --group {group}")
    told = about(home, row)
    if output == "json":
        print(json.dumps(told, default=str))
    else:
        show_record(told)


@app.command(epilog="Example: ems held release --group ems.access --reason FAILED --execute")
def release(
    effect: Effects = None,
    *,
    group: Group,
    reason: Reasons = None,
    key: Key = None,
    case: Case = None,
    everything: All = False,
    dry_run: DryRun = None,
    database_url: DatabaseUrl = None,
    output: Output = "text",
) -> None:
    """Let held reactions go on: each is tried again in the order of its lane, and looks first whether it is undone."""
    which = _which(effect, reason, key, case, everything=everything)
    is_dry = _is_dry(dry_run, which)
    _give_order(Order.RELEASE, which, home_of(group, database_url), dry_run=is_dry, output=output, ask=_nobody_asks)


@app.command(epilog="Example: ems held drop 5b0e8a3c-8d5f-5a52-9f3c-2f9f5d5f6c10 --group ems.access")
def drop(
    effect: Effects = None,
    *,
    group: Group,
    reason: Reasons = None,
    key: Key = None,
    case: Case = None,
    everything: All = False,
    dry_run: DryRun = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    database_url: DatabaseUrl = None,
    output: Output = "text",
) -> None:
    """Give held reactions up for good: they are never done. What waits behind them goes on."""
    which = _which(effect, reason, key, case, everything=everything)
    is_dry, ask = _is_dry(dry_run, which), _nobody_asks if yes else _ask
    _give_order(Order.DROP, which, home_of(group, database_url), dry_run=is_dry, output=output, ask=ask)


def _which(
    effects: list[UUID] | None,
    reasons: list[HoldReason] | None,
    key: str | None,
    case: UUID | None,
    *,
    everything: bool,
) -> Which:
    if not (effects or reasons or key or case or everything):
        raise WrongUsage("Say which: effect keys, or --reason, --key, --case, or --all.")
    return Which(effects or (), reasons or (), key, case)


def _is_dry(said: bool | None, which: Which) -> bool:
    return said if said is not None else not which.effects


def _give_order(
    what: Order,
    which: Which,
    home: Home,
    *,
    dry_run: bool,
    output: str,
    ask: Callable[[str], None],
) -> None:
    group = home.group
    with opened(home) as ledgers:
        planned = ledgers.run(lambda tx: held(tx, which))
        if not dry_run and planned:
            ask(f"Drop {len(planned)} for good, so that {group} never does them?")
        done = ledgers.run(lambda tx: order(tx, which, what, dry_run=dry_run))
    if done.refused:
        raise Refused("\n".join([*reasons_against(done, what), "Nothing was ordered."]))
    if output == "json":
        print(json.dumps(ordered(done, what, dry_run=dry_run), default=str))
    else:
        show_ordered(done, what, group, dry_run=dry_run)


def _nobody_asks(_: str) -> None:
    """Let it be done."""


def _ask(question: str) -> None:
    if not sys.stdin.isatty():
        raise WrongUsage("To drop something is for good, and nobody can be asked here: add --yes.")
    typer.confirm(question, abort=True)
