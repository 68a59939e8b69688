"""The one suite that was here before: what the package says of itself."""

import parcels


def test_version_has_three_parts():
    """A release is MAJOR.MINOR.PATCH."""
    assert [part.isdigit() for part in parcels.__version__.split(".")] == [True] * 3


def test_package_says_what_it_is():
    """The docstring is what `help(parcels)` shows."""
    assert parcels.__doc__ == "Prices and labels of parcels."
