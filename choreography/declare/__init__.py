"""The kit: declare."""
