"""How the sandbox's servers are started."""

from pathlib import Path

from infra.local.credentials import Credentials
from infra.local.ports import Ports
from infra.local.sandbox import sandbox_specs
from infra.sandbox.serving import arguments


def test_a_token_that_begins_with_a_dash_is_understood_as_a_token(tmp_path: Path) -> None:
    credentials = Credentials(webhook_secret="whsec_AAAA", scim_token="-token")
    parser = arguments("directory", "")
    parser.add_argument("--bearer-token")
    parser.add_argument("--storage")

    directory = next(one for one in sandbox_specs(tmp_path, Ports(tmp_path), credentials) if one.name == "scim")

    assert parser.parse_args(directory.argv[3:]).bearer_token == "-token"
