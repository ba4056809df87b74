"""The kit: consume."""
