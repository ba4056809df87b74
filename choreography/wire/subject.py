"""The subject under which an event's schema is registered: one per topic and record name."""

import hashlib
import json
from dataclasses import dataclass

from choreography.declare.event import Event
from choreography.declare.topic import Topic


@dataclass(frozen=True)
class Subject:
    """A schema of ours and where it is registered.

    Attributes:
        name: the topic's name and the Avro full name, joined by a hyphen (Confluent's TopicRecordName).
        schema: the text that is registered and looked up.
    """

    name: str
    schema: str

    @classmethod
    def of(cls, topic: Topic, kind: type[Event]) -> "Subject":
        """Return the subject of an event on a topic."""
        text = json.dumps(kind.avsc(), ensure_ascii=False, separators=(",", ":"))
        return cls(f"{topic.name}-{kind.full_name()}", text)

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the text: an id kept for another text is not used."""
        return hashlib.sha256(self.schema.encode()).hexdigest()
