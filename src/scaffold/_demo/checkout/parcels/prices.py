"""What it costs to send a parcel."""

from __future__ import annotations

RATES = ((500, 290), (2000, 490), (10000, 990))
"""Steps of weight in grams, each up to and including its limit, and the price in cents."""

ZONES = {"home": 1, "europe": 2, "world": 4}
"""Zone -> how many times the price at home."""


def base_price(grams: int) -> int:
    """The price in cents at home, by weight.

    A step holds up to and including its limit: a parcel of exactly 500 g costs 290 cents.

    Raises:
        ValueError: The weight is not positive, or above the last step.
    """
    if grams <= 0:
        raise ValueError(f"a parcel weighs more than {grams} g")
    for limit, cents in RATES:
        if grams < limit:
            return cents
    raise ValueError(f"{grams} g is too heavy for a parcel")


def premium(value: int) -> int:
    """The price in cents of an insurance: one for each full hundred of the value."""
    return value // 100


def price(grams: int, zone: str = "home") -> int:
    """The price in cents.

    Raises:
        KeyError: There is no such zone.
        ValueError: The weight does not fit.
    """
    return base_price(grams) * ZONES[zone]
