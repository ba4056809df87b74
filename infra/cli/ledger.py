"""`ems ledger`: what a service knows about what it has done, and how to get that back when it is lost."""

import asyncio
import json
from collections import Counter
from importlib import import_module
from time import monotonic
from typing import Annotated, Any, Literal

import typer
from sqlalchemy import Connection, func, select

from choreography import InvalidSettings, RegistryUnavailable, load
from choreography.errors import NoAnswer
from choreography.ledger.held import held_by_reason
from choreography.ledger.positions import identity, places
from choreography.ledger.table import ledger
from choreography.outbox.outbox import outbox
from infra.cli.counting import counting
from infra.cli.ledger_options import DatabaseUrl, Group, Output
from infra.cli.ledger_view import show_ledger, show_outcome, told
from infra.errors import Unreachable
from infra.operate.database import Home, home_of, opened
from infra.operate.rebuild import rebuild_ledger

app = typer.Typer(no_args_is_help=True, help="See the ledger of a service, and rebuild one that is lost.")


@app.command(epilog="Example: ems ledger show --group ems.access")
def show(*, group: Group, database_url: DatabaseUrl = None, output: Output = "text") -> None:
    """Show whose ledger it is, how far it has come in each partition, and how many reactions are in which state."""
    home = home_of(group, database_url)
    with opened(home) as ledgers:
        found = {"group": group, "database": home.shown_url, **ledgers.run(_content)}
    if output == "json":
        print(json.dumps(found))
    else:
        show_ledger(found)


@app.command(epilog="Example: ems ledger rebuild --group ems.access --execute")
def rebuild(
    *,
    group: Group,
    dry_run: Annotated[
        bool, typer.Option("--dry-run/--execute", help="Only say what it would be, or write it.", show_default=True)
    ] = True,
    replace: Annotated[
        bool, typer.Option("--replace", help="Also where a ledger stands: a file is moved aside.")
    ] = False,
    unknown: Annotated[
        Literal["hold", "run"] | None,
        typer.Option(
            help="What becomes of effects that must not be repeated and may have happened; by default they run only "
            "where the service finds that out itself (EMS_MAIL_AMBIGUOUS=lookup).",
            show_default=False,
        ),
    ] = None,
    database_url: DatabaseUrl = None,
    bootstrap_server: Annotated[
        str | None, typer.Option("--bootstrap-server", "-b", help="host:port of the cluster.", show_default=False)
    ] = None,
    registry: Annotated[str | None, typer.Option(help="Address of the schema registry.", show_default=False)] = None,
    output: Output = "text",
) -> None:
    """Make the ledger of a service again from what it has stated: the log is the truth.

    The service must not run. Reads its facts, its lines on the topic of reactions, and its input topics. What nobody
    can know is done again as a repeat, or held for a person: docs/runbooks/ledger-lost.md
    """
    begun = monotonic()
    home = home_of(group, database_url).reaching(bootstrap_server, registry)
    repeats = looks_up_mail(home) if unknown is None else unknown == "run"
    with counting() as progress:
        try:
            outcome = asyncio.run(
                rebuild_ledger(home, execute=not dry_run, replace=replace, repeats=repeats, progress=progress)
            )
        except (NoAnswer, RegistryUnavailable) as error:
            raise Unreachable(str(error)) from error
    if output == "json":
        print(json.dumps(told(group, outcome, dry_run=dry_run), default=str))
    else:
        show_outcome(home, outcome, seconds=monotonic() - begun, dry_run=dry_run)


def _content(tx: Connection) -> dict[str, Any]:
    states = tx.execute(select(ledger.c.state, func.count()).group_by(ledger.c.state)).all()
    waiting = select(func.count()).select_from(outbox).where(outbox.c.published_at.is_(None))
    return {
        "ledger_id": tx.execute(select(identity.c.ledger_id)).scalar_one_or_none(),
        "states": dict(Counter({state: int(count) for state, count in states})),
        "held": held_by_reason(tx),
        "outbox_waiting": tx.execute(waiting).scalar_one(),
        "positions": [
            {"topic": at.topic, "partition": at.partition, "begin": place.begin, "finished": place.finished}
            for at, place in sorted(places(tx).items())
        ],
    }


def looks_up_mail(home: Home) -> bool:
    """Return whether its settings let it look up a mail that may have been sent; `False` where that is not known."""
    try:
        settings = load(import_module(f"{home.package}.settings").Settings)
    except InvalidSettings:
        return False
    return getattr(settings, "ambiguous", None) == "lookup"
