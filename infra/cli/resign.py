"""`ems resign`: one resignation typed by hand, or a file of them."""

from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from infra.cli.accepted import tell
from infra.cli.intake import Intake, Output, WebhookSecret, address, intake
from infra.errors import WrongUsage

commands = typer.Typer()

# the words of the schemas, which are not imported for a help
Reason = Literal["UNKNOWN", "VOLUNTARY", "RETIREMENT", "END_OF_CONTRACT", "MUTUAL", "OTHER"]
Risk = Literal["NORMAL", "ELEVATED", "HIGH"]
Confidentiality = Literal["STANDARD", "RESTRICTED"]
WorkerType = Literal["UNKNOWN", "EMPLOYEE", "CONTINGENT"]

_HOW = {"columns", "profile", "date_format", "employee_is", "encoding", "dry_run"}  # of a file alone
_NOT_SAID = {"file", "format_", "intake_url", "webhook_secret", "output", "scim_url", "scim_token", *_HOW}
_OF_A_FILE = "A file of resignations"
File = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Send each line of it; - is the standard input. Running it again is harmless.",
        show_default=False,
        rich_help_panel=_OF_A_FILE,
    ),
]
Format = Annotated[
    Literal["csv", "jsonl"] | None,
    typer.Option(
        "--format",
        help="What the file is; by its suffix, unless given.",
        show_default=False,
        rich_help_panel=_OF_A_FILE,
    ),
]


def _of_file(meaning: str, **how: Any) -> Any:  # noqa: ANN401 - what typer takes and gives
    return typer.Option(help=meaning, show_default=False, rich_help_panel=_OF_A_FILE, **how)


def _more(meaning: str, **how: Any) -> Any:  # noqa: ANN401 - what typer takes and gives
    return typer.Option(help=meaning, show_default=False, rich_help_panel="What else HR knows", **how)


def _day(meaning: str) -> Any:  # noqa: ANN401 - what typer gives
    return _more(meaning, parser=date.fromisoformat, metavar="YYYY-MM-DD")


def _word(meaning: str) -> Any:  # noqa: ANN401 - what typer gives
    return _more(meaning, case_sensitive=False)


@commands.command(epilog="Example: ems resign --employee E1014 --last-working-day 2026-06-30 --risk high")
def resign(
    *,
    employee_id: Annotated[
        str | None, typer.Option("--employee", help="The person's externalId in the directory.", show_default=False)
    ] = None,
    file: File = None,
    format_: Format = None,
    columns: Annotated[
        list[str] | None, _of_file('The column of a field, such as employee_id="Personal-Nr."; may be repeated.')
    ] = None,
    profile: Annotated[
        str | None, _of_file("A YAML file that says what the columns mean, or microsoft-hr-connector.")
    ] = None,
    date_format: Annotated[
        str | None, _of_file("How days are written: DD.MM.YYYY, M/D/YYYY …; moment: the day in a moment counts.")
    ] = None,
    employee_is: Annotated[
        Literal["employee_id", "mail", "user_name"] | None,
        _of_file("What the employee is named by; by mail or user name, the directory is asked who that is."),
    ] = None,
    encoding: Annotated[str | None, _of_file("How the text is written, such as cp1252; else UTF-8.")] = None,
    dry_run: Annotated[bool, _of_file("Only show the first lines as they would be sent.")] = False,
    scim_url: Annotated[str | None, _of_file("Address of that directory.", envvar="EMS_SCIM_URL")] = None,
    scim_token: Annotated[str | None, _of_file("Its bearer token; reading is enough.", envvar="EMS_SCIM_TOKEN")] = None,
    submitted_on: Annotated[date | None, _day("When it was handed in; today, unless given.")] = None,
    last_working_day: Annotated[date | None, _day("The last day of work, where it is known.")] = None,
    employment_end_date: Annotated[date | None, _day("The end of the contract; later, with garden leave.")] = None,
    notice_period_days: Annotated[int | None, _more("The notice period, in calendar days.")] = None,
    time_zone: Annotated[str | None, _more("The person's IANA zone, such as Europe/Berlin.")] = None,
    country: Annotated[str | None, _more("Two letters, for public holidays: DE")] = None,
    subdivision: Annotated[str | None, _more("The part of the country, for public holidays: BY")] = None,
    reason_category: Annotated[Reason | None, _word("The kind of exit.")] = None,
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
    A file holds one resignation in each line: JSON objects, or CSV whose first line names the fields.
    """
    given = dict(locals())
    said = {name: value for name, value in given.items() if name not in _NOT_SAID}
    if file is not None:
        _refuse_what_the_lines_say(said)
        from infra.cli.handing_in import Export, hand_in, show_first  # noqa: PLC0415 - with the schemas, which are heavy
        from infra.resignations.columns import columns as meaning  # noqa: PLC0415 - heavy

        told = meaning(columns or (), profile, date_format, employee_is)
        export = Export(file, format_, encoding, told, (scim_url, scim_token))
        if dry_run:
            show_first(export)
        else:
            hand_in(export, address(intake_url, webhook_secret), output)
        return
    if any(given[name] for name in _HOW):
        raise WrongUsage(
            "How a file is to be read (--columns, --profile, --dry-run …) is said with a file: --file FILE."
        )
    if employee_id is None:
        raise WrongUsage("Say who resigns (--employee ID), or hand in a file of resignations (--file FILE).")
    with intake(intake_url, webhook_secret, output) as client:
        tell(client.resign(said), output)


def _refuse_what_the_lines_say(said: dict[str, Any]) -> None:
    if any(value is not None for value in said.values()):
        raise WrongUsage("With --file, each line says whose resignation it is, and whatever else is known about it.")
