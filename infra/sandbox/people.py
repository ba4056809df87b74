"""The people of the fictional company Kestrel & Lund: who they are, where they work, whom they report to."""

import unicodedata
from dataclasses import dataclass
from typing import Final

MAIL_DOMAIN: Final = "example.com"
ORGANIZATION: Final = "Kestrel & Lund"

_SPELLED_OUT: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", " ": "-", "'": ""})


@dataclass(frozen=True)
class Office:
    """Where people work; its zone is theirs.

    Attributes:
        zone: IANA name.
        country: ISO 3166-1 alpha-2.
        region: what ISO 3166-2 has after the country; empty where there is none.
    """

    city: str
    zone: str
    country: str
    region: str


@dataclass(frozen=True)
class Division:
    """A part of the company, which its HR partners are responsible for."""

    name: str
    cost_center: str


BERLIN: Final = Office("Berlin", "Europe/Berlin", "DE", "BE")
NEW_YORK: Final = Office("New York", "America/New_York", "US", "NY")
SINGAPORE: Final = Office("Singapore", "Asia/Singapore", "SG", "")

CORPORATE: Final = Division("Corporate", "CC-1000")
PAYMENTS: Final = Division("Payments", "CC-2000")
PLATFORM: Final = Division("Platform", "CC-3000")
CARE: Final = Division("Customer Care", "CC-4000")


@dataclass(frozen=True)
class Person:
    """Somebody in the directory.

    Attributes:
        employee_id: the `externalId`, by which events name people.
        language: `en` or `de`.
        manager: the employee id of the manager.
        namesake: told apart in the mail address and the employee number from someone with the same employee id.
        employments: more than one for someone who holds several.
    """

    employee_id: str
    given_name: str
    family_name: str
    title: str
    department: str
    division: Division
    office: Office
    language: str
    manager: str | None
    active: bool = True
    user_type: str = "Employee"
    namesake: bool = False
    employments: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What to call the person in a text."""
        return f"{self.given_name} {self.family_name}"

    @property
    def mail(self) -> str:
        """The mail address, which is the user name too, and unique in the company."""
        given, family = (_plain(name) for name in (self.given_name, self.family_name))
        return f"{given}.{family}@{MAIL_DOMAIN}"

    @property
    def employee_number(self) -> str:
        """The number in payroll: unique, also where the employee id is not."""
        return f"{self.employee_id.lstrip('EXC')}{'-2' if self.namesake else ''}"

    @property
    def has_calendar(self) -> bool:
        """Whether there is a calendar: employees who are still here have one."""
        return self.active and self.user_type == "Employee" and not self.namesake


def _plain(name: str) -> str:
    spelled = unicodedata.normalize("NFKD", name.lower().translate(_SPELLED_OUT))
    return "".join(letter for letter in spelled if letter.isascii())


PEOPLE: Final = (
    Person("E1001", "Helene", "Vogt", "Chief Executive Officer", "Board", CORPORATE, BERLIN, "de", None),
    Person("E1002", "Daniel", "Achebe", "Chief Technology Officer", "Board", PLATFORM, NEW_YORK, "en", "E1001"),
    Person("E1003", "Ingrid", "Solheim", "Chief Operating Officer", "Board", CORPORATE, BERLIN, "en", "E1001"),
    Person("E1004", "Tobias", "Krämer", "Head of People", "People", CORPORATE, BERLIN, "de", "E1003"),
    Person("E1005", "Laura", "Castellano", "Finance Director", "Finance", CORPORATE, NEW_YORK, "en", "E1001"),
    Person("E1006", "Mikael", "Forsberg", "Treasurer", "Finance", CORPORATE, BERLIN, "en", "E1005"),
    Person("E1007", "Renate", "Busch", "HR Business Partner", "People", CORPORATE, BERLIN, "de", "E1004", active=False),
    Person("E1008", "Sabine", "Hartmann", "HR Business Partner", "People", CORPORATE, BERLIN, "de", "E1004"),
    Person("E1009", "Katharina", "Wolff", "HR Business Partner", "People", CORPORATE, BERLIN, "de", "E1004"),
    Person("E1010", "Olivia", "Bennett", "HR Business Partner", "People", CORPORATE, NEW_YORK, "en", "E1004"),
    Person("E1011", "Farid", "Rahman", "HR Business Partner", "People", CORPORATE, SINGAPORE, "en", "E1004"),
    Person("E1012", "Stefan", "Lorenz", "VP Payments", "Payments Leadership", PAYMENTS, BERLIN, "de", "E1003"),
    Person("E1013", "Julia", "Neumann", "Team Lead Settlement", "Settlement", PAYMENTS, BERLIN, "de", "E1012"),
    Person("E1014", "Jonas", "Brandt", "Senior Payments Engineer", "Settlement", PAYMENTS, BERLIN, "de", "E1013"),
    Person("E1015", "Aylin", "Demir", "Payments Engineer", "Settlement", PAYMENTS, BERLIN, "de", "E1013"),
    Person("E1016", "Pedro", "Almeida", "Settlement Analyst", "Settlement", PAYMENTS, BERLIN, "en", "E1013"),
    Person("E1017", "Claire", "Dubois", "Team Lead Risk", "Risk", PAYMENTS, NEW_YORK, "en", "E1012"),
    Person("E1018", "Nadia", "Petrova", "Risk Analyst", "Risk", PAYMENTS, BERLIN, "en", "E1017"),
    Person("E1019", "Marcus", "Reyes", "Fraud Analyst", "Risk", PAYMENTS, NEW_YORK, "en", "E1017"),
    Person("E1020", "Wei Jie", "Lim", "Payments Operations Lead", "Operations", PAYMENTS, SINGAPORE, "en", "E1012"),
    Person("E1021", "Rebecca", "Goldstein", "Director Engineering", "Engineering", PLATFORM, NEW_YORK, "en", "E1002"),
    Person("E1022", "Samuel", "Adeyemi", "Team Lead Reliability", "Reliability", PLATFORM, NEW_YORK, "en", "E1021"),
    Person("E1023", "Amara", "Okafor", "Lead Reliability Engineer", "Reliability", PLATFORM, NEW_YORK, "en", "E1022"),
    Person("E1024", "Lukas", "Steiner", "Reliability Engineer", "Reliability", PLATFORM, BERLIN, "de", "E1022"),
    Person("E1025", "Arjun", "Mehta", "Platform Engineer", "Reliability", PLATFORM, BERLIN, "en", "E1022"),
    Person("E1026", "Hannah", "Schulz", "Security Engineer", "Security", PLATFORM, BERLIN, "de", "E1021"),
    Person("E1027", "Frank", "Zimmermann", "Team Lead Data", "Data", PLATFORM, BERLIN, "de", "E1021", active=False),
    Person("E1028", "Sofia", "Marino", "Data Engineer", "Data", PLATFORM, BERLIN, "en", "E1027"),
    Person("E1029", "Emily", "Carter", "Data Engineer", "Data", PLATFORM, NEW_YORK, "en", "E1021"),
    Person("E1030", "Mei-Ling", "Tan", "VP Customer Care", "Care Leadership", CARE, SINGAPORE, "en", "E1003"),
    Person("E1031", "Priya", "Nair", "Team Lead Care Asia", "Care Asia", CARE, SINGAPORE, "en", "E1030"),
    Person("E1032", "Nurul", "Aziz", "Care Specialist", "Care Asia", CARE, SINGAPORE, "en", "E1031"),
    Person("E1033", "Johannes", "Weiß", "Care Specialist", "Care Asia", CARE, SINGAPORE, "de", "E1031"),
    Person("E1034", "Michael", "O'Brien", "Team Lead Care West", "Care West", CARE, BERLIN, "en", "E1030"),
    Person("E1035", "Zoë", "Müller", "Care Specialist", "Care West", CARE, BERLIN, "de", "E1034"),
    Person(
        "E1036", "María", "Fernández", "Care Trainer and Specialist", "Care Asia", CARE, SINGAPORE, "en", "E1031",
        employments=("E1036-1", "E1036-2"),
    ),
    Person("E1037", "Anna", "Schmidt", "Care Specialist", "Care West", CARE, BERLIN, "de", "E1034"),
    Person("E1037", "Anna", "Schmitt", "Accountant", "Finance", CORPORATE, BERLIN, "de", "E1006", namesake=True),
    Person("E1038", "Noah", "Williams", "Care Specialist", "Care West", CARE, NEW_YORK, "en", "E1034"),
    Person(
        "C2001", "Rohan", "Kapoor", "Database Consultant", "Data", PLATFORM, SINGAPORE, "en", "E1022",
        user_type="Contractor",
    ),
    Person("X9001", "Break", "Glass", "Emergency", "Security", PLATFORM, BERLIN, "en", None, user_type="Service"),
)  # fmt: skip
"""Everybody, managers before those who report to them."""
