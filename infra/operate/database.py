"""The database of a service, found as the service itself finds it: by its settings.

Commands about a ledger run where that database can be opened: beside its file, or anywhere for a PostgreSQL.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic_settings import SettingsConfigDict
from sqlalchemy import Connection, select
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, ProgrammingError

from choreography import Database, Service, ServiceSettings, load
from choreography.database.engine import read_url
from choreography.declare import catalog
from choreography.ledger.positions import identity
from infra.endpoints import Endpoints
from infra.errors import Refused, Unreachable, WrongUsage

T = TypeVar("T")
_CONSUMERS: Final = "consumers"


@dataclass(frozen=True)
class Home:
    """Where a service lives.

    Attributes:
        service: its declaration.
        settings: what every service is told; addresses that are not known are empty.
        package: what it is run by (`python -m <package>`).
        database_url: an SQLAlchemy address.
    """

    service: Service[Any]
    settings: ServiceSettings
    package: str
    database_url: str

    @property
    def group(self) -> str:
        """Its consumer group."""
        return self.service.group

    @property
    def file(self) -> Path | None:
        """The file of its database, where it is one."""
        url = read_url(self.database_url)
        return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None

    def reaching(self, bootstrap_servers: str | None, registry_url: str | None) -> "Home":
        """Return the same with the addresses of the broker and the registry: the given ones, else those that are known.

        Raises:
            Unreachable: nobody says where they are.
        """
        return replace(self, settings=reaching(self.settings, bootstrap_servers, registry_url))

    @property
    def shown_url(self) -> str:
        """The address of its database, without its password."""
        return read_url(self.database_url).render_as_string(hide_password=True)


def reaching(settings: ServiceSettings, bootstrap_servers: str | None, registry_url: str | None) -> ServiceSettings:
    """Return settings with the addresses of the broker and the registry: the given ones, else those that are known.

    Raises:
        Unreachable: nobody says where they are.
    """
    kafka = bootstrap_servers or settings.kafka_bootstrap_servers
    registry = registry_url or settings.schema_registry_url
    if not kafka or not registry:
        running = Endpoints.read(settings.state_dir)
        kafka, registry = kafka or running.kafka, registry or running.registry
    return settings.model_copy(update={"kafka_bootstrap_servers": kafka, "schema_registry_url": registry})


def settings_of(package: str) -> ServiceSettings:
    """Return what every process is told, as this one is; addresses that are not known are empty.

    Args:
        package: what the process is run by (`python -m <package>`).

    Raises:
        InvalidSettings: a setting cannot work.
    """
    return load(_common(import_module(f"{package}.settings").Settings))


def home_of(group: str, database_url: str | None = None) -> Home:
    """Find a service by its group.

    Args:
        group: such as `ems.access`.
        database_url: where its database is, if not where its settings say.

    Raises:
        WrongUsage: no service has this group.
        InvalidSettings: a setting cannot work, or this is no address of a database.
    """
    found = {service.group: (package, service) for package, service in catalog.services(_CONSUMERS)}
    if group not in found:
        raise WrongUsage(f"No service has the group {group}. There are: {', '.join(sorted(found))}.")
    package, service = found[group]
    settings = settings_of(package)
    home = Home(service, settings, package, database_url or settings.database_for(group))
    read_url(home.database_url)
    return home


@contextmanager
def opened(home: Home) -> Iterator["Ledgers"]:
    """Open the database of a service that has run before.

    Raises:
        Unreachable: there is none, or it does not answer.
        Refused: it is not the ledger of this group.
    """
    if home.file is not None and not home.file.exists():
        raise Unreachable(
            f"{home.group} has no database at {home.file}. Run this where the service runs, with its settings "
            f"(EMS_STATE_DIR, EMS_DATABASE_URL) or with --database-url. If the service has run here before and the "
            f"file is lost: ems ledger rebuild --group {home.group}"
        )
    database = Database(home.database_url)
    try:
        ledgers = Ledgers(database, home)
        ledgers.check()
        yield ledgers
    finally:
        database.close()


class Transactions:
    """A database of a process of ours, in transactions whose failures are told in a sentence.

    Args:
        database: where they run.
        shown_url: its address, without a password.
        what: it is to be, such as `a ledger`.
    """

    def __init__(self, database: Database, shown_url: str, what: str) -> None:
        self._database = database
        self._where = shown_url
        self._what = what

    def run(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction.

        Raises:
            Unreachable: the database does not answer.
            Refused: it has not the tables that it is to have.
        """
        try:
            return self._database.run_sync(work)
        except (OperationalError, InterfaceError, ProgrammingError) as error:
            raise self._told(error) from error

    def _told(self, error: DBAPIError) -> Refused | Unreachable:
        reason = str(error.orig).strip()
        if "no such table" in reason or "no such column" in reason or isinstance(error, ProgrammingError):
            return Refused(
                f"{self._where} is not {self._what} of this version ({reason}). Start the service once, which creates "
                "what is missing, or name its database with --database-url."
            )
        return Unreachable(f"{self._where} does not answer ({reason}). Check that it runs, and try again.")


class Ledgers(Transactions):
    """The database of one service."""

    def __init__(self, database: Database, home: Home) -> None:
        super().__init__(database, home.shown_url, "a ledger")
        self._home = home

    def check(self) -> None:
        """Make sure that this is the ledger of this group."""
        groups = self.run(lambda tx: tx.execute(select(identity.c.group_id)).scalars().all())
        others = [one for one in groups if one != self._home.group]
        if others:
            raise Refused(f"{self._home.shown_url} is the ledger of {others[0]}, not of {self._home.group}.")


def _common(settings: type[ServiceSettings]) -> type[ServiceSettings]:
    """Return the settings that a tool needs of a service: no mail server, no directory, and an unknown broker."""

    class Common(ServiceSettings):
        model_config = SettingsConfigDict(env_prefix=settings.model_config.get("env_prefix", ""))

        kafka_bootstrap_servers: str = ""
        schema_registry_url: str = ""

    return Common
