"""Living many histories beside each other, on all processors."""

import multiprocessing
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from threading import Thread
from typing import Final

import structlog

from tests.simulation.plan import plan_of
from tests.simulation.run import live

AT_ONCE: Final = 25
_HASH_SEED: Final = "PYTHONHASHSEED"
SILENT: Final = 50  # only what is critical is logged


@dataclass(frozen=True)
class Lived:
    """What a few histories came to.

    Attributes:
        failures: what must not have been, by seed.
    """

    histories: int
    steps: int
    failures: dict[int, tuple[str, ...]]


def run_all(seeds: Sequence[int], processes: int, *, served: bool = False) -> Iterator[Lived]:
    """Live the histories of these seeds; yield what they came to, a few at a time, in any order."""
    portions = [seeds[first : first + AT_ONCE] for first in range(0, len(seeds), AT_ONCE)]
    if processes == 1 or len(portions) <= 1:
        be_silent()
        yield from (run_some(portion, served=served) for portion in portions)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(processes, len(portions)), context, _begin) as pool:
        for future in as_completed([pool.submit(partial(run_some, served=served), portion) for portion in portions]):
            yield future.result()


def _begin() -> None:
    """Begin as one of several: in silence, and never outliving who asked, however that ends."""
    be_silent()
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def run_some(seeds: Sequence[int], *, served: bool = False) -> Lived:
    """Live some histories, one after the other."""
    outcomes = [live(plan_of(seed, served=served)) for seed in seeds]
    failures = {one.plan.seed: one.anomalies for one in outcomes if one.anomalies}
    return Lived(len(outcomes), sum(one.steps for one in outcomes), failures)


def be_silent() -> None:
    """Log nothing: nobody reads what thousands of histories have to say."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(SILENT), cache_logger_on_first_use=True)


def fix_the_order_of_sets() -> None:
    """Start this program again where the order of sets depends on chance: a seed must always mean the same."""
    if os.environ.get(_HASH_SEED) != "0":
        os.environ[_HASH_SEED] = "0"
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
