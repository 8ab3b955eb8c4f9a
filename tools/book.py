"""Build the site into build/book/: the README, the notebooks with their stored outputs, the docstrings, the presets."""

import ast
import html
import importlib.metadata
import json
import re
import shutil
import sys
from pathlib import Path

import nbformat
from sphinx.cmd.build import build_main

import explorer
import lifetime as lt
from lifetime.show.display import short
from notebooks import README, ROOT, answer, by_part, plain, read_all, title

SOURCE, TARGET, DOCS = ROOT / "build" / "book-source", ROOT / "build" / "book", ROOT / "docs"
WINGS = {
    "": ("symbols", "arrays", "summary", "presets"),
    "theory": ("phase", "budget", "ledger", "law", "optimum", "plan", "regret", "revealed"),
    "machine": (
        *("architecture", "span", "config", "accelerator", "roofline", "deployment", "step", "links", "calibration"),
        *("money", "pipeline", "activations", "measured", "listed"),
    ),
    "evidence": (
        *("runs", "repeats", "fitting", "huber", "distributions", "one_of", "sampling", "sensitivity", "machines"),
        "claims",
    ),
    "show": ("display", "plotting"),
}
"""What the page of the package documents, in this order."""
"""The modules that come first on the API page, in the order of their dependencies."""
MATHJAX = ("tex-chtml.js", "output/chtml")
"""What a page loads of MathJax; the rest of its 24 MB stays out of the site."""
PRESETS = {
    "laws": "Scaling laws",
    "allocations": "Allocations",
    "models": "Models",
    "accelerators": "Accelerators",
    "architectures": "Architectures",
    "traffic": "Tokens served",
    "throughput": "Serving as measured",
    "training_throughput": "Training as measured",
    "windows": "Context windows",
    "prices": "Prices of tokens",
}
WIDE = {
    "citation": "",
    "source": "",
    "url": "",
    "locator": "Where: ",
    "selection": "Runs: ",
    "params_counted": "Parameters counted: ",
    "counts": "Counts ",
    "basis": "FLOP counted: ",
    "attention": "Attention: ",
    "price_step": "Price of long prompts: ",
    "tiers": "Tiers: ",
    "checked": "Checked: ",
    "note": "Note: ",
}
"""Columns of presets that are texts, and how each is introduced: they stand below the table of numbers."""


def write(name, text):
    path = SOURCE / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def page(name, description, text):
    write(name, f"---\ndescription: {json.dumps(description, ensure_ascii=False)}\n---\n{text}")


# ------------------------------------------------------------------------------------------------------------- pages


def landing(notebooks):
    """Write the landing page: the README, its links leading to pages of the site."""
    text = README.read_text(encoding="utf-8")
    elsewhere = {
        "lifetime/data": "presets/laws.md",
        "CONTRIBUTING.md": "contributing.md",
        "docs/arrays.md": "arrays.md",
        "build/book/index.html": "index.md",
        "build/book/explorer.html": "explorer.md",
        "build/book/api.html": "api.md",
    } | {f"build/book/presets/{name}.html": f"presets/{name}.md" for name in PRESETS}
    for link, target in elsewhere.items():
        text = text.replace(f"]({link})", f"]({target})")
    text = re.sub(r"\]\(build/book/notebooks/([\w-]+)\.html\)", r"](notebooks/\1.ipynb)", text)
    parts = {name: [f"notebooks/{path.stem}" for path in paths] for name, paths in by_part(notebooks).items()}
    contents = {
        "Play": ["explorer"],
        **parts,
        "Presets": [f"presets/{name}" for name in PRESETS],
        "Package": ["arrays", "api", "contributing"],
    }
    trees = [
        f"```{{toctree}}\n:hidden:\n:caption: {caption}\n\n" + "\n".join(names) + "\n```"
        for caption, names in contents.items()
    ]
    question = plain(re.search(r"\*\*(.+?)\*\*", text, flags=re.DOTALL)[0])
    page("index.md", f"Over the whole life of a language model: {question}", text + "\n\n" + "\n\n".join(trees) + "\n")
    for name in ("docs/headline.png", "LICENSE", "CITATION.cff"):
        (SOURCE / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, SOURCE / name)
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    page("contributing.md", "How to add a preset or a notebook, and what the tests check.", text)
    text = (DOCS / "arrays.md").read_text(encoding="utf-8")
    page("arrays.md", "Any argument may be an array: grids, labels (xarray, pandas), sweeps larger than memory.", text)


def notebook(path, nb):
    """Write a notebook with a description, and with a text for every figure."""
    nb.metadata["description"] = f"{title(nb)} {answer(nb)}".strip()
    above = ""
    here = "`explorer.html` of the site (`make book`)", '<a href="../explorer.html">the explorer</a>'
    for cell in nb.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "text/markdown" in data:
                data["text/markdown"] = data["text/markdown"].replace(*here)
            if "text/html" in data:  # short texts of a table stay on one line: 6.97 B
                data["text/html"] = re.sub(r"<(t[dh])>(?=[^<]{1,24}</)", r'<\1 class="short">', data["text/html"])
        if cell.cell_type == "markdown":
            above = cell.source
        elif any("image/png" in output.get("data", {}) for output in cell.outputs):
            cell.metadata["mystnb"] = {"image": {"alt": alternative(cell.source, above)}}
    write(f"notebooks/{path.name}", nbformat.writes(nb))


def alternative(source, above):
    """Return what a figure shows in words: its titles and axes, and the paragraph that leads to it."""
    said = {"title": [], "xlabel": [], "ylabel": []}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.keyword) and node.arg in said and (text := literal(node.value)):
            said[node.arg].append(text)
    kinds = {"title": "Figure: ", "xlabel": "Horizontal axis: ", "ylabel": "Vertical axis: "}
    texts = [f"{kinds[kind]}{'; '.join(dict.fromkeys(some))}." for kind, some in said.items() if some]
    paragraph = plain(above.strip().split("\n\n")[-1].replace("`", "").replace("*", "")).rstrip(":")
    return " ".join([*(texts or ["Figure."]), f"Context: {paragraph.rstrip('.')}."])


def literal(node):
    """Return the text of a string; of an f-string, with an ellipsis for what is computed."""
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
    return node.value.replace("\n", " ") if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def api():
    """Write the page of the package, from its docstrings."""
    names = [".".join(filter(None, ("lifetime", wing, room))) for wing, rooms in WINGS.items() for room in rooms]
    sections = [f"## {name}\n\n```{{eval-rst}}\n.. automodule:: {name}\n   :members:\n```\n" for name in names]
    text = f"# The package\n\n{lt.__doc__}\n\n" + "\n".join(sections)
    page("api.md", "Everything in the Python package lifetime, from its docstrings.", text)


def presets(name):
    """Write a table of presets: their numbers, and below each its source."""
    import pandas as pd

    table = getattr(lt, name).table()
    narrow = [column for column in table.columns if column not in WIDE]
    numeric = {column: pd.api.types.is_numeric_dtype(table[column]) for column in narrow}
    heads = "".join(f'<th scope="col">{column.replace("_", " ")}</th>' for column in ("preset", *narrow))
    rows, sources = [], []
    for key, row in table.iterrows():
        cells = "".join(value(row[column], numeric[column]) for column in narrow)
        rows.append(f'<tr><th scope="row"><a href="#{key}">{key}</a></th>{cells}</tr>')
        texts = [f"<p>{label}{linked(row[column])}</p>" for column, label in WIDE.items() if row.get(column, "")]
        sources.append(f'<dt id="{key}">{key}</dt><dd>{"".join(texts)}</dd>')
    label = PRESETS[name]
    text = f"""# {label}

The presets `lifetime.{name}` in base units (FLOP, tokens, parameters, bytes, seconds, watts): {len(table)} rows of
`lifetime/data/{name}.csv`. What no source states is left empty.

<div class="presets" tabindex="0" role="region" aria-label="{label}"><table><thead><tr>{heads}</tr></thead>
<tbody>{"".join(rows)}</tbody></table></div>

## Sources

<dl class="sources">{"".join(sources)}</dl>
"""
    page(f"presets/{name}.md", f"{label} with their sources: the {len(table)} presets lifetime.{name}.", text)


def value(content, numeric):
    if content != content or content is None or content == "":
        return "<td></td>"
    if not numeric:
        return f"<td>{html.escape(str(content))}</td>"
    shown = f"{content:,.10g}" if abs(content) < 1e6 else short(content, 6)
    return f'<td class="number">{shown}</td>'


def linked(text):
    """Return a text with its addresses, and its arXiv numbers, as links."""
    text = html.escape(str(text), quote=False)
    text = re.sub(r"(https?://[^\s,;)]+[^\s,;).])", r'<a href="\1">\1</a>', text)
    return re.sub(r"(?<![/\w])arXiv (\d{4}\.\d{4,5})", r'<a href="https://arxiv.org/abs/\1">arXiv \1</a>', text)


def play():
    """Write the explorer: the page, its script, and its arithmetic from the package."""
    scripts = "".join(f'<script src="_static/{name}.js"></script>\n' for name in ("d3", "lifetime", "explorer"))
    content = (DOCS / "explorer.html").read_text(encoding="utf-8")
    page(
        "explorer.md",
        "Move the assumptions, and see the best size, training tokens, shares and cost of a language model at once.",
        f"# The explorer\n\n```{{raw}} html\n{content}\n{scripts}```\n",
    )
    static = SOURCE / "static"
    static.mkdir(parents=True, exist_ok=True)
    for name in ("site.css", "explorer.js"):
        shutil.copy(DOCS / name, static)
    (static / "lifetime.js").write_text(explorer.script(), encoding="utf-8")
    licence = (DOCS / "d3-licence.txt").read_text(encoding="utf-8")
    d3 = importlib.metadata.distribution("mpld3").locate_file("mpld3/js/d3.v5.min.js").read_text(encoding="utf-8")
    (static / "d3.js").write_text(f"/*\n{licence}*/\n{d3}", encoding="utf-8")


# ------------------------------------------------------------------------------------------------------------- build


def build():
    """Write the sources, build the site with warnings as errors, and drop what no page loads."""
    for folder in (SOURCE, TARGET):
        shutil.rmtree(folder, ignore_errors=True)
    notebooks = read_all()
    landing(notebooks)
    for path, nb in notebooks.items():
        notebook(path, nb)
    api()
    for name in PRESETS:
        presets(name)
    play()
    doctrees = ROOT / "build" / "book-doctrees"
    failed = build_main(
        ["-q", "-E", "-W", "--keep-going", "-c", str(DOCS), "-d", str(doctrees), str(SOURCE), str(TARGET)]
    )
    if failed:
        sys.exit(failed)
    prune(TARGET / "_static" / "mathjax", MATHJAX)
    size = sum(path.stat().st_size for path in TARGET.rglob("*") if path.is_file())
    print(f"{TARGET.relative_to(ROOT)}/index.html: {len(list(TARGET.rglob('*.html')))} pages, {size / 1e6:.1f} MB")


def prune(folder: Path, kept):
    """Delete every file of a folder but those kept: files, or folders with all in them."""
    for path in sorted(folder.rglob("*"), reverse=True):
        name = path.relative_to(folder).as_posix()
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        elif not any(name == one or name.startswith(f"{one}/") for one in kept):
            path.unlink()


if __name__ == "__main__":
    build()
