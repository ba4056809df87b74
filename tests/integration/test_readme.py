"""The request of an HR system that `docs/intake.md` shows, sent as it stands there."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from schemas.exits import EmployeeResigned, Risk
from tests import readme
from tests.integration.intake.office import NEXT_SECRET, SECRET, open_office

TOOLS = ("sh", "curl", "openssl", "base64", "od")


def test_the_request_that_the_page_shows_opens_a_case(tmp_path: Path) -> None:
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing and not os.environ.get("CI"):
        pytest.skip(f"The page's example needs {', '.join(missing)}, which this machine has not.")
    script = next(block for block in readme.blocks("sh", "docs/intake.md") if "openssl" in block)

    with open_office(tmp_path) as office:
        address = urlsplit(office.address)
        settings = {
            "EMS_INTAKE_HOST": address.hostname,
            "EMS_INTAKE_PORT": address.port,
            "EMS_WEBHOOK_SECRETS": f"{SECRET},{NEXT_SECRET}",
        }
        (tmp_path / ".ems").mkdir()
        (tmp_path / ".ems" / "env").write_text("".join(f'{name}="{value}"\n' for name, value in settings.items()))
        done = subprocess.run(["sh", "-euc", script], cwd=tmp_path, capture_output=True, text=True, check=False)
        (stated,) = office.facts("E1028")

    answer = json.loads(done.stdout)
    assert (answer["case_version"], answer["status"]) == (1, "SUBMITTED"), done.stderr
    assert isinstance(stated, EmployeeResigned)
    assert str(stated.case_id) == answer["case_id"]
    assert stated.risk is Risk.HIGH
