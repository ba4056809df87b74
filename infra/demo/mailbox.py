"""What the mailbox proves: who was told and who was invited, each once; read by IMAP."""

from collections import Counter
from collections.abc import Iterable
from typing import Final
from uuid import UUID

from infra.demo.cast import Cast
from infra.demo.proof import Proof
from infra.sandbox.probes import Mail, about, read_imap

WHERE: Final = "mailbox (IMAP)"
RESIGNED, STAYS, LEAVES, INVITED, CALLED_OFF = "resigned", "stays", "leaves", "invited", "called off"
_SAID: Final = {STAYS: {"stays:", "bleibt:"}, LEAVES: {"leaves:", "aus:"}}  # "scheidet aus:"

Mails = Counter[tuple[str, str]]


class Mailbox:
    """Every mail of the company.

    Args:
        address: `host:port` of the IMAP server.
    """

    def __init__(self, address: str) -> None:
        self._address = address

    def read(self) -> tuple[Mail, ...]:
        """Return every mail."""
        return read_imap(self._address)

    def told_of_resignation(self, case_id: UUID, cast: Cast) -> Proof:
        """Prove that the manager was told, and both parties of the interview invited."""
        names = f"{cast.leaver.given_name} and {cast.partner.given_name}"
        what = f"{cast.manager.name} is told, {names} are invited"
        return self._proof(what, case_id, _after_resignation(cast))

    def told_of_stay(self, case_id: UUID, cast: Cast) -> Proof:
        """Prove that the manager was told that the employee stays, and the interview called off."""
        what = f"{cast.manager.given_name} knows: {cast.leaver.given_name} stays; interview called off"
        ended = [(cast.manager.mail, STAYS), (cast.leaver.mail, CALLED_OFF), (cast.partner.mail, CALLED_OFF)]
        return self._proof(what, case_id, _after_resignation(cast) + Mails(ended))

    def told_of_exit(self, case_id: UUID, cast: Cast) -> Proof:
        """Prove that the manager was told that the employee leaves, and nobody anything else."""
        what = f"{cast.manager.given_name} knows: {cast.leaver.given_name} leaves"
        return self._proof(what, case_id, _after_resignation(cast) + Mails([(cast.manager.mail, LEAVES)]))

    def told_nobody(self, case_id: UUID) -> Proof:
        """Prove that nobody was told anything."""
        return self._proof("nobody was told, nobody invited", case_id, Mails())

    def _proof(self, what: str, case_id: UUID, expected: Mails) -> Proof:
        found = _mails(about(str(case_id), self.read()))
        return Proof(what, WHERE, "" if found == expected else _described(found))


def _after_resignation(cast: Cast) -> Mails:
    return Mails([(cast.manager.mail, RESIGNED), (cast.leaver.mail, INVITED), (cast.partner.mail, INVITED)])


def _mails(mails: Iterable[Mail]) -> Mails:
    """Count who got what; a mail repeated with the same Message-ID is the same mail."""
    return Mails(key[1:] for key in {(one.message_id, to, _kind(one)) for one in mails for to in one.recipients})


def _kind(mail: Mail) -> str:
    if mail.invitation is not None:
        return CALLED_OFF if b"METHOD:CANCEL" in mail.invitation else INVITED
    words = set(mail.text.split())
    return next((kind for kind, said in _SAID.items() if said & words), RESIGNED)


def _described(found: Mails) -> str:
    return ", ".join(f"{count} × {address} ({kind})" for (address, kind), count in sorted(found.items())) or "no mail"
