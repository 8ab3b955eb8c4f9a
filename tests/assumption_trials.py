"""Run a notebook with changed assumptions and compare the sentences that it computes."""

import copy
import re
from dataclasses import dataclass

from nbformat.v4 import new_code_cell, new_notebook

from notebook_rules import assumptions, code_cells, exercises
from notebooks import CellFailedError, execute, markdown_outputs, plain, tagged

# One kernel serves all changes of a notebook, so that imports stay warm; nothing else may stay.
RESET = """\
%reset -f
import sys
"matplotlib.pyplot" in sys.modules and sys.modules["matplotlib.pyplot"].close("all")
del sys
"""


@dataclass(frozen=True)
class Change:
    """Values for some assumptions, and what must be found in the sentences then."""

    label: str
    values: dict
    answers: tuple = ()


def changes(nb):
    """Return every change that a notebook must survive: each assumption alone, and each "Try this"."""
    single = [
        Change(f"{assumption.name} = {value!r}", {assumption.name: value})
        for assumption in assumptions(nb)
        for value in assumption.alternatives()
    ]
    return single + [Change(f"Try this {e.number}: {e.values}", e.values, tuple(e.answers)) for e in exercises(nb)]


def with_values(nb, values):
    """Return a copy of the notebook with other values in its `parameters` cell."""
    defaults = {assumption.name: assumption.value for assumption in assumptions(nb)}
    if unknown := values.keys() - defaults:
        raise ValueError(f"{sorted(unknown)} not in the `parameters` cell")
    nb = copy.deepcopy(nb)
    tagged(nb, "parameters")[0].source = "\n".join(f"{name} = {value!r}" for name, value in (defaults | values).items())
    return nb


def sentences(client, nb, values):
    """Execute the notebook with other values and return all Markdown that it computes."""
    execute(client, new_notebook(cells=[new_code_cell(RESET)]))
    nb = with_values(nb, values)
    execute(client, nb)
    return [plain(markdown) for cell in code_cells(nb) for markdown in markdown_outputs(cell)]


def holds(fragment, text):
    """Say whether a fragment stands in the text, as whole words and numbers."""
    return (
        re.search(rf"(?<![\w.]){re.escape(' '.join(fragment.split()))}(?!\w)", " ".join(" ".join(text).split()))
        is not None
    )


def complaints(change, default, changed):
    """Compare the sentences of a changed run with those of the default run."""
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
