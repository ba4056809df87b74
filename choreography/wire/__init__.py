"""Events to bytes and back: Avro in Confluent's format, CloudEvents headers, schemas and their ids.

Third floor, on `database` (ids are kept there) and `declare`. Promises: what cannot be read is `Poison`, and says where
reading failed and no value; a registry that is away is never a record's fault; reading `n` bytes takes a number of
steps that grows with `n` only, whatever schema they name. Does not: know Kafka.

Read: `record` and `headers`, `codec`, `registry` with `subject` and `schema_client`, `writer_schema`; `registration` is
what a start waits for.
"""
