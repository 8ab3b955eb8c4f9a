"""The controls of notebook 05 are for a running kernel; elsewhere a sentence stands in their place."""

import ast

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from notebook_rules import assumptions, code_cells
from notebooks import execute, kernel, markdown_outputs, read_all, tagged


@pytest.fixture(scope="module")
def nb():
    (nb,) = (nb for nb in read_all().values() if tagged(nb, "widgets"))
    return nb


def test_a_reader_without_a_kernel_sees_a_sentence(nb):
    (cell,) = tagged(nb, "widgets")
    assert markdown_outputs(cell) == [cell.outputs[0].data["text/markdown"]]
    assert "explorer.html" in markdown_outputs(cell)[0]


def test_every_control_moves_the_figure(nb):
    (widgets,) = tagged(nb, "widgets")
    before = code_cells(nb)[: code_cells(nb).index(widgets)]
    given = {one.name: one.value for one in assumptions(nb)}
    moved = {"requests": 1e8, "growth": 0.05, "months": 36, "prompt": 4000, "cached": 0.5, "answer": 3000}
    move = "seen = []\nfor name, value in {}.items():\n"
    move += "    controls[name].value = value\n    seen.append((choice.N, hash(figure.value)))"
    probe = [new_code_cell(move.format(moved)), new_code_cell("print(seen)"), new_code_cell("print(list(controls))")]
    with kernel() as client:
        run = new_notebook(cells=[*before, widgets, *probe])
        execute(client, run)
    seen, names = (ast.literal_eval(cell.outputs[0].text) for cell in run.cells[-2:])
    assert set(names) == set(moved) <= set(given)
    sizes, pictures = zip(*seen, strict=True)
    assert len({*pictures}) == len({*sizes}) == len(moved)
