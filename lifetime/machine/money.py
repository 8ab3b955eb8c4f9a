"""What device-hours cost: dollars and tokens. No numbers."""

from __future__ import annotations

from ..types import Value
from .positive import of_positive


def price_of(price_per_hour: Value, devices: Value, tokens_per_second: Value) -> Value:
    """USD per million tokens, of devices that cost so many USD an hour each and make so many tokens a second together.

    Examples
    --------
    >>> f"{price_of(2, 8, 20_000):.2f} USD"
    '0.22 USD'
    """

    def formula(price_per_hour, devices, tokens_per_second):
        return 1e6 / 3600 * price_per_hour * devices / tokens_per_second

    inputs = {"price_per_hour": price_per_hour, "devices": devices, "tokens_per_second": tokens_per_second}
    return of_positive(formula, "price", **inputs)
