"""What is downloaded once per user: Apache Kafka with its own console tools, and Apicurio Registry."""

import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Final

from infra.local.cache import cache_dir
from infra.local.lockfile import Locked, digest, read_lock
from infra.progress import Progress

LOCK: Final = "jgo.lock.toml"


@dataclass(frozen=True)
class Distribution:
    """A program that is downloaded.

    Attributes:
        name: how it is called in messages.
        folder: the folder of `infra/` that holds its lock.
        unpack: makes the content of its directory of the files that were downloaded into it.
    """

    name: str
    folder: str
    unpack: Callable[[Path], None]

    @property
    def place(self) -> Path:
        """The directory where it is, or will be once fetched."""
        return cache_dir() / f"{self.folder}-{digest(_locked(self.folder))}"

    def fetch(self, progress: Progress) -> None:
        """Download it, unless it is there."""
        if not self.place.is_dir():
            from infra.local.download import fetch  # noqa: PLC0415 - takes long to import and is rarely needed

            fetch(self.place, self.name, _locked(self.folder), progress, self.unpack)


@cache
def _locked(folder: str) -> tuple[Locked, ...]:
    with as_file(files("infra") / folder / LOCK) as file:
        return read_lock(file)


def _keep(content: Path) -> None:
    """Leave the jars as they are."""


def _unpack_archive(content: Path) -> None:
    for archive in content.glob("*.tar.gz"):
        with tarfile.open(archive) as tar:
            tar.extraction_filter = tarfile.data_filter
            tar.extractall(content)  # noqa: S202 - its sha256 is the lock's, and the filter holds it in its place
        archive.unlink()


KAFKA: Final = Distribution("Apache Kafka", "kafka", _keep)
REGISTRY: Final = Distribution("Apicurio Registry", "registry", _unpack_archive)
