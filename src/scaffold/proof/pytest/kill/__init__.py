"""The kill check of Python targets."""
