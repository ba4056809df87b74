"""The kit: kafka."""
