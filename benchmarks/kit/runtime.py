"""Row `runtime`: the runtime without a ledger, beside the least that Python can do, and beside another framework."""

from collections.abc import Iterator
from typing import Final

from benchmarks.figures import Figure, at_least, plain
from benchmarks.kit.bare import bare_loop
from benchmarks.kit.bed import Bed
from benchmarks.kit.member import Member
from benchmarks.kit.peer_process import PEER, PeerMissing, peer
from benchmarks.kit.span import Span, median_rate, times_as_busy, times_as_fast
from benchmarks.kit.unledgered import Decoding

ROUNDS: Final = 5
NUMBER: Final = 40_000
WARM: Final = 2_000
PEER_ROUNDS: Final = 3
PEER_NUMBER: Final = 5_000
PEER_WARM: Final = 500


def measure(bed: Bed) -> Iterator[Figure]:
    """Read the same orders in each way, in turns."""
    topic = bed.many()
    pairs = [(_ours(bed, topic, turn), _bare(bed, topic, turn)) for turn in range(ROUNDS)]
    ours = [one for one, _ in pairs]
    yield plain("bare consume(500) + fastavro + pydantic", median_rate(bare for _, bare in pairs), "/s", 0)
    yield plain("runtime, decoding, no-op handler, no ledger", median_rate(ours), "/s", 0)
    yield at_least("  ÷ bare loop", times_as_fast(pairs), 0.6, "ratio", 2)
    yield plain("  ÷ bare loop, by processor time alone", 1 / times_as_busy(pairs), "ratio", 2)
    yield from _beside_peer(bed, topic, ours)


def _beside_peer(bed: Bed, topic: str, ours: list[Span]) -> Iterator[Figure]:
    try:
        with bed.steps.part(PEER, PEER_ROUNDS) as told:
            theirs = []
            for turn in range(PEER_ROUNDS):
                theirs.append(peer(bed, topic, warm=PEER_WARM, number=PEER_NUMBER))
                told(turn + 1)
    except PeerMissing as reason:
        yield Figure(f"  ÷ {PEER} per message", f"not measured: {reason}", {}, "≥ 12 ×")
        return
    yield plain(f"{PEER} per message, the same decoding", median_rate(theirs), "/s", 0)
    yield at_least(f"runtime ÷ {PEER}", median_rate(ours) / median_rate(theirs), 12, "ratio")


def _ours(bed: Bed, topic: str, turn: int) -> Span:
    member = Member(group=bed.group("unledgered"), topic=topic, handling=Decoding, asks=False)
    return member.run(bed, f"runtime, {turn + 1} of {ROUNDS}", warm=WARM, number=NUMBER)


def _bare(bed: Bed, topic: str, turn: int) -> Span:
    with bed.steps.part(f"bare loop, {turn + 1} of {ROUNDS}", 1):
        return bare_loop(bed, topic, warm=WARM, number=NUMBER)
