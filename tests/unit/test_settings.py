from pathlib import Path

import pytest
from pydantic import SecretStr
from pydantic_settings import SettingsConfigDict

from choreography import InvalidSettings, ServiceSettings, load
from choreography.kafka.config import client_config


class ShopSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="SHOP_")

    token: SecretStr
    desks: int = 1


@pytest.fixture(autouse=True)
def shop_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SHOP_STATE_DIR", str(tmp_path))


def write(folder: Path, **values: str) -> None:
    (folder / "env").write_text("".join(f"SHOP_{name}={value}\n" for name, value in values.items()), encoding="utf-8")


def test_settings_come_from_the_file_of_the_state_directory(tmp_path: Path) -> None:
    write(tmp_path, KAFKA_BOOTSTRAP_SERVERS="k:1", SCHEMA_REGISTRY_URL="http://r", TOKEN="t", OTHER="of others")

    settings = load(ShopSettings)

    assert (settings.kafka_bootstrap_servers, settings.schema_registry_url) == ("k:1", "http://r")


def test_the_environment_comes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, KAFKA_BOOTSTRAP_SERVERS="k:1", SCHEMA_REGISTRY_URL="http://r", TOKEN="t")
    monkeypatch.setenv("SHOP_KAFKA_BOOTSTRAP_SERVERS", "mine:9092")

    assert load(ShopSettings).kafka_bootstrap_servers == "mine:9092"


def test_everything_that_is_wrong_is_said_at_once_and_no_value_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_DESKS", "hunter2")

    with pytest.raises(InvalidSettings) as refused:
        load(ShopSettings)

    text = str(refused.value)
    for name in ("SHOP_KAFKA_BOOTSTRAP_SERVERS", "SHOP_SCHEMA_REGISTRY_URL", "SHOP_TOKEN", "SHOP_DESKS"):
        assert name in text
    assert "hunter2" not in text


def test_a_group_has_a_database_of_its_own_in_the_state_directory(tmp_path: Path) -> None:
    write(tmp_path, KAFKA_BOOTSTRAP_SERVERS="k:1", SCHEMA_REGISTRY_URL="http://r", TOKEN="t")

    assert load(ShopSettings).database_for("shop.warehouse") == f"sqlite:///{tmp_path / 'shop.warehouse.db'}"


def test_secrets_are_not_printed(tmp_path: Path) -> None:
    write(tmp_path, KAFKA_BOOTSTRAP_SERVERS="k:1", SCHEMA_REGISTRY_URL="http://r", TOKEN="hunter2")

    assert "hunter2" not in repr(load(ShopSettings))


def test_the_state_directory_is_named_after_the_system() -> None:
    assert ShopSettings.model_fields["state_dir"].default == Path(".shop")


def test_the_cluster_is_reached_with_the_credentials_given_and_they_are_not_printed(tmp_path: Path) -> None:
    write(tmp_path, KAFKA_BOOTSTRAP_SERVERS="k:1", SCHEMA_REGISTRY_URL="http://r", TOKEN="t")
    with (tmp_path / "env").open("a", encoding="utf-8") as file:
        file.write("SHOP_KAFKA_SECURITY_PROTOCOL=SASL_SSL\nSHOP_KAFKA_SASL_MECHANISM=SCRAM-SHA-512\n")
        file.write("SHOP_KAFKA_SASL_USERNAME=ida\nSHOP_KAFKA_SASL_PASSWORD=hunter2\n")

    settings = load(ShopSettings)

    assert "hunter2" not in repr(settings) + repr(settings.connection())
    assert client_config(settings.connection(), "me") | {"client.id": "me"} == {
        "bootstrap.servers": "k:1",
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "ida",
        "sasl.password": "hunter2",
        "client.id": "me",
        "log.connection.close": False,
        "reconnect.backoff.max.ms": 1_000,
    }


def test_a_message_names_a_setting_as_its_variable_is_called(tmp_path: Path) -> None:
    write(tmp_path, KAFKA_BOOTSTRAP_SERVERS="k:1", SCHEMA_REGISTRY_URL="http://r", TOKEN="t")

    assert load(ShopSettings).variable("drain_seconds") == "SHOP_DRAIN_SECONDS"
