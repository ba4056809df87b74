"""`ems resume`: take the brake off a service that has stopped attempting anything."""

import json

import typer

from choreography.consume import brake
from infra.cli.ledger_options import DatabaseUrl, Group, Output
from infra.operate.database import home_of, opened

commands = typer.Typer()


@commands.command(epilog="Example: ems resume --group ems.access")
def resume(*, group: Group, database_url: DatabaseUrl = None, output: Output = "text") -> None:
    """Let a service go on that put its brake on, because several failures in a row looked the same.

    It goes on within seconds. What failed before stays held: ems held list. If the cause is still there, the brake
    comes back after as many failures; a new version takes the brake off by itself.
    """
    with opened(home_of(group, database_url)) as ledgers:
        braked = ledgers.run(brake.find)
        if braked is not None:
            ledgers.run(brake.clear)
    if output == "json":
        print(json.dumps({"group": group, "was_braked": None if braked is None else braked._asdict()}))
    elif braked is None:
        print(f"{group} was not braked.")
    else:
        print(
            f"{group} goes on. It had attempted nothing since {braked.since}, because failures of version "
            f"{braked.version} looked the same: {braked.fingerprint}. See what is held: ems held list --group {group}"
        )
