"""The kit: wire."""
