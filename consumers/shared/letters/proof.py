"""Every mail that there can be, written once before the first one is needed: a template that is broken stops the start.

So nobody finds out by the mail that was not sent.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import product
from pathlib import Path
from traceback import extract_tb
from typing import Final

from jinja2 import TemplateError, TemplateNotFound, TemplateSyntaxError

from choreography import InvalidSettings
from consumers.shared.letters.language import DEFAULT, is_language
from consumers.shared.letters.letters import Letters
from consumers.shared.letters.wording import SHARED, Templates

Filled = tuple[str, Mapping[str, object]]
"""A template, and what it may say."""

_SERVICES: Final = Path(__file__).parents[2]


def open_letters(
    own: Path,
    folder: str,
    *,
    mails: Iterable[Filled],
    lines: Iterable[Filled] = (),
    sender: str,
    domain: str,
    hr_language: str = DEFAULT,
) -> Letters:
    """Return what writes mails from a service's templates, once every mail has been written with them.

    Args:
        own: the folder of the service's templates.
        folder: the company's own, which come first; empty for none.
        mails: every mail that the service can write.
        lines: whatever else it says, in one line.
        sender: the address of who writes.
        domain: the right-hand side of a Message-ID.
        hr_language: what HR as a whole reads.

    Raises:
        InvalidSettings: there are no templates in that language, or a file is broken, or would never be used; says
            which one, and why.
    """
    templates = open_templates(own, folder, mails=mails, lines=lines)
    if hr_language not in templates.languages:
        known = ", ".join(templates.languages)
        raise InvalidSettings((f"EMS_HR_LANGUAGE: there are templates in {known} only; choose one of these.",))
    return Letters(templates, sender=sender, domain=domain)


def open_templates(own: Path, folder: str, *, mails: Iterable[Filled], lines: Iterable[Filled] = ()) -> Templates:
    """Return the templates, once they are known to be whole; see `open_letters`."""
    companys = Path(folder) if folder else None
    templates = Templates(own, companys)
    reasons = list(_strangers(own, companys)) if companys else []
    reasons += dict.fromkeys(_broken(templates, mails, lines))
    if reasons:
        raise InvalidSettings(tuple(reasons))
    return templates


def _strangers(own: Path, folder: Path) -> Iterator[str]:
    """One folder is for the mails of all services."""
    if not folder.is_dir():
        yield f"EMS_MAIL_TEMPLATES: {folder} is no folder that can be read; make it one, or leave the setting empty."
        return
    places = {own, SHARED, *_SERVICES.glob("*/templates")}
    known = {file.relative_to(one) for one in places for file in one.rglob("*.*")}
    in_a_language = {Path(*one.parts[1:]) for one in known if is_language(one.parts[0])}
    for file in sorted(folder.rglob("*.*")):
        name = file.relative_to(folder)
        if (
            file.is_file()
            and name.suffix in (".txt", ".html")
            and not (name in known or (is_language(name.parts[0]) and Path(*name.parts[1:]) in in_a_language))
        ):
            names = ", ".join(sorted(map(str, known)))
            yield f"EMS_MAIL_TEMPLATES: {file} would never be used; rename it to one of {names}, or remove it."


def _broken(templates: Templates, mails: Iterable[Filled], lines: Iterable[Filled]) -> Iterator[str]:
    for number, (template, words) in enumerate(mails):
        for language in templates.languages:
            yield from _tried(partial(templates.text, template, words, (language,)))
        if number == 0:  # what is said twice is said by `letter.html`, whatever the mail
            yield from _tried(partial(templates.text, template, words, templates.languages))
    for (template, words), language in product(lines, templates.languages):
        yield from _tried(partial(templates.line, template, words, language))


def _tried(fill_in: Callable[[], object]) -> Iterator[str]:
    try:
        fill_in()
    except (TemplateError, TypeError, ValueError, LookupError, ArithmeticError, AttributeError) as error:
        place = _place(error)
        if isinstance(error, TemplateNotFound) and place == error.name:
            remedy = "is missing, and a language needs every template. Add it, or remove the others of that language."
            yield f"EMS_MAIL_TEMPLATES: {place} {remedy}"
        else:
            yield f"EMS_MAIL_TEMPLATES: {place}: {error}. Mend the template; docs/mail-templates.md helps."


def _place(error: Exception) -> str:
    if isinstance(error, TemplateSyntaxError):
        return f"{error.filename or error.name}, line {error.lineno}"
    frames = [one for one in extract_tb(error.__traceback__) if one.filename.endswith((".txt", ".html"))]
    return f"{frames[-1].filename}, line {frames[-1].lineno}" if frames else f"{error}"
