"""What is printed on a parcel."""

from __future__ import annotations

from dataclasses import dataclass

HOME = "DE"


@dataclass(frozen=True)
class Address:
    """Where a parcel goes."""

    name: str
    street: str
    postcode: str
    city: str
    country: str = HOME

    def lines(self) -> list[str]:
        """The address line by line; the country only where it is not home."""
        lines = [self.name, self.street, f"{self.postcode} {self.city}"]
        if self.country != HOME:
            lines.append(self.country)
        return lines


def check_digit(serial: int) -> int:
    """The digit that makes the weighted sum of all digits a multiple of ten."""
    digits = [int(digit) for digit in f"{serial:08}"]
    total = sum(digit * (3 if index % 2 else 1) for index, digit in enumerate(digits))
    return -total % 10


def tracking_number(serial: int) -> str:
    """The number on the label: eight digits of the serial and a check digit.

    Raises:
        ValueError: The serial does not fit into eight digits.
    """
    if not 0 <= serial < 10**8:
        raise ValueError(f"{serial} is no serial of eight digits")
    return f"{serial:08}{check_digit(serial)}"


def label(address: Address, serial: int) -> str:
    """The whole label: the address, an empty line, the tracking number."""
    return "\n".join([*address.lines(), "", tracking_number(serial)])
