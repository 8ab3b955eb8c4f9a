"""An allocation: its powers of the compute, and what of it is a number by its place and what a text by its name."""

from dataclasses import MISSING, fields

import numpy as np
import pytest

import lifetime as lt

NUMBERS = (0.2, 0.55, 3.0, 0.45)


@pytest.mark.parametrize("unit", [1, 6])
def test_size_and_data_are_powers_of_the_compute(unit):
    flop = np.geomspace(1e18, 1e26, 9)
    N, D = lt.Allocation(*NUMBERS, unit).compute_optimal(flop)
    np.testing.assert_allclose(N, 0.2 * flop**0.55 / unit, rtol=1e-14)
    np.testing.assert_allclose(D, 3 * flop**0.45, rtol=1e-14)
    assert lt.Allocation(*NUMBERS).compute_optimal(1e20)[0] == pytest.approx(0.2 * 1e20**0.55, rel=1e-14)


@pytest.mark.parametrize("kind", [lt.Allocation, lt.ScalingLaw])
def test_only_numbers_are_given_by_their_place(kind):
    """A text or a table among them would be taken for a coefficient, or a coefficient for it."""
    by_place = [field for field in fields(kind) if field.init and not field.kw_only]
    others = [field for field in fields(kind) if field.init and field.kw_only]
    assert all(field.default is MISSING or isinstance(field.default, int | float) for field in by_place)
    assert others and not any(isinstance(field.default, int | float) for field in others)
    with pytest.raises(TypeError):
        kind(*[0.5] * len(by_place), "a text")


def test_it_shows_what_it_counts_and_not_its_source():
    texts = {"name": "One", "size_counted": "parameters", "compute_counted": "FLOP", "source": "Somebody, Table 1"}
    shown = repr(lt.Allocation(*NUMBERS, **texts))
    assert all(text in shown for name, text in texts.items() if name != "source")
    assert "Somebody" not in shown
    bare = lt.Allocation(*NUMBERS)
    assert [getattr(bare, name) for name in texts] == [""] * 4
