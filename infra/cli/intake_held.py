"""`ems intake`: resignations that wait for a person, because so many came at once that it may be a mistake."""

import json
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from infra.cli.ledger_options import DatabaseUrl, Output
from infra.cli.shown import shown
from infra.errors import Refused, WrongUsage
from infra.operate.places import intake_database
from producers.ems import quarantine
from producers.ems.quarantine import Held, State

app = typer.Typer(no_args_is_help=True, help="See resignations that are held by the mass brake, and end their hold.")

Holds = Annotated[list[UUID] | None, typer.Argument(metavar="[HOLD]...", help="Holds, as `held` shows them.")]
All = Annotated[bool, typer.Option("--all", help="Everything that is held.")]
_ORDERED = {State.HELD: "", State.TO_RELEASE: "is being released", State.TO_REFUSE: "is being refused"}


@app.command("held", epilog="Example: ems intake held --output json")
def show(*, database_url: DatabaseUrl = None, output: Output = "text") -> None:
    """Show the resignations that are held; nothing is done about them until a person says so."""
    with intake_database(database_url) as database:
        found = database.run(lambda tx: quarantine.waiting(tx, *_ORDERED))
    if output == "json":
        print(json.dumps([_told(one) for one in found]))
        return
    if not found:
        print("No resignation is held.")
        return
    table = Table("hold", "employee", "since", "", box=None, pad_edge=False)
    for one in found:
        table.add_row(str(one.hold_id), Text(shown(one.employee_id)), one.held_at, _ORDERED[one.state])
    Console().print(table, markup=False)
    print(f"{len(found):,} held. If they are real: ems intake release --all. If not: ems intake refuse --all")


@app.command(epilog="Example: ems intake release --all")
def release(
    hold: Holds = None, *, everything: All = False, database_url: DatabaseUrl = None, output: Output = "text"
) -> None:
    """Have the cases opened after all: EMS does so within seconds, and every service reacts as always."""
    _order(State.TO_RELEASE, hold, database_url, output, everything=everything)


@app.command(epilog="Example: ems intake refuse 0195567a-0000-7000-8000-000000000001")
def refuse(
    hold: Holds = None, *, everything: All = False, database_url: DatabaseUrl = None, output: Output = "text"
) -> None:
    """Have nothing done about them, ever; whoever really resigned must be handed in again, as a new request."""
    _order(State.TO_REFUSE, hold, database_url, output, everything=everything)


def _order(what: State, holds: list[UUID] | None, url: str | None, output: str, *, everything: bool) -> None:
    if bool(holds) == everything:
        raise WrongUsage("Say which: holds, as `ems intake held` shows them, or --all.")
    with intake_database(url) as database:
        number = database.run(lambda tx: quarantine.order(tx, what, holds or None))
    if holds and number < len(set(holds)):
        raise Refused(f"Of {len(set(holds))}, {number} were held and are ordered now. See the others: ems intake held")
    if output == "json":
        print(json.dumps({"ordered": number}))
    else:
        print(
            f"{number:,} {'to be released' if what is State.TO_RELEASE else 'to be refused'}; EMS does so in seconds."
        )


def _told(one: Held) -> dict[str, str]:
    return {"hold_id": str(one.hold_id), "employee_id": one.employee_id, "held_at": one.held_at, "state": one.state}
