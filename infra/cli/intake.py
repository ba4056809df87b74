"""Where the intake is: flag, then `EMS_…`, then `endpoints.json` of the running system."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from infra.endpoints import Endpoints, state_directory
from infra.errors import WrongUsage

if TYPE_CHECKING:  # imported where something is sent: a help needs neither
    from standardwebhooks import Webhook

    from infra.intake_client import IntakeClient

_PANEL = "Where the system is (default: the one that `make up` started)"

Intake = Annotated[
    str | None,
    typer.Option(
        "--intake", envvar="EMS_INTAKE_URL", help="Address of the intake: http://host:port", rich_help_panel=_PANEL
    ),
]
WebhookSecret = Annotated[
    str | None,
    typer.Option(
        envvar=["EMS_WEBHOOK_SECRET", "EMS_WEBHOOK_SECRETS"],
        help="What requests are signed with: whsec_… (of several, the first). Set it rather than type it: what is "
        "typed, others can see.",
        show_default=False,
        rich_help_panel=_PANEL,
    ),
]
Output = Annotated[Literal["text", "json"], typer.Option(help="text, or json for programs.")]
_NO_ADDRESS = "The address of the intake is not one: it looks like http://127.0.0.1:8080."


@contextmanager
def intake(url: str | None, secret: str | None, output: str) -> Iterator["IntakeClient"]:
    """Open the intake; for programs, print what it refused as JSON.

    Raises:
        Unreachable: nothing is given, and nothing is running here.
        WrongUsage: the address or the secret is none.
    """
    where = address(url, secret)
    from infra.intake_client import IntakeClient, RequestRefused, ResignationHeld  # noqa: PLC0415 - heavy

    with IntakeClient(where.url, where.webhook) as client:
        try:
            yield client
        except (RequestRefused, ResignationHeld) as refused:
            if output == "json":
                print(json.dumps(refused.problem))
            raise


@dataclass(frozen=True)
class Address:
    """Where the intake is, and what signs the requests to it."""

    url: str
    webhook: "Webhook"


def address(url: str | None, secret: str | None) -> Address:
    """Return where the intake is: as given, else that of the running system.

    Raises:
        Unreachable: nothing is given, and nothing is running here.
        WrongUsage: the address or the secret is none.
    """
    if not url or not secret:
        running = Endpoints.read(state_directory())
        url, secret = url or running.intake, secret or running.webhook_secret
    if not url.startswith(("http://", "https://")):
        raise WrongUsage(_NO_ADDRESS)
    import httpx2  # noqa: PLC0415 - heavy
    from standardwebhooks import Webhook  # noqa: PLC0415 - heavy
    from standardwebhooks.webhooks import EmptyWebhookSecretError  # noqa: PLC0415 - heavy

    try:
        httpx2.URL(url)
        return Address(url, Webhook(secret.partition(",")[0].strip()))
    except httpx2.InvalidURL as error:
        raise WrongUsage(_NO_ADDRESS) from error
    except (ValueError, EmptyWebhookSecretError) as error:
        raise WrongUsage("The webhook secret is not one: it begins with whsec_, and the rest is base64.") from error
