"""The `ems` command line, put together: one line per noun."""

import typer

from infra.cli import cases, demo, schemas, stack

app = typer.Typer(
    name="ems",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="The Exit Management System: an employee resigns, and independent services react.",
)
app.add_typer(demo.commands)
app.add_typer(stack.commands)
app.add_typer(cases.commands)
app.add_typer(schemas.app, name="schemas")
