"""The version of everything that is shipped together."""

__version__ = "0.1.0"
