"""The kit: events, topics, services that react, and a runtime in which an effect happens once.

It knows nothing of the domain that uses it. This module is its public face; nobody imports past it.
"""
