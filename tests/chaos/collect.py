"""Exports what a run left behind into the checker's folder: each source from where it was written first."""

import json
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from email import message_from_bytes
from pathlib import Path
from typing import Any, Final

from confluent_kafka import ConsumerGroupTopicPartitions

from choreography.wire.record import Record as Consumed
from consumers.hr.interview import MARK
from infra.admin import admin_client
from tests.chaos import logged_calendar
from tests.chaos.diary import actions
from tests.chaos.expected import REACTIONS, TOPICS
from tests.chaos.ground import Ground
from tests.chaos.rest import OWNERS, Databases
from tests.checker.history import Commit, Effect, History, Record, Row, Submission, Waiting
from tests.e2e.progress import GROUPS
from tests.e2e.topics import Topics

_SECONDS: Final = 10.0
_ROW: Final = frozenset(Row.__dataclass_fields__)
_FLAGS: Final = ("begun", "blocks_lane", "released")
_TIMES: Final = frozenset({"not_before", "created_at"})


def collect(ground: Ground, folder: Path) -> History:
    """Return the history; `folder` has the log of the load generator and the diary."""
    databases = Databases(ground.state_dir)
    return History(
        submissions=tuple(_submissions(folder / "submissions.jsonl")),
        records=tuple(_records(ground)),
        effects=(*_mails(ground.maildir), *entries(ground.calendar_log), *_memberships(ground.directory_log)),
        ledger=tuple(_rows(databases)),
        commits=tuple(_commits(ground.broker.bootstrap_servers)),
        outbox=tuple(_waiting(databases)),
        actions=tuple(actions(folder / "diary.jsonl")),
    )


def _submissions(file: Path) -> Iterator[Submission]:
    for line in file.read_bytes().rpartition(b"\n")[0].splitlines():
        yield Submission(**json.loads(line))


def _records(ground: Ground) -> Iterator[Record]:
    topics = Topics(ground.broker.bootstrap_servers, ground.broker.registry_url, TOPICS)
    try:
        found = sorted(topics.read(), key=lambda one: (one.at, one.offset))
        for record in found:
            fact = topics.fact(record)
            yield Record(
                record.topic,
                record.partition,
                record.offset,
                record.key.decode() if record.key else None,
                {name: value.decode() for name, value in record.headers if value is not None},
                {name: _plain(value) for name, value in fact.fields.items() if not _is_time_of_stating(record, name)},
                record.timestamp_ms / 1_000,
            )
    finally:
        topics.close()


def _is_time_of_stating(record: Consumed, name: str) -> bool:
    """Tell whether a field only says when a line of the kit was stated: a decision is stated by each attempt anew."""
    return record.topic == REACTIONS and name in {"occurred_at", "recorded_at"}


def _mails(maildir: Path) -> Iterator[Effect]:
    files = {path.name.partition(":")[0]: path for part in ("new", "cur") for path in (maildir / part).iterdir()}
    for name in sorted(files):
        mail = message_from_bytes(files[name].read_bytes())
        message_id = str(mail["Message-ID"]).strip()
        key = message_id.strip("<>").partition("@")[0]
        yield Effect("mail", int(name.partition(".")[0]) / 1e9, "sent", message_id, effect_key=key, after=name)


def entries(log: Path) -> Iterator[Effect]:
    """Read the changes of interviews from the calendar's log; a kill may have hidden the end of a line's work.

    An entry that is cancelled is an interview that is gone, and one that never stood there is no change.
    """
    for line in logged_calendar.read(log):
        name = line["path"].rpartition("/")[2].removesuffix(".ics")
        before, after = _standing(line["before"]), _standing(line["after"])
        if line["step"] != "done" or not name.startswith("interview-") or before is after is None:
            continue
        yield Effect(
            "calendar",
            line["at"],
            "delete" if after is None else "put",
            name,
            correlation=name.removeprefix("interview-"),
            sequence=int(line["after"][MARK]) if line["after"] else None,
            before=before,
            after=after,
        )


def _standing(entry: dict[str, str] | None) -> dict[str, str] | None:
    return None if entry is None or entry.get("STATUS") == "CANCELLED" else entry


def _memberships(log: Path) -> Iterator[Effect]:
    """Read from the directory's log who was taken out of which group, and put into it."""
    employees: dict[str, str] = {}
    groups: dict[str, dict[str, str]] = {}
    of: dict[str, set[str]] = {}
    for text in log.read_bytes().rpartition(b"\n")[0].splitlines():
        entry = json.loads(text)
        if entry["type"] == "User":
            employees[entry["id"]] = entry["resource"]["externalId"]
            continue
        name, at = entry["resource"]["displayName"], datetime.fromisoformat(entry["at"]).timestamp()
        now = {one["value"]: _object(one) for one in entry["resource"].get("members") or ()}
        was, groups[entry["id"]] = groups.get(entry["id"], {}), now
        for account in sorted(was.keys() | now.keys()):
            if was.get(account) == now.get(account):
                continue
            mine = of.setdefault(account, set())
            before = sorted(mine)
            mine.discard(name)
            mine.update({name} if account in now else ())
            yield Effect(
                "directory",
                at,
                "give" if account in now else "take",
                account,
                key=employees[account],
                before=before,
                after=sorted(mine),
                by="product" if entry["op"] == "update" else "other",
            )


def _object(member: dict[str, Any]) -> str:
    return json.dumps(member, sort_keys=True)


def _rows(databases: Databases) -> Iterator[Row]:
    for group in GROUPS:
        for row in databases.rows(group, "SELECT * FROM ledger ORDER BY number"):
            said = dict(zip(row.keys(), row, strict=True))
            found: dict[str, Any] = {name: value for name, value in said.items() if name in _ROW}
            found.update({name: _time(said.get(name)) for name in _TIMES})
            found.update({name: bool(said.get(name)) for name in _FLAGS})
            found.update(group=group, correlation=said["correlation_id"], event_type=_short(said["event_type"]))
            yield Row(**found)


def _commits(bootstrap_servers: str) -> Iterator[Commit]:
    admin = admin_client(bootstrap_servers)
    for group in GROUPS:
        asked = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)], request_timeout=_SECONDS)
        for one in asked[group].result().topic_partitions or []:
            yield Commit(group, one.topic, one.partition, one.offset)


def _waiting(databases: Databases) -> Iterator[Waiting]:
    question = "SELECT id, topic, key, headers FROM outbox WHERE published_at IS NULL ORDER BY id"
    for owner in OWNERS:
        for row in databases.rows(owner, question):
            key = row["key"].decode() if row["key"] else None
            yield Waiting(owner, row["id"], row["topic"], key)


def _short(event_type: str) -> str:
    return event_type.split(".")[-2] if "." in event_type else event_type


def _time(text: str | None) -> float | None:
    return datetime.fromisoformat(text).timestamp() if text else None


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value, default=str))


def quick_check(databases: Databases) -> dict[str, str]:
    """Return what SQLite itself says about each file that is not in order."""
    found = {}
    for owner in OWNERS:
        try:
            (answer,) = databases.rows(owner, "PRAGMA quick_check")[0]
        except sqlite3.DatabaseError as error:
            answer = str(error)
        if answer != "ok":
            found[owner] = answer
    return found
