"""People whose every personal detail is a canary, and the company's systems that know them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from infra.sandbox.people import BERLIN, PAYMENTS, Person
from tests.canaries import Canaries
from tests.e2e.hiring import CRITICAL, Hiring

LEAVERS: Final = ("stays", "leaves", "withdraws", "restricted", "refused", "delayed")
OTHERS: Final = ("partner", "manager", "unreachable")
_GIVEN: Final = {"unreachable": "Nobody"}  # the sandbox's mail server refuses whoever is called so


@dataclass(frozen=True)
class Planted:
    """Those people by role, and every text that must stay with the company.

    Attributes:
        told: what mails and calendars are known to say of them: names and addresses.
        canaries: these, and all else that the directory knows.
        ids: by which EMS knows those people.
    """

    people: Mapping[str, Person]
    told: Canaries
    canaries: Canaries
    ids: Canaries

    @classmethod
    def by(cls, hiring: Hiring) -> Self:
        """Hire them, give them calendars, and put them into critical groups and into one that is named after one."""
        people = {role: _person(number, role) for number, role in enumerate((*OTHERS, *LEAVERS))}
        for role, person in people.items():
            above = {"partner": None, "refused": "unreachable"}.get(role, "manager" if role != "manager" else "partner")
            hiring.hire(person, manager=people[above] if above else None, **_account(person))
            hiring.open_calendar(person)
        leavers = [people[role] for role in LEAVERS]
        for group in CRITICAL:
            hiring.enter(group, leavers)
        hiring.found(f"Friends of {_detail(people['manager'], 'friend')}", leavers)
        told = [word for role, one in people.items() if role not in _GIVEN for word in (one.given_name, one.mail)]
        told += [_family(one) for role, one in people.items() if role not in _GIVEN]
        every = [word for one in people.values() for word in (_family(one), one.mail, *_details(one))]
        ids = Canaries(one.employee_id for one in people.values())
        return cls(people, Canaries(told), Canaries([*told, *every]), ids)


def _person(number: int, role: str) -> Person:
    return Person(
        employee_id=f"E7000{number:04}",
        given_name=_GIVEN.get(role, f"Zoë{role}quill"),
        family_name=f"O'Wyvern{role}",
        title=f"Keeper of {role}xylophones",
        department="Settlement",
        division=PAYMENTS,
        office=BERLIN,
        language="de",
        manager=None,
    )


def _account(person: Person) -> dict[str, Any]:
    """Return what else the directory knows of somebody, of which EMS uses the language alone."""
    home = _detail(person, "home")
    return {
        "nickName": _detail(person, "nick"),
        "preferredLanguage": f"de-x-{_tongue(person)}",
        "profileUrl": f"https://people.example.com/{_detail(person, 'profile')}",
        "phoneNumbers": [{"value": _phone(person), "type": "work"}],
        "emails": [
            {"value": person.mail, "type": "work", "primary": True},
            {"value": f"{home}@home.example", "type": "home"},
        ],
        "addresses": [{"type": "home", "streetAddress": f"7 {_detail(person, 'street')} Lane", "country": "DE"}],
    }


def _details(person: Person) -> Iterator[str]:
    yield from (_detail(person, kind) for kind in ("nick", "profile", "home", "street"))
    yield from (_phone(person), _tongue(person), person.title.split()[-1])


def _detail(person: Person, kind: str) -> str:
    return f"{kind}of{_family(person).lower()}"


def _family(person: Person) -> str:
    return person.family_name.removeprefix("O'")  # which HTML may write as an entity, or not


def _phone(person: Person) -> str:
    return f"+49-30-5550-77{person.employee_id[-2:]}"


def _tongue(person: Person) -> str:
    return f"zyqlan{person.employee_id[-2:]}"
