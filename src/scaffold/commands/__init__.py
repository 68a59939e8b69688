"""The commands, one module each: flags → call → print → exit code."""
