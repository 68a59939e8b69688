"""`scaffold` writes the tests that a code base is missing, and proves them."""

__version__ = "0.1.0"
