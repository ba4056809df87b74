"""Targets: a diary, a directory, a mail server. They survive everything and log what they accept, in their order.

A request travels: it arrives even when its sender has died meanwhile, and its answer may find nobody, or never come.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from choreography import Unavailable
from tests.checker.history import Effect
from tests.simulation.faults import Faults
from tests.simulation.world import Process, World

T = TypeVar("T")
TIMEOUT: Final = 8.0
FROZEN: Final = 6.5  # a little longer than a session lasts


class Refused(Exception):  # noqa: N818 - an answer, not a failure
    """The target will not do it."""


class Target:
    """What all targets share: a name, a log, and a network in between.

    Args:
        world: where it stands.
        faults: what goes wrong.
        name: of the place where its faults are armed, and in its log.
        travels: how many seconds a request may be on its way; without, it arrives the moment it is sent.
    """

    def __init__(self, world: World, faults: Faults, name: str, travels: float | None) -> None:
        self.world = world
        self.name = name
        self.log: list[Effect] = []
        self._faults = faults
        self._travels = travels

    async def ask(self, process: Process, work: Callable[[], T]) -> T:
        """Send a request and wait for the answer.

        Raises:
            Unavailable: the connection was refused, or no answer came.
            Refused: the target answered that it will not.
        """
        world, fault = self.world, self._faults.take(self.name)
        if fault == "freeze":
            process.pause(FROZEN + world.chance.random() * 10)
            await process.clock.sleep(0)
        if world.now < self._faults.away.get(self.name, 0.0) or fault == "refused":
            await process.clock.sleep(0.01)
            raise Unavailable(self.name, untouched=True)
        answer: Any = process.loop.create_future()
        if fault != "unheard" and self._travels is None:
            self._arrive(process, work, answer, fault)
        elif fault != "unheard":
            world.after(self._travel(), lambda: self._arrive(process, work, answer, fault))
        if fault in ("unheard", "lost"):
            world.after(TIMEOUT, lambda: _answer(process, answer, Unavailable(self.name)))
        found: T = await answer
        return found

    def _arrive(self, process: Process, work: Callable[[], T], answer: Any, fault: str | None) -> None:
        self.world.say(f"{self.name} gets a request of {process.name}{' and ' + fault if fault else ''}")
        result: object
        try:
            result = Refused(self.name) if fault == "no" else work()
        except Refused as refusal:
            result = refusal
        if fault == "crash":
            process.kill()
            self._faults.killed(process, self.world.chance.random() * 5)
        elif fault != "lost":
            late = 20.0 if fault == "slow" else 0.0
            self.world.after(late + self._travel(), lambda: _answer(process, answer, result))

    def _travel(self) -> float:
        chance = self.world.chance.random()
        if chance < 0.8:
            return 0.0
        return chance * (self._travels or 0.0) if chance > 0.97 else chance * 0.01

    def accept(self, kind: str, of: str, **said: Any) -> None:
        """Write down what was accepted."""
        self.world.say(f"{self.name} {kind} {of} {said}")
        self.log.append(Effect(self.name, self.world.steps, kind, of, **said))


def _answer(process: Process, answer: Any, result: object) -> None:
    if not process.alive or answer.done():
        return
    if isinstance(result, Exception):
        answer.set_exception(result)
    else:
        answer.set_result(result)


@dataclass
class Page:
    """What stands in a diary, and its version."""

    etag: int
    content: dict[str, Any]
    is_cancelled: bool = False


class Diary(Target):
    """Entries with versions: PUT and DELETE under `If-None-Match` and `If-Match`.

    What is only deleted can be put again by a member that was paused between its claim and its request: nothing is
    there that could refuse it. An entry that is cancelled, and stays, can.
    """

    def __init__(self, world: World, faults: Faults, travels: float | None) -> None:
        super().__init__(world, faults, "diary", travels)
        self.pages: dict[str, Page] = {}
        self._etag = 0

    def read(self, uid: str) -> Page | None:
        """Return what stands there."""
        return self.pages.get(uid)

    def put(self, uid: str, content: dict[str, Any], if_match: int | None, **about: Any) -> bool:
        """Write an entry; `if_match=None` only where there is none. Return whether the condition held."""
        found = self.pages.get(uid)
        if (found.etag if found else None) != if_match:
            return False
        self._etag += 1
        self.pages[uid] = Page(self._etag, content)
        self.accept("put", uid, before=found.content if found else None, after=content, **about)
        return True

    def delete(self, uid: str, if_match: int, **about: Any) -> bool:
        """Delete an entry as it was read; return whether the condition held."""
        found = self.pages.get(uid)
        if found is None or found.etag != if_match:
            return False
        del self.pages[uid]
        self.accept("delete", uid, before=found.content, after=None, **about)
        return True

    def cancel(self, uid: str, if_match: int, **about: Any) -> bool:
        """Mark an entry as cancelled, as it was read; it stays. Return whether the condition held."""
        found = self.pages.get(uid)
        if found is None or not self.delete(uid, if_match, **about):
            return False
        self._etag += 1
        self.pages[uid] = Page(self._etag, found.content, is_cancelled=True)
        return True


@dataclass
class Members:
    """Who is in a group, and its version."""

    etag: int = 0
    people: set[str] = field(default_factory=set)


class Directory(Target):
    """Groups of people, changed by one person at a time under `If-Match`."""

    def __init__(self, world: World, faults: Faults, travels: float) -> None:
        super().__init__(world, faults, "directory", travels)
        self.groups: dict[str, Members] = {}

    def put(self, person: str, groups: list[str]) -> None:
        """Set the scene: this person is in these groups from the beginning."""
        for group in groups:
            self.groups.setdefault(group, Members()).people.add(person)

    def of(self, person: str) -> list[str]:
        """Return the groups of a person."""
        return sorted(name for name, group in self.groups.items() if person in group.people)

    def read(self, group: str) -> Members:
        """Return a group as it is now."""
        found = self.groups[group]
        return Members(found.etag, set(found.people))

    def change(self, group: str, person: str, *, is_member: bool, if_match: int) -> bool:
        """Take somebody in or out; return whether the group was as it had been read."""
        found, before = self.groups[group], self.of(person)
        if found.etag != if_match:
            return False
        found.etag += 1
        (found.people.add if is_member else found.people.discard)(person)
        self.accept("set", person, key=person, before=before, after=self.of(person))
        return True

    def stir(self, chance: float) -> None:
        """Have somebody else change a group: its version grows."""
        names = sorted(self.groups)
        self.groups[names[int(chance * len(names))]].etag += 1


class Post(Target):
    """A mail server: what it accepted is sent; in the journal it can be found a little later."""

    def __init__(self, world: World, faults: Faults, settles: float) -> None:
        super().__init__(world, faults, "post", None)
        self._settles = settles
        self._accepted: list[tuple[float, str, tuple[str, ...]]] = []

    def send(self, message_id: str, to: tuple[str, ...], **about: Any) -> None:
        """Accept a mail."""
        self._accepted.append((self.world.now + self.world.chance.random() * self._settles, message_id, to))
        self.accept("sent", message_id, **about)

    def find(self, message_id: str) -> tuple[str, ...] | None:
        """Look into the journal; return to whom a mail was sent."""
        return next((to for since, of, to in self._accepted if of == message_id and since <= self.world.now), None)
