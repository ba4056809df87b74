"""What the garbage collector need not look at.

A process that serves holds many thousand objects from its start to its end: modules, models, schemas, statements. And
it holds a few thousand records for a moment each. A collector that looks at all of them every 700 new objects took
half of the time that a backlog took (docs/decisions/0028).
"""

import gc
from typing import Final

OBJECTS: Final = 10_000  # between two looks at what is new


def settle() -> None:
    """Leave what is there now alone for good, and look at what comes less often; to be called once all is set up."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS, *gc.get_threshold()[1:])
