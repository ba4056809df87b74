"""The mass brake: a bad feed must not take access from hundreds of people.

Where more leave within some time than the policy allows, each further one waits until a person has looked. What is
counted are the cases that this service was asked to act on, whether it did or held them; with PostgreSQL those of all
its members. It is asked before anything is decided, so that nothing is half done.
"""

from choreography import Effect, Hold
from consumers.access.ports import Mass, Ports


async def hold_a_mass(ports: Ports, effect: Effect) -> None:
    """Hold this effect if it is one of too many.

    Raises:
        Hold: it is, and nobody has released it.
    """
    mass = ports.critical.mass
    if mass is None or effect.released:
        return
    limit = await _limit(mass, ports)
    since = await effect.newest(limit + 1)
    if since is not None and effect.now - since < mass.within:
        minutes = round(mass.within.total_seconds() / 60)
        raise Hold(f"More than {limit} people leave within {minutes} minutes. If that is true, release them.")


async def _limit(mass: Mass, ports: Ports) -> int:
    limits = [] if mass.people is None else [mass.people]
    if mass.percent is not None:
        limits.append(max(1, int(await ports.headcount.headcount() * mass.percent / 100)))
    return min(limits)
