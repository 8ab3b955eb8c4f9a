"""What devices send to each other: bytes per token, and the seconds that takes. No numbers.

Bandwidths here are bytes per second of one device in ONE direction: half of an accelerator's ``scale_up_bandwidth``,
which counts both, and all of its ``scale_out_bandwidth``.
"""

from __future__ import annotations

from ..types import Value
from .accelerator import Accelerator
from .positive import of_positive

_DISPATCH, _COMBINE, _ACTIVATION = 1, 2, 2
"""Bytes of an element on the way to its experts (FP8), on the way back, and of an activation (BF16)."""


def all_to_all_bytes(
    width: Value, copies: Value, layers: Value, dispatch_bytes: Value = _DISPATCH, combine_bytes: Value = _COMBINE
) -> Value:
    r"""Bytes that a token sends, and gets back, to be served by experts on other devices.

    .. math:: X = L_\mathrm{MoE}\, c\, d\, (b_\mathrm{dispatch} + b_\mathrm{combine})

    Parameters
    ----------
    width : float, array or symbol
        Size d of the residual stream.
    copies : float, array or symbol
        How often a token is sent: its active experts, or what :func:`copies_across` says.
    layers : float, array or symbol
        Layers with experts.
    dispatch_bytes, combine_bytes : float, array or symbol, optional
        Bytes of an element on the way out (1: FP8) and back (2: BF16).

    Raises
    ------
    ValueError
        For a value that is not positive and finite (here and below).

    Examples
    --------
    DeepSeek-V3, its eight routed experts elsewhere:

    >>> print(f"{all_to_all_bytes(7168, 8, 58) / 1e6:.2f} MB")
    9.98 MB

    References
    ----------
    DeepSeek-AI (2025), Insights into DeepSeek-V3, arXiv 2505.09343, section 2.3.2.
    """
    sizes = {"width": width, "copies": copies, "layers": layers}
    return of_positive(_all_to_all, "bytes", **sizes, dispatch_bytes=dispatch_bytes, combine_bytes=combine_bytes)


def copies_across(active_experts: Value, domains: Value) -> Value:
    r"""Other domains that a token is sent to, if a copy for each is enough and experts lie anywhere with equal chance.

    .. math:: c = (m - 1)\,(1 - (1 - 1/m)^k)

    The slow links carry one copy into a domain, and the fast links hand it on: so prompts are sent. (To decode,
    latency counts, and a copy for each expert leaves.)

    Parameters
    ----------
    active_experts : float, array or symbol
        Routed experts k of a token.
    domains : float, array or symbol
        Scale-up domains m that share the experts.

    Examples
    --------
    >>> print(f"{copies_across(8, 4):.2f}")
    2.70

    References
    ----------
    DeepSeek-AI, DeepEP, github.com/deepseek-ai/DeepEP, README: normal kernels forward from RDMA to NVLink.
    """
    return of_positive(_copies_across, "copies", active_experts=active_experts, domains=domains)


def all_reduce_bytes(width: Value, devices: Value, reductions: Value, element_bytes: Value = _ACTIVATION) -> Value:
    r"""Bytes that each of the devices that share a layer sends for a token, to add up what they computed.

    .. math:: X = n_\mathrm{reductions} \cdot 2\,\frac{t - 1}{t}\, d\, b

    A sum of partial results, each device a part of it, and then the parts to all: a ring, or any other way that
    does not compute inside the network.

    Parameters
    ----------
    width : float, array or symbol
        Size d of the residual stream.
    devices : float, array or symbol
        Devices t that share each matrix (tensor parallelism).
    reductions : float, array or symbol
        How often: two in a dense layer.
    element_bytes : float, array or symbol, optional
        Bytes of an element (2: BF16).

    Examples
    --------
    Llama 3 70B on eight devices:

    >>> print(f"{all_reduce_bytes(8192, 8, 2 * 80) / 1e6:.2f} MB")
    4.59 MB

    References
    ----------
    Shoeybi et al. (2019), Megatron-LM, arXiv 1909.08053, section 3.
    """
    sizes = {"width": width, "devices": devices, "reductions": reductions}
    return of_positive(_all_reduce, "bytes", **sizes, element_bytes=element_bytes)


def hop_bytes(width: Value, element_bytes: Value = _ACTIVATION) -> Value:
    """Bytes that a token carries from one pipeline stage to the next: d times the bytes of an element.

    Examples
    --------
    >>> print(f"{hop_bytes(7168):,.0f} bytes")
    14,336 bytes
    """
    return of_positive(_hop, "bytes", width=width, element_bytes=element_bytes)


def step_limit(
    tokens: Value,
    bandwidth: Value,
    *,
    width: Value,
    copies: Value,
    layers: Value,
    dispatch_bytes: Value = _DISPATCH,
    combine_bytes: Value = _COMBINE,
) -> Value:
    r"""Least seconds of a decoding step, if two halves of the batch take turns and all else hides behind the links.

    .. math:: T = 2 \frac{n_\mathrm{tokens} X}{W}

    Parameters
    ----------
    tokens : float, array or symbol
        Tokens of one device in one half of its batch.
    bandwidth : float, array or symbol
        Bytes per second of a device, in one direction.
    width, copies, layers, dispatch_bytes, combine_bytes
        As in :func:`all_to_all_bytes`.

    Examples
    --------
    The published limit of InfiniBand, 67 tokens per second and user, and its rounded sizes:

    >>> step = step_limit(32, 50e9, width=7000, copies=9, layers=61)
    >>> print(f"{step * 1e3:.2f} ms, {1 / step:.1f} tokens/s")
    14.76 ms, 67.8 tokens/s

    References
    ----------
    DeepSeek-AI (2025), Insights into DeepSeek-V3, arXiv 2505.09343, section 2.3.2.
    """
    sizes = {"width": width, "copies": copies, "layers": layers}
    ways = {"dispatch_bytes": dispatch_bytes, "combine_bytes": combine_bytes}
    return of_positive(_step_limit, "seconds", tokens=tokens, bandwidth=bandwidth, **sizes, **ways)


def token_limit(bytes_per_token: Value, bandwidth: Value) -> Value:
    """Tokens per second that a device can send at most: bandwidth / bytes per token.

    Examples
    --------
    DeepSeek-V3 with nine experts elsewhere, over InfiniBand:

    >>> print(f"{token_limit(all_to_all_bytes(7168, 9, 58), 50e9):,.0f}")
    4,454
    """
    return of_positive(_token_limit, "tokens", bytes_per_token=bytes_per_token, bandwidth=bandwidth)


def transfer_time(sent: Value, chip: Accelerator, across: bool = False) -> Value:
    """Seconds in which a device sends so many bytes: inside its domain, or across to another.

    Parameters
    ----------
    sent : float, array or symbol
        Bytes.
    chip : Accelerator
        Half of its ``scale_up_bandwidth`` is one direction inside; all of its ``scale_out_bandwidth`` is across.
    across : bool, optional

    Raises
    ------
    ValueError
        For a chip whose links are not known.

    Examples
    --------
    A token of DeepSeek-V3, nine copies, out of a node of H100 and inside an NVL72:

    >>> from lifetime import accelerators
    >>> sent = all_to_all_bytes(7168, 9, 58)
    >>> seconds = [transfer_time(sent, accelerators.H100_SXM, True), transfer_time(sent, accelerators.GB200_NVL72)]
    >>> print(", ".join(f"{1e6 * x:.1f} us" for x in seconds))
    224.5 us, 12.5 us
    """
    return of_positive(lambda sent, bandwidth: sent / bandwidth, "seconds", sent=sent, bandwidth=one_way(chip, across))


def one_way(chip: Accelerator, across: bool = False) -> float:
    """Bytes per second of a device in one direction, inside its domain or across; an error where it is not known."""
    name = "scale_out_bandwidth" if across else "scale_up_bandwidth"
    bandwidth = getattr(chip, name)
    if bandwidth is None:
        raise ValueError(f"chip must have a {name}; {chip.name} has none that is known")
    return bandwidth if across else bandwidth / 2


def _all_to_all(width, copies, layers, dispatch_bytes=_DISPATCH, combine_bytes=_COMBINE):
    return layers * copies * width * (dispatch_bytes + combine_bytes)


def _copies_across(active_experts, domains):
    return (domains - 1) * (1 - (1 - 1 / domains) ** active_experts)


def _all_reduce(width, devices, reductions, element_bytes=_ACTIVATION):
    return reductions * 2 * (devices - 1) / devices * width * element_bytes


def _hop(width, element_bytes):
    return width * element_bytes


def _step_limit(tokens, bandwidth, **sizes):
    return 2 * tokens * _all_to_all(**sizes) / bandwidth


def _token_limit(bytes_per_token, bandwidth):
    return bandwidth / bytes_per_token
