"""`python -m tests.chaos --kills 100 --events 10000 --seed 7`: a large dose by hand, on a fresh system of its own.

A real broker, registry, directory, calendar and mail server, the producer and every service, each a process. People
resign through the real intake (`load`, `scripts`) while the `monkey` carries out its `plan`: kill -9 at random and at
each fail point, SIGSTOP past the session time-out, the broker killed and restarted, second members on the same database
that come and go. Between services and targets stand proxies that misbehave (`mischief`, `smtp_proxy`, `http_proxy`).
What dies is started again (`supervisor`); what is held is released by the command line (`person`). Then the faults
stop, everything comes to `rest`, what everybody wrote down is collected (`collect`), and the checker, which shares no
code with the product, compares it with what was promised (`expected`).

The seed chooses the plan, what everybody does, and at which exchange a target misbehaves; how the processes interleave
is the machine's own matter. So a seed repeats the plan, and the history of a run that failed is kept.

Exit codes: 0 nothing was lost, doubled or otherwise wrong; 1 the checker found anomalies, or it did not come to rest.
"""

import random
import shutil
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from infra.errors import InfraError, Interrupted
from infra.interruption import interruptible
from infra.local.own_directory import own_directory
from infra.progress import progress_on
from tests.chaos.outcome import Dose
from tests.chaos.progress import telling
from tests.chaos.run import Run
from tests.chaos.table import table
from tests.checker.__main__ import as_text

_SMALL = 500  # events; from here on faults of the targets become rarer as the run grows


def chaos(
    *,
    kills: Annotated[int, typer.Option(help="How many processes are killed, at the least.")] = 100,
    events: Annotated[int, typer.Option(help="How many events the intake accepts, at the least.")] = 10_000,
    seed: Annotated[int | None, typer.Option(help="Chooses everything; by default one is drawn and printed.")] = None,
    rate: Annotated[float, typer.Option(help="Requests a second, at most.")] = 9.0,
    protocol: Annotated[Literal["classic", "consumer"], typer.Option(help="Of the consumer groups.")] = "classic",
    keep: Annotated[bool, typer.Option("--keep", help="Keep history and logs also when all is well.")] = False,
) -> None:
    """Kill everything while people resign, and let the checker say what was lost or doubled."""
    chosen = random.SystemRandom().randrange(1_000_000) if seed is None else seed
    dose = Dose(kills, events, chosen, rate, rarer=max(1.0, min(8.0, events / _SMALL)), protocol=protocol, patience=900)
    home = Path(".ems").absolute() / "chaos"
    folder = home / f"history-{chosen}"
    shutil.rmtree(folder, ignore_errors=True)
    typer.echo(f"Seed {chosen}. What is written down: {folder}", err=True)
    with own_directory(home / "runs", progress_on()) as state_dir, telling() as tells:
        failed = True
        try:
            outcome = Run(state_dir, folder, dose, tells).go()
            failed = bool(outcome.anomalies or outcome.missing)
        finally:
            if failed or keep:
                _keep(state_dir, folder)
    if outcome.anomalies:
        typer.echo(as_text(outcome.history, outcome.anomalies))
    typer.echo(table(outcome, _command(dose)))
    if not (failed or keep):
        shutil.rmtree(folder)
    raise typer.Exit(int(failed))


def _command(dose: Dose) -> str:
    """Return the command that does the same again."""
    given = f"--kills {dose.kills} --events {dose.events} --seed {dose.seed} --rate {dose.rate:g}"
    return f"python -m tests.chaos {given} --protocol {dose.protocol}"


def _keep(state_dir: Path, folder: Path) -> None:
    """Keep what one would look at: the logs of the processes, the ledgers, what the targets wrote."""
    for name in ("logs", "sandbox"):
        if (state_dir / name).exists():
            shutil.copytree(state_dir / name, folder / name, dirs_exist_ok=True)
    for pattern in ("*.db", "*.db-wal", "*.db-shm"):
        for database in state_dir.glob(pattern):
            shutil.copy2(database, folder)
    typer.echo(f"History and logs are kept in {folder}.", err=True)


def main() -> int:
    """Run the command line; return the exit code."""
    try:
        with interruptible():
            typer.run(chaos)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    except InfraError as error:
        typer.echo(error, err=True)
        return error.exit_code
    except Interrupted as interruption:
        typer.echo(f"Interrupted by {interruption.signal_name}.", err=True)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
