"""The kit: rebuild."""
