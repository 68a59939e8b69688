"""Prices and labels of parcels."""

__version__ = "1.4.0"
