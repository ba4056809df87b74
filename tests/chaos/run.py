"""One run: start everything, let people resign while everything dies, come to rest, and ask the checker."""

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Final

from tests.chaos.collect import collect
from tests.chaos.company import Company
from tests.chaos.diary import Diary
from tests.chaos.expected import expectations
from tests.chaos.ground import Ground
from tests.chaos.http_proxy import HttpProxy
from tests.chaos.load import Load, SubmissionLog
from tests.chaos.mischief import PERIODS, Mischief
from tests.chaos.monkey import BRIEF, LONG, Monkey
from tests.chaos.outcome import Dose, Outcome
from tests.chaos.person import PersonOnDuty
from tests.chaos.plan import SERVICES, deeds
from tests.chaos.progress import Telling
from tests.chaos.proxies import Proxies
from tests.chaos.rest import Databases, Rest
from tests.chaos.scripts import scripts
from tests.chaos.smtp_proxy import SmtpProxy
from tests.chaos.supervisor import Supervisor
from tests.checker.checker import check
from tests.checker.folder import write

_LOOK: Final = 0.5  # seconds
_BETWEEN: Final = 2.0  # seconds between two kills that make up the number
_SLACK: Final = 0.05  # seconds by which the clocks of two logs of one machine may differ
_EVENTS_EACH: Final = 6  # of one person, in a small run
_FEWEST, _MOST = 8, 300  # people


class Run:
    """One run in a state directory of its own.

    Args:
        state_dir: a fresh one.
        folder: where the history is written.
        dose: how much.
        telling: shows how far it is.
    """

    def __init__(self, state_dir: Path, folder: Path, dose: Dose, telling: Telling) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._dose = dose
        self._telling = telling
        people = max(_FEWEST, min(_MOST, dose.events // _EVENTS_EACH))
        self._ground = Ground(state_dir, Company.of(people), dose.protocol)
        self._diary = Diary(folder / "diary.jsonl")
        self._databases = Databases(state_dir)
        self._supervisor = Supervisor(state_dir, self._diary, self._chance("supervisor"))
        self._proxies = Proxies()
        self._mischief: dict[str, tuple[Mischief, ...]] = {}

    def go(self) -> Outcome:
        """Do it all."""
        with self._everything_running():
            begun = monotonic()
            load = self._load()
            monkey = self._monkey(load)
            load.start()
            monkey.start()
            self._watch(load, monkey)
            missing = self._come_to_rest(monkey)
            seconds = monotonic() - begun
            self._telling.begin("collecting what everybody wrote down")
            history = collect(self._ground, self._folder)
        promised = expectations(self._ground.company, quiet=not missing, slack=_SLACK)
        write(self._folder, history, promised)
        self._telling.begin("the checker reads")
        anomalies = check(history, promised)
        return Outcome(self._dose, self._diary, history, anomalies, load.accepted, load.repeated, missing, seconds)

    @contextmanager
    def _everything_running(self) -> Iterator[None]:
        self._proxies.start()
        self._open_proxies()
        self._supervisor.start()
        try:
            self._ground.start(self._supervisor, self._telling.begin)
            yield
        finally:
            self._telling.begin("ending everything")
            self._supervisor.end()
            self._proxies.end()
            self._diary.close()

    def _open_proxies(self) -> None:
        for name, (reads, writes) in PERIODS.items():
            odds = {f"{name} reads": reads, f"{name} writes": writes} if reads else {name: writes}
            self._mischief[name] = several = tuple(self._odds(which, periods) for which, periods in odds.items())
            port, proxied = self._ground.ports.of(name), self._ground.ports.of(f"{name}-proxy")
            proxy = SmtpProxy(port, *several) if name == "smtp" else HttpProxy(port, *several)
            self._proxies.open(proxied, proxy.serve)

    def _odds(self, name: str, periods: Mapping[str, int]) -> Mischief:
        chosen = {kind: period for kind, period in periods.items() if not (self._dose.brief and "time-out" in kind)}
        return Mischief(name, chosen, self._dose.seed, self._diary, self._dose.rarer)

    def _load(self) -> Load:
        dose, company = self._dose, self._ground.company
        log = SubmissionLog(self._folder / "submissions.jsonl")
        return Load(
            self._ground.url("intake-proxy"),
            self._ground.credentials.webhook_secret,
            company=company,
            scripts=scripts(dose.seed, company.leavers, dose.events, dose.events / dose.rate),
            rate=dose.rate,
            log=log,
            seed=dose.seed,
        )

    def _monkey(self, load: Load) -> Monkey:
        return Monkey(
            self._ground,
            self._supervisor,
            self._mischief,
            plan=deeds(self._dose.seed, self._dose.kills),
            progress=lambda: (load.accepted + load.refused) / load.planned,
            diary=self._diary,
            chance=self._chance("monkey"),
            lengths=BRIEF if self._dose.brief else LONG,
        )

    def _watch(self, load: Load, monkey: Monkey) -> None:
        person = PersonOnDuty(self._ground.state_dir, self._databases, self._diary)
        self._telling.load(load.planned)
        while load.is_alive() or monkey.is_alive():
            self._telling.accepted(load.accepted, self._diary.total("kill"))
            person.look()
            self._raise_failures(load, monkey)
            sleep(_LOOK)
        self._raise_failures(load, monkey)

    def _raise_failures(self, *workers: Load | Monkey) -> None:
        """Raise what went wrong in the run itself: then it proves nothing."""
        for worker in (*workers, self._proxies, self._supervisor):
            if worker.failure is not None:
                raise worker.failure

    def _come_to_rest(self, monkey: Monkey) -> str:
        self._top_up()
        monkey.stop()
        for several in self._mischief.values():
            for one in several:
                one.calm()
        self._supervisor.disarm()
        person = PersonOnDuty(self._ground.state_dir, self._databases, self._diary)
        rest = Rest(self._ground.broker.bootstrap_servers, self._databases, self._supervisor.settled)
        self._telling.begin("everything comes to rest")
        return rest.wait(self._dose.patience, self._telling.say, person.look)

    def _top_up(self) -> None:
        """Kill until the number is reached: a fail point that nobody came to has killed nobody."""
        chance = self._chance("top up")
        while self._diary.total("kill") < self._dose.kills:
            self._supervisor.kill(chance.choice(SERVICES))
            sleep(_BETWEEN)

    def _chance(self, of: str) -> random.Random:
        return random.Random(f"{self._dose.seed}/{of}")
