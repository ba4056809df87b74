"""How fast, and how large: figures of one run on one machine, beside what they are to be compared with.

`python -m benchmarks`; see README.md here for the method and for a run.
"""
