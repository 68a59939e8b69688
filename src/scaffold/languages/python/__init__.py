"""Python text: symbols, stubs and edits."""
