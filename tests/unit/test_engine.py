import pytest

from choreography import InvalidSettings
from choreography.database.engine import read_url


@pytest.mark.parametrize("name", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_is_spoken_to_by_one_driver_however_it_is_called(name: str) -> None:
    url = read_url(f"{name}://hr:secret@db.example.com:5433/hr?sslmode=verify-full")

    assert (url.drivername, url.host, url.port, url.database) == ("postgresql+psycopg", "db.example.com", 5433, "hr")
    assert (url.password, url.query) == ("secret", {"sslmode": "verify-full"})


def test_a_file_is_a_database_of_sqlite() -> None:
    assert read_url("sqlite:////var/lib/hr.db").database == "/var/lib/hr.db"


@pytest.mark.parametrize(
    "text",
    ["mysql://hr:secret@db/hr", "postgresql+psycopg2://hr:secret@db/hr", "/var/lib/secret.db", "hr:secret", "a://b:c"],
)
def test_any_other_is_refused_in_one_sentence_that_shows_no_password(text: str) -> None:
    with pytest.raises(InvalidSettings, match="neither SQLite's nor PostgreSQL's; give sqlite:") as refused:
        read_url(text)

    assert "secret" not in str(refused.value)
