"""The tool that breaks the code: which changes it makes, and whether it sees that a test notices them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import mutants

HERE = Path("lifetime/theory/sums.py")


def changes(source):
    """The changes of a source, as lines of a diff."""
    module, found = mutants.places(source)
    return [mutants.Mutant.of(HERE, source, module.deep_replace(*change).code).change for change in found]


@pytest.mark.parametrize(
    ("source", "change"),
    [
        ("def f(x):\n    return x + 1\n", "- return x + 1\n+ return x - 1"),
        ("def f(x):\n    return x < 1\n", "- return x < 1\n+ return x <= 1"),
        ("LEAST = 0.5\n", "- LEAST = 0.5\n+ LEAST = 1.5"),
        ("class A:\n    @property\n    def f(self):\n        return 2\n", "- return 2\n+ return 3"),
        ("@cache\ndef f(x):\n    return g(x, 'key')\n", "- return g(x, 'key')\n+ return g('key')"),
    ],
)
def test_a_change_is_made(source, change):
    assert change in changes(source)


@pytest.mark.parametrize(
    "source",
    [
        '"""One."""\n\n\ndef f(x):\n    """Two."""\n    return x\n',
        "def f(x: dict[str, 1]) -> 'a':\n    return x\n",
        "@d(1, a=True)\ndef f(x):\n    return x\n",
        "def f(x):\n    raise x['short']\n",
        "def f(x):\n    return 'more than one word'\n",
        "class A:\n    def __repr__(self):\n        return 'short'\n",
    ],
    ids=["docstring", "annotation", "decorator", "error", "text", "repr"],
)
def test_nothing_is_changed_in(source):
    assert changes(source) == []


def test_the_strict_of_a_zip_stays_and_its_arguments_do_not():
    found = changes("def f(x, y):\n    return zip(x, y, strict=True)\n")
    assert found
    assert all("strict=True" in change.splitlines()[1] for change in found)


def test_a_string_is_changed_in_one_way():
    assert changes("f['Abc']\n") == ["- f['Abc']\n+ f['XXAbcXX']"]


@pytest.fixture
def tree(tmp_path):
    """A package of one module and its tests."""
    for name, text in {
        HERE: "def double(x):\n    return 2 * x\n\n\ndef half(x):\n    return x / 2\n\n\ndef count(n):\n"
        "    while n > 0:\n        n = n - 1\n    return n\n",
        "lifetime/__init__.py": "",
        "lifetime/theory/__init__.py": "",
        "tests/theory/test_sums.py": "from lifetime.theory.sums import count, double\n\n\ndef test_double():\n"
        "    assert double(3) == 6\n\n\ndef test_count():\n    assert count(3) == 0\n",
        "pyproject.toml": "[tool.pytest.ini_options]\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_a_sample_depends_on_its_seed_only(tree):
    everything = mutants.mutants(tree, [HERE])
    samples = [mutants.mutants(tree, [HERE], 4, seed) for seed in (0, 0, 1)]
    assert samples[0] == samples[1] != samples[2]
    assert all(len(sample) == 4 and set(sample) < set(everything) for sample in samples)
    assert mutants.mutants(tree, [HERE], 1000) == everything


def test_the_nearest_tests_are_those_of_the_name_or_of_the_names(tree):
    assert mutants.nearest(tree, HERE) == (str(HERE), "tests/theory/test_sums.py")
    (tree / "tests/theory/test_sums.py").rename(tree / "tests/theory/test_numbers.py")
    (tree / "tests/theory/test_others.py").write_text("doubled = 1\n")
    assert mutants.nearest(tree, HERE) == (str(HERE), "tests/theory/test_numbers.py")


def test_the_nearest_tests_of_a_folder_have_its_name(tree):
    (tree / "lifetime/theory/parts").mkdir()
    part = HERE.parent / "parts" / HERE.name
    (tree / part).write_text((tree / HERE).read_text())
    (tree / "tests/theory/test_sums.py").rename(tree / "tests/theory/test_numbers.py")
    (tree / "tests/theory/test_parts.py").write_text("")
    assert mutants.nearest(tree, part) == (str(part), "tests/theory/test_parts.py")


def test_a_whole_wing_is_timed_only_when_a_mutant_comes_to_it(tree, monkeypatch):
    trial = mutants.Trial(tree)
    monkeypatch.setattr(mutants, "passes", lambda tree, *_: ("3 * x" not in (tree / HERE).read_text(), 1))
    caught = next(m for m in mutants.mutants(tree, [HERE]) if m.change == "- return 2 * x\n+ return 3 * x")
    survivor = next(m for m in mutants.mutants(tree, [HERE]) if m.change == "- return x / 2\n+ return x * 2")
    tested = []
    trial.seconds = lambda tests: tested.append(tests) or 1
    assert trial.catch(caught)[0]
    assert tested == [mutants.nearest(tree, HERE)]
    assert not trial.catch(survivor)[0]
    assert tested[1:] == [mutants.nearest(tree, HERE), mutants.wing(tree, HERE)]
    assert (tree / HERE).read_text().startswith("def double(x):\n    return 2 * x\n")


def test_what_is_missing_or_in_no_wing_is_refused(tree):
    assert mutants.modules(tree, []) == mutants.modules(tree, ["lifetime/theory"]) == [HERE]
    with pytest.raises(SystemExit, match="nothing in"):
        mutants.modules(tree, ["tests/theory"])
    with pytest.raises(SystemExit, match="no such file"):
        mutants.modules(tree, ["lifetime/theory/none.py"])


NAMED = f"""
[[equivalent]]
file = "{HERE}"
reason = "Half of nothing is nothing."
changes = [
'''
- return x / 2
+ return x * 2
''',
'''
- return 7 * x
+ return 7 / x
''',
]
"""


def run(tree, *arguments):
    """Run the tool on a tree in a process of its own, which can be forked; a loop without an end gets 3 seconds."""
    tool = Path(mutants.__file__).read_text(encoding="utf-8")
    tool = re.sub("(?<=^GRACE = ).*", "3", re.sub("(?<=^HEAVY = ).*", "('pytest',)", tool, flags=re.M), flags=re.M)
    (tree / "tools").mkdir()
    (tree / "tools/mutants.py").write_text(tool, encoding="utf-8")
    command = [sys.executable, "tools/mutants.py", *arguments]
    return subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)


def test_what_no_test_notices_survives_unless_it_is_named_equivalent(tree):
    (tree / mutants.EQUIVALENT).write_text(NAMED)
    before = {path: path.read_bytes() for path in (tree / "lifetime").rglob("*.py")}
    found = run(tree, "lifetime")
    assert found.stderr == ""
    assert found.returncode == 1
    survivors = re.findall(r"^SURVIVED .*\n(.*)\n(.*)\n", found.stdout, flags=re.MULTILINE)
    assert survivors == [("- return x / 2", "+ return x / 3")]
    assert re.search(r"^ *\d+/\d+ equivalent ", found.stdout, flags=re.MULTILINE)
    assert re.search(r"^all +9 +1 +7 +1 +87\.5 ", found.stdout, flags=re.MULTILINE)
    assert "not to be found in lifetime/theory/sums.py any more:\n- return 7 * x" in found.stdout
    assert {path: path.read_bytes() for path in (tree / "lifetime").rglob("*.py")} == before


def test_tests_must_pass_before_anything_is_broken(tree):
    (tree / "tests/theory/test_sums.py").write_text("def test_none():\n    raise OSError('broken before')\n")
    found = run(tree, "--sample", "1")
    assert found.returncode == 1
    assert "broken before" in found.stderr and "must pass" in found.stderr


def result(caught, named=False):
    return mutants.Result(mutants.Mutant(HERE, "", 1, "- a\n+ b"), caught, 1.0, named)


def test_the_percentage_does_not_count_what_is_named_equivalent():
    text, percent = mutants.report([result(True)] * 3 + [result(False)] + [result(False, named=True)] * 5)
    assert percent == 75
    assert text.count("SURVIVED") == 1
    text, percent = mutants.report([result(True), result(True, named=True)])
    assert percent == 100
    assert "NOT EQUIVALENT" in text


def test_every_mutant_named_equivalent_has_a_reason_and_a_file():
    named = mutants.named_equivalent(mutants.ROOT)
    assert [key for key, reason in named.items() if len(reason.split()) < 4] == []
    assert [file for file, _ in named if not (mutants.ROOT / file).is_file()] == []
    assert all(line[:2] in ("- ", "+ ") for _, change in named for line in change.splitlines())
