"""Execute the notebooks: `run` leaves the tracked files alone, `record` stores the outputs and refreshes the README.

`measure` executes nothing: it prints how long each is.
"""

import argparse
import base64
import os
import re
import sys
import textwrap
import time
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path

import nbformat
from ipykernel.kernelspec import make_ipkernel_cmd
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
README = ROOT / "README.md"
HEADLINE = ROOT / "docs" / "headline.png"
PARTS = {1: "I The answer", 6: "II A lecture, tested", 13: "III What else a lab chooses", 18: "IV The evidence"}
"""The parts of the suite, each by the number of its first notebook."""
LIST, ANSWER = (
    re.compile(rf"(?<=<!-- {name}:begin -->\n).*?(?=<!-- {name}:end -->)", re.DOTALL)
    for name in ("notebooks", "answer")
)


class CellFailedError(Exception):
    """A cell that raised, took too long or took its kernel down; the message shows the cell."""


# ---------------------------------------------------------------------------------------------------------- execution


class ThisPython(KernelSpecManager):
    """Notebooks run in the Python that runs this file, whatever kernels are installed."""

    def get_kernel_spec(self, kernel_name):
        quiet = ["--log-level=40"]
        return KernelSpec(argv=make_ipkernel_cmd(extra_arguments=quiet), language="python", display_name="Python 3")


@contextmanager
def kernel():
    """Start a kernel in notebooks/, for `execute`."""
    client = NotebookClient(
        nbformat.v4.new_notebook(),
        km=AsyncKernelManager(kernel_spec_manager=ThisPython()),
        timeout=300,
        record_timing=False,
        coalesce_streams=True,
    )
    environment = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    with client.setup_kernel(cleanup_kc=True, cwd=ROOT / "notebooks", env=environment | {"PYTHONHASHSEED": "0"}):
        yield client


def execute(client, nb):
    """Execute the cells of a notebook in order and keep their outputs; stop at the first that fails."""
    client.nb = nb
    for index, cell in enumerate(nb.cells):
        try:
            client.execute_cell(cell, index)
        except CellExecutionError as error:
            raise CellFailedError(f"cell {index + 1}: {error.ename}: {error.evalue}\n{shown(cell)}") from None
        except (CellTimeoutError, DeadKernelError) as error:
            raise CellFailedError(f"cell {index + 1}: {type(error).__name__}\n{shown(cell)}") from None


def shown(cell):
    return textwrap.indent(cell.source, "    | ")


def execute_each(paths, save):
    """Execute notebooks, each in a kernel of its own, with a line of progress; return how many failed."""
    failed = 0
    for path in paths:
        print(f"{path.stem:32}", end="", flush=True)
        start = time.perf_counter()
        nb = nbformat.read(path, as_version=4)
        try:
            with kernel() as client:
                execute(client, nb)
        except CellFailedError as error:
            failed += 1
            print(f"FAILED, {error}", flush=True)
        else:
            normalise(nb)
            save(nb, path)
            print(f"{time.perf_counter() - start:6.1f} s", flush=True)
    return failed


def normalise(nb):
    """Drop whatever differs between machines or runs and is not an output."""
    nb.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    for cell in nb.cells:
        cell.metadata = nbformat.from_dict(
            {key: cell.metadata[key] for key in ("jupyter", "tags") if key in cell.metadata}
        )
        for output in cell.get("outputs", []):
            output.get("data", {}).pop("application/vnd.jupyter.widget-view+json", None)


# ------------------------------------------------------------------------------------------------ what the README shows


def code_cells(nb):
    return [cell for cell in nb.cells if cell.cell_type == "code" and cell.source.strip()]


def markdown_cells(nb):
    return [cell for cell in nb.cells if cell.cell_type == "markdown"]


def tagged(nb, tag):
    """Return the code cells that have a tag."""
    return [cell for cell in nb.cells if cell.cell_type == "code" and tag in cell.metadata.get("tags", [])]


def markdown_outputs(cell):
    return [output.data["text/markdown"] for output in cell.outputs if "text/markdown" in output.get("data", {})]


def plain(markdown):
    """Return Markdown without quote marks, bold and links, one line a paragraph."""
    text = re.sub(r"^ *> ?", "", markdown, flags=re.MULTILINE)
    text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", text).replace("**", "")
    return "\n".join(" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", text.strip()))


def title(nb):
    """Return the notebook's title, which is its question."""
    return nb.cells[0].source.splitlines()[0].removeprefix("# ").strip()


def tldr(nb):
    """Return the stored TL;DR as plain text, one line a paragraph."""
    outputs = [markdown for cell in tagged(nb, "tldr") for markdown in markdown_outputs(cell)]
    if len(outputs) != 1:
        raise ValueError(
            f"{title(nb)!r} has {len(outputs)} TL;DR outputs: one cell tagged `tldr` must show one Markdown"
        )
    return plain(outputs[0])


def unlabelled(nb):
    """Return the TL;DR without its label, on one line."""
    return re.sub(r"^.*?TL;DR[\s.:—–]*", "", " ".join(tldr(nb).split()))


def answer(nb):
    """Return the answer in a few words, which is the plain text of the TL;DR; empty if it has none."""
    texts = [output.data["text/plain"] for cell in tagged(nb, "tldr") for output in cell.outputs if "data" in output]
    return "" if not texts or texts[0].startswith("<") else texts[0]


def part(path):
    """Return the part that a notebook belongs to, by its number."""
    number = int(path.name.partition("-")[0])
    return PARTS[max(first for first in PARTS if first <= number)]


def by_part(paths):
    """Return {part: its notebooks}, without empty parts."""
    return {name: list(members) for name, members in groupby(paths, part)}


def readme_list(notebooks):
    """Return the list of notebooks, given as {path: notebook}, by part: each its question and, if any, its answer."""
    text = ""
    for name, paths in by_part(notebooks).items():
        text += f"**{name}**\n\n"
        for path in paths:
            number, reply = path.name.partition("-")[0], answer(notebooks[path])
            link = f"[{number} {title(notebooks[path])}](notebooks/{path.name})"
            text += f"- {link}: {reply}\n" if reply else f"- {link}\n"
        text += "\n"
    return text


def readme_answer(notebooks):
    """Return what the one cell tagged `readme` says, with links that work from the README."""
    (cell,) = (cell for nb in notebooks.values() for cell in tagged(nb, "readme"))
    return re.sub(r"\]\((?=\d\d-)", "](notebooks/", "\n".join(markdown_outputs(cell))) + "\n"


def headline_images(notebooks):
    """Return the PNG of each cell tagged `headline`: the project has at most one."""
    cells = [cell for nb in notebooks.values() for cell in tagged(nb, "headline")]
    return [
        base64.b64decode(output.data["image/png"])
        for cell in cells
        for output in cell.outputs
        if "image/png" in output.get("data", {})
    ]


def read_all():
    return {path: nbformat.read(path, as_version=4) for path in NOTEBOOKS}


# ---------------------------------------------------------------------------------------------------------- measuring


def folded(cell):
    """Say whether the source of a code cell is folded in JupyterLab, and whether it is on the site."""
    return cell.metadata.get("jupyter", {}).get("source_hidden") is True, "hide-input" in cell.metadata.get("tags", [])


def hidden(cell):
    return all(folded(cell))


def visible_cells(nb):
    return [cell for cell in code_cells(nb) if not hidden(cell)]


def words(markdown):
    """Count the words of prose: a formula is one; code, link targets, HTML tags and the frames of tables are none."""
    text = re.sub(r"```.*?```|`[^`]*`", " ", markdown, flags=re.DOTALL)
    text = re.sub(r"(\${1,2})[^$]+\1", " formula ", text)
    text = re.sub(r"\]\([^)]*\)|</?[a-z][^>]*>|\|", " ", text)
    return len(re.findall(r"\S*\w\S*", text))


def lines(source):
    """Return the lines that are not blank."""
    return [line for line in source.splitlines() if line.strip()]


def longest(cells):
    return max((len(line) for cell in cells for line in lines(cell.source)), default=0)


def first_figure(nb):
    """Return the number of the first cell that shows a picture, from 1; None without any."""
    for number, cell in enumerate(nb.cells, 1):
        if any(kind.startswith("image/") for output in cell.get("outputs", []) for kind in output.get("data", {})):
            return number
    return None


def measures(nb):
    """Return how long a notebook is: what `measure` prints and the house rules bound."""
    rendered = [markdown for cell in code_cells(nb) for markdown in markdown_outputs(cell)]
    visible, every = visible_cells(nb), code_cells(nb)
    return {
        "words": sum(map(words, [*(cell.source for cell in markdown_cells(nb)), *rendered])),
        "TL;DR": words(unlabelled(nb)),
        "visible lines": sum(len(lines(cell.source)) for cell in visible),
        "longest visible": longest(visible),
        "longest hidden": longest([cell for cell in every if hidden(cell)]),
        "first figure": first_figure(nb),
    }


# ----------------------------------------------------------------------------------------------------------- commands


def run():
    """Execute every notebook into build/notebooks/ and print the answers."""
    target = ROOT / "build" / "notebooks"
    target.mkdir(parents=True, exist_ok=True)
    executed = []

    def save(nb, path):
        nbformat.write(nb, target / path.name)
        executed.append(nb)

    failed = execute_each(NOTEBOOKS, save)
    for nb in executed:
        print(f"\n{title(nb)}")
        for paragraph in tldr(nb).splitlines():
            print(textwrap.fill(paragraph, 100, initial_indent="  ", subsequent_indent="  "))
    print(f"\nThe executed notebooks are in {target.relative_to(ROOT)}/")
    return failed


def record(paths):
    """Execute notebooks in place, then refresh the list and the answer of the README and the headline figure."""
    failed = execute_each(paths or NOTEBOOKS, nbformat.write)
    if failed:
        return failed
    notebooks = read_all()
    readme = README.read_text(encoding="utf-8")
    for place, text in ((LIST, readme_list(notebooks)), (ANSWER, readme_answer(notebooks))):
        readme, found = place.subn(lambda _, text=text: text, readme)
        if found != 1:
            sys.exit("README.md must have a begin and an end of its list and of its answer, once each")
    README.write_text(readme, encoding="utf-8")
    for image in headline_images(notebooks):
        HEADLINE.parent.mkdir(exist_ok=True)
        HEADLINE.write_bytes(image)
    return 0


def measure():
    """Print how long each notebook is."""
    rows = {path.stem: measures(nb) for path, nb in read_all().items()}
    columns = list(next(iter(rows.values())))
    print(f"{'notebook':24}" + "".join(f"{name:>17}" for name in columns))
    for name, row in rows.items():
        print(f"{name:24}" + "".join(f"{value or '-':>17}" for value in row.values()))
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help=run.__doc__)
    commands.add_parser("record", help=record.__doc__).add_argument("paths", nargs="*", type=Path)
    commands.add_parser("measure", help=measure.__doc__)
    arguments = parser.parse_args()
    command = {"run": run, "measure": measure, "record": lambda: record(arguments.paths)}[arguments.command]
    sys.exit(1 if command() else 0)


if __name__ == "__main__":
    main()
