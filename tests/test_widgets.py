"""The sliders of notebook 03 are for a running kernel; elsewhere a sentence stands in their place."""

import ast

import pytest
from nbformat.v4 import new_code_cell, new_notebook

import lifetime as lt
from lifetime.display import short
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


def test_every_assumption_has_a_control_that_moves_the_plan(nb):
    (widgets,) = tagged(nb, "widgets")
    before = [cell for cell in code_cells(nb)[:4] if cell is not widgets]
    given = {one.name: one.value for one in assumptions(nb)}
    changed = {name: (0.7 + 0.03 * i) * given[name] for i, name in enumerate(given) if name != "law"}
    changed |= {"law": "Hoffmann2022"}
    move = "seen = [answer.value]\nfor name, value in {}.items():\n"
    move += "    controls[name].value = value\n    seen.append(answer.value)"
    probe = [new_code_cell(move.format(changed)), new_code_cell("print(seen)"), new_code_cell("print(list(controls))")]
    with kernel() as client:
        run = new_notebook(cells=[*before, widgets, *probe])
        execute(client, run)
    seen, names = (ast.literal_eval(cell.outputs[0].text) for cell in run.cells[-2:])
    assert set(names) == set(given)
    assert len(set(seen)) == len(given) + 1
    law, size, data = lt.laws[changed.pop("law")], changed.pop("N_like"), changed.pop("D_like")
    plan = lt.cheapest(law, loss=law.loss(size, data), **changed)
    assert short(plan.N, 4) in seen[-1]
    assert not any(cell.outputs for cell in run.cells[-3:-2])
