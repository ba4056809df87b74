"""What looks for canaries finds each that is planted, in whatever form, and nothing that is not."""

import base64
import html
import json
import quopri
import sqlite3
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.canaries import Canaries

NAME, ADDRESS = "Zoëquillfeather", "zoe.quillfeather@example.com"
CANARIES = Canaries([NAME, ADDRESS])
FORMS: dict[str, Callable[[str], bytes]] = {
    "plain": str.encode,
    "capitals": lambda text: text.upper().encode(),
    "latin-1": lambda text: text.encode("latin-1"),
    "utf-16": lambda text: text.encode("utf-16"),
    "hex": lambda text: text.encode().hex().encode(),
    "percent-encoded": lambda text: quote(f"/people/{text}", safe="").encode(),
    "quoted-printable": lambda text: quopri.encodestring(text.encode()),
    "json": lambda text: json.dumps({"name": text}).encode(),
    "repr": lambda text: ascii(text).encode(),
    "html": lambda text: html.escape(text).encode("ascii", "xmlcharrefreplace"),
    "base64": lambda text: base64.b64encode(text.encode()),
    "base64 behind one": lambda text: base64.b64encode(b"x" + text.encode() + b"yy"),
    "base64 behind two": lambda text: base64.b64encode(b"xy" + text.encode() + b"y"),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(b"?>" + text.encode()),
    "folded": lambda text: f"ATTENDEE:mailto:{text[:9]}\r\n {text[9:]}".encode(),
    "across lines": lambda text: base64.encodebytes(b"x" * 50 + text.encode()),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("text", [NAME, ADDRESS])
def test_a_canary_is_found_in_whatever_form_it_leaks(form: str, text: str) -> None:
    assert CANARIES.found_in(b"before " + FORMS[form](text) + b" behind") == {text}


def test_a_canary_is_found_in_a_mail() -> None:
    mail = EmailMessage()
    mail["Subject"] = f"{'A long subject ' * 5}{NAME}"
    mail.set_content(f"{'ä' * 60} {ADDRESS}", cte="quoted-printable")

    assert CANARIES.found_in(bytes(mail)) == {NAME, ADDRESS}


def test_a_canary_is_found_in_a_database_although_its_row_was_deleted(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "some.db") as database:
        database.execute("PRAGMA secure_delete=OFF")
        database.execute("CREATE TABLE people (name TEXT)")
        database.execute("INSERT INTO people VALUES (?)", (NAME,))
        database.commit()
        database.execute("DELETE FROM people")
    database.close()

    assert CANARIES.found_below(tmp_path) == {"some.db": {NAME}}


def test_a_canary_is_found_in_the_name_of_a_file_and_not_where_nobody_wants_to_look(tmp_path: Path) -> None:
    (tmp_path / "mails").mkdir()
    (tmp_path / "mails" / "one").write_text(NAME)
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / ADDRESS).touch()

    assert CANARIES.found_below(tmp_path, leave_out=[tmp_path / "mails"]) == {f"logs/{ADDRESS}": {ADDRESS}}


def test_nothing_is_found_where_nothing_was_planted() -> None:
    assert CANARIES.found_in(b"Zoe quill, feather: E1014") == set()
