"""What a checkout demands of its files, read and never run."""
