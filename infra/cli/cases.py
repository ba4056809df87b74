"""`ems resign`, `decide`, `withdraw`, `move`, `void`, `case`: what an HR system does, typed by hand."""

import json
from dataclasses import asdict
from datetime import date
from typing import Annotated, Any, Literal

import typer

from infra.cli.intake import Intake, Output, WebhookSecret, intake
from infra.errors import WrongUsage
from infra.intake_client import Accepted
from schemas.exits import Confidentiality, ReasonCategory, RequestedBy, Risk, WorkerType

commands = typer.Typer()

_NOT_SAID = {"intake_url", "webhook_secret", "output"}
_NEXT = {
    "SUBMITTED": "Watch it: ems case {id}\nThen:     ems decide {id} --outcome confirmed|retained",
    "CONFIRMED": "If the last working day moves: ems move {id} --to YYYY-MM-DD\n"
    "If both sides agree that the employee stays after all: ems withdraw {id}",
}


def _more(meaning: str, **how: Any) -> Any:  # noqa: ANN401 - what typer takes and gives
    return typer.Option(help=meaning, show_default=False, rich_help_panel="What else HR knows", **how)


def _day(meaning: str) -> Any:  # noqa: ANN401 - what typer gives
    return _more(meaning, parser=date.fromisoformat, metavar="YYYY-MM-DD")


def _word(meaning: str) -> Any:  # noqa: ANN401 - what typer gives
    return _more(meaning, case_sensitive=False)


CaseId = Annotated[str, typer.Argument(metavar="CASE", help="The id that `ems resign` printed.")]


@commands.command(epilog="Example: ems resign --employee E1014 --last-working-day 2026-06-30 --risk high")
def resign(
    *,
    employee_id: Annotated[str, typer.Option("--employee", help="The person's externalId in the directory.")],
    submitted_on: Annotated[date | None, _day("When it was handed in; today, unless given.")] = None,
    last_working_day: Annotated[date | None, _day("The last day of work, where it is known.")] = None,
    employment_end_date: Annotated[date | None, _day("The end of the contract; later, with garden leave.")] = None,
    notice_period_days: Annotated[int | None, _more("The notice period, in calendar days.")] = None,
    time_zone: Annotated[str | None, _more("The person's IANA zone, such as Europe/Berlin.")] = None,
    country: Annotated[str | None, _more("Two letters, for public holidays: DE")] = None,
    subdivision: Annotated[str | None, _more("The part of the country, for public holidays: BY")] = None,
    reason_category: Annotated[ReasonCategory | None, _word("The kind of exit.")] = None,
    risk: Annotated[Risk | None, _word("How dangerous the person's access is until the decision.")] = None,
    confidentiality: Annotated[Confidentiality | None, _word("RESTRICTED: HR is told first.")] = None,
    worker_type: Annotated[WorkerType | None, _word("How the person works for the company.")] = None,
    employee_number: Annotated[str | None, _more("The number that payroll knows.")] = None,
    employment_id: Annotated[str | None, _more("Which employment ends, where a person has several.")] = None,
    manager_id: Annotated[str | None, _more("The manager's externalId; else the directory is asked.")] = None,
    hr_partner_id: Annotated[str | None, _more("The HR partner's externalId; else the directory is asked.")] = None,
    department: Annotated[str | None, _more("The department.")] = None,
    cost_center: Annotated[str | None, _more("The cost centre.")] = None,
    organization: Annotated[str | None, _more("The organisation.")] = None,
    division: Annotated[str | None, _more("The division.")] = None,
    preferred_language: Annotated[str | None, _more("The person's language, such as de-AT.")] = None,
    intake_url: Intake = None,
    webhook_secret: WebhookSecret = None,
    output: Output = "text",
) -> None:
    """Hand in a resignation: it opens a case, and every service that subscribes reacts by itself.

    The employee is enough; whatever else is known makes the reactions better. Nothing is final before `ems decide`.
    """
    said = {name: value for name, value in locals().items() if name not in _NOT_SAID}
    with intake(intake_url, webhook_secret, output) as client:
        _tell(client.resign(said), output)


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
        _tell(client.decide(case_id, final, decided_by_id=by), output)


@commands.command(epilog="Example: ems withdraw 0195567a-0000-7000-8000-000000000001 --requested-by employee")
def withdraw(
    case_id: CaseId,
    *,
    requested_by: Annotated[
        RequestedBy | None, typer.Option(case_sensitive=False, help="Who asked for it.", show_default=False)
    ] = None,
    intake_url: Intake = None,
    webhook_secret: WebhookSecret = None,
    output: Output = "text",
) -> None:
    """Take a resignation back: before the decision, or by agreement after it was confirmed."""
    with intake(intake_url, webhook_secret, output) as client:
        _tell(client.withdraw(case_id, requested_by=requested_by), output)


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
        _tell(client.change_last_working_day(case_id, to), output)


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
        _tell(client.void(case_id, why, duplicate_of=duplicate_of), output)


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
        print("\n".join(f"{name.replace('_', ' '):18}{value}" for name, value in found.items() if value is not None))


def _tell(accepted: Accepted, output: str) -> None:
    if output == "json":
        print(json.dumps(asdict(accepted), default=str))
        return
    print(f"Case {accepted.case_id} is {accepted.status} (version {accepted.case_version}).")
    if accepted.status in _NEXT:
        print(_NEXT[accepted.status].format(id=accepted.case_id))
