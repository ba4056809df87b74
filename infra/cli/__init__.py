"""The `ems` command line, one file per noun."""
