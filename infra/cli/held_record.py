"""All that a tool can say about one reaction and the record that it answers.

The value of a record is shown decoded, and only as an event of the service: those hold ids and no names. Of a record
that cannot be read nothing is shown but its size: anybody may have written anything into it.
"""

import asyncio
import json
import shlex
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import RowMapping

from choreography import Database, InvalidSettings
from choreography.errors import Poison, RegistryUnavailable
from choreography.outbox.deadletter import dead_letters_of
from choreography.outbox.outbox import unpack_headers
from choreography.records import HoldReason
from choreography.wire.codec import Codec
from choreography.wire.registry import Schemas
from choreography.wire.registry import metadata as registry_tables
from choreography.wire.schema_client import ConfluentRegistry
from infra.endpoints import Endpoints
from infra.errors import Unreachable
from infra.operate.database import Home

_CONSUMER: Final = "infra/bin/kafka-console-consumer.sh"
_OURS: Final = ("ce_", "content-type")
_LONGEST: Final = 200  # bytes of a header


def about(home: Home, row: RowMapping) -> dict[str, Any]:
    """Return what is known about a reaction."""
    told: dict[str, Any] = {
        name: row[name]
        for name in (
            *("effect_key", "state", "event_type", "record_key", "correlation_id", "sequence", "event_id"),
            *("begun", "attempts", "created_at", "updated_at", "hold_reason", "hold_detail", "blocks_lane"),
            *("not_before", "ordered", "released", "resolved_by", "resolved_by_type", "undone_by"),
        )
    }
    told["record"] = f"{row['topic']}:{row['partition']}:{row['offset']}"
    if row["decided"] is not None:
        told[f"decided_{row['decided_kind']}"] = json.loads(row["decided"])
    if row["fact"] is not None:
        told[f"stated_{row['fact_type']}"] = json.loads(row["fact"])
    if row["raw_headers"] is not None:
        told["headers"] = {name: _readable(name, value) for name, value in unpack_headers(row["raw_headers"])}
        told["value_bytes"] = len(row["raw_value"] or b"")
        told |= _value(home, row["topic"], row["raw_value"])
    return told | _commands(home, row)


def _readable(name: str, value: bytes | None) -> str:
    """Show a header of ours; of any other only its size, since anybody may have written anything into it."""
    if value is None:
        return "null"
    try:
        return value.decode() if name.startswith(_OURS) and len(value) <= _LONGEST else f"{len(value)} bytes"
    except UnicodeDecodeError:
        return f"{len(value)} bytes"


def _value(home: Home, topic: str, value: bytes | None) -> Mapping[str, Any]:
    try:
        decoded = asyncio.run(_decoded(home, topic, value))
    except (Poison, RegistryUnavailable, InvalidSettings, Unreachable) as error:
        return {"value": f"not shown: {str(error).partition(chr(10))[0]}"}
    return {"value": decoded if decoded is not None else "not shown: no event that the service reads"}


async def _decoded(home: Home, topic: str, value: bytes | None) -> dict[str, Any] | None:
    address = home.settings.schema_registry_url or Endpoints.read(home.settings.state_dir).registry
    registry, database = ConfluentRegistry(address), Database("sqlite://")
    try:
        database.create(registry_tables)
        event = await Codec(Schemas(registry, database)).decode(value, home.service.kinds, topic=topic)
        return None if event is None else event.model_dump(mode="json")
    finally:
        registry.close()
        database.close()


def _commands(home: Home, row: RowMapping) -> dict[str, str]:
    servers = home.settings.kafka_bootstrap_servers or "$EMS_KAFKA_BOOTSTRAP_SERVERS"
    headers = ("--formatter-property", "print.headers=true", "--formatter-property", "print.offset=true")
    place = ("--topic", row["topic"], "--partition", str(row["partition"]), "--offset", str(row["offset"]))
    start = f'{_CONSUMER} --bootstrap-server "{servers}"'
    told = {"read_it": f"{start} {shlex.join([*place, '--max-messages', '1', *headers])}"}
    if row["hold_reason"] == HoldReason.FAILED:
        letters = ("--topic", dead_letters_of(home.group).name, "--from-beginning", "--timeout-ms", "5000")
        found = f"dlq_original_partition:{row['partition']},dlq_original_offset:{row['offset']},"
        told["read_its_dead_letter"] = f"{start} {shlex.join([*letters, *headers])} | grep -a {shlex.quote(found)}"
    return told
