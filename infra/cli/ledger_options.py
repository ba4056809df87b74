"""The options of the commands that open the ledger of a service."""

from typing import Annotated, Literal

import typer

_PANEL = "Where the ledger is (default: where the service's settings say)"

Group = Annotated[str, typer.Option("--group", "-g", help="The service's consumer group, such as ems.access.")]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        help="Address of the service's database, such as sqlite:////var/lib/ems/ems.access.db. Set EMS_DATABASE_URL "
        "rather than type a password.",
        show_default=False,
        rich_help_panel=_PANEL,
    ),
]
Output = Annotated[Literal["text", "json"], typer.Option(help="text, or json for programs.")]
