"""Become one of Kafka's own console tools: what `infra/bin/kafka-*.sh` call.

python -m infra.local.console org.apache.kafka.tools.TopicCommand --bootstrap-server … --list
"""

import os
import sys

from infra.local.distribution import KAFKA
from infra.local.java import kafka_command

_MISSING = "Kafka's tools are not on this machine yet. They come with the broker: make up"
_UNREACHABLE = 3


def main() -> None:
    """Replace this process by the tool, so that its output, signals and exit code are its own."""
    main_class, *arguments = sys.argv[1:]
    if not KAFKA.place.is_dir():
        print(_MISSING, file=sys.stderr)
        sys.exit(_UNREACHABLE)
    command = kafka_command(KAFKA.place, main_class, *arguments)
    os.execv(command[0], command)  # noqa: S606 - no shell, on purpose


if __name__ == "__main__":
    main()
