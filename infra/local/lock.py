"""Write the locks anew, from Kafka's `jgo.toml` and the registry's `archive.toml`: after a version was changed."""

import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from jgo.maven import Artifact, MavenContext
from jgo.parse import Coordinate

from infra.local.distribution import LOCK
from infra.local.lockfile import Locked, sha256_of, write_lock

_INFRA: Final = Path(__file__).parent.parent
_TIMEOUT: Final = 60  # seconds


def main() -> None:
    """Resolve what `infra/` asks for, and lock what that means today."""
    with TemporaryDirectory() as repository:
        context = MavenContext(repo_cache=Path(repository), timeout=_TIMEOUT)
        write_lock(_INFRA / "registry" / LOCK, [_locked(_archive(context, _INFRA / "registry" / "archive.toml"))])
        write_lock(_INFRA / "kafka" / LOCK, map(_locked, _jars(context, _INFRA / "kafka" / "jgo.toml")))


def _archive(context: MavenContext, file: Path) -> Artifact:
    spec = tomllib.loads(file.read_text(encoding="utf-8"))
    component = context.project(spec["group"], spec["name"]).at_version(spec["version"])
    return component.artifact(spec["classifier"], spec["packaging"])


def _jars(context: MavenContext, file: Path) -> list[Artifact]:
    spec = tomllib.loads(file.read_text(encoding="utf-8"))["dependencies"]
    excluded = [context.project(*text.split(":")) for text in spec["exclusions"]]
    given = [context.create_dependency(Coordinate.parse(text), exclusions=excluded) for text in spec["coordinates"]]
    inputs, transitive = context.resolver.resolve(given)
    needed = [dependency for dependency in [*inputs, *transitive] if dependency.scope in {None, "compile", "runtime"}]
    return list({dependency.artifact.key: dependency.artifact for dependency in needed}.values())


def _locked(artifact: Artifact) -> Locked:
    file = artifact.resolve()
    return Locked(
        group=artifact.groupId,
        name=artifact.artifactId,
        version=artifact.version,
        packaging=artifact.packaging,
        classifier=artifact.classifier,
        sha256=sha256_of(file),
        size=file.stat().st_size,
    )


if __name__ == "__main__":
    main()
