"""Rust text: symbols, stubs and edits."""
