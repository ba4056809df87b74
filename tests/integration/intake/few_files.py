"""An EMS in a process that may open few files: `python -m tests.integration.intake.few_files FOLDER NUMBER`."""

import resource
import sys
from pathlib import Path

from choreography import Health
from choreography.health import HealthServer
from tests.integration.intake.office import open_office

if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[2]), int(sys.argv[2])))
    with open_office(Path(sys.argv[1])) as office, HealthServer(Health(), 0) as health:
        print(office.address, f"http://127.0.0.1:{health.port}/healthz", flush=True)  # noqa: T201 - read by the test
        sys.stdin.read()
