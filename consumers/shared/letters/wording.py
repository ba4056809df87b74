"""The words of mails: a service's templates, and those of the company in their place.

A template is text (Jinja); the HTML part is made from the same paragraphs by `letter.html`, escaped. A company's folder
may hold any of these files under the same name; the rest stays as it is. Its templates run in a sandbox and see plain
values only (docs/mail-templates.md lists them).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath
from textwrap import fill
from typing import Final

from jinja2 import ChoiceLoader, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from consumers.shared.letters.language import DEFAULT, in_words, language_of, languages_in
from consumers.shared.letters.names import for_header, harmless

SHARED: Final = Path(__file__).parent / "templates"
_WIDTH: Final = 72
_NEXT_LANGUAGE: Final = "* * *"  # not "--": readers take what follows that for a signature, and hide it


@dataclass(frozen=True)
class Text:
    """What a mail says.

    Attributes:
        text: plain, in lines.
    """

    subject: str
    text: str
    html: str


class Templates:
    """Templates, ready to be filled in.

    Args:
        own: the folder of the service.
        folder: the company's own, which come first.

    Attributes:
        languages: those that there are templates in.
    """

    def __init__(self, own: Path, folder: Path | None = None) -> None:
        folders = (own, SHARED) if folder is None else (folder, own, SHARED)
        names = [file.relative_to(own / DEFAULT) for file in (own / DEFAULT).rglob("*.txt")]
        self.languages = languages_in(folders, names)
        self._templates = ImmutableSandboxedEnvironment(
            loader=ChoiceLoader([FileSystemLoader(one) for one in folders]),
            autoescape=lambda name: name is not None and name.endswith(".html"),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._templates.filters["in_words"] = _in_words

    def text(self, template: str, words: Mapping[str, object], preferred: Iterable[str | None]) -> Text:
        """Fill a template in, once in each language that one of the readers prefers.

        Args:
            template: such as `letter`, beside which a template `subject` stands.
            words: what it may say; days are put into words by the filter `in_words`.
            preferred: SCIM's `preferredLanguage` of each reader, in the order in which the languages are to come.

        Raises:
            jinja2.TemplateError: it cannot be filled in; ruled out at the start by `proof`.
        """
        languages = [*dict.fromkeys(language_of(one, self.languages) for one in preferred)]
        heading, said = str(PurePosixPath(template).with_name("subject")), harmless(words)
        subject = " / ".join(dict.fromkeys(self._line(heading, one, said) for one in languages))
        parts = {one: self._paragraphs(template, one, said) for one in languages}
        told = {
            "subject": subject,
            "paragraphs": [paragraph for paragraphs in parts.values() for paragraph in paragraphs],
            "parts": [{"language": one, "paragraphs": paragraphs} for one, paragraphs in parts.items()],
        }
        plain = f"\n\n{_NEXT_LANGUAGE}\n\n".join(map(_in_lines, parts.values()))
        return Text(subject, plain + "\n", self._filled("letter.html", languages[0], told))

    def line(self, template: str, words: Mapping[str, object], preferred: str | None) -> str:
        """Fill in a template that is one line, such as a subject."""
        return self._line(template, language_of(preferred, self.languages), harmless(words))

    def _line(self, template: str, language: str, said: Mapping[str, object]) -> str:
        return for_header(self._filled(f"{language}/{template}.txt", language, said))

    def _paragraphs(self, template: str, language: str, said: Mapping[str, object]) -> list[str]:
        parts = self._filled(f"{language}/{template}.txt", language, said).split("\n\n")
        return [" ".join(part.split()) for part in parts if part.strip()]

    def _filled(self, name: str, language: str, said: Mapping[str, object]) -> str:
        return self._templates.get_template(name).render({**said, "language": language})


def _in_lines(paragraphs: Iterable[str]) -> str:
    return "\n\n".join(fill(one, _WIDTH, break_long_words=False, break_on_hyphens=False) for one in paragraphs)


@pass_context
def _in_words(context: Context, day: date) -> str:
    return in_words(day, context["language"])
