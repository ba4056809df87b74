"""The kit: process."""
