"""The kit: database."""
