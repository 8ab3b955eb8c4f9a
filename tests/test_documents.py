"""What the README and the pages of docs/ show in Python runs, and gives what they show."""

import doctest
import re

import pytest

import lifetime as lt
from notebooks import README, ROOT

PAGES = sorted((ROOT / "docs").glob("*.md"))


def snippets(path, language):
    """The code of a page in that language, block by block."""
    return re.findall(rf"^```{language}\n(.*?)^```$", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def test_the_readme_runs_from_top_to_bottom(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    law = lt.laws.Besiroglu2024
    runs = [(size, tokens) for size in (1e8, 3e8, 1e9, 3e9) for tokens in (3e9, 1e10, 3e10, 1e11)]
    lines = [f"{size},{tokens},{law.loss(size, tokens)}" for size, tokens in runs]
    (tmp_path / "my-runs.csv").write_text("\n".join(["params,tokens,loss", *lines]))
    names = {}
    for code in snippets(README, "python"):
        exec(code, names)
    assert names["law"] is law
    assert f"{names['choice'].N:.3g}" == "3.9e+10"
    assert names["plan"].N.shape == (1000,)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_page_gives_what_it_shows(path):
    code = "\n".join(snippets(path, "pycon"))
    page = doctest.DocTestParser().get_doctest(code, {}, path.name, str(path), 0)
    assert len(page.examples) > 5
    said = []
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    assert runner.run(page, out=said.append).failed == 0, "".join(said)
