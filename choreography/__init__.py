"""The kit: events, topics, services that react, and a runtime in which an effect happens once.

It knows nothing of the domain that uses it. This module is its public face; nobody imports past it.
"""

from choreography.event import Event, correlation_id, record_key, sequence
from choreography.topic import Topic

__all__ = ["Event", "Topic", "correlation_id", "record_key", "sequence"]
