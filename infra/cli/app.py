"""The `ems` command line, put together; what a command needs is imported when it is chosen."""

from collections import UserDict
from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

from infra.cli.nouns import SUMMARY, epilog, nouns


class _Commands(UserDict[str, Any]):
    """The commands by name, each imported when it is asked for."""

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - what typer makes of it
        module, _, attribute = self.data[name].place.partition(":")
        group: Any = typer.main.get_group(getattr(import_module(module), attribute))
        if attribute == "commands":
            return group.commands[name]
        group.name = name
        return group


class _Nouns(TyperGroup):
    """Lists all commands, and imports the one that is chosen."""

    def __init__(self, **how: Any) -> None:  # noqa: ANN401 - what typer gives
        super().__init__(**how)
        self.commands = _Commands(nouns())

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002 - the signature of a group
        """Return the names, in the order of the help."""
        return list(self.commands)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401, ARG002 - the signature of a group
        """Return what a list of commands shows of one."""
        noun = nouns().get(cmd_name)
        return noun and TyperCommand(cmd_name, help=noun.help)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 - the signature of a group
        """Return the command that was chosen, imported."""
        name, _, rest = super().resolve_command(ctx, args)
        return name, name and self.commands[name], rest


app: Final = typer.Typer(
    name="ems", cls=_Nouns, no_args_is_help=True, pretty_exceptions_enable=False, help=SUMMARY, epilog=epilog()
)


@app.callback()
def _ems() -> None:
    """Let the group stand without commands of its own."""
