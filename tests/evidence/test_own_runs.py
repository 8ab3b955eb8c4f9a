"""Notebook 20 with a reader's own runs: one line of it changed, it runs to its end."""

import nbformat
import numpy as np
import pandas as pd

from lifetime import laws
from notebooks import NOTEBOOKS, execute, kernel, markdown_outputs, tagged

LINE = '# runs = lt.read_runs("my-runs.csv")'
(NOTEBOOK,) = (path for path in NOTEBOOKS if path.stem.startswith("20-"))


def test_the_notebook_takes_a_file_of_runs(tmp_path):
    n, law, rng = 15, laws.Muennighoff2023, np.random.default_rng(15)  # few, so that warnings are shown too
    flop, per_param = 10 ** rng.normal([[19.5], [1.5]], [[0.7], [0.6]], (2, n))
    N = np.sqrt(flop / 6 / per_param)
    runs = {"name": "a run", "tokens": per_param * N, "params": N}
    runs["loss"] = law.loss(N, per_param * N) * np.exp(rng.normal(0, 0.004, n))
    pd.DataFrame(runs).to_csv(tmp_path / "runs.csv", index=False)

    nb = nbformat.read(NOTEBOOK, as_version=4)
    (cell,) = (cell for cell in nb.cells if cell.cell_type == "code" and LINE in cell.source)
    cell.source = cell.source.replace(LINE, f"runs = lt.read_runs({str(tmp_path / 'runs.csv')!r})")
    with kernel() as client:
        execute(client, nb)
    (summary,) = markdown_outputs(tagged(nb, "tldr")[0])
    assert "15 runs (your own)" in summary
    assert "law that made the runs" not in summary
