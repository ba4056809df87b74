"""What several services use: the directory of people, mail, and the words of letters. No service, and none imports one.

A service opens these in its `__main__.py` and may use their values; what acts for it is a port of its own.
"""
