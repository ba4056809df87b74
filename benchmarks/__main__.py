"""`python -m benchmarks`: measure on a fresh stack of its own, beside any that runs, and print a table.

A target that is missed is printed as such; the exit code is 0 all the same, because a slow machine is no error.
"""

import json
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from benchmarks.figures import as_json, show
from benchmarks.run import Plan, measure
from benchmarks.steps import Steps
from infra.errors import InfraError, Interrupted
from infra.interruption import interruptible
from infra.local.own_directory import own_directory
from infra.progress import progress_on


def bench(
    *,
    cases: Annotated[int, typer.Option(min=1, help="Resignations that are timed.")] = 200,
    rate: Annotated[float, typer.Option(min=0.1, help="Resignations a second.")] = 20.0,
    output: Annotated[Literal["text", "json"], typer.Option(help="text, or json for programs.")] = "text",
) -> None:
    """Measure how fast and how large everything is."""
    parent = Path(".ems").absolute() / "bench"
    with own_directory(parent, progress_on()) as directory, Steps.on_standard_error() as steps:
        figures = measure(directory, Plan(cases, rate), steps)
    if output == "json":
        print(json.dumps(as_json(figures), indent=2))
    else:
        show(figures)


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
