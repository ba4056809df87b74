"""Before the flight: a configuration that cannot work is refused at the start, with every reason and its remedy.

A cluster that is away is no bad configuration: it is waited for, and health says so. What may have been created a
moment ago, a topic or a right, is looked for again before it is said to be missing. Refused credentials are not: with
each try they bring the user nearer to being locked out.

What has to fit: the consumer's thread polls whatever the handlers do, so how long a handler takes is no matter of the
group. Two things keep that thread from polling: bringing a revoked partition to rest, which takes `drain_seconds` at
most, and that has to be less than the client's `max.poll.interval.ms`; and a session time-out above that, which the
client itself refuses. A member that lost a claim waits for as long as a session lasts before it takes a new one, so
under the group protocol `consumer`, where the broker decides how long that is, the setting must not say less.
"""

import asyncio
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import structlog

from choreography.clock import Clock
from choreography.database.engine import read_url
from choreography.errors import InvalidSettings, NoAnswer, noting
from choreography.health import Health
from choreography.kafka.cluster import Access, Cluster, ClusterSeen
from choreography.kafka.config import MAX_POLL_INTERVAL_MS
from choreography.process.needs import Needs
from choreography.retries import MOMENT_SECONDS, Backoff, look_again
from choreography.settings import ServiceSettings

log = structlog.stdlib.get_logger(__name__)

PART: Final = "broker"
_GRACE_SECONDS: Final = 2.0
_LOOK_SECONDS: Final = 1.0


async def preflight(settings: ServiceSettings, needs: Needs, cluster: Cluster, *, health: Health, clock: Clock) -> None:
    """Return when everything that is needed is there; wait for the cluster if it is away.

    Raises:
        InvalidSettings: with every reason why it cannot work.
    """
    reasons = [*needs.problems, *settings_reasons(settings)]
    with noting(reasons):
        seen = await _seen(needs, cluster, health=health, clock=clock, patient=not reasons)
        if seen is not None:
            seen = await _with_latest(needs, seen, cluster, health=health, clock=clock, patient=not reasons)
            seen = await _without_ghosts(settings, needs, seen, cluster, health=health, clock=clock)
            reasons += cluster_reasons(settings, needs, seen)
    if reasons:
        raise InvalidSettings(tuple(reasons))
    health.set(PART, True)


def settings_reasons(settings: ServiceSettings) -> Iterator[str]:
    """Yield what is wrong with the settings whatever the cluster is like."""
    most = MAX_POLL_INTERVAL_MS // 1_000
    if settings.drain_seconds >= most:
        yield (
            f"{settings.variable('drain_seconds')}: a member that takes {settings.drain_seconds:g} s to bring a "
            f"partition to rest is taken for dead after {most} s. Set it below {most}."
        )
    if settings.session_timeout_ms > MAX_POLL_INTERVAL_MS:
        yield f"{settings.variable('session_timeout_ms')}: set it to {MAX_POLL_INTERVAL_MS} at most."
    login = ("kafka_sasl_mechanism", "kafka_sasl_username", "kafka_sasl_password")
    protocol = settings.variable("kafka_security_protocol")
    if settings.kafka_security_protocol.startswith("SASL"):
        for name in login:
            if not getattr(settings, name):
                yield f"{settings.variable(name)}: {protocol} is {settings.kafka_security_protocol}, so set this, too."
    elif given := [settings.variable(name) for name in login if getattr(settings, name)]:
        yield (
            f"{', '.join(given)}: credentials are given, but {protocol} says {settings.kafka_security_protocol}, which "
            "uses none. Set it to SASL_SSL or SASL_PLAINTEXT, or take the credentials away."
        )
    if settings.database_url:
        unreadable: list[str] = []
        with noting(unreadable):
            read_url(settings.database_url)
        yield from unreadable
    trusted = settings.kafka_ssl_ca_location
    if trusted is not None and not Path(trusted).is_file():
        yield f"{settings.variable('kafka_ssl_ca_location')}: there is no file {trusted}. Name one with certificates."


def cluster_reasons(settings: ServiceSettings, needs: Needs, seen: ClusterSeen) -> Iterator[str]:
    """Yield why the cluster, as it is, cannot do what is needed."""
    yield from _lacking(needs, seen)
    if needs.group:
        yield from _group_reasons(settings, needs, seen)


def _lacking(needs: Needs, seen: ClusterSeen) -> Iterator[str]:
    """Yield what has to be created, and may have been just now: topics and rights."""
    wanted = dict.fromkeys((*needs.reads, *needs.writes))
    missing = [name for name in wanted if not seen.topics[name].exists]
    if missing:
        yield f"{', '.join(missing)}: these topics do not exist. Create them, with the deploy step of this system."
    for verb, operation, names in (("read", "READ", needs.reads), ("write", "WRITE", needs.writes)):
        forbidden = [name for name in names if _is_forbidden(seen.topics[name], operation)]
        if forbidden:
            yield (
                f"{', '.join(forbidden)}: this client may not {verb} these topics, or they do not exist. Create them "
                f"where they are missing, and give its user the rights {operation} and DESCRIBE on them."
            )
    if needs.group and seen.group and _is_forbidden(seen.group, "READ"):
        yield f"{needs.group}: this client may not use its consumer group. Give its user the right READ on it."


def _group_reasons(settings: ServiceSettings, needs: Needs, seen: ClusterSeen) -> Iterator[str]:
    session, config = settings.variable("session_timeout_ms"), seen.config
    if config and settings.group_protocol == "classic":
        least, most = (int(config.get(f"group.{end}.session.timeout.ms", 0)) for end in ("min", "max"))
        if settings.session_timeout_ms < least or settings.session_timeout_ms > most > 0:
            yield f"{session}: the brokers take {least} to {most} only. Set it to something in between."
    if config and settings.group_protocol == "consumer":
        if "consumer" not in config.get("group.coordinator.rebalance.protocols", ""):
            yield f"{settings.variable('group_protocol')}: these brokers do not speak `consumer`. Set it to classic."
        else:
            lasts = int(config.get("group.consumer.session.timeout.ms", 0))
            if settings.session_timeout_ms < lasts:
                yield f"{session}: the brokers decided that a session lasts {lasts} ms. Set it to {lasts}."
    if others := _others(needs, seen):
        yield (
            f"{settings.variable('database_url')}: {needs.group} has a live member on another host "
            f"({', '.join(others)}), and the SQLite ledger here cannot follow a partition there. End that member, or "
            "give all of them one PostgreSQL database, as in postgresql://user@host/database."
        )


def _is_forbidden(access: Access, operation: str) -> bool:
    return access.exists and operation not in access.allowed


def _others(needs: Needs, seen: ClusterSeen) -> list[str]:
    """Return the hosts of members that cannot share this process's ledger."""
    return sorted(seen.hosts - seen.own) if needs.database_url.startswith("sqlite") else []


async def _seen(needs: Needs, cluster: Cluster, *, health: Health, clock: Clock, patient: bool) -> ClusterSeen | None:
    """Ask the cluster; wait while it is away, but only for a moment where nothing it could say would help."""
    topics, backoff, attempt = list(dict.fromkeys((*needs.reads, *needs.writes))), Backoff(), 0
    deadline = math.inf if patient else clock.monotonic() + MOMENT_SECONDS
    while True:
        try:
            return await asyncio.to_thread(cluster.look, topics, needs.group)
        except NoAnswer as error:
            if clock.monotonic() >= deadline:
                return None
            attempt += 1
            log.warning("broker.away", reason=str(error), attempt=attempt)
            health.set(PART, False, f"{error} It is asked again.")
            await clock.sleep(backoff.after(attempt))


async def _with_latest(
    needs: Needs, seen: ClusterSeen, cluster: Cluster, *, health: Health, clock: Clock, patient: bool
) -> ClusterSeen:
    """Look again while something is missing that may have been created a moment ago."""

    async def look() -> ClusterSeen:
        health.set(PART, False, "Looking again: topics or rights are missing, and may have been created just now.")
        return await _seen(needs, cluster, health=health, clock=clock, patient=patient) or seen

    return await look_again(seen, look, is_lacking=lambda one: any(_lacking(needs, one)), clock=clock)


async def _without_ghosts(
    settings: ServiceSettings, needs: Needs, seen: ClusterSeen, cluster: Cluster, *, health: Health, clock: Clock
) -> ClusterSeen:
    """Look again while members elsewhere may be dead, and not known to be: this process itself, before it moved."""
    deadline = clock.monotonic() + settings.session_timeout_ms / 1_000 + _GRACE_SECONDS
    while (others := _others(needs, seen)) and clock.monotonic() < deadline:
        health.set(PART, False, f"Waiting for the member of the group on {', '.join(others)} to end.")
        await clock.sleep(_LOOK_SECONDS)
        seen = await _seen(needs, cluster, health=health, clock=clock, patient=True) or seen
    return seen
