"""The files around the package agree with each other, and name no machine and no registry."""

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import lifetime as lt
from notebook_rules import MACHINE_PATH
from notebooks import (
    ANSWER,
    HEADLINE,
    LIST,
    README,
    ROOT,
    headline_images,
    read_all,
    readme_answer,
    readme_list,
    tagged,
    tldr,
)

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCK = (ROOT / "requirements.lock").read_text()
REGISTRIES = [
    ".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("anaconda", "org"), ("npmjs", "org"))
]


def requirements(*extras):
    texts = PROJECT["dependencies"] + [text for extra in extras for text in PROJECT["optional-dependencies"][extra]]
    return {canonicalize_name(r.name): r.specifier for r in map(Requirement, texts)}


def locked():
    """Return {name: [version, ...]}, one version for each marker."""
    versions = {}
    for name, version in re.findall(r"^([\w.-]+)==([\w.!+-]+)", LOCK, flags=re.MULTILINE):
        versions.setdefault(canonicalize_name(name), []).append(version)
    return versions


def tracked_files():
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a git repository")
    return [path for name in listed.stdout.splitlines() if (path := ROOT / name).is_file() and path.suffix != ".png"]


def test_environment_has_the_requirements_of_pyproject():
    entries = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    (pip,) = (entry["pip"] for entry in entries if isinstance(entry, dict))
    texts = [entry for entry in entries if isinstance(entry, str)] + [entry for entry in pip if entry != "-e ."]
    conda = {canonicalize_name(r.name): r.specifier for r in map(Requirement, texts)}
    assert conda.pop("pip") == ""
    assert conda.pop("python") == PROJECT["requires-python"]
    assert conda == requirements("book", "notebooks", "test")


@pytest.mark.parametrize(("name", "specifier"), requirements(*PROJECT["optional-dependencies"]).items())
def test_lock_satisfies_pyproject(name, specifier):
    assert locked().get(name)
    assert all(specifier.contains(version) for version in locked()[name])


def test_lock_has_a_hash_for_every_entry():
    entries = re.split(r"^(?=\S+==)", LOCK, flags=re.MULTILINE)[1:]
    assert len(entries) > 20
    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_lock_names_no_host():
    assert re.findall(r".*(?:://|--index|--find-links|@ ).*", LOCK) == []


def test_no_machine_and_no_registry_in_tracked_files():
    found = {}
    for path in tracked_files():
        text = path.read_text(encoding="utf-8", errors="replace")
        hits = [host for host in REGISTRIES if host in text]
        if path.name != "test_notebook_rules.py":
            hits += MACHINE_PATH.findall(text)
        if hits:
            found[str(path.relative_to(ROOT))] = hits
    assert found == {}


def test_every_make_target_has_a_help_line():
    makefile = (ROOT / "Makefile").read_text()
    targets = re.findall(r"^([a-z][\w-]*):(.*)", makefile, flags=re.MULTILINE)
    assert {"run", "test", "lab", "record", "bench", "lock", "help", "clean"} <= {name for name, _ in targets}
    assert [name for name, rest in targets if not re.search(r" ## \w+", rest)] == []


def test_readme_list_is_in_sync_with_the_notebooks():
    assert LIST.findall(README.read_text(encoding="utf-8")) == [readme_list(read_all())], "run `make record`"


def test_readme_answer_is_in_sync_with_its_notebook():
    assert ANSWER.findall(README.read_text(encoding="utf-8")) == [readme_answer(read_all())], "run `make record`"


def test_part_one_and_the_readme_name_one_size():
    """The size that 04 recommends is the one of 03, 05, the README and the package."""
    demand = {"D_RL": 3e11, "D_inf": 1e13, "k_RL": 3, "e_RL": 1 / 3, "e_inf": 2 / 3}
    size = lt.display.short(lt.least_regret(lt.laws.panel(), like=(70e9, 1.4e12), **demand).N, 2)
    notebooks = {path.name[:2]: nb for path, nb in read_all().items()}
    named = [re.search(r"(?:recommends|build|Build) (\d+ B)", tldr(notebooks[n]))[1] for n in ("03", "04", "05")]
    named.append(re.search(r"\*\*Build (\d+ B) parameters", README.read_text(encoding="utf-8"))[1])
    assert named == 4 * [size]


def test_no_link_of_the_readme_points_to_what_is_not_in_the_repository():
    links = re.findall(r"\]\(([^)#\s]+)", README.read_text(encoding="utf-8"))
    here = [link for link in links if "://" not in link]
    tracked = {path.relative_to(ROOT).as_posix() for path in tracked_files()} | {"docs/headline.png"}
    assert here and not {*here} - tracked


def test_headline_figure_is_in_sync_with_its_notebook():
    assert sum(len(tagged(nb, "headline")) for nb in read_all().values()) <= 1
    assert headline_images(read_all()) == ([HEADLINE.read_bytes()] if HEADLINE.exists() else []), "run `make record`"


def test_wheel_has_code_data_and_style(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "lifetime", source / "lifetime", ignore=shutil.ignore_patterns("__pycache__"))
    files = {path.relative_to(source).as_posix() for path in (source / "lifetime").rglob("*") if path.is_file()}
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        tmp_path,
        source,
    ]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert names == files
    assert "lifetime/show/lifetime.mplstyle" in names
    assert any(name.startswith("lifetime/data/") for name in names)
