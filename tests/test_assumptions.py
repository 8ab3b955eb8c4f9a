"""Every notebook follows its assumptions: change one, and the asserts hold while a computed sentence changes."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from assumption_trials import Change, changes, complaints, failures, sentences, with_values
from notebooks import NOTEBOOKS, CellFailedError, kernel


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
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from None

    class Trials:
        nb = notebook

        @pytest.mark.parametrize("change", found, ids=lambda change: change.label)
        def test_notebook_follows(self, trial, change):
            client, nb, default = trial
            if found := failures(client, nb, default, change):
                pytest.fail("\n".join(found), pytrace=False)

    return Trials


for path in NOTEBOOKS:
    globals()[f"Test {path.stem}"] = trials(path)


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
