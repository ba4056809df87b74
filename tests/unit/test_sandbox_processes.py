"""How the sandbox's servers are started."""

from pathlib import Path

from infra.local.credentials import Credentials
from infra.local.ports import Ports
from infra.local.sandbox import sandbox_specs


def test_no_secret_stands_in_the_arguments_of_a_process_where_everybody_can_read_it(tmp_path: Path) -> None:
    credentials = Credentials(webhook_secret="whsec_AAAA", scim_token="-token")

    specs = {one.name: one for one in sandbox_specs(tmp_path, Ports(tmp_path), credentials)}

    assert not [one.name for one in specs.values() if "-token" in " ".join(one.argv)]
    assert "-token" in specs["scim"].environment.values()
