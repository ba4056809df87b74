"""What a run left behind: lines of eight sources, in memory or as a folder of JSON lines.

Nothing here knows the product: a history is written by whoever made the run (a simulation, or real processes) from
what he saw *outside* the product. The checker reads it, and reads nothing else.

| file | line | who knows it |
|---|---|---|
| `submissions.jsonl` | `Submission` | the load generator's fsynced log, one line per step |
| `records.jsonl` | `Record` | the topics, each partition in the order of its offsets |
| `effects.jsonl` | `Effect` | each target's own append-only log: what it *accepted*, in its order |
| `ledger.jsonl` | `Row` | the ledgers: once per row at the end, or once per committed change of a row |
| `commits.jsonl` | `Commit` | the committed offsets: each commit where known, else the last one |
| `outbox.jsonl` | `Waiting` | outbox rows that are left unpublished at the end |
| `assignments.jsonl` | `Assignment` | optional: who was given what, and where the partition ended at that moment |
| `actions.jsonl` | `Action` | what the operator and the fault injector did: resets, releases, drops, kills |
| `expectations.json` | `Expectations` | what the run declares to be right (see `tests.checker.expectations`) |

A missing file is an empty source. A line of a file is a JSON object with the fields of its dataclass; fields with a
default may be left out. The number of a line in its file is how a witness names it.

**Time.** `at` is a number on ONE clock for all sources: the number of the step in a simulation, `time.time()` of one
machine for real processes. Lines with the same `at`, or within `Expectations.slack` of each other, count as
simultaneous, and the product gets the benefit of the doubt. `None` means unknown: then nothing is concluded from time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Json: TypeAlias = Any  # what `json.loads` returns
State: TypeAlias = Literal["INTENT", "DONE", "SKIPPED", "HELD"]


@dataclass(frozen=True, slots=True)
class Submission:
    """One step of handing something in.

    Attributes:
        id: the sender's own id (idempotency key): the same in every step and every repeat of one submission.
        step: `submitted` is written before sending, `accepted` after the 2xx answer, `refused` after a final no.
        key: record key of the fact that it leads to (the employee, the customer).
        type: short name of the fact that it leads to, such as `EmployeeResigned`.
        event_id: of that fact, where the sender knows it.
        correlation: of that fact, where the sender knows it (an answer may tell it).
        sequence: of that fact, where the sender knows it.
    """

    id: str
    step: Literal["submitted", "accepted", "refused"]
    at: float | None
    key: str
    type: str
    event_id: str | None = None
    correlation: str | None = None
    sequence: int | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """A record on a topic.

    Attributes:
        headers: as text; of a header that comes twice the last. `ce_id`, `ce_type`, `ce_subject` (the correlation
            id), `ce_sequence`, `ce_causationid` are read. A poisoned record's headers are not believed.
        value: decoded; `None` for a tombstone and for whatever cannot be decoded: both are poison.
        at: when the broker took it.
    """

    topic: str
    partition: int
    offset: int
    key: str | None
    headers: Mapping[str, str] = field(default_factory=dict)
    value: Mapping[str, Json] | None = None
    at: float | None = None


@dataclass(frozen=True, slots=True)
class Effect:
    """What a target accepted: a line of its own log.

    Attributes:
        target: which one, such as `mail`.
        at: when the target took it (not when it answered).
        kind: what was done, such as `sent`, `put`, `delete`, `set`.
        id: the object it was done to: a Message-ID, a calendar UID, an account.
        effect_key: uuid5(event id, group), where the target shows it (a mail's Message-ID does).
        key: the record key (the employee), where the target shows it.
        correlation: the correlation id (the case), where the target shows it.
        before: what the object was: `None` for none, else any JSON; a list for a set of members.
        after: what the object is from now on, in the same form. Of a set that may never change, a line with
            `by: other` and `before` equal to `after` at the beginning says how it was.
        by: `product`, or `other` for what the run itself or somebody else did to the target.
        sequence: of the event that it answers, where the target shows it; else the newest that stood then is taken.
    """

    target: str
    at: float | None
    kind: str
    id: str
    effect_key: str | None = None
    key: str | None = None
    correlation: str | None = None
    before: Json = None
    after: Json = None
    by: Literal["product", "other"] = "product"
    sequence: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a group's ledger, as it was from `at` on.

    One line per row at the end is enough; then `created_at` says since when the row exists. Where every committed
    change is a line of its own, more can be proved: the last line of a row (by order in the file) is its end.
    """

    group: str
    effect_key: str
    topic: str
    partition: int
    offset: int
    state: State
    event_id: str
    event_type: str
    record_key: str
    correlation: str
    sequence: int = 0
    begun: bool = False
    attempts: int = 0
    claim: int = 0
    decided: str | None = None
    fact_type: str | None = None
    undone_by: str | None = None
    hold_reason: str | None = None
    blocks_lane: bool = False
    not_before: float | None = None
    ordered: str | None = None
    released: bool = False
    resolved_by: str | None = None
    created_at: float | None = None
    at: float | None = None


@dataclass(frozen=True, slots=True)
class Commit:
    """An offset that a group committed: "read on from here".

    Attributes:
        source: `member`, or `operator` for a console reset.
    """

    group: str
    topic: str
    partition: int
    offset: int
    at: float | None = None
    source: Literal["member", "operator"] = "member"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A row of an outbox that is still unpublished when the run ends.

    Attributes:
        owner: whose outbox it is: a group, or the producer.
        event_id: `ce_id` of the record; `None` for a dead letter, which has the id of somebody else's event.
    """

    owner: str
    row: int
    topic: str
    key: str | None
    event_id: str | None = None


@dataclass(frozen=True, slots=True)
class Assignment:
    """A member was given a partition.

    Attributes:
        at: when the member had taken its claim, so that no older owner can write to the ledger any more.
        end: the partition's end offset when the member was told, which is before it could ask for it: what stands
            before it must have been looked at.
    """

    group: str
    member: str
    topic: str
    partition: int
    at: float
    end: int


@dataclass(frozen=True, slots=True)
class Action:
    """What an operator or the fault injector did.

    Attributes:
        kind: `reset` (offsets; `group`, and `topic`/`partition`/`offset` where they are known), `release` and `drop`
            (with `effect_key`), `resume`, `ledger-lost` (`group`: its rows were written anew afterwards, so they say
            nothing about when they came into being), `fault` (for the reader of a witness only).
        what: in words.
    """

    at: float | None
    kind: Literal["reset", "release", "drop", "resume", "ledger-lost", "fault"]
    group: str | None = None
    topic: str | None = None
    partition: int | None = None
    offset: int | None = None
    effect_key: str | None = None
    what: str = ""


Line: TypeAlias = Submission | Record | Effect | Row | Commit | Waiting | Assignment | Action


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Everything that a run left behind, each source in its own order."""

    submissions: tuple[Submission, ...] = ()
    records: tuple[Record, ...] = ()
    effects: tuple[Effect, ...] = ()
    ledger: tuple[Row, ...] = ()
    commits: tuple[Commit, ...] = ()
    outbox: tuple[Waiting, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    actions: tuple[Action, ...] = ()
