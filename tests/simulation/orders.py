"""What a person does from the command line."""

from collections.abc import Sequence

from sqlalchemy import Connection

from choreography.consume.brake import clear
from choreography.ledger.held import Held, Which, held
from choreography.ledger.held import order as mark
from choreography.ledger.table import Order
from tests.simulation.scene import Scene


def order(scene: Scene, what: Order, *, poison: bool | None = None) -> int:
    """Do what `ems held release` and `ems held drop` do with everything that is held; return how much it was.

    Args:
        scene: where.
        what: the order.
        poison: only what cannot be read, or only what can.
    """

    def work(tx: Connection) -> Sequence[Held]:
        found = held(tx, Which())
        chosen = [one.effect_key for one in found if poison is None or poison == (one.event_type == "")]
        allowed = [one.effect_key for one in mark(tx, Which(chosen), what, dry_run=True).marked] if chosen else []
        return mark(tx, Which(allowed), what).marked if allowed else ()

    is_any_held = scene.disk.query("SELECT 1 FROM ledger WHERE state = 'HELD' LIMIT 1")
    marked = scene.disk.transact(work) if is_any_held else ()
    for one in marked:
        scene.act(what.value, effect_key=str(one.effect_key))
    _tell(scene)
    return len(marked)


def resume(scene: Scene) -> None:
    """Take the brake off."""
    is_on = bool(scene.disk.query("SELECT 1 FROM brake"))
    if is_on and scene.disk.transact(clear):
        scene.act("resume")
        _tell(scene)


def _tell(scene: Scene) -> None:
    for member in scene.members:
        member.look_soon()
