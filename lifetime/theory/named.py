"""A law as an argument: an object, or the name of a preset."""

from __future__ import annotations

from collections.abc import Mapping

from ..arrays import brief, closest
from .composite import Law
from .law import ScalingLaw

_NAMED: list[Mapping] = []
_LOSSES = ("loss", "tokens_for", "params_for", "least_params", "compute_optimal", "compute_optimal_at_loss")
_LOSSES += ("compute_optimal_tokens", "overtraining")


def named_laws(presets: Mapping) -> None:
    """Let laws be given by the names of these presets, wherever a law is asked for."""
    _NAMED.append(presets)


def as_law(law: ScalingLaw | Law | str) -> ScalingLaw | Law:
    """A law as it is, or the preset of that name; an error that lists the names for anything else.

    A subclass with a loss or an inverse of its own is refused: the optimum would not know of it.
    """
    if isinstance(law, str):
        for presets in _NAMED:
            if law in presets:
                return presets[law]
    if not isinstance(law, ScalingLaw | Law):
        names = [name for presets in _NAMED for name in presets.keys()]  # noqa: SIM118, keys of presets, not presets
        hint = closest(law, names) if isinstance(law, str) else f"Valid names: {', '.join(names)}"
        raise ValueError(f"law must be a lifetime.ScalingLaw, a lifetime.Law or a name; got {brief(law)}; {hint}")
    kind = ScalingLaw if isinstance(law, ScalingLaw) else Law
    own = [name for name in _LOSSES if getattr(type(law), name, None) is not getattr(kind, name, None)]
    if own:
        raise ValueError(
            f"law must not be a subclass that overrides {', '.join(own)}, which an optimum would not know of; "
            f"got {type(law).__name__}: write its loss with law.where(N=..., D=...) or law + term"
        )
    return law


def plain(law):
    """The law, unless it is more than a plain scaling law: then an error."""
    if isinstance(law, Law):
        raise ValueError(f"law must be a plain lifetime.ScalingLaw here; got {brief(law)}")
    return law
