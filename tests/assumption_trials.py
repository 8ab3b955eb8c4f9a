"""Run a notebook with changed assumptions and compare the sentences that it computes."""

import copy
import re
from dataclasses import dataclass
from pathlib import Path
from random import Random

from nbformat.v4 import new_code_cell, new_notebook

from notebook_rules import assumptions, exercises
from notebooks import CellFailedError, answer, code_cells, execute, markdown_outputs, plain, tagged

# One kernel serves all changes of a notebook, so that imports stay warm: see trial_kernel.
RESET = f"""\
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import trial_kernel
del sys.path[0]
trial_kernel.reset()
"""

# Notebooks that joint draws and REWRITTEN_RULES spare: each leaves this list when it is rewritten.
NOT_REWRITTEN = [
    "18-revealed-demand",
    "20-fit-your-own-law",
    "21-claims-and-sources",
]

# What no sentence may say, whatever the assumptions. The end of a range is a number and the word after it: "5 B".
NUMBER = r"[−+-]?\d+(?:,\d{3})*(?:\.\d+)?(?:e-?\d+)?"
BETWEEN = re.compile(rf"\bbetween ({NUMBER})(?: ([%kMBT]))? and ({NUMBER})(?: ([%kMBT]))?(?!\w|[.,]\d)", re.IGNORECASE)
UNITS = {"": 1, "%": 1e-2, "k": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}
EQUAL = r"(?<![\w.,−+-])([−+-]?\d\S*(?: (?:%|\w+))?) {} \1(?![\w·×⁻]|[.,-]\d)"
FLAWS = {
    "NaN": re.compile(r"\bnan\b", re.IGNORECASE),
    "infinity": re.compile(r"(?<![\w\\{])inf(?![\w}])|∞", re.IGNORECASE),
    "0 times": re.compile(r"(?<![\d.,])0(?:\.0+)? times\b"),
    "two equal ends": re.compile(EQUAL.format("to") + r"|\bbetween " + EQUAL.format("and").replace(r"\1", r"\2")),
    "a range without ends": re.compile(r"\bbetween and\b|\bfrom to\b", re.IGNORECASE),
}


@dataclass(frozen=True)
class Change:
    """Values for some assumptions, and what must be found in the sentences then."""

    label: str
    values: dict
    answers: tuple = ()
    joint: bool = False


def changes(nb):
    """Return every change that a notebook must survive: each assumption alone, and each "Try this"."""
    single = [
        Change(f"{assumption.name} = {value!r}", {assumption.name: value})
        for assumption in assumptions(nb)
        for value in assumption.alternatives()
    ]
    return single + [Change(f"Try this {e.number}: {e.values}", e.values, tuple(e.answers)) for e in exercises(nb)]


def joint_draws(name, nb, n=5, corners=2):
    """Return n changes of all assumptions together, seeded by the name; the first ones are to ends of what is legal."""
    rng = Random(name)
    drawn = [{a.name: a.draw(rng, corner=i < corners) for a in assumptions(nb)} for i in range(n)]
    return [Change(f"draw {i}: {values}", values, joint=True) for i, values in enumerate(drawn, 1)]


def with_values(nb, values):
    """Return a copy of the notebook with other values in its `parameters` cell."""
    defaults = {assumption.name: assumption.value for assumption in assumptions(nb)}
    if unknown := values.keys() - defaults:
        raise ValueError(f"{sorted(unknown)} not in the `parameters` cell")
    nb = copy.deepcopy(nb)
    tagged(nb, "parameters")[0].source = "\n".join(f"{name} = {value!r}" for name, value in (defaults | values).items())
    return nb


def sentences(client, nb, values):
    """Execute the notebook with other values and return all Markdown that it computes, and its short answer."""
    execute(client, new_notebook(cells=[new_code_cell(RESET)]))
    nb = with_values(nb, values)
    execute(client, nb)
    return said(nb)


def said(nb):
    """Return all Markdown among the outputs, and the short answer."""
    texts = [plain(markdown) for cell in code_cells(nb) for markdown in markdown_outputs(cell)]
    return texts + [short for short in [answer(nb)] if short]


def holds(fragment, text):
    """Say whether a fragment stands in the text, as whole words and numbers."""
    return (
        re.search(rf"(?<![\w.]){re.escape(' '.join(fragment.split()))}(?!\w)", " ".join(" ".join(text).split()))
        is not None
    )


def flaws(text):
    """Return what a sentence says that none may, such as "nan" or a range with two equal ends."""
    found = [flaw for flaw, pattern in FLAWS.items() if pattern.search(text)]
    if any(size(*ends[:2]) > size(*ends[2:]) for ends in BETWEEN.findall(text)):
        found.append("an empty range")
    return [f"a sentence says {flaw}: {text}" for flaw in found]


def size(number, unit):
    return float(number.replace("−", "-").replace(",", "")) * UNITS[unit]


def complaints(change, default, changed):
    """Compare the sentences of a changed run with those of the default run; after a joint draw, look for flaws only."""
    if change.joint:
        return [flaw for text in changed for flaw in flaws(text)]
    found = [f"a sentence says NaN: {text}" for text in changed if re.search(r"\bnan\b", text, flags=re.IGNORECASE)]
    if changed == default:
        found.append("no computed sentence changes: a dead assumption?")
    if missing := [answer for answer in change.answers if not holds(answer, changed)]:
        new = "\n".join(f"    | {text}" for text in changed if text not in default)
        found.append(f"no computed sentence holds {missing}; new sentences:\n{new}")
    if change.answers and all(holds(answer, default) for answer in change.answers):
        found.append(f"the default run already says all of {change.answers}")
    return found


def failures(client, nb, default, change):
    """Run the notebook with a change and return what is wrong: the cell that failed, or the sentences."""
    try:
        changed = sentences(client, nb, change.values)
    except CellFailedError as error:
        return [str(error)]
    return complaints(change, default, changed)
