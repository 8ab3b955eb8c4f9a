"""What is offered: the context windows of models, and the prices of their tokens, a row each. No numbers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Window:
    """The longest context that a model was offered with. ``None`` where the source states no value.

    Attributes
    ----------
    developer, model, date : str
        Whose, which, and the day or month of its release.
    context : float
        Tokens. Of prompt and answer together where the note does not say otherwise.
    kind, attention : str
        "full": every layer attends to all tokens; "windowed": some to the last ones only; "hybrid": some have a state
        of constant size, or chunks; "sparse": all keep every token and read chosen ones; "compressed": they keep an
        entry for several tokens, too; or "undisclosed". And the same in words.
    long_threshold : float or None
        Tokens of a prompt from which on its whole request costs more.
    long_input_multiplier, long_output_multiplier : float or None
        How many times as much, for prompt and answer.
    price_step : str
        The step in words: "none", or empty if it is not known.
    certainty : str
        "primary" or "secondary": who states it.
    checked : str
        "source", where the window was seen there, or "as given", by whoever collected it; and when.
    """

    key: str
    developer: str
    model: str
    date: str
    context: float
    kind: str
    attention: str
    long_threshold: float | None
    long_input_multiplier: float | None
    long_output_multiplier: float | None
    price_step: str
    source: str
    locator: str
    certainty: str
    checked: str
    note: str


@dataclass(frozen=True)
class Price:
    """What tokens of a model cost at one seller and time, in US dollars. ``None`` where the source states no value.

    Attributes
    ----------
    provider, sold_by : str
        Who sells, and whether that is the "developer" of the model or a "host".
    model : str
        As the seller or the source calls it.
    context : float or None
        Tokens of the longest prompt, by the source; of some also with the answer.
    date_from, date_seen : str
        Since when it holds, or empty if that is not known, and when it was last seen.
    input_per_million, output_per_million : float
        Dollars per million tokens of prompts and of answers.
    cached_per_million : float or None
        Of prompts that are read from a cache.
    write_5min_per_million, write_1h_per_million : float or None
        Of prompts that are written to a cache and kept so long after their last use.
    batch_multiplier : float or None
        Of all prices, for who can wait.
    long_threshold, long_input_multiplier, long_output_multiplier : float or None
        As of a :class:`Window`.
    tiers : str
        Faster and slower service, as multiples of the prices.
    terms : str
        "list"; "introductory", when a later price is announced; "peak" or "off-peak", by the hour; "fast" or "spot".
    certainty : str
        "primary" or "secondary": who states it.
    checked : str
        "source", where the prices were seen there, or "as given", by whoever collected them; and when.
    """

    key: str
    provider: str
    sold_by: str
    model: str
    context: float | None
    date_from: str
    date_seen: str
    input_per_million: float
    output_per_million: float
    cached_per_million: float | None
    write_5min_per_million: float | None
    write_1h_per_million: float | None
    batch_multiplier: float | None
    long_threshold: float | None
    long_input_multiplier: float | None
    long_output_multiplier: float | None
    tiers: str
    terms: str
    source: str
    locator: str
    certainty: str
    checked: str
    note: str

    @property
    def output_over_input(self) -> float:
        """Price of a token of an answer, as a multiple of that of a prompt."""
        return self.output_per_million / self.input_per_million

    @property
    def cached_over_input(self) -> float | None:
        """Price of a token read from a cache, as a share of that of a prompt; ``None`` where none is stated."""
        return None if self.cached_per_million is None else self.cached_per_million / self.input_per_million
