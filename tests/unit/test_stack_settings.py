"""What the processes of a stack are told, and who may know it."""

import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from choreography.settings import read_variables
from infra.endpoints import Endpoints, state_directory
from infra.errors import Refused, Unreachable
from infra.local.credentials import Credentials
from infra.local.environment import given_settings, remembered, settings_for, write_settings
from infra.local.own_systems import is_replaced, require_whole, whose
from infra.local.ports import Ports
from infra.local.stack import Stack
from infra.providers import Broker
from infra.providers.choice import BrokerChoice, provider
from infra.providers.local import LocalBroker
from infra.providers.own import OwnCluster

BROKER = Broker("127.0.0.1:9092", "http://127.0.0.1:8081/apis/ccompat/v7")


def told_by(place: Path, **given: str) -> dict[str, str]:
    return settings_for(place, BROKER, Ports(place), Credentials.of(place), given)


def test_by_default_services_are_told_about_the_sandbox(tmp_path: Path) -> None:
    told = told_by(tmp_path)

    assert told["EMS_SMTP_HOST"] == "127.0.0.1"
    assert told["EMS_SMTP_TLS"] == "none"
    assert (told["EMS_IMAP_HOST"], told["EMS_IMAP_TLS"]) == ("127.0.0.1", "none")
    assert told["EMS_KAFKA_BOOTSTRAP_SERVERS"] == "127.0.0.1:9092"
    assert told["EMS_STATE_DIR"] == str(tmp_path)
    assert told["EMS_WEBHOOK_SECRETS"].startswith("whsec_")


def test_a_mail_system_of_ones_own_replaces_the_sandboxs_and_is_not_spoken_to_in_the_clear(tmp_path: Path) -> None:
    told = told_by(tmp_path, EMS_SMTP_HOST="mail.example.com", EMS_SMTP_PORT="587")

    assert (told["EMS_SMTP_HOST"], told["EMS_SMTP_PORT"]) == ("mail.example.com", "587")
    assert "EMS_SMTP_TLS" not in told
    assert not [name for name in told if name.startswith(("EMS_IMAP_", "EMS_MAIL_SETTLE"))]
    assert is_replaced("smtp", {"EMS_SMTP_HOST": "mail.example.com"})
    assert not is_replaced("scim", {"EMS_SMTP_HOST": "mail.example.com"})


def test_settings_read_back_from_this_stacks_own_file_do_not_count_as_given(tmp_path: Path) -> None:
    told = told_by(tmp_path)
    write_settings(tmp_path, told, {})

    assert given_settings(told, tmp_path) == {}
    assert given_settings({**told, "EMS_SMTP_HOST": "mail.example.com"}, tmp_path) == {
        "EMS_SMTP_HOST": "mail.example.com"
    }


def test_settings_that_somebody_gave_still_count_as_given_the_second_time(tmp_path: Path) -> None:
    own = {"EMS_SMTP_HOST": "mail.example.com"}
    write_settings(tmp_path, told_by(tmp_path, **own), own)

    assert given_settings({**own, "HOME": "/home/kim", "EMS_STATE_DIR": "elsewhere"}, tmp_path) == own


@given(value=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40))
@example("$(touch /tmp/run) `id` ${HOME} \\ 'single' \"double\" # no remark")
@example("two\nlines; and more")
@settings(deadline=None, max_examples=60)
def test_a_shell_and_the_services_read_the_same_value_whatever_is_in_it(
    tmp_path_factory: pytest.TempPathFactory, value: str
) -> None:
    place = tmp_path_factory.mktemp("state")
    write_settings(place, {"EMS_HR_MAILBOX": value}, {})

    sourced = subprocess.run(
        ["sh", "-c", '. "$1/env" && printf %s "$EMS_HR_MAILBOX"', "sh", place], capture_output=True, check=True
    )

    assert sourced.stdout.decode() == value
    assert read_variables(place / "env") == {"EMS_HR_MAILBOX": value}
    assert given_settings({"EMS_HR_MAILBOX": value}, place) == {}


SANDBOX_ONLY = {
    "EMS_SCIM_URL": {"EMS_SCIM_TOKEN", "EMS_ACCESS_POLICY", "EMS_TIME_ZONE"},
    "EMS_SMTP_HOST": {
        *("EMS_SMTP_PORT", "EMS_SMTP_TLS", "EMS_IMAP_HOST", "EMS_IMAP_PORT", "EMS_IMAP_USERNAME", "EMS_IMAP_PASSWORD"),
        *("EMS_IMAP_TLS", "EMS_MAIL_SETTLE", "EMS_MAIL_FROM", "EMS_MAIL_DOMAIN", "EMS_HR_MAILBOX"),
    },
    "EMS_IMAP_HOST": {"EMS_IMAP_PORT", "EMS_IMAP_USERNAME", "EMS_IMAP_PASSWORD", "EMS_IMAP_TLS", "EMS_MAIL_SETTLE"},
    "EMS_CALDAV_URL": set(),
}


@pytest.mark.parametrize("variable", SANDBOX_ONLY)
def test_nothing_that_is_true_of_the_sandbox_is_said_of_a_system_of_ones_own(tmp_path: Path, variable: str) -> None:
    sandbox, told = told_by(tmp_path), told_by(tmp_path, **{variable: "https://own.example.com"})

    assert sandbox.keys() >= SANDBOX_ONLY[variable]
    assert sandbox.keys() - told.keys() == SANDBOX_ONLY[variable]
    assert told[variable] == "https://own.example.com"


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"EMS_SCIM_URL": "https://d"}, ["EMS_SCIM_TOKEN", "EMS_ACCESS_POLICY", "EMS_TIME_ZONE"]),
        ({"EMS_SCIM_URL": "https://d", "EMS_SCIM_TOKEN": "t", "EMS_TIME_ZONE": "UTC"}, ["EMS_ACCESS_POLICY"]),
        ({"EMS_SMTP_HOST": "mx"}, ["EMS_MAIL_FROM", "EMS_MAIL_DOMAIN", "EMS_HR_MAILBOX"]),
        ({"EMS_IMAP_HOST": "imap"}, ["EMS_IMAP_USERNAME", "EMS_IMAP_PASSWORD"]),
        ({"EMS_CALDAV_URL": "https://c"}, []),
        ({}, []),
    ],
)
def test_what_is_missing_about_a_system_of_ones_own_is_refused_by_name_before_anything_starts(
    tmp_path: Path, given: dict[str, str], missing: list[str]
) -> None:
    if not missing:
        require_whole(given)
        return
    with pytest.raises(Refused) as refused:
        Stack(tmp_path, given=given).up()

    assert [name for name in missing if name not in str(refused.value)] == []
    assert not (tmp_path / "processes.json").exists()


def test_whose_everything_is_can_be_said(tmp_path: Path) -> None:
    assert whose({}) == "  Sandbox mail system, look-up of mails, directory, calendars"
    assert whose({"EMS_SMTP_HOST": "mx", "EMS_CALDAV_URL": "https://c"}).splitlines() == [
        "  Yours   mail system (EMS_SMTP_HOST), calendars (EMS_CALDAV_URL)",
        "  Sandbox directory",
    ]


def test_what_was_given_to_up_is_known_to_the_next_command_in_another_terminal(tmp_path: Path) -> None:
    own = {"EMS_CALDAV_URL": "https://c"}
    write_settings(tmp_path, told_by(tmp_path, **own), own)

    assert remembered(tmp_path) == own
    assert remembered(tmp_path / "nothing") == {}


def test_the_addresses_of_a_cluster_of_ones_own_are_known_to_the_next_command(tmp_path: Path) -> None:
    cluster = {"EMS_KAFKA_BOOTSTRAP_SERVERS": "k:9092", "EMS_SCHEMA_REGISTRY_URL": "http://r"}
    provider(None, tmp_path, cluster, {})

    again = provider(None, tmp_path, {}, {})

    assert isinstance(again, OwnCluster)
    assert again._broker == Broker("k:9092", "http://r")
    assert isinstance(provider(BrokerChoice.LOCAL, tmp_path, {}, {}), LocalBroker)


def test_the_intake_is_asked_where_somebody_had_it_listen(tmp_path: Path) -> None:
    stack = Stack(tmp_path, given={"EMS_INTAKE_PORT": "23456"})

    assert stack._url("intake") == "http://127.0.0.1:23456"
    assert told_by(tmp_path, EMS_INTAKE_PORT="0")["EMS_INTAKE_PORT"] == "23456"


@pytest.mark.parametrize(
    ("name", "value"), [("EMS_INTAKE_PORT", "http"), ("EMS_INTAKE_PORT", "70000"), ("EMS_INTAKE_HOST", "10.1.2.3")]
)
def test_an_intake_that_the_commands_could_not_ask_is_refused_with_a_sentence(
    tmp_path: Path, name: str, value: str
) -> None:
    with pytest.raises(Refused, match=name):
        Stack(tmp_path, given={name: value})


def test_two_first_commands_at_once_choose_the_same_ports_and_secrets(tmp_path: Path) -> None:
    def first(_: int) -> tuple[Credentials, tuple[int, ...]]:
        ports = Ports(tmp_path)
        return Credentials.of(tmp_path), tuple(ports.of(name) for name in ("kafka", "scim", "intake"))

    with ThreadPoolExecutor(8) as pool:
        chosen = set(pool.map(first, range(40)))

    assert len(chosen) == 1


def test_a_state_directory_that_others_may_read_is_closed_to_them(tmp_path: Path) -> None:
    place = tmp_path / "state"
    place.mkdir(mode=0o755)

    Stack(place)

    assert stat.S_IMODE(place.stat().st_mode) == 0o700


def test_secrets_are_made_once_and_only_their_owner_can_read_them(tmp_path: Path) -> None:
    first, second = Credentials.of(tmp_path), Credentials.of(tmp_path)

    assert first == second
    assert first != Credentials.of(tmp_path / "another")
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600
    assert first.webhook_secret not in repr(first)


def test_where_nothing_runs_is_said_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match=r"Nothing is running here\. Start it with: make up"):
        Endpoints.read(tmp_path)


def test_a_damaged_endpoints_file_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "endpoints.json").write_text("{}")

    with pytest.raises(Unreachable, match=r"cannot be read. Write it anew with: make up"):
        Endpoints.read(tmp_path)


def test_the_state_directory_is_given_or_named_by_the_environment_or_the_usual_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMS_STATE_DIR", str(tmp_path / "named"))
    assert state_directory() == tmp_path / "named"
    assert state_directory(tmp_path / "given") == tmp_path / "given"

    monkeypatch.delenv("EMS_STATE_DIR")
    assert state_directory() == Path.cwd() / ".ems"
