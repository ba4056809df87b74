"""Every setting of every program, as the page `docs/settings.md`: `python -m infra.contract.settings_table` writes it.

What a setting means is said once, under `Attributes:` in the docstring of the class that has it.
"""

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Final, Literal, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from choreography import ServiceSettings
from infra.inventory import programs

PAGE: Final = Path("docs/settings.md")
COMMAND: Final = "python -m infra.contract.settings_table"
_HEAD: Final = f"""# Settings

Written by `{COMMAND}` from the settings classes of the programs; a test compares.

Settings are environment variables, or lines of the file `env` in the state directory, which `ems up` writes. One that
cannot work is refused at start, all of them at once, without showing a value. What they are for, target by target:
[your own systems](own-systems.md).
"""
_SECTIONS: Final = {
    "Intake": ("intake_", "webhook_", "vendor_", "time_zone"),
    "Mail": ("smtp_", "imap_", "mail_", "hr_", "security_"),
    "Calendar": ("caldav_",),
    "Directory": ("scim_", "access_"),
}
_REST: Final = "Kafka, the registry and the process itself"


@dataclass(frozen=True)
class Setting:
    """One variable: who reads it, what it is where nobody gives it, and what it means."""

    name: str
    variable: str
    readers: str
    default: str
    sentence: str


def settings() -> tuple[Setting, ...]:
    """Return every setting that any program reads, by its name."""
    models = {program.rpartition(".")[2]: import_module(f"{program}.settings").Settings for program in programs()}
    names = sorted({name for model in models.values() for name in model.model_fields})
    return tuple(
        _setting(name, {program: model for program, model in models.items() if name in model.model_fields}, len(models))
        for name in names
    )


def page() -> str:
    """Return the page, as it has to be."""
    parts = [_HEAD]
    for title, ones in _by_section(settings()):
        rows = (f"| `{one.variable}` | {one.readers} | {one.default} | {one.sentence} |" for one in ones)
        parts += [f"## {title}\n", "| variable | read by | default | |", "|---|---|---|---|", *rows, ""]
    return "\n".join(parts)


def _by_section(every: tuple[Setting, ...]) -> Iterator[tuple[str, list[Setting]]]:
    for title, prefixes in _SECTIONS.items():
        yield title, [one for one in every if one.name.startswith(prefixes)]
    somewhere = tuple(prefix for prefixes in _SECTIONS.values() for prefix in prefixes)
    yield _REST, [one for one in every if not one.name.startswith(somewhere)]


def _setting(name: str, readers: dict[str, type[ServiceSettings]], programs: int) -> Setting:
    fields = [model.model_fields[name] for model in readers.values()]
    said = next(filter(None, (_said_of(name, model) for model in readers.values())), "")
    return Setting(
        name=name,
        variable=_variable(name, next(iter(readers.values()))),
        readers="all" if len(readers) == programs else ", ".join(sorted(readers)),
        default=_default(fields),
        sentence="; ".join(filter(None, (said, _choices(fields[0], said)))),
    )


def _variable(name: str, model: type[ServiceSettings]) -> str:
    return f"{model.model_config.get('env_prefix', '')}{name.upper()}"


def _default(fields: list[FieldInfo]) -> str:
    if any(field.is_required() for field in fields):
        return "required"
    value = fields[0].default
    plain = value.get_secret_value() if isinstance(value, SecretStr) else value
    return f"`{plain}`" if plain not in (None, "", ()) else "–"


def _said_of(name: str, model: type[ServiceSettings]) -> str:
    """Return what the class that has the setting says of it, with other settings named as the variables they are."""
    for one in model.__mro__:
        listed = inspect.cleandoc(one.__dict__.get("__doc__") or "").partition("Attributes:\n")[2]
        if found := re.search(rf"^    {name}: (.*(?:\n     +.*)*)", listed, re.MULTILINE):
            return re.sub(r"(?<=[`{])\w+(?=[`}])", partial(_named, model), " ".join(found[1].split()).rstrip("."))
    return ""


def _named(model: type[ServiceSettings], word: re.Match[str]) -> str:
    return _variable(word[0], model) if word[0] in model.model_fields else word[0]


def _choices(field: FieldInfo, said: str) -> str:
    """Return the values that are allowed, where there are only a few and nothing says them yet."""
    kinds = [field.annotation, *get_args(field.annotation)]
    allowed = [f"`{value}`" for kind in kinds if get_origin(kind) is Literal for value in get_args(kind) if value]
    if len(allowed) < 2 or all(value in said for value in allowed):  # noqa: PLR2004 - one value is no choice
        return ""
    return f"{', '.join(allowed[:-1])} or {allowed[-1]}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
