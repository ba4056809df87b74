"""Producers: who states a fact first."""
