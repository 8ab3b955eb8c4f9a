"""Every notebook follows its assumptions: change one, and the asserts hold while a computed sentence changes.

Once a notebook is rewritten, its asserts and sentences also survive draws of all its assumptions together; JOINT=1 in
the environment draws for the others too.
"""

import os
import sys

import nbformat
import numpy as np
import pytest
import sympy as sp
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from assumption_trials import (
    NOT_REWRITTEN,
    Change,
    changes,
    complaints,
    failures,
    flaws,
    joint_draws,
    said,
    sentences,
    with_values,
)
from notebooks import NOTEBOOKS, CellFailedError, kernel, plain
from trial_kernel import found_once


@pytest.fixture(scope="class")
def trial(request):
    """A kernel, the notebook of the test class, and the sentences of its default run."""
    with kernel() as client:
        yield client, request.cls.nb, sentences(client, request.cls.nb, {})


def trials(path):
    """Return a test class for one notebook: its changes share a kernel, and `--dist loadscope` keeps them together."""
    notebook = nbformat.read(path, as_version=4)
    try:
        found = changes(notebook)
        if path.stem not in NOT_REWRITTEN or os.environ.get("JOINT"):
            found += joint_draws(path.stem, notebook)
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from None

    class Trials:
        nb = notebook

        def test_default_run_says_what_is_stored(self, trial):
            assert trial[2] == said(self.nb)

        @pytest.mark.parametrize("change", found, ids=lambda change: change.label)
        def test_notebook_follows(self, trial, change):
            client, nb, default = trial
            if found := failures(client, nb, default, change):
                pytest.fail("\n".join(found), pytrace=False)

    return Trials


for path in NOTEBOOKS:
    globals()[f"Test {path.stem}"] = trials(path)


def test_list_of_notebooks_not_rewritten_names_notebooks():
    assert set(NOT_REWRITTEN) <= {path.stem for path in NOTEBOOKS}


# ------------------------------------------------------------------- the same on tiny notebooks that must pass or fail

TRY = """\
## Try this

1. Halve it: `a = 1`. <details>

It is **2 units**.
</details>
2. Change both: `a = 4`, `law = "y"`. <details>

**8 units** by **y**.
</details>
"""


def tiny(show="f'{2 * a} units by **{law}**'", check="a > 0", parameters="a = 2  # size\nlaw = 'x'  # valid: x | y"):
    return new_notebook(
        cells=[
            new_code_cell(parameters, metadata={"tags": ["parameters"]}),
            new_code_cell("from IPython.display import Markdown, display"),
            new_code_cell(f"display(Markdown({show}))"),
            new_code_cell(f"assert {check}"),
            new_markdown_cell(TRY),
        ]
    )


@pytest.fixture(scope="module")
def client():
    with kernel() as client:
        yield client


def outcome(client, nb):
    default = sentences(client, nb, {})
    return {change.label: failures(client, nb, default, change) for change in changes(nb)}


def test_live_notebook_passes(client):
    found = outcome(client, tiny())
    assert list(found) == ["a = 1", "a = 4", "law = 'y'", "Try this 1: {'a': 1}", "Try this 2: {'a': 4, 'law': 'y'}"]
    assert not any(found.values())


def test_dead_assumption_is_caught(client):
    found = outcome(client, tiny(show="f'{2 * a} units by x or y'"))
    assert "no computed sentence changes" in found["law = 'y'"][0]
    assert not found["a = 1"]


def test_failing_assert_is_caught(client):
    found = outcome(client, tiny(check="a > 1"))
    assert found["a = 1"] == ["cell 4: AssertionError: \n    | assert a > 1"]
    assert not found["a = 4"]


def test_wrong_answer_is_caught(client):
    found = outcome(client, tiny(show="f'{3 * a} units by **{law}**'"))
    assert found["Try this 1: {'a': 1}"] == [
        "no computed sentence holds ['2 units']; new sentences:\n    | 3 units by x"
    ]


def test_the_short_answer_is_among_the_sentences(client):
    nb = tiny()
    show = "display({'text/markdown': 'long', 'text/plain': f'{a} in short'}, raw=True)"
    nb.cells.append(new_code_cell(show, metadata={"tags": ["tldr"]}))
    assert sentences(client, nb, {"a": 3}) == ["6 units by x", "long", "3 in short"]


def test_nothing_is_left_of_the_run_before(client):
    sentences(client, tiny(show="str(left_over := a)"), {})
    with pytest.raises(CellFailedError, match="NameError"):
        sentences(client, tiny(show="str(left_over)"), {})


def test_kernel_that_dies_is_caught():
    with kernel() as client, pytest.raises(CellFailedError, match="cell 4: DeadKernelError"):
        sentences(client, tiny(check="__import__('os')._exit(1)"), {})


def test_unknown_name_is_caught():
    with pytest.raises(ValueError, match=r"\['b'\] not in"):
        with_values(tiny(), {"b": 1})


def test_values_are_replaced():
    assert with_values(tiny(), {"a": -1.5}).cells[0].source == "a = -1.5\nlaw = 'x'"


@pytest.mark.parametrize(
    ("answers", "changed", "message"),
    [
        (["5 %"], ["15 %"], "no computed sentence holds"),
        (["5 %"], ["1.5 %"], "no computed sentence holds"),
        (["1.5"], ["1.52"], "no computed sentence holds"),
        (["same"], ["same, other"], "already says"),
        ([], ["same"], "no computed sentence changes"),
        ([], ["it is nan %"], "NaN"),
    ],
)
def test_complaints(answers, changed, message):
    (found,) = complaints(Change("", {}, tuple(answers)), ["same"], changed)
    assert message in found


def test_no_complaint():
    change = Change("", {}, ("5  %\nof all", "same"))
    assert complaints(change, ["same"], ["now it is 5 % of all,", "same"]) == []


# -------------------------------------------------------------------------------------------------------- joint draws


WIDE = """\
a = 4.0  # size; valid: 1 to 100
n = 20  # runs; valid: 10 to 40
z = 0.5  # share; valid: 0 to 1
free = 3.0  # no range
pair = (2, 6.0)  # two; valid: 2 to 10
law = 'x'  # valid: x | y | z
laws = ('x', 'y')  # some
flag = True  # or not
"""


def drawn(name, n, corners):
    return [change.values for change in joint_draws(name, tiny(parameters=WIDE), n, corners)]


def test_joint_draws_are_legal():
    draws = drawn("name", 300, 0)
    assert all(1 <= draw["a"] <= 100 and 10 <= draw["n"] <= 40 and 0 <= draw["z"] <= 1 for draw in draws)
    assert all(1.5 <= draw["free"] <= 6 and 2 <= draw["pair"][0] <= 4 and 3 <= draw["pair"][1] <= 10 for draw in draws)
    assert all(isinstance(draw["n"], int) and isinstance(draw["a"], float) for draw in draws)
    assert {draw["law"] for draw in draws} == {"x", "y", "z"}
    assert {draw["laws"] for draw in draws} == {("x", "y"), ("x",)}
    assert {draw["flag"] for draw in draws} == {True, False}


def test_joint_draws_are_log_uniform_above_0():
    draws = drawn("name", 300, 0)
    assert 0.4 < sum(draw["a"] < 10 for draw in draws) / 300 < 0.6
    assert 0.4 < sum(draw["z"] < 0.5 for draw in draws) / 300 < 0.6


def test_joint_draws_hold_corners():
    corners = {"a": {1, 100}, "n": {10, 40}, "z": {0, 1}, "free": {1.5, 6}, "pair": {(2, 3), (4, 10)}}
    draws = drawn("name", 40, 30)
    assert all({draw[key] for draw in draws[:30]} == ends for key, ends in corners.items())
    assert not any(draw[key] in corners[key] for draw in draws[30:] for key in ("a", "free"))


def test_joint_draws_are_the_same_each_time_and_differ_between_notebooks():
    assert drawn("name", 5, 2) == drawn("name", 5, 2) != drawn("other", 5, 2)
    assert joint_draws("name", tiny(), 1)[0].values == {"a": 4, "law": "x"}


def test_joint_draw_may_change_nothing():
    assert complaints(Change("", {}, joint=True), ["same"], ["same"]) == []


def test_failing_joint_draw_is_caught(client):
    nb = tiny(show="f'{a} to 4 units'", check="a != 1")
    found = [failures(client, nb, ["as before"], Change("", {"a": a, "law": "y"}, joint=True)) for a in (1, 4, 2)]
    assert found[0] == ["cell 4: AssertionError: \n    | assert a != 1"]
    assert found[1:] == [["a sentence says two equal ends: 4 to 4 units"], []]


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        ("it is nan %", "NaN"),
        ("NaN times", "NaN"),
        ("it costs inf times", "infinity"),
        ("up to ∞", "infinity"),
        ("it takes 0 times as much", "0 times"),
        ("0.0 times", "0 times"),
        ("5 B to 5 B parameters", "two equal ends"),
        ("from 20 % to 20 %.", "two equal ends"),
        ("3 to 3", "two equal ends"),
        ("3 to 3 T, or so", "two equal ends"),
        ("3.8e25 to 3.8e25", "two equal ends"),
        ("−1.5 to −1.5", "two equal ends"),
        ("7·10¹¹ to 7·10¹¹", "two equal ends"),
        ("between 4 B and 4 B", "two equal ends"),
        ("between 7 B and 3 B", "an empty range"),
        ("between 20 % and 10 %", "an empty range"),
        ("Between 900 B and 1.2 M", "an empty range"),
        ("between −1 and −2", "an empty range"),
        ("between 1,000 and 999", "an empty range"),
        ("between  and ", "a range without ends"),
        ("from to 3", "a range without ends"),
    ],
)
def test_flaws(text, flaw):
    assert flaws(plain(text)) == [f"a sentence says {flaw}: {plain(text)}"]


@pytest.mark.parametrize(
    "text",
    [
        "nanometres of banana, infinitely many in the information on `D_inf`, $D_{inf}$ and inference",
        "10 times, 1.0 times, 0.50 times, 1,000 times, and 0 % of the times",
        "5 B to 5 T, 5 B to 50 B, 3 to 3.5, 3 to 30, 13 to 3, 1.3 to 3, −3 to 3, 1 to 1,000, 10¹¹ to 10¹²",
        "falls from 7 B to 5 B, α and β of 2 and 2, between 4 B and 4 T, between 900 M and 1.2 B, between 0 and 5",
        "3 % to 3.1 %, between 20 % and 1, between 9 and 10 B, between 900 and 1.2 k, from 1 to 10, 2023-11 to 2023-12",
    ],
)
def test_no_flaws(text):
    assert flaws(text) == []


# ---------------------------------------------------------------------------------------------------- the trial kernel


def test_figures_are_made_but_not_rendered(client):
    nb = tiny()
    nb.cells.append(new_code_cell("import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nplt.show()"))
    nb.cells.append(new_code_cell("display(fig, Markdown(str(plt.get_fignums())))"))
    assert sentences(client, nb, {}) == ["4 units by x", "[]"]
    shown = [output.data for cell in client.nb.cells[-2:] for output in cell.outputs]
    assert [data.get("text/plain", "")[:7] for data in shown] == ["<Figure", "<Figure", "<IPytho"]
    assert not any("image/png" in data for data in shown)


def test_results_are_found_once_for_all_trials(client):
    slow = tiny(show="str(__import__('sympy').simplify(f'{law}/{law}') + simplify.found_once)")
    slow.cells[1].source += "\nfrom sympy import simplify"
    assert sentences(client, slow, {}) == ["2"]


@pytest.fixture
def counted():
    """A function that counts its calls, and one that remembers its results."""
    calls = []

    def listed(*things):
        calls.append(things)
        return list(things)

    return calls, found_once(listed)


def test_found_once_gives_each_call_its_own(counted):
    calls, listed = counted
    listed(1, 2).append("spoilt")
    assert listed(1, 2) == [1, 2] and len(calls) == 1


@pytest.mark.parametrize("other", [1.0, True, np.float64(1), np.array([1]), "1", sp.Integer(1)], ids=repr)
def test_found_once_tells_arguments_apart(counted, other):
    calls, listed = counted
    listed(1)
    assert type(listed(other)[0]) is type(other) and len(calls) == 2


def defined_in_a_notebook():
    function = lambda: None
    function.__module__, function.__qualname__ = "__main__", "f"
    return function


@pytest.mark.parametrize("argument", [np.random.default_rng(0), lambda: None, defined_in_a_notebook()])
def test_what_may_change_is_found_again(counted, monkeypatch, argument):
    calls, listed = counted
    monkeypatch.setattr(sys.modules["__main__"], "f", argument, raising=False)
    listed(argument), listed([argument])
    listed(argument), listed([argument])
    assert len(calls) == 4


def test_lambdified_function_is_found_once(counted):
    x = sp.Symbol("x", positive=True)
    lambdify = found_once(sp.lambdify)
    assert lambdify(x, 2 * x) is lambdify(x, 2 * x)
    assert lambdify(x, 3 * x)(1) == 3 and lambdify(x, 2 * x)(1) == 2
