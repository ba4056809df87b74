"""`ems erase`: a person's data, as far as they can be erased, and what else there is of them."""

import json
import sys
from typing import Annotated, Final

import typer

from choreography import RegistryUnavailable
from choreography.errors import NoAnswer
from infra.cli.counting import counting
from infra.cli.erase_view import show, told
from infra.cli.ledger_options import Output
from infra.errors import Refused, Unreachable, WrongUsage
from infra.operate.database import reaching, settings_of
from infra.operate.erase import Outcome, erase
from infra.operate.places import places_of

commands = typer.Typer()

_WHERE: Final = "Where the databases and the topics are (default: where the settings of EMS and its services say)"
Employee = Annotated[str, typer.Option(help="The employee's id.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what there is, and what would be erased.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Only = Annotated[
    list[str] | None,
    typer.Option("--group", "-g", help="Only the database of this group, or ems.exits.", rich_help_panel=_WHERE),
]
Address = Annotated[str | None, typer.Option(help="Address of that one database.", rich_help_panel=_WHERE)]
Bootstrap = Annotated[
    str | None, typer.Option("--bootstrap-server", "-b", help="host:port of the cluster.", rich_help_panel=_WHERE)
]
Registry = Annotated[str | None, typer.Option(help="Address of the schema registry.", rich_help_panel=_WHERE)]


@commands.command("erase", epilog="Example: ems erase --employee E1014 --dry-run")
def erase_person(
    *,
    employee: Employee,
    dry_run: DryRun = False,
    yes: Yes = False,
    group: Only = None,
    database_url: Address = None,
    bootstrap_server: Bootstrap = None,
    registry: Registry = None,
    output: Output = "text",
) -> None:
    """Erase a person whose cases are over from the databases of EMS and its services, and say what else there is.

    Services may run meanwhile. Nothing is repeated afterwards: that something was done is still known, of whom is not.
    What cannot be erased is listed with when it will be gone, and how to find it: docs/personal-data.md
    """
    places = places_of(group or (), database_url)
    settings = reaching(settings_of("producers.ems"), bootstrap_server, registry)
    if not (dry_run or yes):
        _ask(employee)
    with counting() as progress:
        try:
            outcome = erase(employee, places, settings, execute=not dry_run, progress=progress)
        except (NoAnswer, RegistryUnavailable) as error:
            raise Unreachable(str(error)) from error
    if output == "json":
        print(json.dumps(told(employee, outcome, dry_run=dry_run), default=str))
    else:
        show(employee, outcome, dry_run=dry_run)
    _refuse_missing(employee, outcome)


def _ask(employee: str) -> None:
    if not sys.stdin.isatty():
        raise WrongUsage("To erase somebody is for good, and nobody can be asked here: add --yes, or --dry-run.")
    typer.confirm(f"Erase {employee} for good?", abort=True)


def _refuse_missing(employee: str, outcome: Outcome) -> None:
    if outcome.missing:
        commands = "\n".join(f"  ems erase --employee {employee} --group {name}" for name in outcome.missing)
        raise Refused(f"Not all databases are here. Where the others are, with their EMS_DATABASE_URL, say\n{commands}")
