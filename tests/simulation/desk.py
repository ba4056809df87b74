"""A small domain: visits are booked, moved and cancelled in a diary, and whoever visits is told by mail."""

from dataclasses import dataclass
from functools import partial
from typing import Final

from pydantic import BaseModel, ConfigDict

from choreography import Effect, NothingToDo, Service, on
from consumers.shared.mail import SentMail, SmtpMailer
from tests.simulation.desk_events import (
    CaseClosed,
    CaseMoved,
    CaseOpened,
    DeskEvent,
    LetterSent,
    VisitBooked,
    VisitCancelled,
    VisitKept,
    VisitMoved,
)
from tests.simulation.diary import Diary
from tests.simulation.mail import Letter, as_message
from tests.simulation.process import Process


class Slot(BaseModel):
    """What is decided before it is booked."""

    model_config = ConfigDict(frozen=True)

    uid: str
    place: int


@dataclass(frozen=True)
class DiaryPort:
    """The adapter of the diary: read → claim → write, again from the read after a 412."""

    process: Process
    diary: Diary

    async def put(self, event: DeskEvent, effect: Effect, slot: "Slot") -> int | None:
        """See to it that the entry stands as this event wants it; return where, or nothing if a later one was there."""
        ask, diary = partial(self.diary.ask, self.process), self.diary
        while True:
            found = await ask(lambda: diary.read(slot.uid))
            if found is not None and found.is_cancelled:
                return None
            if found is not None and found.content["version"] >= event.case_version:
                return int(found.content["place"]) if found.content["version"] == event.case_version else None
            content = {"place": found.content["place"] if found else slot.place, "version": event.case_version}
            etag = found.etag if found else None
            await effect.claim()
            if await ask(partial(diary.put, slot.uid, content, etag, **_about(event, effect))):
                return int(content["place"])

    async def cancel(self, event: DeskEvent, effect: Effect, uid: str) -> None:
        """See to it that a cancelled entry stands there, whether or not there is one."""
        ask, diary = partial(self.diary.ask, self.process), self.diary
        while (found := await ask(lambda: diary.read(uid))) is None or not found.is_cancelled:
            await effect.claim()
            etag = found.etag if found else None
            if await ask(partial(diary.cancel, uid, etag, {}, **_about(event, effect))):
                return


def _about(event: DeskEvent, effect: Effect) -> dict[str, str]:
    return {"effect_key": str(effect.key), "key": event.person_id, "correlation": str(event.case_id)}


@dataclass(frozen=True)
class Ports:
    diary: DiaryPort
    mailer: SmtpMailer
    sent_mail: SentMail | None


def _uid(event: DeskEvent) -> str:
    return f"visit-{event.case_id}"


async def book(event: CaseOpened, ports: Ports, effect: Effect) -> VisitBooked | VisitKept:
    slot, place = await _put(event, ports, effect)
    return VisitKept(uid=slot.uid) if place is None else VisitBooked(uid=slot.uid, place=place)


async def move(event: CaseMoved, ports: Ports, effect: Effect) -> VisitMoved | VisitKept:
    slot, place = await _put(event, ports, effect)
    return VisitKept(uid=slot.uid) if place is None else VisitMoved(uid=slot.uid, place=place)


async def _put(event: CaseOpened | CaseMoved, ports: Ports, effect: Effect) -> tuple[Slot, int | None]:
    async def choose() -> Slot:
        return Slot(uid=_uid(event), place=ports.diary.process.world.chance.randrange(1000))

    slot = await effect.once(Slot, choose)
    return slot, await ports.diary.put(event, effect, slot)


async def cancel(event: CaseClosed, ports: Ports, effect: Effect) -> VisitCancelled:
    booked = await effect.earlier(VisitBooked, VisitMoved)
    begun = [slot for slot in await effect.unfinished(Slot) if slot.uid == _uid(event)]
    if booked is None and not begun:
        raise NothingToDo("nothing was booked")
    await ports.diary.cancel(event, effect, _uid(event))
    return VisitCancelled(uid=_uid(event))


async def invite(event: VisitBooked, ports: Ports, effect: Effect) -> LetterSent:
    return await _send(event, ports, effect)


async def call_off(event: VisitCancelled, ports: Ports, effect: Effect) -> LetterSent:
    if await effect.earlier(LetterSent) is None:
        raise NothingToDo("nobody was invited")
    return await _send(event, ports, effect)


async def _send(event: DeskEvent, ports: Ports, effect: Effect) -> LetterSent:
    letter = Letter(f"<{effect.key}@desk>", _about(event, effect))
    sent = await ports.mailer.send(as_message(letter), effect)
    return LetterSent(message_id=letter.message_id, perhaps_repeated=sent.perhaps_repeated)


service: Final = Service[Ports](
    group="desk.visits",
    starts="earliest",
    reactions=[
        on(CaseOpened, book, publishes=(VisitBooked, VisitKept), target="diary", unless=(CaseClosed,)),
        on(CaseMoved, move, publishes=(VisitMoved, VisitKept), target="diary", unless=(CaseClosed,)),
        on(CaseClosed, cancel, publishes=(VisitCancelled,), target="diary"),
        on(
            VisitBooked,
            invite,
            publishes=(LetterSent,),
            target="mailer",
            reads=("sent_mail",),
            unless=(VisitCancelled,),
            repeatable=False,
        ),
        on(
            VisitCancelled,
            call_off,
            publishes=(LetterSent,),
            target="mailer",
            reads=("sent_mail",),
            repeatable=False,
        ),
    ],
)
