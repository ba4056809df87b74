"""The client, at the edge: consumer and look-ahead threads, offsets, what a cluster says about itself.

Fourth floor, on `wire`. Only here, and in `outbox.producer`, is `confluent_kafka` used. Promises: one thread owns a
consumer, and no other calls it; positions are stored by us and committed by the client; a partition that yields nothing
for no reason ends the process. Does not: know what is done with a record; it tells a `listener.Subscriber`.

Read: `listener` (both sides of a subscription), `consumer`, `config`, `message`, `offsets`; `look_ahead` with `scout`;
then `watchdog`, `arrival`, `cluster`, and `topic_log` with `census`, which read a topic once.
"""
