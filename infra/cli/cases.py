"""`ems decide`, `withdraw`, `move`, `void`, `case`: what an HR system does, typed by hand."""

import json
from datetime import date
from typing import Annotated, Literal

import typer

from infra.cli.accepted import tell
from infra.cli.intake import Intake, Output, WebhookSecret, intake
from infra.cli.shown import all_shown
from infra.errors import WrongUsage

commands = typer.Typer()

RequestedBy = Literal["UNKNOWN", "EMPLOYEE", "EMPLOYER", "BOTH"]  # the words of the schema
CaseId = Annotated[str, typer.Argument(metavar="CASE", help="The id that `ems resign` printed.")]


@commands.command(epilog="Example: ems decide 0195567a-0000-7000-8000-000000000001 --outcome retained --by HR-2")
def decide(
    case_id: CaseId,
    *,
    outcome: Annotated[
        Literal["confirmed", "retained"],
        typer.Option(case_sensitive=False, help="confirmed: the employee leaves. retained: the employee stays."),
    ],
    by: Annotated[str | None, typer.Option(help="The externalId of whoever decided.")] = None,
    intake_url: Intake = None,
    webhook_secret: WebhookSecret = None,
    output: Output = "text",
) -> None:
    """Make the decision of a case final.

    Retained gives back exactly the access that was taken, and cancels the interview; confirmed revokes it for good.
    """
    with intake(intake_url, webhook_secret, output) as client:
        final: Literal["CONFIRMED", "RETAINED"] = "CONFIRMED" if outcome == "confirmed" else "RETAINED"
        tell(client.decide(case_id, final, decided_by_id=by), output)


@commands.command(epilog="Example: ems withdraw 0195567a-0000-7000-8000-000000000001 --requested-by employee")
def withdraw(
    case_id: CaseId,
    *,
    requested_by: Annotated[
        RequestedBy | None,
        typer.Option(case_sensitive=False, help="Who asked for it.", show_default=False),
    ] = None,
    intake_url: Intake = None,
    webhook_secret: WebhookSecret = None,
    output: Output = "text",
) -> None:
    """Take a resignation back: before the decision, or by agreement after it was confirmed."""
    with intake(intake_url, webhook_secret, output) as client:
        tell(client.withdraw(case_id, requested_by=requested_by), output)


@commands.command(epilog="Example: ems move 0195567a-0000-7000-8000-000000000001 --to 2026-07-31")
def move(
    case_id: CaseId,
    *,
    to: Annotated[
        date | None,
        typer.Option(
            parser=date.fromisoformat, metavar="YYYY-MM-DD", help="The new last working day.", show_default=False
        ),
    ] = None,
    is_open: Annotated[bool, typer.Option("--open", help="Nobody knows the day any more.")] = False,
    intake_url: Intake = None,
    webhook_secret: WebhookSecret = None,
    output: Output = "text",
) -> None:
    """Move the last working day of a case, say it for the first time, or leave it open again.

    Once the exit is confirmed and that day is over in the employee's time zone, the departure is stated by itself.
    """
    if is_open == (to is not None):
        raise WrongUsage("Say either the new last working day (--to YYYY-MM-DD), or that it is open again (--open).")
    with intake(intake_url, webhook_secret, output) as client:
        tell(client.change_last_working_day(case_id, to), output)


@commands.command(epilog="Example: ems void 0195567a-0000-7000-8000-000000000001 --reason entered-in-error")
def void(
    case_id: CaseId,
    *,
    reason: Annotated[
        Literal["entered-in-error", "duplicate"],
        typer.Option(case_sensitive=False, help="Why the case should not exist."),
    ],
    duplicate_of: Annotated[
        str | None, typer.Option(metavar="CASE", help="Of a duplicate: the case that goes on.", show_default=False)
    ] = None,
    intake_url: Intake = None,
    webhook_secret: WebhookSecret = None,
    output: Output = "text",
) -> None:
    """Declare that a case should not exist; everything that was done because of it is undone.

    Possible until the decision; after that, withdraw the resignation.
    """
    with intake(intake_url, webhook_secret, output) as client:
        why: Literal["DUPLICATE", "ENTERED_IN_ERROR"] = "DUPLICATE" if reason == "duplicate" else "ENTERED_IN_ERROR"
        tell(client.void(case_id, why, duplicate_of=duplicate_of), output)


@commands.command("case", epilog="Example: ems case 0195567a-0000-7000-8000-000000000001 --output json")
def show(
    case_id: CaseId,
    *,
    intake_url: Intake = None,
    webhook_secret: WebhookSecret = None,
    output: Output = "text",
) -> None:
    """Show a case as EMS knows it."""
    with intake(intake_url, webhook_secret, output) as client:
        found = client.case(case_id)
    if output == "json":
        print(json.dumps(found))
    else:
        print(
            "\n".join(
                f"{name.replace('_', ' '):18}{value}" for name, value in all_shown(found).items() if value is not None
            )
        )
