"""The lock beside a `jgo.toml`: every artifact with its exact version, sha256 and size, and no address."""

import hashlib
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_CHUNK: Final = 1 << 20


@dataclass(frozen=True)
class Locked:
    """One artifact of a Maven repository, exactly.

    Attributes:
        size: in bytes.
    """

    group: str
    name: str
    version: str
    packaging: str
    classifier: str
    sha256: str
    size: int

    @property
    def coordinates(self) -> str:
        """How the artifact is called in messages."""
        return ":".join(filter(None, (self.group, self.name, self.version, self.classifier)))

    @property
    def filename(self) -> str:
        """The name of its file."""
        classifier = f"-{self.classifier}" if self.classifier else ""
        return f"{self.name}-{self.version}{classifier}.{self.packaging}"


def read_lock(file: Path) -> tuple[Locked, ...]:
    """Return the artifacts of a lock."""
    return tuple(
        Locked(
            group=entry["groupId"],
            name=entry["artifactId"],
            version=entry["version"],
            packaging=entry["packaging"],
            classifier=entry.get("classifier", ""),
            sha256=entry["sha256"],
            size=entry["size"],
        )
        for entry in tomllib.loads(file.read_text(encoding="utf-8"))["dependencies"]
    )


def write_lock(file: Path, artifacts: Iterable[Locked]) -> None:
    """Write the artifacts in the format of jgo's own lock, with their sizes."""
    entries = (_entry(artifact) for artifact in sorted(artifacts, key=lambda artifact: artifact.coordinates))
    file.write_text("# Written by `make lock`.\n\n" + "\n".join(entries), encoding="utf-8")


def digest(artifacts: Iterable[Locked]) -> str:
    """Return twelve characters that stand for exactly these artifacts."""
    return hashlib.sha256("".join(artifact.sha256 for artifact in artifacts).encode()).hexdigest()[:12]


def sha256_of(file: Path) -> str:
    """Return the sha256 of a file, as hexadecimal digits."""
    found = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            found.update(chunk)
    return found.hexdigest()


def _entry(artifact: Locked) -> str:
    values = {
        "groupId": artifact.group,
        "artifactId": artifact.name,
        "version": artifact.version,
        "packaging": artifact.packaging,
        "classifier": artifact.classifier,
        "sha256": artifact.sha256,
    }
    lines = [f'{key} = "{value}"' for key, value in values.items() if value]
    return "\n".join(["[[dependencies]]", *lines, f"size = {artifact.size}", ""])
