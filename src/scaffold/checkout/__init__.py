"""What a checkout holds and remembers."""
