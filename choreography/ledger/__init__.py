"""The kit: ledger."""
