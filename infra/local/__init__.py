"""The broker, the registry and every other process on this machine, with nothing but Python."""
