"""The words of every mail: the templates beside this file, and those of the company in their place.

A template is text (Jinja); the HTML part is made from the same paragraphs by `letter.html`, escaped. A company's folder
may hold any of these files under the same name; the rest stays as it is. Its templates run in a sandbox and see plain
values only (docs/mail-templates.md lists them).
"""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from textwrap import fill
from typing import Final

from jinja2 import ChoiceLoader, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from consumers.notification.language import in_words
from consumers.notification.names import for_header
from consumers.notification.ports import Text

OWN: Final = Path(__file__).parent / "templates"
_WIDTH: Final = 72


class Templates:
    """The templates, ready to be filled in.

    Args:
        folder: the company's own, which come first.
    """

    def __init__(self, folder: Path | None = None) -> None:
        folders = (OWN,) if folder is None else (folder, OWN)
        self._templates = ImmutableSandboxedEnvironment(
            loader=ChoiceLoader([FileSystemLoader(one) for one in folders]),
            autoescape=lambda name: name is not None and name.endswith(".html"),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._templates.filters["in_words"] = _in_words

    def text(self, template: str, language: str, words: Mapping[str, object]) -> Text:
        """Fill a template in.

        Args:
            template: `letter` or `access`.
            language: one that there are templates for.
            words: what it may say; days are put into words by the filter `in_words`.

        Raises:
            jinja2.TemplateError: it cannot be filled in; ruled out at the start by `proof`.
        """
        subject = for_header(self._filled(f"{language}/subject.txt", language, words))
        paragraphs = [" ".join(part.split()) for part in self._parts(f"{language}/{template}.txt", language, words)]
        html = self._filled("letter.html", language, {"subject": subject, "paragraphs": paragraphs})
        lines = (fill(one, _WIDTH, break_long_words=False, break_on_hyphens=False) for one in paragraphs)
        return Text(subject, "\n\n".join(lines) + "\n", html)

    def _parts(self, name: str, language: str, words: Mapping[str, object]) -> list[str]:
        return [part for part in self._filled(name, language, words).split("\n\n") if part.strip()]

    def _filled(self, name: str, language: str, words: Mapping[str, object]) -> str:
        return self._templates.get_template(name).render({**words, "language": language})


@pass_context
def _in_words(context: Context, day: date) -> str:
    return in_words(day, context["language"])
