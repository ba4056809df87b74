"""Doubles that are part of the product: a clock, a memory and a broker in one process.

Tenth floor, on top. For unit tests and the simulation, never for a running system; each stands beside the real thing
and promises the same. Read: `fake`.
"""
