"""The kit: outbox."""
