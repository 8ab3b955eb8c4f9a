"""Break the code of theory/, machine/ and evidence/ one place at a time, and list what no test notices.

The changes are those of mutmut's operators: + becomes -, < becomes <=, 1 becomes 2, an argument is dropped, a value
becomes None, and so on. mutmut's own runner leaves out whatever is decorated (properties, cached functions) or stands
outside of functions; so each change is applied here, to a copy of the tree, and the work tree is never touched.

A mutant meets the tests nearest to its module first: the examples in its docstrings and the test file of its name or
folder (or the one of its wing that mentions the module's names most). If these pass, it meets all tests of its wing. A
mutant that takes far longer than the unbroken code, or too much memory, is caught.

Left out: docstrings, type annotations, decorators, texts for people (a string with a space in it, in a `raise` or in a
method that shows an object), the `strict` of a zip, what is no Python, and the arguments of len and isinstance. A
string is changed in one way only.

A survivor that no test could catch is named in tests/mutants_equivalent.toml, as it is printed here, with the reason.
It is then not counted, and meets the nearest tests only: should they catch it, the list is wrong.
"""

import argparse
import contextlib
import difflib
import os
import random
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
import tomllib
import traceback
from dataclasses import dataclass
from pathlib import Path

import libcst as cst
from mutmut.mutation.file_mutation import MutationVisitor
from mutmut.mutation.mutators import mutation_operators
from mutmut.mutation.pragma_handling import IgnoredCode

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "lifetime"
WINGS = ("theory", "machine", "evidence")
EQUIVALENT = Path("tests/mutants_equivalent.toml")
LEAST = 95  # per cent that must be caught
MEMORY = 8 << 30  # bytes that the tests of one mutant may take
SLOWER = 5  # times as long as the unbroken code, and then
GRACE = 10  # seconds
HEAVY = ("pytest", "hypothesis", "numpy", "scipy.optimize", "scipy.stats", "pandas", "sympy", "xarray", "dask.array")
"""Imported once, before each mutant gets a fork of this process."""
NOT_COPIED = (".git", ".venv", "build", "dist", "__pycache__", ".*_cache", ".hypothesis", "*.egg-info")


# ----------------------------------------------------------------------------------------------------------- changes


@dataclass(frozen=True)
class Mutant:
    """One change of one module."""

    path: Path  # from the root of the tree
    code: str
    line: int
    change: str  # the lines of a diff, without indentation

    @classmethod
    def of(cls, path, before, after):
        diff = list(difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm=""))[2:]
        line = int(re.match(r"@@ -(\d+)", diff[0])[1])
        return cls(path, after, line, "\n".join(f"{d[0]} {d[1:].strip()}" for d in diff if d[0] in "-+"))


class Places(MutationVisitor):
    """Every change of a module by mutmut's operators, but for what the docstring of this file leaves out."""

    def __init__(self):
        super().__init__(mutation_operators, IgnoredCode(set(), set(), set()))
        self._around = []

    def on_visit(self, node):
        self._around.append(node)
        return super().on_visit(node)

    def on_leave(self, node):
        self._around.pop()
        super().on_leave(node)

    def _skip_node_and_children(self, node):
        if isinstance(node, cst.FunctionDef):
            return False  # decorated or not
        if isinstance(node, cst.Arg) and node.keyword is not None and node.keyword.value == "strict":
            return True
        return super()._skip_node_and_children(node)

    def _create_mutations(self, node):
        if isinstance(node, cst.SimpleString) and self._is_for_people(node):
            return
        first = len(self.mutations)
        super()._create_mutations(node)
        if isinstance(node, cst.SimpleString):
            del self.mutations[first + 1 :]
        elif isinstance(node, cst.Call):
            self.mutations[first:] = [m for m in self.mutations[first:] if _strict(m.mutated_node) == _strict(node)]

    def _is_for_people(self, node):
        shows = lambda around: isinstance(around, cst.FunctionDef) and "repr" in around.name.value
        return " " in node.value or any(isinstance(around, cst.Raise) or shows(around) for around in self._around)


def _strict(call):
    """The `strict` of a call, as it is written."""
    return [cst.Module([]).code_for_node(a.value) for a in call.args if a.keyword and a.keyword.value == "strict"]


def places(source):
    """The parsed source and its changes: pairs of a node and what replaces it."""
    visitor = Places()
    module = cst.MetadataWrapper(cst.parse_module(source)).visit(visitor)
    return module, [(m.original_node, m.mutated_node) for m in visitor.mutations]


def mutants(root, paths, sample=None, seed=0):
    """The mutants of some modules, or a sample of them, in the order of the modules; without what does not compile."""
    found = []
    for path in paths:
        source = (root / path).read_text(encoding="utf-8")
        module, changes = places(source)
        found += [(path, source, module, change) for change in changes]
    order = list(range(len(found)))
    if sample is not None:
        random.Random(seed).shuffle(order)
    chosen = {}
    for index in order:
        path, source, module, change = found[index]
        code = module.deep_replace(*change).code
        if code != source and _compiles(code):
            chosen[index] = Mutant.of(path, source, code)
        if len(chosen) == sample:
            break
    return [chosen[index] for index in sorted(chosen)]


def _compiles(code):
    try:
        compile(code, "mutant", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return False
    return True


# ------------------------------------------------------------------------------------------------------------- tests


def modules(root, names):
    """The modules of the wings that are among some files and folders; all if there are none."""
    chosen = [root / name for name in names or (PACKAGE,)]
    files = [file for path in chosen for file in (sorted(path.rglob("*.py")) if path.is_dir() else [path])]
    missing = [str(file) for file in files if not file.is_file()]
    if missing:
        raise SystemExit(f"no such file: {', '.join(missing)}")
    paths = [file.resolve().relative_to(root) for file in files if file.name != "__init__.py"]
    paths = [path for path in paths if path.parts[0] == PACKAGE and path.parts[1] in WINGS]
    if not paths:
        raise SystemExit(f"nothing in {', '.join(WINGS)} is meant by {' '.join(names)}")
    return paths


def nearest(root, path):
    """The tests that matter most for a module: its docstrings, and the test file of its name, folder or names."""
    files = sorted((root / "tests" / path.parts[1]).rglob("test_*.py"))
    mirrors = (f"test_{path.stem}.py", f"test_{path.parent.name}.py")
    mirror = [file for file in files if file.name in mirrors]
    if not mirror:
        tree = cst.parse_module((root / path).read_text(encoding="utf-8"))
        names = [node.name.value for node in tree.body if isinstance(node, (cst.FunctionDef, cst.ClassDef))]
        mention = re.compile(rf"\b({'|'.join(map(re.escape, [path.stem, *names]))})\b")
        mentions = {file: len(mention.findall(file.read_text(encoding="utf-8"))) for file in files}
        mirror = [file for file in files if mentions[file] and mentions[file] == max(mentions.values())][:1]
    return (str(path), *(str(file.relative_to(root)) for file in mirror))


def wing(root, path):
    """All tests of the wing of a module."""
    folders = (f"{PACKAGE}/{path.parts[1]}", f"tests/{path.parts[1]}")
    return tuple(folder for folder in folders if (root / folder).is_dir())


def passes(tree, tests, limit=None, log=os.devnull, broken=True):
    """Whether tests pass in a fork of this process, and the seconds that they took; not after `limit` seconds."""
    start = time.monotonic()
    child = os.fork()
    if not child:
        _become_pytest(tree, tests, log, broken)
    while not (ended := os.waitpid(child, os.WNOHANG))[0]:
        if limit is not None and time.monotonic() - start > limit:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            break
        time.sleep(0.01)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)  # what the tests have started and left behind
    return ended[0] == child and os.waitstatus_to_exitcode(ended[1]) in (0, 5), time.monotonic() - start


def _become_pytest(tree, tests, log, broken):
    code = 70
    try:
        os.setsid()
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(output, 1), os.dup2(output, 2)
        os.chdir(tree)
        sys.path.insert(0, str(tree))
        os.environ |= {"PYTHONPATH": str(tree), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        if broken:  # a stale byte code would hide the next mutant
            sys.dont_write_bytecode, os.environ["PYTHONDONTWRITEBYTECODE"] = True, "1"
        import pytest

        code = int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *tests]))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush(), sys.stderr.flush()
        os._exit(code)


class Trial:
    """The tests of a copy of the tree; how long they take is measured once, with the code unbroken."""

    def __init__(self, tree):
        self.tree, self._seconds = tree, {}

    def seconds(self, tests):
        if tests not in self._seconds:
            log = self.tree.with_suffix(".log")
            passed, self._seconds[tests] = passes(self.tree, tests, log=log, broken=False)
            if not passed:
                raise SystemExit(f"{log.read_text()}\nBefore anything is broken these must pass: {' '.join(tests)}")
        return self._seconds[tests]

    def catch(self, mutant, stages=(nearest, wing)):
        """Whether the tests catch a mutant, and the seconds that they took."""
        file, spent = self.tree / mutant.path, 0
        before = file.read_bytes()
        for stage in stages:
            tests = stage(self.tree, mutant.path)
            limit = SLOWER * self.seconds(tests) + GRACE  # of the unbroken code
            for old in file.parent.glob(f"__pycache__/{file.stem}.*.pyc"):
                old.unlink()
            try:
                file.write_text(mutant.code, encoding="utf-8")
                passed, seconds = passes(self.tree, tests, limit)
            finally:
                file.write_bytes(before)
            spent += seconds
            if not passed:
                return True, spent
        return False, spent


# ------------------------------------------------------------------------------------------------------------ report


@dataclass(frozen=True)
class Result:
    mutant: Mutant
    caught: bool
    seconds: float
    named: bool  # equivalent

    def __str__(self):
        verdict = {(0, 0): "SURVIVED", (1, 0): "caught", (0, 1): "equivalent", (1, 1): "NOT EQUIVALENT"}
        place = f"{self.mutant.path}:{self.mutant.line}"
        return f"{verdict[self.caught, self.named]:14} {self.seconds:6.1f} s  {place}"


def named_equivalent(root):
    """The mutants that are named equivalent: {(file, change): reason}."""
    file = root / EQUIVALENT
    entries = tomllib.loads(file.read_text(encoding="utf-8"))["equivalent"] if file.exists() else []
    return {(entry["file"], change.strip()): entry["reason"] for entry in entries for change in entry["changes"]}


def outdated(root, reasons):
    """What is named equivalent and cannot be made any more: its lines are not in the file."""
    for file, change in reasons:
        path = root / file
        lines = {line.strip() for line in path.read_text(encoding="utf-8").splitlines()} if path.is_file() else ()
        if any(line[2:] not in lines for line in change.splitlines() if line.startswith("- ")):
            yield file, change


def report(results):
    """The survivors and a table, as text; and the percentage caught of those that are not named equivalent."""
    lines = [f"\n{r}\n{r.mutant.change}" for r in results if r.caught == r.named]
    lines.append(f"\n{'module':40} mutants  equivalent  caught  survived  caught, %  seconds each")
    for path in [*dict.fromkeys(r.mutant.path for r in results), "all"]:
        here = [r for r in results if path in ("all", r.mutant.path)]
        counted = [r for r in here if not r.named]
        caught = sum(r.caught for r in counted)
        percent = 100 * caught / len(counted) if counted else 100.0
        lines.append(
            f"{path!s:40} {len(here):7} {len(here) - len(counted):11} {caught:7} {len(counted) - caught:9} "
            f"{percent:10.1f} {sum(r.seconds for r in here) / max(len(here), 1):13.1f}"
        )
    return "\n".join(lines), percent


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("modules", nargs="*", help="files or folders; all if there are none")
    parser.add_argument("--sample", type=int, help="only so many mutants of them all")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--list", action="store_true", help="list the mutants, test nothing")
    options = parser.parse_args()
    chosen = mutants(ROOT, modules(ROOT, options.modules), options.sample, options.seed)
    if options.list:
        for mutant in chosen:
            print(f"{mutant.path}:{mutant.line}\n{mutant.change}\n")
        return 0
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # also because a process of many threads cannot be forked
    for name in HEAVY:
        with contextlib.suppress(ImportError):
            __import__(name)
    results, reasons = [], named_equivalent(ROOT)
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder).resolve() / "tree"
        shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(*NOT_COPIED))
        trial = Trial(tree)
        for number, mutant in enumerate(chosen, start=1):
            named = (str(mutant.path), mutant.change) in reasons
            results.append(Result(mutant, *trial.catch(mutant, (nearest,) if named else (nearest, wing)), named))
            print(f"{number:5}/{len(chosen)} {results[-1]}", flush=True)
    text, percent = report(results)
    print(text)
    for file, change in outdated(ROOT, reasons):
        print(f"\nNamed equivalent, but not to be found in {file} any more:\n{change}")
    print(f"\n{percent:.1f} % caught; at least {LEAST} % must be")
    return 0 if percent >= LEAST and not any(r.named and r.caught for r in results) else 1


if __name__ == "__main__":
    sys.exit(main())
