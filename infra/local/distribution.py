"""What is downloaded once per user: Apache Kafka with its own console tools, and Apicurio Registry."""

import tarfile
from importlib.resources import as_file, files
from pathlib import Path
from typing import Final

from infra.local.cache import cache_dir
from infra.local.download import fetched
from infra.local.lockfile import Locked, digest, read_lock
from infra.progress import Progress

LOCK: Final = "jgo.lock.toml"


def kafka_jars(progress: Progress) -> Path:
    """Return the directory of Kafka's jars, downloading them first where they are not there yet."""
    artifacts = locked("kafka")
    return fetched(_place("kafka", artifacts), "Apache Kafka", artifacts, progress, _keep)


def kafka_jars_if_here() -> Path | None:
    """Return the directory of Kafka's jars, or `None` where nothing has been downloaded yet."""
    place = _place("kafka", locked("kafka"))
    return place if place.is_dir() else None


def registry_home(progress: Progress) -> Path:
    """Return the directory that holds `quarkus-run.jar`, downloading it first where it is not there yet."""
    artifacts = locked("registry")
    return fetched(_place("registry", artifacts), "Apicurio Registry", artifacts, progress, _unpack_archive)


def locked(folder: str) -> tuple[Locked, ...]:
    """Return what the lock in a folder of `infra/` names."""
    with as_file(files("infra") / folder / LOCK) as file:
        return read_lock(file)


def _place(name: str, artifacts: tuple[Locked, ...]) -> Path:
    return cache_dir() / f"{name}-{digest(artifacts)}"


def _keep(content: Path) -> None:
    """Leave the jars as they are."""


def _unpack_archive(content: Path) -> None:
    for archive in content.glob("*.tar.gz"):
        with tarfile.open(archive) as tar:
            tar.extraction_filter = tarfile.data_filter
            tar.extractall(content)  # noqa: S202 - its sha256 is the lock's, and the filter holds it in its place
        archive.unlink()
