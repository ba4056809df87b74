"""A SCIM storage that survives kill -9: in memory for reading, an append-only journal for every accepted write.

One JSON object per line: `seq`, `at`, `op` (`create`, `update`, `delete`), `type`, `id`, `version`, and `resource`
as it is after the write. A line is forced to the disk before the write is answered. At start the journal is read
back, so that ids, dates and versions (the ETags) are what they were; a line that a kill has cut off was never
answered and is dropped.
"""

import itertools
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scim2_models import Resource, ResourceType
from scim2_server.memory import InMemoryStorage

Entry = dict[str, Any]


class JournaledStorage(InMemoryStorage):
    """Resources in memory, each write in the journal first to be answered.

    Args:
        journal: the file; created when missing.
        models: the model of each resource type, by the type's name.
    """

    def __init__(self, journal: Path, models: Mapping[str, type[Resource[Any]]]) -> None:
        super().__init__()
        self._models = models
        self._length = 0
        journal.parent.mkdir(parents=True, exist_ok=True)
        self._handle = os.open(journal, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self._read_back()

    def create(self, resource_type: ResourceType, resource: Resource[Any]) -> Resource[Any]:
        """Store a new resource durably."""
        with self.lock:
            created = super().create(resource_type, resource)
            self._append("create", resource_type, created)
            return created

    def update(
        self, resource_type: ResourceType, resource: Resource[Any], *, expected_version: str | None = None
    ) -> Resource[Any]:
        """Replace a resource durably."""
        with self.lock:
            updated = super().update(resource_type, resource, expected_version=expected_version)
            self._append("update", resource_type, updated)
            return updated

    def delete(self, resource_type: ResourceType, resource_id: str, *, expected_version: str | None = None) -> None:
        """Delete a resource durably."""
        with self.lock:
            gone = self.get(resource_type, resource_id)
            super().delete(resource_type, resource_id, expected_version=expected_version)
            self._append("delete", resource_type, gone)

    def _append(self, operation: str, resource_type: ResourceType, resource: Resource[Any]) -> None:
        entry = {
            "seq": self._length + 1,
            "at": self.clock().isoformat(),
            "op": operation,
            "type": resource_type.name,
            "id": resource.id,
            "version": resource.meta.version if resource.meta else None,
            "resource": resource.model_dump(mode="json"),
        }
        end = os.fstat(self._handle).st_size
        try:
            _write(self._handle, json.dumps(entry, ensure_ascii=False).encode() + b"\n")
        except OSError:
            os.ftruncate(self._handle, end)
            self._read_back()
            raise
        self._length += 1

    def _read_back(self) -> None:
        entries = _whole_entries(self._handle)
        latest: dict[tuple[str, str], Entry] = {}
        for entry in entries:
            latest[entry["type"], entry["id"]] = entry
        self.resources = [
            self._models[entry["type"]].model_validate(entry["resource"])
            for entry in latest.values()
            if entry["op"] != "delete"
        ]
        self._length = len(entries)
        self.versions = itertools.count(1 + max((_number(entry["version"]) for entry in entries), default=0))


def _write(handle: int, line: bytes) -> None:
    while line:
        line = line[os.write(handle, line) :]
    os.fsync(handle)


def _whole_entries(handle: int) -> list[Entry]:
    content = os.pread(handle, os.fstat(handle).st_size, 0)
    end = content.rfind(b"\n") + 1
    os.ftruncate(handle, end)
    return [json.loads(line) for line in content[:end].splitlines()]


def _number(version: str) -> int:
    return int(version.removeprefix('W/"').removesuffix('"'))
