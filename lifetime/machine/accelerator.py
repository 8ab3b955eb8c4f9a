"""Accelerators: peak, memory and links of a device. No numbers."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..arrays import as_number, check, closest, is_symbolic
from ..symbols import Meaning
from ..types import Value
from .roofline import Roofline

_POSITIVE = Meaning(None, "", "")
_PRECISIONS = ("bf16", "fp8", "int8", "fp4")
_MEMORY = ("hbm_bytes", "hbm_bandwidth")


@dataclass(frozen=True, kw_only=True)
class Accelerator:
    """One device, and the scale-up domain that it belongs to. ``None`` where no source states a value.

    Attributes
    ----------
    bf16, fp8, int8, fp4 : float or None
        Peak of dense matrix products by precision, FLOP (or integer operations) per second.
    hbm_bytes, hbm_bandwidth : float
        Memory, bytes, and bytes per second that can be read from it. Bytes are those that the driver reports, where a
        listing of it could be cited; GB as marketed are fewer or more, and the note of a row says so.
    scale_up_size, scale_up_bandwidth : float or None
        Devices joined by the fast links, and bytes per second of all links of a device, both directions together.
    scale_out_bandwidth : float or None
        Bytes per second of a device, one direction, into the network between such domains.
    power : float or None
        The most that a device is specified to draw, W, without host, network and cooling.
    key, name, vendor, source, locator, note : str

    Raises
    ------
    ValueError
        For a number that is not positive and finite, and for no memory.

    Examples
    --------
    >>> own = Accelerator(name="own", fp8=2e15, hbm_bytes=100e9, hbm_bandwidth=5e12, scale_up_size=64)
    >>> own.drain_time
    0.02
    """

    key: str = ""
    name: str
    vendor: str = ""
    bf16: float | None = None
    fp8: float | None = None
    int8: float | None = None
    fp4: float | None = None
    hbm_bytes: float
    hbm_bandwidth: float
    scale_up_size: float | None = None
    scale_up_bandwidth: float | None = None
    scale_out_bandwidth: float | None = None
    power: float | None = None
    source: str = field(default="", repr=False)
    locator: str = field(default="", repr=False)
    note: str = field(default="", repr=False)

    def __post_init__(self):
        for name in (*_PRECISIONS, *_MEMORY, "scale_up_size", "scale_up_bandwidth", "scale_out_bandwidth", "power"):
            value = getattr(self, name)
            if value is not None or name in _MEMORY:
                check(name, as_number(name, value), _POSITIVE)

    @property
    def precisions(self) -> tuple[str, ...]:
        """The precisions whose peak is known."""
        return tuple(name for name in _PRECISIONS if getattr(self, name) is not None)

    def flop_per_second(self, precision: str) -> float:
        """Peak of dense matrix products in a precision; an error, with the valid ones, where it is not known."""
        if precision not in self.precisions:
            hint = closest(str(precision), self.precisions)
            raise ValueError(f"precision must be one that {self.name} has; got {precision!r}; {hint}")
        return getattr(self, precision)

    @property
    def drain_time(self) -> float:
        """Seconds to read all of the memory once: hbm_bytes / hbm_bandwidth."""
        return self.hbm_bytes / self.hbm_bandwidth

    @property
    def scale_up_advantage(self) -> float:
        """Times that the links within a domain carry of what the network between domains does, both one direction.

        Examples
        --------
        >>> from lifetime import accelerators
        >>> accelerators.B200.scale_up_advantage
        18.0
        """
        for name in ("scale_up_bandwidth", "scale_out_bandwidth"):
            if getattr(self, name) is None:
                raise ValueError(f"{name} must be known to compare the two; got None for {self.name}")
        return self.scale_up_bandwidth / 2 / self.scale_out_bandwidth

    def roofline(
        self,
        precision: str,
        *,
        devices: Value = None,
        N: Value,
        N_total: Value,
        weight_bytes: Value,
        kv_bytes: Value,
        attention_flop: Value = 0,
    ) -> Roofline:
        """The :class:`Roofline` of a model on a number of devices: by default all of one scale-up domain.

        Examples
        --------
        DeepSeek-V3 in FP8 on a node of 8, the least time of a token, and the most sequences of 8,192 tokens:

        >>> from lifetime import accelerators
        >>> chip = accelerators.H200_SXM
        >>> roofline = chip.roofline("fp8", N=37e9, N_total=671e9, weight_bytes=1, kv_bytes=70272)
        >>> print(f"{roofline.latency_floor * 1e3:.1f} ms, {roofline.max_batch(8192):.0f} sequences")
        17.5 ms, 929 sequences
        """
        if devices is None and self.scale_up_size is None:
            raise ValueError(f"devices must be given: the scale-up size of {self.name} is not known")
        devices = as_number("devices", self.scale_up_size if devices is None else devices)
        if not is_symbolic(devices):
            check("devices", devices, _POSITIVE)
        peaks = {"F": self.flop_per_second(precision), "BW": self.hbm_bandwidth, "memory": self.hbm_bytes}
        model = {"N": N, "N_total": N_total, "weight_bytes": weight_bytes, "kv_bytes": kv_bytes}
        return Roofline(**model, attention_flop=attention_flop, **{name: devices * x for name, x in peaks.items()})
