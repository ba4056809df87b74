"""`ems openapi`: the document of the intake, for those who build what sends to it."""

import json

import typer

from producers.ems.http.openapi import document
from producers.ems.http.routes import BATCH, CHANGES, RESIGN, SHOW, of_vendor
from producers.ems.vendors import VENDORS

commands = typer.Typer()


@commands.command(epilog="Example: ems openapi > openapi.json")
def openapi() -> None:
    """Print the OpenAPI 3.1 document of the intake, as JSON, with the routes of all vendors.

    A running intake gives its own at /openapi.json, with those vendors alone whose secrets it knows.
    """
    described = document([RESIGN, BATCH, *CHANGES, SHOW, *(of_vendor(vendor) for vendor in VENDORS.values())])
    print(json.dumps(described, indent=2))
