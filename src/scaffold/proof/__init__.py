"""What runs: the baseline, the generated tests and the kill check."""
