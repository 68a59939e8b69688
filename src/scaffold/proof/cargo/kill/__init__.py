"""The kill check of Rust targets."""
