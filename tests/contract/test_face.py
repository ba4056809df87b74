"""What the type checker makes of right and wrong declarations: the face of the kit, seen by who writes a service."""

import re
from pathlib import Path

import pytest
from mypy import api

ROOT = Path(__file__).parents[2]

HEAD = """
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pydantic_settings import SettingsConfigDict
from choreography import Effect, Event, Hold, NothingToDo, Retry, Service, ServiceSettings, Topic, Unavailable, on, run
from tests.shop.facts import OrderCancelled, OrderPlaced, ParcelPacked, ParcelUnpacked, Shelf

@dataclass(frozen=True)
class Ports:
    shelf: str

@dataclass(frozen=True)
class OtherPorts:
    desk: int

class Settings(ServiceSettings):
    shelf: str = "a"

class OtherSettings(ServiceSettings):
    pass

async def one(event: OrderPlaced, ports: Ports, effect: Effect) -> ParcelPacked:
    return ParcelPacked(parcel="x")

async def two(event: OrderPlaced, ports: Ports, effect: Effect) -> ParcelPacked | ParcelUnpacked:
    return ParcelUnpacked(parcel="x")

async def nothing(event: OrderPlaced, ports: Ports, effect: Effect) -> None:
    return None

def sync(event: OrderPlaced, ports: Ports, effect: Effect) -> ParcelPacked:
    return ParcelPacked(parcel="x")

async def other_ports(event: OrderPlaced, ports: OtherPorts, effect: Effect) -> ParcelPacked:
    return ParcelPacked(parcel="x")

async def decide() -> Shelf:
    return Shelf(place="a")

service = Service[Ports](group="shop.a", starts="now", reactions=[
    on(OrderPlaced, one, publishes=(ParcelPacked,), target="shelf"),
])

@asynccontextmanager
async def open_ports(settings: Settings) -> AsyncIterator[Ports]:
    yield Ports(shelf=settings.shelf)
"""

RIGHT = [
    'on(OrderPlaced, one, publishes=(ParcelPacked,), target="shelf", reads=("shelf",), within=timedelta(hours=1))',
    'on(OrderPlaced, two, publishes=(ParcelPacked, ParcelUnpacked), target="shelf", unless=(OrderCancelled,))',
    """Service[Ports](group="shop.a", starts=date(2026, 1, 1), reactions=[
    on(OrderPlaced, two, publishes=(ParcelPacked, ParcelUnpacked), target="shelf", repeatable=False)])""",
    """Service[Ports](group="shop.a", starts="now", target="shelf", within=timedelta(hours=1), repeatable=False,
    reactions=[on(OrderPlaced, two, publishes=(ParcelPacked, ParcelUnpacked), within="whenever")])""",
    "run(service, open_ports, Settings)",
    'raise Unavailable("shelf", untouched=True)',
    'raise Retry("busy", after=timedelta(minutes=1))',
    "async def h(e: Effect) -> ParcelPacked | None:\n    return await e.earlier(ParcelPacked)",
    """async def h(e: Effect) -> ParcelPacked | ParcelUnpacked | None:
    return await e.earlier(ParcelPacked, ParcelUnpacked)""",
    """async def h(e: Effect) -> tuple[ParcelPacked | ParcelUnpacked, ...]:
    return await e.history(ParcelPacked, ParcelUnpacked)""",
    "async def h(e: Effect) -> Shelf:\n    return await e.once(Shelf, decide, logged=True)",
    "async def h(e: Effect) -> tuple[Shelf, ...]:\n    await e.claim()\n    return await e.unfinished(Shelf)",
]

WRONG = {
    "a handler of another event": 'on(OrderCancelled, one, publishes=(ParcelPacked,), target="shelf")',
    "a fact that is not published": 'on(OrderPlaced, two, publishes=(ParcelPacked,), target="shelf")',
    "another fact": 'on(OrderPlaced, one, publishes=(ParcelUnpacked,), target="shelf")',
    "no fact at all": 'on(OrderPlaced, nothing, publishes=(ParcelPacked,), target="shelf")',
    "a handler that is not async": 'on(OrderPlaced, sync, publishes=(ParcelPacked,), target="shelf")',
    "nothing published": 'on(OrderPlaced, one, publishes=(), target="shelf")',
    "a time that is none": 'on(OrderPlaced, one, publishes=(ParcelPacked,), target="shelf", within="soon")',
    "another fact where the service says the target": """Service[Ports](group="shop.a", starts="now", target="shelf",
    reactions=[on(OrderPlaced, two, publishes=(ParcelPacked,))])""",
    "positional options": 'on(OrderPlaced, one, (ParcelPacked,), "shelf")',
    "reactions with other ports": 'Service[Ports](group="shop.a", starts="now", '
    'reactions=[on(OrderPlaced, other_ports, publishes=(ParcelPacked,), target="desk")])',
    "an unknown start": 'Service[Ports](group="shop.a", starts="tomorrow", reactions=[])',
    "ports that the service does not need": """@asynccontextmanager
async def wrong(s: Settings) -> AsyncIterator[OtherPorts]:
    yield OtherPorts(desk=1)
run(service, wrong, Settings)""",
    "settings that the ports do not know": "run(service, open_ports, OtherSettings)",
    "a fact with a field that it has not": 'ParcelPacked(parcel="x", colour="red")',
    "a fact with a field of another type": "ParcelPacked(parcel=3)",
    "a changed fact": 'async def h(e: OrderPlaced) -> None:\n    e.article = "other"',
    "a hold without a reason": "raise Hold()",
    "a retry without a reason": "raise Retry()",
    "nothing to do without a reason": "raise NothingToDo()",
    "a decision read as another": "async def h(e: Effect) -> ParcelPacked:\n    return await e.once(Shelf, decide)",
}


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Check every snippet in one run; return the errors of each file by its name."""
    folder = tmp_path_factory.mktemp("declarations")
    snippets = {f"right_{number}": text for number, text in enumerate(RIGHT)}
    snippets |= {f"wrong_{number}": text for number, text in enumerate(WRONG.values())}
    for name, text in snippets.items():
        (folder / f"{name}.py").write_text(f"{HEAD}\n{text}\n", encoding="utf-8")
    output, problems, _ = api.run(["--config-file", str(ROOT / "pyproject.toml"), "--no-incremental", str(folder)])
    assert not problems
    found: dict[str, list[str]] = {name: [] for name in snippets}
    for line in output.splitlines():
        if match := re.search(r"((?:right|wrong)_\d+)\.py:\d+: error: (.*)", line):
            found[match[1]].append(match[2])
    return found


@pytest.mark.parametrize("number", range(len(RIGHT)), ids=[text[:60] for text in RIGHT])
def test_a_right_declaration_is_accepted(verdicts: dict[str, list[str]], number: int) -> None:
    assert verdicts[f"right_{number}"] == []


@pytest.mark.parametrize("number", range(len(WRONG)), ids=list(WRONG))
def test_a_wrong_declaration_is_refused(verdicts: dict[str, list[str]], number: int) -> None:
    errors = verdicts[f"wrong_{number}"]

    assert errors
    assert not [error for error in errors if re.search(r"\[(name-defined|import|attr-defined|syntax)", error)], errors
