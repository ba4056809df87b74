"""Where the system runs: the local stack, the sandbox and the command line."""
