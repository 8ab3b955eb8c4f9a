"""Each house rule accepts a good notebook and rejects one that breaks it."""

import ast
import base64
import copy
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from notebook_rules import MACHINE_PATH, REWRITTEN_RULES, RULES, Assumption, assumptions, exercises, links, literal
from notebooks import answer, by_part, measures, normalise, readme_list, tagged, title, tldr, words

PARAMETERS = """\
tokens = 200e12  # training tokens; lecture
k = 3  # FLOP; valid: 2 to 6; Table 1
law = "Besiroglu2024"  # valid: Besiroglu2024 | Hoffmann2022
"""
TRY = """\
## Try this

1. Set `k = 6` and `tokens = 1e12`. What happens?

<details><summary>**Answer**</summary>

It costs **twice
as much**, and `k = 1` is nonsense.
</details>

2) Then `law = "Hoffmann2022"`.

<details>

**More**: see.
</details>
"""


def markdown_output(text, short="<Markdown>"):
    return new_output("display_data", data={"text/markdown": text, "text/plain": short})


def picture(pixels, width):
    data = {"image/png": base64.b64encode(bytes(16) + pixels.to_bytes(4)).decode(), "text/plain": "<Figure>"}
    return new_output("display_data", data=data, metadata={"image/png": {"width": width, "height": 9}})


def good_notebook():
    prose = [
        "# How big?\n\nWhy.",
        "Assumptions:",
        "Sum:",
        "## How wrong could this be?\n\nVery.",
        TRY,
        "## References\n\nPaper. " + "And so on. " * 250,
    ]
    code = [
        new_code_cell("import numpy as np", id="imports"),
        new_code_cell(PARAMETERS, id="parameters", metadata={"tags": ["parameters"]}),
        new_code_cell('takeaway("**TL;DR** ...")', id="tldr", metadata={"tags": ["tldr"]}),
        new_code_cell("print(2)", id="sum"),
        new_code_cell("plt.show()", id="figure"),
    ]
    code[2].outputs = [
        markdown_output("> **TL;DR.** Buy **5.5 B** et al. Now.\n> But not 3 | 4.\n>\n> [Why](x.md)", "Buy 5.5 B now")
    ]
    code[3].outputs = [new_output("stream", name="stdout", text="2\n")]
    code[4].outputs = [picture(1600, 800)]
    for count, cell in enumerate(code, 1):
        cell.execution_count = count
    prose = [new_markdown_cell(text, id=f"prose{i}") for i, text in enumerate(prose)]
    return new_notebook(cells=[prose[0], code[0], prose[1], code[1], code[2], prose[2], *code[3:], *prose[3:]])


def cell(nb, name):
    return next(cell for cell in nb.cells if cell.id == name)


def replace(name, old, new):
    """Return a function that replaces text in the source of a cell."""

    def change(nb):
        assert old in cell(nb, name).source
        cell(nb, name).source = cell(nb, name).source.replace(old, new)

    return change


def tags(name, *values):
    return lambda nb: cell(nb, name).metadata.update(tags=list(values))


def outputs(name, *values):
    return lambda nb: cell(nb, name).update(outputs=list(values))


def hide(name, *parts):
    """Return a function that folds the source of a cell: on the screen, on the site, or both."""

    def change(nb):
        if "screen" in parts:
            cell(nb, name).metadata["jupyter"] = {"source_hidden": True}
        if "site" in parts:
            cell(nb, name).metadata["tags"] = [*cell(nb, name).metadata.get("tags", []), "hide-input"]

    return change


def both(*changes):
    return lambda nb: [change(nb) for change in changes]


def stream(text, name="stdout"):
    return new_output("stream", name=name, text=text)


BREAKS = {
    "valid_format": [
        lambda nb: cell(nb, "sum").pop("execution_count"),
        lambda nb: cell(nb, "sum").update(id="imports"),
    ],
    "executed_in_order": [
        lambda nb: cell(nb, "sum").update(execution_count=None),
        lambda nb: cell(nb, "sum").update(execution_count=5),
    ],
    "no_stderr": [outputs("sum", stream("warning", name="stderr"))],
    "no_untagged_error": [outputs("sum", new_output("error", ename="ValueError", evalue="no", traceback=[]))],
    "title_is_a_question": [
        replace("prose0", "big?", "big"),
        replace("prose0", "# ", ""),
        replace("prose2", "Sum", "# Sum"),
    ],
    "tldr_near_the_top": [
        tags("tldr"),
        tags("sum", "tldr"),
        outputs("tldr"),
        outputs("tldr", stream("5")),
        outputs("tldr", markdown_output("**TL;DR** a"), stream("b")),
        outputs("tldr", markdown_output("In short, a.")),
        replace("tldr", "TL;DR", "Summary"),
        lambda nb: nb.cells.insert(0, nb.cells.pop(-1)) or nb.cells.insert(0, nb.cells.pop(-1)),
    ],
    "assumptions_are_plain": [
        tags("parameters"),
        tags("sum", "parameters"),
        replace("parameters", "200e12", "100 * 2e12"),
        replace("parameters", "200e12", "x"),
        replace("parameters", "200e12", "None"),
        replace("parameters", "200e12", "0"),
        replace("parameters", "tokens = ", "tokens += "),
        replace("parameters", "tokens = ", "tokens: float = "),
        replace("parameters", "tokens = ", "tokens = other = "),
        replace("parameters", "  # training tokens; lecture", ""),
        replace("parameters", "valid: 2 to 6", "valid: 2-6"),
        replace("parameters", "valid: 2 to 6", "valid: 2 to six"),
        replace("parameters", "valid: 2 to 6", "valid: 4 to 6"),
        replace("parameters", "valid: 2 to 6", "valid: 3 to 3"),
        replace("parameters", "valid: Besiroglu2024 | Hoffmann2022", "the law"),
        replace("parameters", PARAMETERS, "import numpy  # numbers"),
        replace("parameters", PARAMETERS, "# nothing"),
    ],
    "cells_are_short": [
        lambda nb: [cell(nb, name).update(source="\n".join("abcdef")) for name in ("imports", "sum", "tldr")],
        lambda nb: [cell(nb, name).update(source="a\n" * 16) for name in ("imports", "sum")],
    ],
    "enough_prose": [lambda nb: nb.cells.extend(new_code_cell("1", id=f"more{i}") for i in range(8))],
    "closing_sections": [
        replace("prose3", "could this", "can this"),
        replace("prose5", "## References", "### References"),
        lambda nb: nb.cells.append(new_markdown_cell("## Next", id="next")),
        lambda nb: nb.cells.append(nb.cells.pop(-2)),
    ],
    "two_to_four_exercises": [
        replace("prose4", "2) Then", "Then"),
        replace("prose4", "## Try this", "## Try that"),
        replace("prose4", "`k = 6` and `tokens = 1e12`", "more"),
        replace("prose4", "`k = 6`", "`k = 6 FLOP`"),
        replace("prose4", "`k = 6`", "`k == 6`"),
        replace("prose4", "`k = 6`", "`k = x`"),
        replace("prose4", "`k = 6`", "`q = 6`"),
        replace("prose4", "**More**", "More"),
        replace("prose4", "<details>\n\n**More**", "<b>\n\n**More**"),
        replace("prose4", "1. Set", "1. Or `k = 2`. <details>**a**</details>\n" * 3 + "1. Set"),
    ],
    "few_typed_figures": [replace("prose0", "Why.", "3 % of 2 T " * 13)],
    "no_trailing_semicolon": [replace("sum", "print(2)", "print(2)\nx;\n")],
    "no_memory_address": [
        outputs("sum", stream("<Line2D at 0x7f12ab34cd>")),
        outputs("sum", new_output("display_data", data={"text/plain": "<Line2D at 0x7f12ab34cd>"})),
    ],
    "no_machine_path": [outputs("sum", stream("read from " + "/".join(["", "home", "me"])))],
    "everything_is_compared": [
        tags("sum", "nbval-ignore-output"),
        tags("sum", "nbval-skip"),
        replace("sum", "print(2)", "# NBVAL_IGNORE_OUTPUT\nprint(2)"),
    ],
    "is_short": [
        replace("prose5", "And so on. ", ""),
        replace("prose5", "And so on. ", "And so on and on and on. "),
        outputs("sum", markdown_output("And so on. " * 300)),
        outputs("tldr", markdown_output("**TL;DR** " + "so " * 71, "so")),
        outputs("tldr", markdown_output("**TL;DR** so", "so " * 16)),
        outputs("tldr", markdown_output("**TL;DR** so")),
    ],
    "visible_cells_are_short": [
        replace("sum", "print(2)", "print(2)\n" * 9),
        replace("parameters", PARAMETERS, "k = 3  # FLOP\n" * 13),
    ],
    "lines_are_short": [
        replace("sum", "print(2)", f"print(2)\nx = {'1' * 97}"),
        both(hide("sum", "screen", "site"), replace("sum", "print(2)", f"print(2)\nx = {'1' * 117}")),
    ],
    "hidden_on_screen_and_on_the_site": [hide("sum", "screen"), hide("sum", "site")],
    "composing_is_hidden": [
        replace("sum", "print(2)", "x = 2\nsay(x)"),
        replace("sum", "print(2)", "fig, ax = plt.subplots()\nax.plot(x)"),
        replace("sum", "print(2)", "for x in y:\n    takeaway(x)"),
    ],
    "sentences_are_whole": [
        replace("sum", "print(2)", 'say("one "\n    "two")'),
        replace("sum", "print(2)", 'takeaway(f"""one """\n    f"""two""")'),
        replace("sum", "print(2)", 'say("one " + x)'),
        replace("sum", "print(2)", 'tldr(f"one", short=", ".join(x))'),
        replace("sum", "print(2)", 'if x:\n    say(f"one {x}" if x else y)'),
    ],
    "picture_first": [
        outputs("figure"),
        lambda nb: nb.cells.append(nb.cells.pop(nb.cells.index(cell(nb, "figure")))),
    ],
    "figures_are_sharp": [
        outputs("figure", picture(800, 800)),
        outputs("figure", picture(3200, 800)),
        lambda nb: cell(nb, "figure").outputs[0].update(metadata={}),
    ],
    "mentions_are_links": [
        replace("prose0", "Why.", "Why: notebook 04."),
        replace("prose0", "Why.", "Why:\nnotebooks [04](04-a.ipynb), [05](05-b.ipynb) and 06."),
        replace("prose0", "Why.", "Why: [04]."),
        replace("prose0", "Why.", "Why: notebook [14]."),
        replace("prose0", "Why.", "Why: notebook [04](05-b.ipynb)."),
        outputs("sum", markdown_output("See notebook 04.")),
    ],
}


ALL_RULES = [*RULES, *REWRITTEN_RULES]


@pytest.mark.parametrize("rule", ALL_RULES, ids=lambda rule: rule.__name__)
def test_good_notebook_keeps_the_rule(rule):
    assert rule(good_notebook()) == []


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        pytest.param(rule, change, id=f"{rule.__name__}-{i}")
        for rule in ALL_RULES
        for i, change in enumerate(BREAKS[rule.__name__])
    ],
)
def test_broken_notebook_breaks_the_rule(rule, change):
    nb = copy.deepcopy(good_notebook())
    change(nb)
    complaints = rule(nb)
    assert complaints
    assert all(isinstance(complaint, str) for complaint in complaints)


def test_tagged_errors_and_pictures_are_left_alone():
    nb = good_notebook()
    cell(nb, "sum").outputs = [new_output("error", ename="ValueError", evalue="no", traceback=[])]
    cell(nb, "sum").metadata.tags = ["raises-exception"]
    assert [complaint for rule in RULES for complaint in rule(nb)] == []
    cell(nb, "sum").outputs = [new_output("display_data", data={"image/png": "0xabcdef12"})]
    assert [complaint for rule in RULES for complaint in rule(nb)] == []


def test_what_is_hidden_may_compose_and_draw():
    nb = good_notebook()
    hide("sum", "screen", "site")(nb)
    cell(nb, "sum").source = "fig, ax = plt.subplots()\n" + 20 * "x\n" + "say(x)\n# " + 118 * "x"
    assert [complaint for rule in ALL_RULES for complaint in rule(nb)] == []


@pytest.mark.parametrize(
    "source",
    [
        'say("one")',
        "takeaway(x)",
        'tldr(f"""one\n{x:g} "two" and\nthree""", short=f"{x}")',
    ],
)
def test_whole_sentences(source):
    nb = good_notebook()
    hide("sum", "screen", "site")(nb)
    cell(nb, "sum").source = source
    assert [complaint for rule in ALL_RULES for complaint in rule(nb)] == []


def test_linked_mentions_and_vector_figures():
    nb = good_notebook()
    cell(nb, "figure").outputs = [new_output("display_data", data={"image/svg+xml": "<svg/>"})]
    cell(nb, "prose0").source += "\n\nNotebooks [04](04-a.ipynb) to [06](06-b.ipynb), as [12] says; 12 notebooks."
    assert [complaint for rule in ALL_RULES for complaint in rule(nb)] == []


def test_links(tmp_path):
    paths = [tmp_path / name for name in ("01-a.ipynb", "02-b.ipynb", "03-c.ipynb")]
    paths[0].touch()
    nb = good_notebook()
    cell(nb, "sum").outputs = [markdown_output("[computed](04-d.ipynb)")]
    nb.cells[0].source += "\n[before](01-a.ipynb) [after](03-c.ipynb#top) [paper](https://example.org/x)"
    (tmp_path / "x.md").touch()
    assert links(nb, paths[1], paths) == [f"the link to {name} leads nowhere" for name in ("03-c.ipynb", "04-d.ipynb")]
    paths[2].touch()
    (tmp_path / "04-d.ipynb").touch()
    assert links(nb, paths[1], paths) == []
    assert links(nb, paths[0], paths) == ["no link to its neighbour 02-b.ipynb"]


# -------------------------------------------------------------------------------------------------------- the readers


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1_000", 1000),
        ("-2.5", -2.5),
        ("1/3", 1 / 3),
        ("'a'", "a"),
        ("True", True),
        ("(1, 2e3)", (1, 2e3)),
        ("['a']", ["a"]),
    ],
)
def test_literal(text, value):
    assert literal(ast.parse(text, mode="eval").body) == value


@pytest.mark.parametrize("text", ["x", "1 + 2", "f(1)", "-x", "1 / x", "[y]", "{}", "None", "f''"])
def test_not_a_literal(text):
    with pytest.raises(ValueError, match="not a plain literal"):
        literal(ast.parse(text, mode="eval").body)


@pytest.mark.parametrize(
    ("value", "comment", "others"),
    [
        (200e12, "tokens", [100e12, 400e12]),
        (4, "cells", [2, 8]),
        (-3, "shift", [-1.5, -6]),
        (3, "FLOP; valid: 2 to 6; lecture", [2, 6]),
        (3, "FLOP; valid: 3 to 6", [6]),
        (0.3, "use; valid: 1/4 to 1", [0.25, 1]),
        (True, "reuse?", [False]),
        ("a", "law; valid: a | b|c; paper", ["b", "c"]),
        ((1, 2.0), "grid", [(0.5, 1.0), (2, 4.0)]),
        ([0.4, 0.8], "use; valid: 0.3 to 1", [[0.3, 0.4], [0.8, 1]]),
        (("a", "b", "c"), "laws", [("a", "b")]),
    ],
)
def test_alternatives(value, comment, others):
    found = Assumption("x", value, comment).alternatives()
    assert found == others
    assert [type(a) for a in found] == [type(b) for b in others]


@pytest.mark.parametrize("value", [0, "a", ("a",), (), (0, 0), ("a", 1)])
def test_no_alternatives(value):
    with pytest.raises(ValueError, match="assumption `x`"):
        Assumption("x", value, "meaning").alternatives()


def test_assumptions():
    nb = good_notebook()
    cell(nb, "parameters").source = 'laws = (\n    "a",  # first\n    "b",\n)  # the laws'
    assert assumptions(nb) == [Assumption("laws", ("a", "b"), "first the laws")]


def test_exercises():
    first, second = exercises(good_notebook())
    assert (first.number, first.values, first.answers) == (1, {"k": 6, "tokens": 1e12}, ["twice\nas much"])
    assert (second.values, second.answers) == ({"law": "Hoffmann2022"}, ["More"])


@pytest.mark.parametrize("path", ["'/home/me'", "file:/tmp/x", "/root", "C:\\Users\\me", "see `/work/x`"])
def test_machine_path(path):
    assert MACHINE_PATH.search(path)


@pytest.mark.parametrize("text", ["https://a.org/home/x", "and/or/work", "a /homely place", "build/tmp/x", "1/2 /3"])
def test_not_a_machine_path(text):
    assert not MACHINE_PATH.search(text)


# --------------------------------------------------------------------------------------------- what the README shows


def test_title_and_answer():
    nb = good_notebook()
    assert title(nb) == "How big?"
    assert tldr(nb) == "TL;DR. Buy 5.5 B et al. Now. But not 3 | 4.\nWhy"
    assert answer(nb) == "Buy 5.5 B now"


def test_no_answer():
    nb = good_notebook()
    outputs("tldr", markdown_output("**TL;DR** so"))(nb)
    assert answer(nb) == ""
    outputs("tldr")(nb)
    assert answer(nb) == ""


def test_readme_list():
    silent = good_notebook()
    outputs("tldr", markdown_output("**TL;DR** so"))(silent)
    notebooks = {Path("notebooks/01-a.ipynb"): good_notebook(), Path("notebooks/06-b.ipynb"): silent}
    assert readme_list(notebooks).splitlines() == [
        "**I The answer**",
        "",
        "- [01 How big?](notebooks/01-a.ipynb): Buy 5.5 B now",
        "",
        "**II A lecture, tested**",
        "",
        "- [06 How big?](notebooks/06-b.ipynb)",
        "",
    ]


@pytest.mark.parametrize(
    ("markdown", "count"),
    [
        ("One, two: `three` – 4.", 3),
        ("A [link to](some/where.md) it\n```python\nx = 1\n```", 4),
        ("| a | b |\n|---|---|\n| 1 | 2 3 |", 5),
        ("<details><summary>Answer</summary>\n\nNo, since 2 < 3 > 1.\n</details>", 6),
        ("Here $a + b = c$ and\n$$\na\n$$", 4),
    ],
)
def test_words(markdown, count):
    assert words(markdown) == count


def test_measures():
    nb = good_notebook()
    hide("sum", "screen", "site")(nb)
    found = measures(nb)
    assert found.pop("words") == sum(map(words, [c.source for c in nb.cells if c.cell_type == "markdown"])) + 12
    assert found == {
        "TL;DR": 11,
        "visible lines": 6,
        "longest visible": len(PARAMETERS.splitlines()[2]),
        "longest hidden": len("print(2)"),
        "first figure": 8,
    }


def test_parts():
    paths = [Path(f"notebooks/{name}.ipynb") for name in ("01-a", "05-b", "06-c", "18-d", "21-e")]
    assert by_part(paths) == {
        "I The answer": paths[:2],
        "II A lecture, tested": paths[2:3],
        "IV The evidence": paths[3:],
    }


def test_tldr_missing():
    nb = good_notebook()
    tagged(nb, "tldr")[0].metadata.tags = []
    with pytest.raises(ValueError, match="0 TL;DR outputs"):
        tldr(nb)


def test_normalise():
    nb = good_notebook()
    nb.metadata = {
        "kernelspec": {"display_name": "mine", "name": "mine"},
        "widgets": {},
        "language_info": {"version": "3"},
    }
    cell(nb, "tldr").metadata.update(execution={"started": "today"}, jupyter={"source_hidden": True})
    cell(nb, "sum").outputs = [
        new_output("display_data", {"application/vnd.jupyter.widget-view+json": {}, "text/plain": "5"})
    ]
    normalise(nb)
    assert nb.metadata == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    assert cell(nb, "tldr").metadata == {"jupyter": {"source_hidden": True}, "tags": ["tldr"]}
    assert cell(nb, "sum").outputs[0].data == {"text/plain": "5"}
    nbformat.validate(nb)
