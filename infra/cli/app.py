"""The `ems` command line, put together: one line per noun."""

from typing import Final

import typer

from infra.cli import access, cases, erase, held, ledger, openapi, resume, schemas

LOCAL: Final = "`up`, `down`, `status`, `deploy` and `demo` come with the extra `local` of this distribution."

app = typer.Typer(
    name="ems",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="The Exit Management System: an employee resigns, and independent services react.",
)
try:
    from infra.cli import demo, stack
except ModuleNotFoundError:  # whoever only sends resignations needs neither a broker nor a sandbox
    app.info.epilog = f"{LOCAL} It is not installed here."
else:
    app.add_typer(demo.commands)
    app.add_typer(stack.commands)
app.add_typer(access.app, name="access")
app.add_typer(cases.commands)
app.add_typer(openapi.commands)
app.add_typer(schemas.app, name="schemas")
app.add_typer(held.app, name="held")
app.add_typer(ledger.app, name="ledger")
app.add_typer(resume.commands)
app.add_typer(erase.commands)
