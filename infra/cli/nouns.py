"""The commands of `ems`, by name: where each one lives and what it is for, known before any of them is imported."""

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Final

SUMMARY: Final = "The Exit Management System: an employee resigns, and independent services react."
_LOCAL: Final = "`up`, `down`, `status`, `deploy` and `demo` come with the extra `local` of this distribution."
_OF_LOCAL: Final = "psutil"  # comes with that extra; whoever only sends resignations needs neither broker nor sandbox


@dataclass(frozen=True)
class Noun:
    """A command, or a group of commands.

    Attributes:
        place: module and attribute of its `Typer`: `commands` holds it, `app` is the group itself.
        help: the first paragraph of its help, as it says there.
        local: whether it comes with the extra `local`.
    """

    place: str
    help: str
    local: bool = False


NOUNS: Final = {
    "demo": Noun(
        "infra.cli.demo:commands",
        "Watch three resignations travel: mails, interviews, access; every effect read back from its target.",
        local=True,
    ),
    "up": Noun("infra.cli.stack:commands", "Start what is missing, and return when all is ready.", local=True),
    "down": Noun(
        "infra.cli.stack:commands", "End everything, also what a killed run left; the data stays.", local=True
    ),
    "status": Noun(
        "infra.cli.stack:commands",
        "Show every process: exit code 0 when all are ready, 1 when one is not, 3 when nothing runs.",
        local=True,
    ),
    "deploy": Noun(
        "infra.cli.stack:commands",
        "Create the topics that are missing and register the schemas; what stands is left as it is.",
        local=True,
    ),
    "access": Noun("infra.cli.access:app", "Look at critical access without changing any."),
    "resign": Noun(
        "infra.cli.resign:commands",
        "Hand in a resignation: it opens a case, and every service that subscribes reacts by itself.",
    ),
    "decide": Noun("infra.cli.cases:commands", "Make the decision of a case final."),
    "withdraw": Noun(
        "infra.cli.cases:commands",
        "Take a resignation back: before the decision, or by agreement after it was confirmed.",
    ),
    "move": Noun(
        "infra.cli.cases:commands",
        "Move the last working day of a case, say it for the first time, or leave it open again.",
    ),
    "void": Noun(
        "infra.cli.cases:commands",
        "Declare that a case should not exist; everything that was done because of it is undone.",
    ),
    "case": Noun("infra.cli.cases:commands", "Show a case as EMS knows it."),
    "openapi": Noun(
        "infra.cli.openapi:commands",
        "Print the OpenAPI 3.1 document of the intake, as JSON, with the routes of all vendors.",
    ),
    "schemas": Noun("infra.cli.schemas:app", "Check and freeze the schemas of a checkout."),
    "held": Noun("infra.cli.held:app", "See what waits for a person in a service, and release or drop it."),
    "intake": Noun(
        "infra.cli.intake_held:app", "See resignations that are held by the mass brake, and end their hold."
    ),
    "ledger": Noun("infra.cli.ledger:app", "See the ledger of a service, and rebuild one that is lost."),
    "resume": Noun(
        "infra.cli.resume:commands",
        "Let a service go on that put its brake on, because several failures in a row looked the same.",
    ),
    "erase": Noun(
        "infra.cli.erase:commands",
        "Erase a person whose cases are over from the databases of EMS and its services, and say what else there is.",
    ),
}


def epilog() -> str | None:
    """Say what is not installed here."""
    return None if find_spec(_OF_LOCAL) else f"{_LOCAL} It is not installed here."


def nouns() -> dict[str, Noun]:
    """Return those that are installed here, in the order of the help."""
    has_local = find_spec(_OF_LOCAL) is not None
    return {name: noun for name, noun in NOUNS.items() if has_local or not noun.local}
