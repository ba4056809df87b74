"""The kit: testing."""
