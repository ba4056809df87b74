"""What the template of a mail may say."""

from collections.abc import Sequence

from consumers.notification.matter import Matter, Recipient
from schemas import ExitEvent


def words_of(matter: Matter, to: Recipient, passed_over: Sequence[Recipient]) -> dict[str, object]:
    """Return what a letter may say.

    Args:
        matter: what it tells.
        to: who gets it.
        passed_over: those who should have got it; they are named in it, with the obstacle.
    """
    event, employee = matter.event, matter.employee
    return {
        **common_words(event, employee.display_name if employee else "", follows=matter.follows_for(to)),
        "kind": str(matter.kind),
        "recipient": to.name,
        "role": str(to.role),
        "submitted_on": matter.days.submitted_on,
        "last_working_day": matter.days.last_working_day,
        "has_left": matter.days.are_over(event.occurred_at),
        "withheld": matter.withheld,
        "manager_told": matter.manager_told,
        "problem": str(matter.problem or ""),
        "passed_over": [
            {"role": str(one.role), "name": one.name, "obstacle": str(one.obstacle)} for one in passed_over
        ],
    }


def common_words(event: ExitEvent, name: str, *, follows: bool) -> dict[str, object]:
    """Return what any mail may say of an event, and of the person concerned."""
    return {
        "employee_id": event.employee_id,
        "name": name,
        "case": str(event.case_id),
        "short_case": str(event.case_id)[-8:],
        "follows": follows,
    }
