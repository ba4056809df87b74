"""What the author of a service writes: events on topics, reactions to them, and the effect that a handler is given.

Ground floor; imports nothing of the kit but what stands at its root. Everything here is data or a small promise: a
`service.py` can be imported, read and checked without settings, a broker or a database.

Promises: what cannot work is refused at import, with a sentence (a handler that is not async, an `unless` on another
topic, two reactions to one event). Does not: run anything.

Read: `topic`, `event` (roles and stamps), `reaction` with `on`, `effect`, `service`; then `catalog`, which finds what
is declared, and `ids`, from which every effect and fact has its id.
"""
