"""What a notebook of this project must look like. A rule takes a notebook and returns a list of complaints."""

import ast
import base64
import io
import re
import statistics
import tokenize
from dataclasses import dataclass

import nbformat

from notebooks import (
    answer,
    code_cells,
    first_figure,
    folded,
    hidden,
    lines,
    longest,
    markdown_cells,
    markdown_outputs,
    measures,
    plain,
    tagged,
    visible_cells,
    words,
)

# Cells that strict nbval may skip or not compare: {cell id: reason}.
NOT_COMPARED = {}

WORDS = 700, 1300
TLDR_WORDS, ANSWER_WORDS = 70, 15
VISIBLE_LINES, PARAMETER_LINES = 8, 12
VISIBLE_WIDTH, HIDDEN_WIDTH = 100, 120
FIRST_FIGURE = 10

MACHINE_PATH = re.compile(
    r"(?:^|(?<=[\s\"'`(=:]))(?:/(?:home|mnt|opt|root|tmp|Users|work)\b|[A-Z]:\\+Users\b)", re.MULTILINE
)


# ------------------------------------------------------------------------------------------------ reading a notebook


def prose(nb):
    """Return all plain Markdown as one text, without code blocks."""
    return re.sub(r"```.*?```", "", "\n\n".join(cell.source for cell in markdown_cells(nb)), flags=re.DOTALL)


def headings(nb):
    """Return the headings of level 1 and 2."""
    return re.findall(r"^##? +(.+?) *$", prose(nb), flags=re.MULTILINE)


def output_text(cell):
    """Return everything that a cell shows, except pictures."""
    texts = []
    for output in cell.outputs:
        texts += [output.get("text", ""), output.get("evalue", "")]
        texts += [str(value) for kind, value in output.get("data", {}).items() if not kind.startswith("image/")]
    return "\n".join(texts)


def literal(node):
    """Return the value of a number, text, truth value, fraction such as 1/3, or a tuple or list of these."""
    match node:
        case ast.Constant(value=bool() | int() | float() | str() as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return -value
        case ast.BinOp(
            left=ast.Constant(value=int() | float() as a), op=ast.Div(), right=ast.Constant(value=int() as b)
        ):
            return a / b
        case ast.Tuple(elts=items):
            return tuple(literal(item) for item in items)
        case ast.List(elts=items):
            return [literal(item) for item in items]
    raise ValueError(f"`{ast.unparse(node)}` is not a plain literal")


@dataclass(frozen=True)
class Assumption:
    """One line of the `parameters` cell: `name = value  # meaning; valid: 2 to 6; source`."""

    name: str
    value: object
    comment: str

    def extremes(self):
        """Return the two ends of what is legal, or the texts to choose from."""
        valid = re.search(r"\bvalid: *([^;]+)", self.comment)
        try:
            return alternatives(self.value, valid and valid[1].strip())
        except (ValueError, SyntaxError) as error:
            raise ValueError(f"assumption `{self.name}`: {error}") from None

    def alternatives(self):
        """Return the other values that the notebook must survive."""
        others = [other for other in self.extremes() if other != self.value]
        if not others:
            raise ValueError(f"assumption `{self.name}` has no other value: state `valid: ...` in its comment")
        return others

    def draw(self, rng, corner):
        """Return a legal value by one random number: of a range an end, if `corner`, else anything between the two."""
        share, extremes = rng.random(), self.extremes()
        choices = extremes
        match self.value:
            case bool() | str() | [str(), *_]:
                choices = [self.value, *(other for other in extremes if other != self.value)]
            case int() | float() if not corner:
                return between(self.value, *extremes, share)
            case [*_] if not corner:
                return type(self.value)(between(*ends, share) for ends in zip(self.value, *extremes))
        return choices[int(share * len(choices))]


def alternatives(value, valid):
    match value:
        case bool():
            return [not value]
        case str():
            return [text.strip(" \"'") for text in valid.split("|")] if valid else []
        case int() | float() if valid:
            low, high = interval(valid)
            if not low <= value <= high:
                raise ValueError(f"{value} is not within its valid range, {valid}")
            return [low, high]
        case int() | float():
            return [scaled(value, 0.5), scaled(value, 2)]
        case [str(), str(), *_]:
            return [value[:-1]]
        case [*items] if items and all(isinstance(item, int | float) for item in items):
            low, high = interval(valid) if valid else (-float("inf"), float("inf"))
            return [type(value)(min(max(scaled(item, f), low), high) for item in items) for f in (0.5, 2)]
    raise ValueError(f"no rule how to change {value!r}")


def interval(valid):
    """Return the two numbers of `2 to 6`."""
    ends = re.fullmatch(r"(\S+) to (\S+)", valid)
    if not ends:
        raise ValueError(f"`valid: {valid}` is not a range such as `valid: 2 to 6`")
    return [literal(ast.parse(end, mode="eval").body) for end in ends.groups()]


def between(value, low, high, share):
    """Return what lies that share of the way from low to high, to three digits, and whole if all three are."""
    found = low * (high / low) ** share if low > 0 else low + (high - low) * share
    found = float(f"{found:.3g}")
    if all(isinstance(number, int) for number in (value, low, high)):
        found = round(found)
    return min(max(found, min(low, high)), max(low, high))


def scaled(number, factor):
    result = number * factor
    return int(result) if isinstance(number, int) and result == int(result) else result


def assumptions(nb):
    """Return the assumptions in the `parameters` cell."""
    cells = tagged(nb, "parameters")
    if len(cells) != 1:
        raise ValueError(f"{len(cells)} cells are tagged `parameters`, not one")
    source = cells[0].source
    comments = {
        token.start[0]: token.string.lstrip("# ")
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    found = []
    for node in ast.parse(source).body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                lines = range(node.lineno, node.end_lineno + 1)
                comment = " ".join(comments[line] for line in lines if line in comments)
                if not comment:
                    raise ValueError(f"assumption `{name}` has no comment on its line")
                found.append(Assumption(name, literal(value), comment))
            case _:
                raise ValueError(f"`{ast.unparse(node)}` in the `parameters` cell is not `name = literal`")
    if not found:
        raise ValueError("the `parameters` cell is empty")
    return found


@dataclass(frozen=True)
class Exercise:
    """One item of "Try this": the changes that it asks for and the bold fragments of its folded answer."""

    number: int
    values: dict
    answers: list


def exercises(nb):
    """Return the items of "Try this"."""
    section = re.search(r"^##? +Try this *$(.*?)(?=^##? |\Z)", prose(nb), flags=re.MULTILINE | re.DOTALL)
    items = re.split(r"^\d+[.)] +", section[1] if section else "", flags=re.MULTILINE)[1:]
    known = {assumption.name for assumption in assumptions(nb)}
    found = []
    for number, item in enumerate(items, 1):
        question, _, folded = item.partition("<details")
        values = {}
        for span in re.findall(r"`([^`]*=[^`]*)`", question):
            try:
                (node,) = ast.parse(span).body
                (target,) = node.targets
                values[target.id] = literal(node.value)
            except (AttributeError, SyntaxError, ValueError):
                raise ValueError(f"Try this {number}: `{span}` is not `name = literal`") from None
        if not values:
            raise ValueError(f"Try this {number}: no change such as `name = value`")
        if unknown := sorted(values.keys() - known):
            raise ValueError(f"Try this {number}: {unknown} not in the `parameters` cell")
        folded = re.sub(r"<summary>.*?</summary>", "", folded, flags=re.DOTALL)
        answers = re.findall(r"\*\*(.+?)\*\*", folded.partition("</details>")[0], flags=re.DOTALL)
        if not answers:
            raise ValueError(f"Try this {number}: nothing in **bold** in a folded answer (<details>)")
        found.append(Exercise(number, values, answers))
    return found


# ------------------------------------------------------------------------------------------------------------- rules


def executed_in_order(nb):
    counts = [cell.execution_count for cell in code_cells(nb)]
    return [] if counts == list(range(1, len(counts) + 1)) else [f"execution counts are {counts}: run `make record`"]


def no_stderr(nb):
    return [f"stderr: {o.text}" for cell in code_cells(nb) for o in cell.outputs if o.get("name") == "stderr"]


def no_untagged_error(nb):
    allowed = tagged(nb, "raises-exception")
    cells = [cell for cell in code_cells(nb) if cell not in allowed]
    return [f"{o.ename}: {o.evalue}" for cell in cells for o in cell.outputs if o.output_type == "error"]


def title_is_a_question(nb):
    titles = re.findall(r"^# .+", prose(nb), flags=re.MULTILINE)
    if len(titles) == 1 and titles[0].rstrip().endswith("?") and nb.cells[0].source.startswith(titles[0]):
        return []
    return [f"the first cell must begin with the only `# title`, a question; found {titles}"]


def tldr_near_the_top(nb):
    complaints = []
    cells = tagged(nb, "tldr")
    if len(cells) != 1 or len(cells[0].outputs) != 1 or not markdown_outputs(cells[0]):
        complaints.append("exactly one cell must be tagged `tldr`, and show one Markdown output and nothing else")
    elif cells[0] not in nb.cells[:6]:
        complaints.append("the cell tagged `tldr` is not among the first 6")
    elif not plain(markdown_outputs(cells[0])[0]).startswith("TL;DR"):
        complaints.append("what the cell tagged `tldr` shows does not begin with `TL;DR`")
    if not any("TL;DR" in cell.source for cell in nb.cells[:6]):
        complaints.append("no `TL;DR` in the source of the first 6 cells, such as a comment or a heading")
    return complaints


def assumptions_are_plain(nb):
    try:
        for assumption in assumptions(nb):
            assumption.alternatives()
    except ValueError as error:
        return [str(error)]
    return []


def cells_are_short(nb):
    counts = sorted(len(lines(cell.source)) for cell in visible_cells(nb))
    complaints = []
    if statistics.median(counts) > 5:
        complaints.append(f"the median visible code cell has {statistics.median(counts):g} lines, more than 5")
    if counts[int(0.9 * (len(counts) - 1))] > 15:
        complaints.append("one visible code cell in ten has more than 15 lines")
    return complaints


def enough_prose(nb):
    share = len(markdown_cells(nb)) / len(nb.cells)
    return [] if share >= 0.35 else [f"{share:.0%} of the cells are prose: should be about half, at least 35 %"]


def closing_sections(nb):
    last = headings(nb)[-3:]
    wanted = ["How wrong could this be?", "Try this", "References"]
    return [] if last == wanted else [f"the last three headings are {last}, not {wanted}"]


def two_to_four_exercises(nb):
    try:
        count = len(exercises(nb))
    except ValueError as error:
        return [str(error)]
    return [] if 2 <= count <= 4 else [f"{count} numbered items under `Try this`, not two to four"]


def few_typed_figures(nb):
    typed = re.findall(
        r"\d[\d.,]*\s?(?:%|×|[KMBT]\b|trillion|billion)", "\n".join(c.source for c in markdown_cells(nb))
    )
    return [] if len(typed) <= 25 else [f"{len(typed)} figures typed in Markdown, more than 25: compute them: {typed}"]


def no_trailing_semicolon(nb):
    return [
        f"`{c.source.splitlines()[-1]}`: `;` hides nothing in nbval"
        for c in code_cells(nb)
        if c.source.rstrip().endswith(";")
    ]


def no_memory_address(nb):
    return [a for cell in code_cells(nb) for a in re.findall(r".*\b0x[0-9a-f]{6,}.*", output_text(cell))]


def no_machine_path(nb):
    return [cell.id for cell in code_cells(nb) if MACHINE_PATH.search(output_text(cell))]


def everything_is_compared(nb):
    complaints = []
    for cell in code_cells(nb):
        tags = {"nbval-skip", "nbval-ignore-output"} & set(cell.metadata.get("tags", []))
        marks = re.findall(r"^# *(?:NBVAL|PYTEST_VALIDATE)_\w+", cell.source, flags=re.MULTILINE)
        if (tags or marks) and not NOT_COMPARED.get(cell.id):
            complaints.append(f"cell {cell.id}: {sorted(tags) or marks} without a reason in NOT_COMPARED")
    return complaints


def valid_format(nb):
    ids = [cell.get("id") for cell in nb.cells]
    if None in ids or len(set(ids)) < len(ids):
        return ["cells need ids, each its own"]
    try:
        nbformat.validate(nb)
    except nbformat.ValidationError as error:
        return [f"not a valid notebook: {error.message}"]
    return []


RULES = [
    valid_format,
    executed_in_order,
    no_stderr,
    no_untagged_error,
    title_is_a_question,
    tldr_near_the_top,
    assumptions_are_plain,
    cells_are_short,
    enough_prose,
    closing_sections,
    two_to_four_exercises,
    few_typed_figures,
    no_trailing_semicolon,
    no_memory_address,
    no_machine_path,
    everything_is_compared,
]


# ------------------------------------------------------------------------------ rules for the notebooks once rewritten


def is_short(nb):
    found, complaints = measures(nb), []
    if not WORDS[0] <= found["words"] <= WORDS[1]:
        complaints.append(f"{found['words']} words of prose, not {WORDS[0]} to {WORDS[1]}")
    if found["TL;DR"] > TLDR_WORDS:
        complaints.append(f"{found['TL;DR']} words in the TL;DR, more than {TLDR_WORDS}")
    if not 1 <= words(answer(nb)) <= ANSWER_WORDS:
        complaints.append(f"the short answer is {answer(nb)!r}, not a text of at most {ANSWER_WORDS} words")
    return complaints


def visible_cells_are_short(nb):
    complaints, parameters = [], tagged(nb, "parameters")
    for cell in visible_cells(nb):
        allowed = PARAMETER_LINES if cell in parameters else VISIBLE_LINES
        if (count := len(lines(cell.source))) > allowed:
            complaints.append(f"visible cell {cell.id} has {count} lines, more than {allowed}")
    return complaints


def lines_are_short(nb):
    complaints = []
    for cell in code_cells(nb):
        allowed = HIDDEN_WIDTH if hidden(cell) else VISIBLE_WIDTH
        if (width := longest([cell])) > allowed:
            complaints.append(f"a line of {width} characters in cell {cell.id}, more than {allowed}")
    return complaints


def hidden_on_screen_and_on_the_site(nb):
    return [
        f"cell {cell.id} needs both `source_hidden` and the tag `hide-input`, or neither"
        for cell in code_cells(nb)
        if any(folded(cell)) and not hidden(cell)
    ]


def calls(cell, *names):
    """Return the calls, in the source of a cell, of functions written in one of these ways."""
    nodes = ast.walk(ast.parse(cell.source))
    return [node for node in nodes if isinstance(node, ast.Call) and ast.unparse(node.func) in names]


SENTENCES = "takeaway", "say", "tldr"


def composing_is_hidden(nb):
    return [
        f"cell {cell.id} composes a sentence or sets up a figure in view: hide it"
        for cell in visible_cells(nb)
        if len(lines(cell.source)) > 1 and calls(cell, *SENTENCES, "plt.subplots")
    ]


def sentences_are_whole(nb):
    complaints = []
    for cell in code_cells(nb):
        for call in calls(cell, *SENTENCES):
            texts = [*call.args, *(keyword.value for keyword in call.keywords)]
            if not all(whole(text, ast.get_source_segment(cell.source, text)) for text in texts):
                complaints.append(f"cell {cell.id}: a text of {call.func.id} is not one string in triple quotes")
    return complaints


def whole(node, source):
    """Say whether a text is a name or one string, in triple quotes if it has several lines."""
    if not isinstance(node, ast.Constant | ast.JoinedStr):
        return isinstance(node, ast.Name)
    if re.fullmatch(r'[rf]*""".*"""', source, flags=re.DOTALL | re.IGNORECASE):
        return source.count('"""') == 2
    return node.lineno == node.end_lineno


def picture_first(nb):
    number = first_figure(nb)
    return [] if number and number <= FIRST_FIGURE else [f"the first figure is in cell {number}, not in the first ten"]


def figures_are_sharp(nb):
    complaints = []
    for cell in code_cells(nb):
        for output in cell.outputs:
            if "image/png" in output.get("data", {}):
                pixels = int.from_bytes(base64.b64decode(output.data["image/png"])[16:20])
                width = output.metadata.get("image/png", {}).get("width", 0)
                if abs(pixels - 2 * width) > 2:
                    complaints.append(f"cell {cell.id}: a PNG of {pixels} pixels for a width of {width}, not twice")
    return complaints


def mentions_are_links(nb):
    text = "\n\n".join(shown_markdown(nb))
    linked = re.sub(r"\[[^]]*\]\([^)]*\)", "LINK", text)
    bare = re.findall(r"notebooks?\s(?:\s*LINK\s*(?:,|and|or|to))*\s*\[?\d\d\b|\[0\d\]", linked)
    wrong = [f"[{a}]({b})" for a, b in re.findall(r"\[(\d\d)\]\(([^)]*)\)", text) if not b.startswith(f"{a}-")]
    return [f"`{mention}` is not a link to that notebook" for mention in bare + wrong]


REWRITTEN_RULES = [
    is_short,
    visible_cells_are_short,
    lines_are_short,
    hidden_on_screen_and_on_the_site,
    composing_is_hidden,
    sentences_are_whole,
    picture_first,
    figures_are_sharp,
    mentions_are_links,
]


def shown_markdown(nb):
    """Return all that is read as Markdown: what is typed, and what is computed."""
    return [prose(nb), *(markdown for cell in code_cells(nb) for markdown in markdown_outputs(cell))]


def links(nb, path, paths):
    """Complain of links to files that do not exist, and of a neighbour in `paths` that is not linked."""
    found = re.findall(r"\]\(([^)#\s]+)[^)]*\)", "\n".join(shown_markdown(nb)))
    complaints = [
        f"the link to {link} leads nowhere" for link in found if "://" not in link and not (path.parent / link).exists()
    ]
    here = paths.index(path)
    neighbours = paths[max(here - 1, 0) : here] + paths[here + 1 : here + 2]
    return complaints + [f"no link to its neighbour {other.name}" for other in neighbours if other.name not in found]
