"""Cited numbers as objects: laws, models, machines, what they did. No equations, and no number without a source.

``laws.Besiroglu2024`` or ``laws["Besiroglu2024"]`` is a :class:`~lifetime.ScalingLaw`; ``laws.available`` lists the
names, ``"Besiroglu2024" in laws`` asks for one, ``laws.table()`` shows all values with their sources, and
``help(laws.Besiroglu2024)`` the source of one.

The *panel*, ``laws.panel()``, is the laws that a recommendation may be read from. A law is in it if no better fit
of the same runs is known (``superseded_by``); its row does not forbid sizing (``not_for``); its loss is nats per
token or a multiple of it (``loss_unit``), which leaves sizes alone; at least five of its runs are beyond 100 tokens
per parameter (``long_runs``; 5 stands for five or more, nothing for unknown); and its runs reach 3e9 parameters and
1e21 FLOP, so that an answer of a few 1e10 parameters and a few 1e24 FLOP stretches it by about ten and a thousand.
Why any other law is not in it says ``laws.table().out_of_panel``. Constants or runs of all rows are public.

``allocations`` are published divisions of compute between size and data, without a law of the loss.


A model has a row if it is a language model since GPT-3 of 1e21 training FLOP or more, not the fine-tune of another, and
its parameters and pre-training tokens are stated, or its training FLOP by the developer or, for the best-known of those
whose developers state nothing, by Epoch AI. Every size of a family counts by itself. The table is not all that passes:
``tools/refresh.py`` lists what does and is not in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from functools import cache, cached_property
from importlib import resources
from typing import Generic, TypeVar

from .arrays import closest
from .machine.accelerator import Accelerator
from .machine.architecture import Architecture
from .machine.listed import Price, Window
from .machine.measured import Throughput, TrainingThroughput
from .machine.span import Span
from .theory.allocation import Allocation
from .theory.law import ScalingLaw
from .theory.named import named_laws
from .types import Table

Preset = TypeVar("Preset")


class UnknownPresetError(AttributeError, ValueError):
    """There is no preset of that name; the message has the closest one."""


@dataclass(frozen=True)
class Model:
    """A model that was built. ``None`` where no source states a value.

    Attributes
    ----------
    date, paper_date : str
        Of the release (of the weights, the service or the announcement), and the month of its paper on arXiv, if any.
    total_params, active_params, training_tokens : float or None
        Parameters in all, parameters used per token, tokens seen in pre-training (repeats included).
    derived : str
        "distilled" or "pruned and distilled" where its size and tokens are not all that it cost, so that it is left
        out of medians; empty for a model trained from scratch on text.
    reported_flop, flop_reported_by, flop_accessed : float or None, str, str
        Training FLOP as stated, by whom ("developer", or the name of who estimated it), and when an estimate was last
        compared with its source, if it was.
    accelerator_hours, accelerator : float or None, str
        As stated, and of which type.
    """

    key: str
    name: str
    developer: str
    date: str
    paper_date: str
    total_params: float | None
    active_params: float | None
    training_tokens: float | None
    derived: str
    reported_flop: float | None
    flop_reported_by: str
    flop_accessed: str
    accelerator_hours: float | None
    accelerator: str
    source: str
    locator: str
    note: str


@dataclass(frozen=True)
class Traffic:
    """Tokens that were served in a period, as somebody stated it, and what the number counts.

    Attributes
    ----------
    part : str
        Which part of the traffic of ``who``.
    input, output, cached : str
        Whether prompts, answers and prompts read from a cache are counted: "yes", "no", "only", or "" if not stated.
    counts : str
        The same in words, as the source has it.
    """

    key: str
    who: str
    when: str
    tokens: float
    period_days: float
    part: str
    input: str
    output: str
    cached: str
    counts: str
    source: str
    locator: str
    note: str

    @property
    def tokens_per_second(self) -> float:
        """Mean rate over the period."""
        return self.tokens / (self.period_days * 86_400)


class Presets(Generic[Preset]):
    """Objects built from a table of cited values, by name.

    Parameters
    ----------
    file : str
        Name of a CSV file in ``lifetime/data`` whose first column is the name.
    build : callable
        Makes the object from the values of a row.
    """

    def __init__(self, file: str, build: Callable[[dict], Preset]):
        self._file, self._build = file, build
        self._built: dict[str, Preset] = {}

    @cached_property
    def _rows(self) -> dict:
        return {row["key"]: row for row in self.table().reset_index().to_dict("records")}

    def table(self) -> Table:
        """All presets with their sources, a row each, in base units.

        Returns
        -------
        pandas.DataFrame
            Missing values are NaN, missing texts empty.
        """
        import pandas as pd

        table = _csv(self._file, index_col="key")
        texts = table.columns[[not pd.api.types.is_numeric_dtype(kind) for kind in table.dtypes]]
        return table.assign(**{column: table[column].fillna("") for column in texts})

    @property
    def available(self) -> tuple[str, ...]:
        """The names of all presets."""
        return tuple(self._rows)

    def __getitem__(self, name: str) -> Preset:
        if name not in self._rows:
            raise UnknownPresetError(f"unknown preset {name!r}; {closest(str(name), self.available)}")
        if name not in self._built:
            self._built[name] = self._build(self._rows[name])
        return self._built[name]

    def __getattr__(self, name: str) -> Preset:
        if name.startswith("_"):
            raise AttributeError(name)
        return self[name]

    def __contains__(self, name: object) -> bool:
        return name in self.available

    def keys(self) -> tuple[str, ...]:
        """The names, as of a dict."""
        return self.available

    def values(self) -> tuple[Preset, ...]:
        """The presets, as of a dict."""
        return tuple(self)

    def items(self) -> tuple[tuple[str, Preset], ...]:
        """Pairs of name and preset, as of a dict."""
        return tuple((name, self[name]) for name in self.available)

    def __iter__(self) -> Iterator[Preset]:
        """The presets themselves, not their names."""
        return (self[name] for name in self.available)

    def __len__(self) -> int:
        return len(self.available)

    def __dir__(self):
        return [*super().__dir__(), *self.available]

    def _ipython_key_completions_(self):
        return list(self.available)

    def __repr__(self):
        return f"<{len(self)} presets: {', '.join(self.available)}>"


class Laws(Presets[ScalingLaw]):
    """The scaling laws by name, with the panel: those that a recommendation may be read from."""

    def table(self) -> Table:
        """All laws with their sources, a row each; ``out_of_panel`` is why a law is not in the panel, or empty."""
        table = super().table()
        return table.assign(out_of_panel=[_objection(row, table.plain_name) for row in table.to_dict("records")])

    def panel(self) -> tuple[str, ...]:
        """The names of the laws that a recommendation may be read from, by the rule in ``lifetime.presets``.

        Examples
        --------
        >>> laws.panel()
        ('Besiroglu2024', 'OpenAthena2026Llama3', 'Sardana2024Refit', 'Beck2025Llama')
        """
        return tuple(name for name, row in self._rows.items() if not row["out_of_panel"])

    def plain_name(self, name: str) -> str:
        """What a law is called in text and figures.

        Examples
        --------
        >>> laws.plain_name("Besiroglu2024")
        'Chinchilla refit'
        """
        return self._rows[self[name].name]["plain_name"]


_REACH = {"max_params": (3e9, "parameters"), "max_flop": (1e21, "FLOP")}
"""How far the runs of a law in the panel must reach at least."""
_LINEAR = ("nats per token", "proportional to nats per token")


def _objection(row: dict, plain_names) -> str:
    """Why a law is not in the panel; empty if it is."""
    if row["superseded_by"]:
        return f"{plain_names[row['superseded_by']]} is the better fit of the same runs"
    if row["not_for"] and not row["not_for"].startswith("a loss"):
        return (
            f"its note: not for {row['not_for']}"
            if "alone" not in row["not_for"]
            else f"for other data: {row['loss_on']}"
        )
    if row["loss_unit"] not in _LINEAR:
        return "its loss is not known to be a multiple of nats per token"
    if not row["long_runs"] >= 5:
        known = row["long_runs"] == row["long_runs"]
        few = f"{row['long_runs']:.0f} of its runs" if known else "it is not known how many of its runs"
        return f"{few} {'is' if row['long_runs'] == 1 else 'are'} beyond 100 tokens per parameter"
    if any(row[name] != row[name] for name in _REACH):
        return "how far its runs reach is not known"
    short_of = [f"{row[name]:.3g} {unit}" for name, (least, unit) in _REACH.items() if not row[name] >= least]
    return f"its runs reach only {' and '.join(short_of)}".replace("e+0", "e").replace("e+", "e") if short_of else ""


def _csv(file: str, **options):
    import pandas as pd

    with (resources.files("lifetime") / "data" / file).open(encoding="utf-8") as text:
        return pd.read_csv(text, **options)


def _documented(preset, row):
    """The preset with its row as its own docstring, so that ``help`` shows the source."""
    lines = (f"{column}: {value}" for column, value in row.items() if value == value and value != "")
    object.__setattr__(preset, "__doc__", "\n".join(lines))
    return preset


@cache
def _covariances() -> dict:
    table = _csv("law_covariances.csv", index_col=["law", "coefficient"])
    return {law: rows.to_numpy() for law, rows in table.groupby(level="law")}


@cache
def _draws() -> dict:
    table = _csv("law_draws.csv", index_col="law")
    return {law: ScalingLaw(**rows.to_dict("list"), name=f"{law}, draws") for law, rows in table.groupby(level="law")}


def _law(row: dict) -> ScalingLaw:
    known = {name: None if value != value else value for name, value in row.items()}
    values = {name: row[name] for name in ("E", "A", "B", "alpha", "beta", "gamma", "params_counted", "not_for")}
    values |= {"covariance": _covariances().get(row["key"]), "draws": _draws().get(row["key"])}
    span = {"params": (None, known["max_params"]), "tokens": (None, known["max_tokens"])}
    span |= {"tokens_per_param": (known["min_tokens_per_param"], known["max_tokens_per_param"])}
    source = f"{row['citation']}, {row['locator']}"
    return _documented(ScalingLaw(**values, name=row["key"], source=source, range=span), row)


def _allocation(row: dict) -> Allocation:
    values = {name: row[name] for name in ("a", "p", "b", "q", "size_unit", "size_counted", "compute_counted")}
    return _documented(Allocation(**values, name=row["key"], source=f"{row['citation']}, {row['locator']}"), row)


def _architecture(row: dict) -> Architecture:
    given = {name: value for name, value in row.items() if value == value and value != ""}
    values = {f.name: given[f.name] for f in fields(Architecture) if f.name in given}
    return _documented(Architecture(**values | {"spans": Span.parse(given.get("spans", ""))}), row)


def _record(cls: type[Preset]) -> Callable[[dict], Preset]:
    def build(row):
        return _documented(cls(**{name: None if value != value else value for name, value in row.items()}), row)

    return build


laws = Laws("laws.csv", _law)
named_laws(laws)
allocations = Presets("allocations.csv", _allocation)
models = Presets("models.csv", _record(Model))
traffic = Presets("traffic.csv", _record(Traffic))
accelerators = Presets("accelerators.csv", _record(Accelerator))
architectures = Presets("architectures.csv", _architecture)
throughput = Presets("throughput.csv", _record(Throughput))
training_throughput = Presets("training_throughput.csv", _record(TrainingThroughput))
windows = Presets("windows.csv", _record(Window))
prices = Presets("prices.csv", _record(Price))
