"""What the outputs of `verify` hold beside tests and mutants."""
