"""`ems access plan`: what a resignation would take from somebody, and why; nothing is changed."""

import asyncio
import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from choreography import SystemClock, Unavailable
from consumers.access.plan import Fate, Planned, plan
from consumers.access.policy import Policy, read_policy
from consumers.access.ports import AccountRefused
from consumers.access.scim import ScimAccessDirectory, known_by
from consumers.shared.directory import connection
from infra.cli.intake import Output
from infra.errors import Refused, Unreachable, WrongUsage
from schemas.exits import Risk

app = typer.Typer(no_args_is_help=True, help="Look at critical access without changing any.")

_SAYS = {Fate.TAKEN: "would be taken", Fate.NOT_A_MEMBER: "not a member"}


@app.command("plan", epilog="Example: ems access plan --employee E1014 --policy access-policy.yaml")
def show_plan(
    *,
    employee_id: Annotated[str, typer.Option("--employee", help="The person's employee id.")],
    policy: Annotated[Path, typer.Option(envvar="EMS_ACCESS_POLICY", help="The access policy, a YAML file.")],
    scim_url: Annotated[str, typer.Option(envvar="EMS_SCIM_URL", help="Address of the directory.")],
    scim_token: Annotated[
        str,
        typer.Option(
            envvar="EMS_SCIM_TOKEN",
            help="Its bearer token; reading is enough. Set it rather than type it: what is typed, others can see.",
            show_default=False,
        ),
    ],
    risk: Annotated[Risk, typer.Option(case_sensitive=False, help="The risk that the resignation would name.")] = (
        Risk.NORMAL
    ),
    output: Output = "text",
) -> None:
    """Show which critical groups a person would be taken out of by a resignation, and why; nothing is changed.

    It asks the directory exactly what the service would ask it. Exit code 1: the person would not be touched at all.
    """
    try:
        read = read_policy(policy)
    except ValueError as error:
        raise WrongUsage(f"{error}.") from error
    try:
        planned = asyncio.run(_plan(read, employee_id, risk, scim_url, scim_token))
    except Unavailable as error:
        raise Unreachable(
            f"The directory at {scim_url} does not answer as it should, or refuses the token. Nothing was changed."
        ) from error
    except AccountRefused as refused:
        if output == "json":
            print(json.dumps({"refused": refused.cause, "groups": []}))
        raise Refused(f"{employee_id} would not be touched: {refused.cause}.") from refused
    print(json.dumps({"groups": [asdict(one) for one in planned]}) if output == "json" else _text(planned))


async def _plan(policy: Policy, employee_id: str, risk: Risk, url: str, token: str) -> tuple[Planned, ...]:
    async with connection(url, token) as http:
        directory = ScimAccessDirectory(http, SystemClock(), known_by(policy.employee_id_is))
        account = risk is Risk.HIGH and policy.deactivate_high_risk
        return await plan(directory, policy.critical_groups, policy.protected_accounts, employee_id, account=account)


def _text(planned: tuple[Planned, ...]) -> str:
    wide = max(len(one.name) for one in planned)
    said = [_SAYS.get(one.fate, f"would be left: {one.cause}") for one in planned]
    column = max(map(len, said))
    return "\n".join(f"{one.name:{wide}}  {what:{column}}  {one.why}" for one, what in zip(planned, said, strict=True))
