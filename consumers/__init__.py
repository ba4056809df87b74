"""Services that subscribe and react; a folder with a `service.py` is a service."""
