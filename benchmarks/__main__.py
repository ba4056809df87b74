"""`python -m benchmarks`: measure on a fresh stack of its own, beside any that runs, and print a table.

A target that is missed is printed as such; the exit code is 0 all the same, because a slow machine is no error.
"""

import json
import sys
from math import inf
from pathlib import Path
from typing import Annotated, Literal

import typer

from benchmarks.figures import as_json, show
from benchmarks.load import Load
from benchmarks.run import measure
from benchmarks.steps import Steps
from infra.errors import InfraError, Interrupted, WrongUsage
from infra.interruption import interruptible
from infra.local.own_directory import own_directory
from infra.progress import progress_on


def bench(
    *,
    load: Annotated[
        list[str], typer.Option(metavar="CASES@RATE", help="Resignations, and how many a second; may be repeated.")
    ] = ["60@5", "200@20"],  # noqa: B006 - never changed
    output: Annotated[Literal["text", "json"], typer.Option(help="text, or json for programs.")] = "text",
) -> None:
    """Measure how fast and how large everything is."""
    loads = [_load(text) for text in load]
    parent = Path(".ems").absolute() / "bench"
    with own_directory(parent, progress_on()) as directory, Steps.on_standard_error(6 + 2 * len(loads)) as steps:
        figures = measure(directory, loads, steps)
    if output == "json":
        print(json.dumps(as_json(figures), indent=2))
    else:
        show(figures)


def _load(text: str) -> Load:
    cases, _, rate = text.partition("@")
    try:
        found = Load(int(cases), float(rate))
    except ValueError:
        found = Load(0, 0)
    if found.cases < 1 or not 0 < found.rate < inf:
        raise WrongUsage(f"--load {text} is not understood. Write, for 200 cases at 20 a second: --load 200@20")
    return found


def main() -> int:
    """Run the command line; return the exit code."""
    try:
        with interruptible():
            typer.run(bench)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    except InfraError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except Interrupted as interruption:
        print(f"Interrupted by {interruption.signal_name}.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
