"""A formula of numbers that must be positive."""

from __future__ import annotations

from collections.abc import Callable

from ..arrays import as_number, check, elementwise, is_lazy, is_symbolic
from ..symbols import Meaning
from ..types import Value

POSITIVE = Meaning(None, "", "")


def of_positive(formula: Callable, *outputs: str, zero: bool = False, **inputs: Value) -> Value:
    """A formula of positive, finite numbers (or of zero, too): an error names the first input that is not."""
    inputs = {name: as_number(name, value) for name, value in inputs.items()}
    for name, value in inputs.items():
        if not (is_symbolic(value) or is_lazy(value)):
            check(name, value, POSITIVE._replace(closed=zero))
    return elementwise(formula, outputs, **inputs)
