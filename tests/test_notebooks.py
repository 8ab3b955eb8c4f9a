"""Every notebook keeps every house rule."""

import re

import nbformat
import pytest

from assumption_trials import NOT_REWRITTEN
from notebook_rules import NOT_COMPARED, REWRITTEN_RULES, RULES, links
from notebooks import NOTEBOOKS


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture(scope="module")
def nb(path):
    return nbformat.read(path, as_version=4)


def test_there_are_notebooks_each_with_its_own_number():
    numbers = [re.match(r"(\d\d)-[a-z]", path.name)[1] for path in NOTEBOOKS]
    assert numbers == sorted(set(numbers)) != []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_rule(nb, rule):
    if complaints := rule(nb):
        pytest.fail("\n".join(complaints), pytrace=False)


@pytest.mark.parametrize("path", [path for path in NOTEBOOKS if path.stem not in NOT_REWRITTEN], ids=lambda p: p.stem)
def test_rules_for_the_rewritten(path):
    nb = nbformat.read(path, as_version=4)
    if complaints := [complaint for rule in REWRITTEN_RULES for complaint in rule(nb)]:
        pytest.fail("\n".join(complaints), pytrace=False)


def test_links(nb, path):
    if complaints := links(nb, path, NOTEBOOKS):
        pytest.fail("\n".join(complaints), pytrace=False)


def test_exceptions_are_still_needed():
    cells = {cell.get("id") for path in NOTEBOOKS for cell in nbformat.read(path, as_version=4).cells}
    assert set(NOT_COMPARED) <= cells
