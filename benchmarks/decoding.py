"""From bytes to a validated model: ours beside the two libraries under it, in this process."""

import asyncio
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final

from fastavro import parse_schema, schemaless_reader

from benchmarks.figures import Figure, at_most
from benchmarks.offline import offline_codec
from choreography import Database
from infra.contract.examples import every_field
from schemas.exits import EmployeeResigned

_FRAME: Final = 5
_TIMES: Final = 200
_ROUNDS: Final = 150


def decoding_figure() -> Figure:
    """Compare the two ways."""
    return at_most("bytes → validated model ÷ fastavro + pydantic", decoding_ratio(), 1.3, "ratio", 2)


def decoding_ratio() -> float:
    """Return how much longer our codec takes than `fastavro` and `pydantic` alone; the best of some rounds each."""
    with TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'schemas.db'}")
        try:
            codec = asyncio.run(offline_codec(database, [EmployeeResigned]))
        finally:
            database.close()
    kind = EmployeeResigned
    value = codec.encode(every_field(kind), kind.topic)
    kinds = {kind.full_name(): kind}
    schema = parse_schema(kind.avsc())

    def bare() -> object:
        body = BytesIO(value)
        body.seek(_FRAME)
        return kind.model_validate(schemaless_reader(body, schema, None))

    def ours() -> object:
        return codec.decode_known(value, kinds)

    if bare() != ours():
        raise RuntimeError("The two ways of decoding do not agree.")
    rounds = [(_seconds(bare), _seconds(ours)) for _ in range(_ROUNDS)]  # side by side, so that both meet the same
    return min(own for _, own in rounds) / min(plain for plain, _ in rounds)


def _seconds(way: Callable[[], object]) -> float:
    begun = perf_counter()
    for _ in range(_TIMES):
        way()
    return perf_counter() - begun
