"""The databases that may know a person: that of EMS, and that of each service."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from choreography import Database
from choreography.database.engine import read_url
from choreography.declare import catalog
from infra.errors import Unreachable, WrongUsage
from infra.operate.database import Home, Transactions, home_of, settings_of
from schemas.exits import TOPIC as EXITS

_EMS_PACKAGE: Final = "producers.ems"
_EMS: Final = EXITS.namespace  # as that process calls itself, and so its database


@dataclass(frozen=True)
class Place:
    """A database that may know the person.

    Attributes:
        name: the group of its service, or `ems.exits` for EMS.
        url: its address.
        home: where the service lives; `None` for EMS.
    """

    name: str
    url: str
    home: Home | None

    @property
    def file(self) -> Path | None:
        """Its file, where it is one."""
        url = read_url(self.url)
        return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None

    @property
    def is_here(self) -> bool:
        """Whether it can be opened here: a file can be elsewhere."""
        return self.file is None or self.file.exists()

    @property
    def aside(self) -> list[Path]:
        """Older copies that a rebuild has moved aside."""
        return sorted(self.file.parent.glob(f"{self.file.name}.replaced-*")) if self.file else []


def places_of(groups: Sequence[str], database_url: str | None) -> list[Place]:
    """Return the databases that are meant: of these groups, or of all.

    Raises:
        WrongUsage: one address is given for several databases, or there is no such group.
    """
    known = (*(service.group for _, service in catalog.services("consumers")), _EMS)
    wanted = tuple(groups) or known
    one_for_all = database_url or settings_of(_EMS_PACKAGE).database_url
    if one_for_all and len(wanted) > 1:
        raise WrongUsage(f"That address is one database's. Say whose it is: --group, one of {', '.join(known)}.")
    return [_place(name, database_url) for name in wanted]


@contextmanager
def intake_database(url: str | None) -> Iterator[Transactions]:
    """Open the database of EMS, found as EMS itself finds it.

    Raises:
        Unreachable: there is none, or it does not answer.
        InvalidSettings: this is no address of a database.
    """
    place = _place(_EMS, url)
    if not place.is_here:
        raise Unreachable(
            f"EMS has no database at {place.file}. Run this where EMS runs, with its settings (EMS_STATE_DIR, "
            "EMS_DATABASE_URL) or with --database-url."
        )
    database = Database(place.url)
    try:
        shown_url = read_url(place.url).render_as_string(hide_password=True)
        yield Transactions(database, shown_url, "the database of an EMS")
    finally:
        database.close()


def _place(name: str, database_url: str | None) -> Place:
    if name == _EMS:
        return Place(_EMS, database_url or settings_of(_EMS_PACKAGE).database_for(_EMS), None)
    home = home_of(name, database_url)
    return Place(name, home.database_url, home)
