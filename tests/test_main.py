"""The package from a shell: the same plans as in Python, on any console, and errors in one line."""

import csv
import io
import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import lifetime as lt
from lifetime.__main__ import _put, main

LAW = lt.laws.Besiroglu2024
LIKE = ["plan", "--like", "70e9", "1.4e12"]
GIVEN = {"D_RL": 3e11, "D_inf": 1e13, "k_RL": 3, "e_RL": 1 / 3, "e_inf": 2 / 3}
OPTIONS = ["--D_RL", "3e11", "--D_inf", "1e13", "--k_RL", "3", "--e_RL", "1/3", "--e_inf", "2/3"]
PRESETS = ("laws", "models", "accelerators", "architectures", "traffic")


@pytest.fixture
def run(capsys):
    """What a command prints; an error is a failure."""

    def run(*argv):
        assert main([*argv]) == 0, capsys.readouterr().err
        printed = capsys.readouterr()
        assert printed.err == ""
        return printed.out

    return run


@pytest.fixture
def fail(capsys):
    """The error of a command: one line, and nothing beside it."""

    def fail(*argv):
        assert main([*argv]) == 2
        printed = capsys.readouterr()
        assert printed.out == ""
        (line,) = printed.err.splitlines()
        assert line.startswith("lifetime: error: ")
        return line.removeprefix("lifetime: error: ")

    return fail


def shell(*argv, **environment):
    """A command in a process of its own: standard output and error as bytes."""
    known = {name: text for name, text in os.environ.items() if name not in ("PYTHONUTF8", "PYTHONIOENCODING")}
    command = [sys.executable, "-m", "lifetime", *argv]
    return subprocess.run(command, env=known | environment, capture_output=True, check=False)


# ---------------------------------------------------------------------------------------------------------- one plan


def test_a_plan_is_that_of_python_with_its_warnings(run):
    plan = lt.cheapest(LAW, loss=LAW.loss(70e9, 1.4e12), **GIVEN)
    assert run(*LIKE, *OPTIONS) == f"{plan!r}\n"
    assert "Warning: D is beyond the runs" in run(*LIKE, *OPTIONS)


@pytest.mark.parametrize("law", ["Besiroglu2024", "Hoffmann2022"])
def test_like_is_the_loss_of_that_model_by_the_same_law(run, law):
    known = lt.laws[law]
    found = json.loads(run(*LIKE, "--law", law, "--D_inf", "0", "--json"))
    assert found["law"] == law
    assert found["loss"] == known.loss(70e9, 1.4e12)
    assert found["N"] == pytest.approx(known.compute_optimal_at_loss(found["loss"])[0], rel=1e-12)


def test_json_has_all_of_one_plan_in_base_units(run):
    found = json.loads(run("plan", "--loss", "1.98", *OPTIONS, "--json"))
    plan = lt.cheapest(LAW, loss=1.98, **GIVEN)
    for name in ("N", "D", "loss", "cost", "flop", "saving", "overtraining", "tokens_per_param"):
        assert found[name] == getattr(plan, name), name
    assert found["shares"] == plan.shares
    assert found["warnings"] == list(plan.warnings) != []
    assert {name: found[name] for name in GIVEN} == GIVEN


def test_a_budget_buys_the_lowest_loss(run):
    found = json.loads(run("plan", "--cost", "1e25", *OPTIONS, "--json"))
    assert found["loss"] == lt.best(LAW, cost=1e25, **GIVEN).loss


def test_what_does_not_matter_is_not_asked_for(run):
    found = json.loads(run("plan", "--loss", "2", "--D_inf", "1e12", "--e_inf", "0.5", "--json"))
    assert found["D_RL"] == 0
    assert "k_RL" not in found


# ------------------------------------------------------------------------------------------------------------ sweeps


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1e12:1e14:3", [1e12, 1e13, 1e14]),
        ("0:2e12:3", [0, 1e12, 2e12]),
        ("1e13,3e12", [1e13, 3e12]),
        ("1e13/2", [5e12]),
    ],
)
def test_a_range_has_equal_factors_or_from_0_equal_differences(run, text, values):
    found = json.loads(run("plan", "--loss", "2", "--D_inf", text, "--e_inf", "1", "--json"))
    rows = found if len(values) > 1 else [found]
    np.testing.assert_allclose([row["D_inf"] for row in rows], values, rtol=1e-14)
    expected = lt.cheapest(LAW, loss=2, D_RL=0, D_inf=values, e_inf=1).N
    np.testing.assert_allclose([row["N"] for row in rows], expected, rtol=1e-12)


def test_several_sweeps_are_a_grid(run):
    argv = ["plan", "--like", "7e9,70e9", "1.4e12", "--D_inf", "1e12,1e13,1e14", "--e_inf", "0.2,0.4"]
    rows = json.loads(run(*argv, "--json"))
    assert len(rows) == 12
    assert len({(row["loss"], row["D_inf"], row["e_inf"]) for row in rows}) == 12
    assert len({row["N"] for row in rows}) == 12
    for row in rows:
        given = {name: row[name] for name in ("D_RL", "D_inf", "e_inf")}
        plan = lt.cheapest(LAW, loss=row["loss"], **given)
        assert row["N"] == pytest.approx(plan.N, rel=1e-12)
        assert row["warnings"] == list(plan.warnings)
    assert [row["e_inf"] for row in rows[:4]] == [0.2, 0.4, 0.2, 0.4]


def test_a_sweep_is_printed_a_row_a_scenario(run):
    said, heading, *rows = run(*LIKE, "--D_inf", "1e9:1e13:3", "--e_inf", "1/3").splitlines()
    assert said == "In all 3 scenarios: D_RL 0, e_inf 0.3333, loss 1.9739, share of reinforcement learning 0.0 %"
    assert heading.split()[:3] == ["D_inf", "N", "D"]
    assert [row.split()[:2] for row in rows[:3]] == [["1", "B"], ["100", "B"], ["10", "T"]]
    assert all(row.endswith("yes") for row in rows[:3])
    assert [row.split(" in ")[0] for row in rows[3:]] == [
        "Warning: N is beyond the runs",
        "Warning: D is beyond the runs",
    ]


def test_a_table_in_a_file_has_the_warnings_of_each_row(run, tmp_path):
    file = tmp_path / "plans.csv"
    argv = [*LIKE, "--D_inf", "1e12,1e14", "--e_inf", "1"]
    assert run(*argv, "--csv", str(file)) == run(*argv)
    frame = lt.cheapest(LAW, loss=LAW.loss(70e9, 1.4e12), D_RL=0.0, D_inf=[1e12, 1e14], e_inf=1.0).to_frame()
    pd.testing.assert_frame_equal(pd.read_csv(file), frame, check_dtype=False)
    assert "tokens per parameter" not in frame.warnings[0]
    assert "tokens per parameter" in frame.warnings[1]
    assert run(*argv, "--csv", "-") == file.read_text()


# ----------------------------------------------------------------------------------------------------------- presets


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_listed(run, name):
    known = getattr(lt, name)
    lines = run(name).splitlines()
    assert tuple(line.split()[0] for line in lines[1:-1]) == known.keys()
    rows = json.loads(run(name, "--json"))
    assert [row["key"] for row in rows] == list(known.keys())
    assert set(rows[0]) == {"key", *known.table().columns}
    table = list(csv.DictReader(io.StringIO(run(name, "--csv", "-"))))
    assert [row["source" if "source" in row else "citation"] for row in table] == [
        row["source" if "source" in row else "citation"] for row in rows
    ]


def test_key_columns_are_in_base_units_with_a_prefix_and_empty_where_nothing_is_stated(run):
    heading, first, *_ = run("accelerators").splitlines()
    assert heading.split()[:4] == ["vendor", "bf16", "fp8", "hbm_bytes"]
    assert first.split()[:6] == ["A100_40GB", "NVIDIA", "312", "T", "42.95", "B"]
    assert json.loads(run("accelerators", "--json"))[0]["fp8"] is None


# ------------------------------------------------------------------------------------------------------------ errors


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ([], "a command must be given; Valid: plan, laws, models"),
        (["plans"], "unknown command 'plans'; did you mean 'plan'?"),
        (["plan"], "one of --like, --loss, --cost must be given; got none"),
        ([*LIKE, "--loss", "2"], "one of --like, --loss, --cost must be given; got like and loss"),
        ([*LIKE, "--D_infe", "3"], "unknown argument '--D_infe'; did you mean '--D_inf'? Valid: --law, --like"),
        ([*LIKE, "--D_i", "3"], "unknown argument '--D_i'; did you mean '--D_inf'?"),
        (
            [*LIKE, "--law", "Besiroglu2042"],
            "argument --law: unknown preset 'Besiroglu2042'; did you mean 'Besiroglu2024'",
        ),
        (["plan", "--like", "70e9"], "argument --like: expected 2 arguments"),
        ([*LIKE, "--D_inf", "1e13"], "missing assumption: e_inf; needed: D_RL, D_inf, e_inf"),
        ([*LIKE, "--D_inf", "-1", "--e_inf", "1"], "D_inf must be a finite number, 0 or more; got -1"),
        ([*LIKE, "--D_inf", "nan", "--e_inf", "1"], "D_inf must be a finite number, 0 or more; got nan"),
        ([*LIKE, "--D_inf", "10T"], "argument --D_inf: must be a number such as 1e13 or 1/3; got '10T'"),
        ([*LIKE, "--D_inf", "1,,2"], "argument --D_inf: must be a number such as 1e13 or 1/3; got ''"),
        ([*LIKE, "--e_inf", "1/0"], "argument --e_inf: must be a number such as 1e13 or 1/3; got '1/0'"),
        ([*LIKE, "--D_inf", "1:2"], "argument --D_inf: must be a range LOW:HIGH:STEPS of 2 to 10,000 steps"),
        ([*LIKE, "--D_inf", "1:2:1"], "such as 1e12:1e14:5; got '1:2:1'"),
        ([*LIKE, "--D_inf", "1:2:2.5"], "such as 1e12:1e14:5; got '1:2:2.5'"),
        ([*LIKE, "--D_inf", "1:inf:3"], "such as 1e12:1e14:5; got '1:inf:3'"),
        (
            ["plan", "--loss", "1.8", "--D_inf", "0"],
            "loss must be above 1.8172, the irreducible loss E of the law; got 1.8",
        ),
        (["laws", "--json", "--csv", "-"], "argument --csv: not allowed with argument --json"),
        (["laws", "--csv", "no-such-folder/laws.csv"], "No such file or directory: 'no-such-folder/laws.csv'"),
    ],
)
def test_an_error_is_one_line_with_what_would_be_valid(fail, argv, message):
    assert message in fail(*argv)


def test_help_names_every_assumption_with_its_meaning_and_the_default(capsys):
    with pytest.raises(SystemExit) as end:
        main(["plan", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert end.value.code == 0
    assert said.isascii()
    for name in lt.LIFETIME.assumptions:
        assert f"--{name} X {lt.symbols.MEANINGS[name].meaning}" in said
    assert "(default: 0)" in said
    assert "equal factors if both ends are above 0" in said


# ---------------------------------------------------------------------------------------------------------- consoles


@pytest.mark.parametrize(
    "environment", [{"PYTHONIOENCODING": "ascii:strict", "LC_ALL": "C"}, {"PYTHONIOENCODING": "cp1252"}]
)
def test_a_console_that_is_not_utf_8_gets_the_same_plan(environment):
    argv = [*LIKE, "--D_inf", "1e12:1e14:3", "--e_inf", "1/3"]
    expected, found = shell(*argv, PYTHONIOENCODING="utf-8"), shell(*argv, **environment)
    assert (found.returncode, found.stderr) == (0, b"")
    assert found.stdout == expected.stdout


@pytest.mark.parametrize(
    ("encoding", "expected"), [("ascii", b"k - x alpha ? ?\n"), ("cp1252", b"k - x alpha ? \xfc\n")]
)
def test_what_a_console_does_not_have_becomes_something_near(encoding, expected):
    out = io.BytesIO()
    stream = io.TextIOWrapper(out, encoding=encoding, newline="\n")
    _put("k − × α 語 ü", stream)
    stream.flush()
    assert out.getvalue() == expected


def test_a_bad_name_on_such_a_console_is_an_error_without_a_traceback():
    run = shell("plan", "--law", "Chinchilla−α…", PYTHONIOENCODING="ascii:strict", LC_ALL="C.UTF-8")
    assert run.returncode == 2
    assert run.stderr.startswith(b"lifetime: error: argument --law: unknown preset 'Chinchilla-alpha...'; ")
    assert run.stderr.count(b"\n") == 1


def test_a_reader_who_closes_the_pipe_sees_no_traceback():
    command = [sys.executable, "-m", "lifetime", "models", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode in (0, 1)


# --------------------------------------------------------------------------------------------------------- the panel


def test_the_panel_names_one_size(run):
    text = run(*LIKE, "--panel", *OPTIONS)
    choice = lt.least_regret(lt.laws.panel(), like=(70e9, 1.4e12), **GIVEN)
    assert f"Build {lt.display.short(choice.N)} parameters" in text
    assert all(lt.laws.plain_name(name) in text for name in lt.laws.panel())


def test_the_panel_as_data(run):
    choice = lt.least_regret(lt.laws.panel(), like=(70e9, 1.4e12), **GIVEN)
    found = json.loads(run(*LIKE, "--panel", *OPTIONS, "--json"))
    assert found["N"] == pytest.approx(choice.N)
    frame = pd.read_csv(io.StringIO(run(*LIKE, "--panel", *OPTIONS, "--csv", "-")))
    assert frame["extra cost"].max() == pytest.approx(choice.regret)
    assert [*frame["law"]] == [*lt.laws.panel()]


def test_the_panel_takes_a_model_to_match_and_one_scenario(fail):
    assert "--panel needs --like" in fail("plan", "--panel", "--loss", "2", *OPTIONS)
    assert "one value of each" in fail(*LIKE, "--panel", *OPTIONS[:-1], "0.1:0.4:3")
