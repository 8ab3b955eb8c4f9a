"""Files of runs as people have them, and the many ways in which they are broken: no run is lost silently."""

import gzip
import io
import json
import re
from importlib.util import find_spec

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lifetime as lt
from cases import LAW
from lifetime import fit, read_runs
from lifetime.evidence.runs import ALIASES

N_RUNS = 15
_N, _D = 10 ** np.random.default_rng(3).uniform([[7.5], [9.0]], [[10.0], [11.5]], (2, N_RUNS))
_N, _D = np.round(_N), np.round(_D)
RUNS = pd.DataFrame({"params": _N, "tokens": _D, "loss": LAW.loss(_N, _D)})
FLOP = 6 * RUNS.params * RUNS.tokens
rows = list(RUNS.itertuples(index=False))


def said(runs):
    return runs.attrs["read"]


def read(text, **options):
    return read_runs(io.StringIO(text), **options)


# Ten kinds of public files, made up in the same shape: one call reads each


def figure(folder):
    """Points read off a figure: FLOP instead of tokens, and colours."""
    table = pd.DataFrame({"x": RUNS.index / 7, "y": 1.5, "color": "#faebdd", "Model Size": RUNS.params})
    table.assign(**{"Training FLOP": FLOP, "hex_color": "#faebdd", "loss": RUNS.loss}).to_csv(folder / "a", index=False)
    return {"file": folder / "a"}, "tokens = flop / (6 params), flop from 'Training FLOP'"


def isoflops(folder):
    """Runs of several experiments, with a budget, and cells left empty in columns that are not read."""
    table = pd.DataFrame({"source": "a", "condition": "", "experiment": ["a__b", "a__c", "a__d"] * 5})
    table = table.join(RUNS[["tokens", "params"]]).assign(budget=1e19, loss=RUNS.loss, outlier=True, reason="")
    table.to_csv(folder / "isoflops.csv", index=False)
    return {"file": folder / "isoflops.csv"}, "read: params, tokens, loss"


def tracker(folder):
    """The export of a tracker of experiments: everything is quoted, names are paths."""
    table = pd.DataFrame({"Name": "isoflop-3e+19-d4096", "parameter_count": RUNS.params.astype(int)})
    table["throughput/total_tokens"], table["throughput/total_gflops"] = RUNS.tokens.astype(int), FLOP / 1e9
    table["eval/paloma/macro_loss"], table["learning_rate"] = RUNS.loss, ""
    table.to_csv(folder / "export.csv", index=False, quoting=1)
    return {"file": folder / "export.csv", "loss": "eval/paloma/macro_loss"}, "tokens from 'throughput/total_tokens'"


def course(folder):
    """A JSON array of runs at given budgets."""
    runs = [
        {"parameters": int(r.params), "compute_budget": 6 * r.params * r.tokens, "final_loss": r.loss} for r in rows
    ]
    (folder / "curves.json").write_text(json.dumps(runs, indent=2))
    return {
        "file": folder / "curves.json"
    }, "params from 'parameters', loss from 'final_loss', tokens = flop / (6 params)"


def sweep(folder):
    """A sweep of hyperparameters, gzipped, with N, D and a smoothed loss."""
    table = pd.DataFrame(
        {"N": RUNS.params, "D": RUNS.tokens, "h": 1024, "lr": 1e-3, "bs": 64, "smooth loss": RUNS.loss}
    )
    table.to_csv(folder / "sweep.csv.gz", index=False)
    return {"file": folder / "sweep.csv.gz"}, "params from 'N', tokens from 'D', loss from 'smooth loss'"


def hundreds(folder):
    """Hundreds of columns, among them several sizes and losses."""
    table = pd.DataFrame({"name": "a", "num_params": RUNS.params, "num_tokens_training": RUNS.tokens})
    table = table.assign(**{"num_flops_training": FLOP, "val/.dclm_loss": RUNS.loss, "Model Size": "160M"})
    table = table.join(pd.DataFrame({f"config/{i}": range(N_RUNS) for i in range(300)}))
    table.to_csv(folder / "runs.csv", index=False)
    named = {"params": "num_params", "loss": "val/.dclm_loss"}
    return {"file": folder / "runs.csv", **named}, "tokens from 'num_tokens_training'"


def ladder(folder):
    """One file a run, with its whole history; only its name has the size."""
    for i, run in enumerate(rows):
        share = np.array([0.1, 0.5, 1.0])
        loss = LAW.loss(run.params, run.tokens * share)
        history = pd.DataFrame({"_step": share * 1000, "eval/c4_en/CrossEntropyLoss": loss, "eval/pile/loss": loss + 1})
        history["throughput/total_tokens"] = run.tokens * share
        history.to_csv(folder / f"{run.params / 1e6:.6f}M-{i}xC.csv", index=False)
    named = {"params": "*", "loss": "eval/c4_en/CrossEntropyLoss"}
    return {"file": folder / "*-*xC.csv", **named}, "15 of 15 files used, the last row of each"


def summaries(folder):
    """One JSON file a run, with a config and a summary."""
    for i, run in enumerate(rows):
        record = {"config": {"n_params": run.params}, "summary": {"train/loss": run.loss, "tokens_seen": run.tokens}}
        (folder / f"run-{i:02}.json").write_text(json.dumps(record))
    named = {"params": "config/n_params", "tokens": "summary/tokens_seen", "loss": "summary/train/loss"}
    return {"file": folder / "run-*.json", **named}, "15 of 15 files used"


def log(folder):
    """JSON lines, one run each, that do not all have the same keys."""
    lines = [{"run": i, "N": r.params, "tokens": r.tokens, "val_loss": r.loss, "seed": 1} for i, r in enumerate(rows)]
    del lines[3]["seed"]
    (folder / "log.jsonl").write_text("\n".join(json.dumps(line) for line in lines) + "\n\n")
    return {"file": folder / "log.jsonl"}, "loss from 'val_loss'"


def by_hand(folder):
    """A spreadsheet saved with semicolons: units in names and cells, thousands, empty lines."""
    lines = ["Model Size;Tokens (B);Smoothed Loss;note"]
    lines += [f'{r.params / 1e6!r} M;"{r.tokens / 1e9!r}";{r.loss!r};"good; ""best"" of 3"' for r in rows]
    (folder / "sheet.csv").write_bytes("\r\n".join([*lines, ";;;", ""]).encode("utf-8-sig"))
    return {"file": folder / "sheet.csv"}, "tokens from 'Tokens (B)' times 1e+09"


def tabs(folder):
    """Columns separated by tabs, with whole numbers in thousands."""
    lines = ["N\tC\ttrain/loss", *(f"{r.params:,.0f}\t{6 * r.params * r.tokens!r}\t{r.loss!r}" for r in rows)]
    (folder / "runs.tsv").write_text("\n".join(lines))
    return {"file": folder / "runs.tsv"}, "flop from 'C'"


KINDS = [figure, isoflops, tracker, course, sweep, hundreds, ladder, summaries, log, by_hand, tabs]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_kind_of_file_is_read_by_one_call_and_planned_in_three_lines(kind, tmp_path):
    call, says = kind(tmp_path)
    runs = read_runs(**call)
    assert list(runs) == ["params", "tokens", "loss"]
    np.testing.assert_allclose(runs.sort_values("loss"), RUNS.sort_values("loss"), rtol=1e-11)
    assert says in said(runs)
    assert said(runs).startswith("15 of 15 ")
    found = fit(**runs)
    assert found.law.alpha == pytest.approx(LAW.alpha, rel=1e-4)
    plan = lt.cheapest(found.law, loss=2.1, D_RL=3e11, D_inf=1e13, k_RL=3, e_RL=1, e_inf=1 / 3)
    assert plan.N > 1e9


def test_groups_become_a_column(tmp_path):
    call, _ = isoflops(tmp_path)
    runs = read_runs(**call, group="experiment")
    assert list(runs) == ["params", "tokens", "loss", "group"]
    assert runs.group.tolist() == ["a__b", "a__c", "a__d"] * 5
    assert "group from 'experiment'" in said(runs)
    with pytest.raises(ValueError, match="line 3: group \\('seed'\\) is missing$"):
        read("params,tokens,loss,seed\n1e9,2e10,2.8,0\n1e9,2e10,2.8, \n", group="seed")


def test_the_star_of_a_pattern_is_a_column_and_a_group(tmp_path):
    for size in ("1B", "2B", "4B"):
        for kind in "ab":
            (tmp_path / f"{size}-{kind}.csv").write_text("tokens,loss\n1e9,4\n2e10,3\n")
    runs = read_runs(tmp_path / "*-[!a].c?v", params="*", group="*")
    assert runs.params.tolist() == [1e9, 2e9, 4e9]
    assert runs.tokens.tolist() == [2e10] * 3
    assert runs.group.tolist() == ["1B", "2B", "4B"]
    with pytest.raises(ValueError, match=r"1B-a.csv: line 3: params \('\*'\) is not a number: '1B-a'"):
        read_runs(tmp_path / "*.csv", params="*")
    with pytest.raises(ValueError, match=r"params='\*' is no column"):
        read_runs(tmp_path / "[124]B-a.csv", params="*")


# JSON in other shapes


@pytest.mark.parametrize(
    "shape",
    [
        lambda: RUNS.to_json(double_precision=15),
        lambda: RUNS.to_json(orient="records", double_precision=15),
        lambda: json.dumps(RUNS.to_dict("list")),
        lambda: json.dumps({"runs": RUNS.to_dict("records")}),
        lambda: json.dumps({f"run {i}": run._asdict() for i, run in enumerate(rows)}),
    ],
)
def test_json_of_any_common_shape_is_read(shape):
    np.testing.assert_allclose(read(shape()), RUNS, rtol=1e-12)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"params": 1, "params": 2}]', "the JSON cannot be read: 'params' is there twice in one run"),
        ('{"params": [1, 2], "tokens": [1], "loss": [1]}', "the columns must be equally long; got {'params': 2"),
        ("[1, 2]", "run 1 must be an object with the names of columns; got 1"),
        ('[{"params": 1,', "the JSON cannot be read: "),
        ('{"N": 1e9}\n{"N": 1e9,\n', "line 2 cannot be read as JSON"),
        ("[]", "the runs must name the columns params, tokens, loss once each; params is missing (the file has: none)"),
        ('[{"N": 1e9, "D": 1e9}, {"N": 1e9, "D": 1e9, "loss": 2}]', "run 1: loss is missing"),
        (
            '{"N": 1e9, "D": 1e9, "loss": 2}\n\n{"N": true, "D": 1e9, "loss": "x"}',
            "line 3: params ('N') is not a number: T",
        ),
        ('[{"N": [1], "D": 1e9, "loss": 2}]', "run 1: params ('N') is not a number: [1]"),
        (
            f'[{{"N": 1{"0" * 400}, "D": 1e9, "loss": 2}}]',
            "run 1: params ('N') must be a finite number above 0; got 1000",
        ),
        (
            '[{"N": 1, "D": 1e9, "loss": NaN}]',
            "1 of 1 runs failed (skip='failed' leaves them out): run 1: loss must be a",
        ),
    ],
)
def test_bad_json_is_refused(text, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        read(text)


# Lines


TEN = "params,tokens,loss,note\n" + "".join(f"1e9,2e10,2.8,run {i}\n" for i in range(47))


@pytest.mark.parametrize("note", ['"a quote left open', 'a "quote" inside', '"closed" too early', 'two lines" and "'])
def test_a_quote_out_of_place_swallows_nothing(note):
    text = TEN.replace("run 9\n", f"{note}\n")
    with pytest.raises(
        ValueError, match="^line 11: a quote is not closed on its line, or stands inside a value: a run "
    ):
        read(text)
    with pytest.raises(ValueError, match="^line 1: a quote is not closed on its line"):
        read(TEN.replace("note", '"note'))


def test_a_record_of_two_lines_is_named_by_its_first():
    with pytest.raises(ValueError, match="^line 3: a quote is not closed .*; line 4: a quote is not closed "):
        read('params,tokens,loss,note\n1e9,2e10,2.8,a\n1e9,2e10,2.8,"two\nlines"\n1e9,2e10,2.8,b\n')


def test_quotes_in_their_place_are_read():
    found = read(
        '"params", "tokens" ,"loss, smoothed",""\n"1,000,000" ,"2e10",2.8,"say ""yes"", or no"\n', loss="loss, smoothed"
    )
    assert found.to_numpy().tolist() == [[1e6, 2e10, 2.8]]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_of_any_system_are_read(end):
    text = TEN.replace("run 3", "odd \x0b\x85\u2028 breaks").replace("\n", end)
    assert len(read(text)) == len(read_runs(io.BytesIO(text.encode()))) == 47


@given(st.lists(st.tuples(*[st.floats(1e-3, 1e18)] * 3), min_size=1), st.sampled_from(",;\t"), st.text(max_size=5))
def test_every_row_is_used_or_named(numbers, separator, note):
    note = re.sub(r"[\r\n]", "", note)
    table = [["params", "tokens", "loss", "note"], *([*map(repr, row), note] for row in numbers)]
    text = "\n".join(separator.join('"' + cell.replace('"', '""') + '"' for cell in row) for row in table)
    found = read(text)
    assert found.to_numpy().tolist() == [list(row) for row in numbers]
    assert said(found).startswith(f"{len(numbers)} of {len(numbers)} rows used; read: ")
    with pytest.raises(ValueError, match=f"^line {len(table)} has 3 values for 4 columns$"):
        read(text[: text.rindex(separator)] if separator not in note else f"{text[: -len(note) - 3]}")


# Failed runs


FAILED = "N,D,loss\n1e9,2e10,2.8\n,,\n1e9,2e10,\n1e9,2e10,nan\n1e9,2e10,NA\n,2e10,-inf\n2e9,2e10,2.7\n"


def test_failed_runs_are_skipped_on_request_and_counted():
    found = read(FAILED, skip="failed")
    assert found.to_numpy().tolist() == [[1e9, 2e10, 2.8], [2e9, 2e10, 2.7]]
    assert found.index.tolist() == [0, 1]
    assert said(found).startswith(
        "2 of 6 rows used; 4 skipped: loss is missing in lines 4, 6; loss is not finite in lines 5, 7; read: params"
    )
    some = read(FAILED.replace("\n,2e10", "\n1e9,2e10").replace("NA", "-").replace(",-\n", ",2.7\n"), skip="failed")
    assert "3 skipped: loss is missing in line 4; loss is not finite in lines 5, 7" in said(some)


def test_failed_runs_are_errors_by_default():
    with pytest.raises(
        ValueError, match=r"^3 of 5 runs failed \(skip='failed' leaves them out\): line 4: loss is missing; "
    ):
        read(FAILED.replace(",2e10,-inf\n", "").replace("\n2e9", "\n2e9"))
    with pytest.raises(
        ValueError, match="line 6: loss is missing: 'NA'; line 7: params .'N'. is missing; line 7: loss must"
    ):
        read(FAILED)


def test_only_failures_are_skipped():
    for row in ("1e9,,2.8", "1e9,2e10,0", "1e9,2e10,x"):
        with pytest.raises(ValueError, match=r"^line 9: (tokens|loss)"):
            read(f"{FAILED}{row}\n", skip="failed")
    with pytest.raises(ValueError, match=r"^no run is left, all 2 failed: loss is missing in lines 2, 3$"):
        read("N,D,loss\n1e9,2e10,\n1e9,2e10,\n", skip="failed")
    with pytest.raises(ValueError, match="skip must be 'failed' or None; got 'all'"):
        read(FAILED, skip="all")


def test_a_file_of_a_pattern_must_be_the_history_of_one_run(tmp_path):
    (tmp_path / "a.csv").write_text("N,D,loss\n1e9,1e9,5\n,,\n1e9,,\n1000M,2e10,3\n")
    assert read_runs(tmp_path / "*.csv").to_numpy().tolist() == [[1e9, 2e10, 3]]
    (tmp_path / "b.csv").write_text("N,D,loss\n1e9,1e9,5\n2e9,2e10,3\n")
    with pytest.raises(
        ValueError, match=r"^b.csv: params \('N'\) is not the same in all rows; of a pattern, the last row"
    ):
        read_runs(tmp_path / "*.csv")
    (tmp_path / "b.csv").write_text("N,C,loss\n1e9,3e19,3\n1e9,2e19,4\n")
    with pytest.raises(
        ValueError, match=r"^b.csv: flop \('C'\) is not the greatest in the last row; of a pattern, .*itself$"
    ):
        read_runs(tmp_path / "*.csv")


def test_numbers_that_a_unit_makes_too_large_or_too_small_are_refused():
    with pytest.raises(ValueError, match="^line 2: tokens must be a finite number above 0; got inf$"):
        read("N,Tokens (B),loss\n1e9,1e300,2\n".replace("1e300", "1e308"))
    with pytest.raises(ValueError, match="^line 2: tokens must be a finite number above 0; got 0$"):
        read("N,C,loss\n1e9,1e-320,2\n")


def test_files_of_the_same_name_are_told_apart(tmp_path):
    for folder in "ab":
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "log.csv").write_text("N,D,loss\n1e9,2e10,\n")
    with pytest.raises(ValueError, match="/a/log.csv: line 2: loss is missing; .*/b/log.csv: line 2: loss is missing$"):
        read_runs(tmp_path / "*" / "log.csv")


def test_failed_runs_of_a_pattern_are_named_by_file(tmp_path):
    for name, loss in {"a": 3, "b": "", "c": "nan", "d": "", "e": 2}.items():
        (tmp_path / f"{name}.csv").write_text(f"params,tokens,loss\n1e9,1e9,5\n1e9,2e10,{loss}\n")
    found = read_runs(tmp_path / "*.csv", skip="failed")
    assert said(found).startswith(
        "2 of 5 files used, the last row of each; 3 skipped: loss is missing in b.csv: line 3, d.csv: line 3; "
        "loss is not finite in c.csv: line 3; read: params"
    )
    with pytest.raises(
        ValueError, match="^3 of 5 runs failed .*: b.csv: line 3: loss is missing; c.csv: line 3: loss must"
    ):
        read_runs(tmp_path / "*.csv")
    (tmp_path / "a.csv").write_text("params,tokens,loss\n1e9,1e9\n1e9,2e10,3\n")
    with pytest.raises(ValueError, match="^a.csv: line 2 has 2 values for 3 columns; b.csv: line 3: "):
        read_runs(tmp_path / "*.csv")


def test_many_skipped_lines_are_cut():
    assert "lines 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13 and 8 more; read" in said(
        read("N,D,loss\n" + "1e9,2e10,\n" * 20 + "1e9,2e10,2.8\n", skip="failed")
    )


# Columns


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("N,D,train/loss,val/loss", "loss could be 'train/loss' or 'val/loss': say which, loss='train/loss'"),
        ("N,D,Loss,Smoothed Loss", "loss could be 'Loss' or 'Smoothed Loss': say which, loss='Loss'"),
        ("N,total_params,D,loss", "params could be 'N' or 'total_params': say which, params='N'"),
        ("N,D,Tokens (B),loss", "tokens could be 'D' or 'Tokens (B)': say which, tokens='D'"),
        ("N,C,flops,loss", "flop could be 'C' or 'flops': say which, flop='C'"),
        (
            "N,TFLOPs,loss,x",
            "tokens is missing (did you mean 'TFLOPs'? the file has: N, TFLOPs, loss, x); if columns have other names, "
            "give them: tokens='...' or flop='...'",
        ),
        ("N,D,l,x", "loss is missing"),
        (
            "a,b,c1,d1",
            "params is missing (the file has: a, b, c1, d1); if columns have other names, give "
            "them: params='...', tokens='...' or flop='...', loss='...'",
        ),
        ("N,D,loss,note,note", "the first line must name each column once; note is there twice: rename one of them"),
        ("params tokens loss", "columns are separated by comma, semicolon, tab"),
    ],
)
def test_a_header_that_leaves_a_doubt_is_refused(header, message):
    n = header.count(",") + 1
    with pytest.raises(ValueError, match=re.escape(message)) as error:
        read(f"{header}\n{','.join(['1e9'] * n)}\n")
    assert ("separated by" in str(error.value)) == (n == 1)


def test_a_data_frame_of_one_column_has_no_separator():
    with pytest.raises(ValueError, match=r"tokens='...' or flop='...', loss='...'$"):
        read_runs(RUNS[["params"]])


def test_a_name_settles_a_doubt_and_the_plain_names_leave_none():
    text = "N,D,train/loss,val/loss,C\n1e9,2e10,2.8,2.9,1.2e21\n"
    assert read(text, loss="val/loss").loss.tolist() == [2.9]
    assert read(text, loss="val/loss", flop="C").tokens.tolist() == [2e11]
    assert read("N,D,tokens seen,C,loss\n1e9,1,2,1.2e21,2.8\n", flop="C").tokens.tolist() == [2e11]
    plain = read("params,N,tokens,loss,val_loss\n1e9,2e9,2e10,2.8,2.9\n")
    assert plain.to_numpy().tolist() == [[1e9, 2e10, 2.8]]
    assert said(plain).endswith("read: params (not 'N'), tokens, loss (not 'val_loss')")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"loss": "val"},
            "loss='val' is no column (did you mean 'val/loss'? the file has: N, D, train/loss, val/loss)",
        ),
        ({"loss": 3}, "loss must be the name of a column; got 3"),
        ({"params": [1e9]}, "params must be the name of a column; got [1000000000.0]"),
        ({"tokens": "D", "flop": "D"}, "give tokens or flop, not both; got 'D' and 'D'"),
        ({"params": "D", "loss": "val/loss"}, "params and tokens must be different columns; both are 'D'"),
        ({"group": "size"}, "group='size' is no column"),
    ],
)
def test_a_wrong_name_is_refused(options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        read("N,D,train/loss,val/loss\n1e9,2e10,2.8,2.9\n", **options)


def test_a_header_of_hundreds_is_cut(tmp_path):
    call, _ = hundreds(tmp_path)
    with pytest.raises(ValueError, match="^runs.csv: params could be 'num_params' or 'Model Size': say which"):
        read_runs(call["file"])
    with pytest.raises(ValueError, match="loss is missing .the file has 306 columns, among them: .*'") as error:
        read_runs(call["file"], params="num_params")
    assert "val/.dclm_loss" in str(error.value)
    assert len(str(error.value)) < 500


@pytest.mark.parametrize(
    "name", ["Parameters", "MODEL SIZE", "n_params", "numParams", "Params (M)", "N_M", "params [millions]"]
)
def test_names_in_any_case_and_units_in_names(name):
    value = "1000" if "M" in name[-3:] or "millions" in name else "1e9"
    assert read(f"{name},D,L\n{value},2e10,2.8\n").params.tolist() == [1e9]


# Files that are none, or of another kind


def test_what_is_not_there_is_refused_with_a_remedy(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my-runs.csv").write_text(TEN)
    assert len(read_runs("my-runs.csv")) == len(read_runs(tmp_path / "my-runs.csv")) == 47
    for path, message in {
        "my-run.csv": r"no file 'my-run.csv' in '.*': did you mean 'my-runs.csv'\?",
        "zzz": "no file 'zzz' in '.*': check name and folder",
        "nowhere/my-runs.csv": "there is no folder '.*nowhere'",
        "*.tsv": "no file matches '\\*.tsv' in '.*': check the folder and the pattern",
        str(tmp_path / "*.tsv"): "no file matches '/.*tsv': check the folder",
        str(tmp_path): r"is a folder: name a file in it, or a pattern such as '.*\*.csv'",
        TEN: "has several lines: give a text as io.StringIO",
    }.items():
        with pytest.raises(ValueError, match=message):
            read_runs(path)
        with pytest.raises(FileNotFoundError, match=message):
            read_runs(path)
    (tmp_path / "odd[1].csv").write_text(TEN)
    assert len(read_runs("odd[1].csv")) == 47, "a file of that very name"
    (tmp_path / "folder.csv").mkdir()
    assert len(read_runs("my*.csv")) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty: it must name the columns and hold a line for each run"),
        (b" \n\n", "the file is empty"),
        (TEN.splitlines()[0].encode(), "there are names of columns, but no runs below them"),
        (TEN.encode("utf-16"), "the file is UTF-16 text, as spreadsheets write it: save it as CSV in UTF-8"),
        (TEN.encode("utf-16-be"), "the file is UTF-16 text"),
        (TEN.replace("run 7", "größer").encode("latin-1"), "line 9 is not UTF-8 but perhaps Latin-1: save the"),
        (b"PK\x03\x04", "the file is a spreadsheet or a zip archive: save the sheet as CSV"),
        (b"\x80\x05pickle", "the file is binary .a pickle..: load it yourself"),
        (b"a" * 2000 + b"\0", "the file is binary: save the table as CSV"),
        (b"\x89PNG\r\n\x1a\n\xff", "the file is binary"),
        (b"\xfd7zXZ\x00", "the file is compressed with xz: unpack it"),
        (gzip.compress(TEN.encode())[:-20], "the file is damaged or cut short: gzip cannot unpack it"),
        (b"PAR1 and no more", "(the parquet file cannot be read|parquet files need pyarrow)"),
    ],
)  # fmt: skip
def test_a_file_of_another_kind_is_refused_with_a_remedy(content, message, tmp_path):
    (tmp_path / "my-runs.csv").write_bytes(content)
    with pytest.raises(ValueError, match=f"^my-runs.csv: {message}"):
        read_runs(tmp_path / "my-runs.csv")


def test_open_files_are_read(tmp_path):
    path = tmp_path / "my-runs.csv"
    path.write_text(TEN.replace("run 7", "größer"), encoding="latin-1")
    with open(path, encoding="latin-1") as file:
        assert len(read_runs(file)) == 47
    with (
        open(path, encoding="utf-8") as file,
        pytest.raises(ValueError, match="^my-runs.csv: the file is not in utf-8: open"),
    ):
        read_runs(file)
    with open(path, "rb") as file, pytest.raises(ValueError, match="^my-runs.csv: line 9 is not UTF-8"):
        read_runs(file)


@pytest.mark.skipif(find_spec("pyarrow") is None, reason="pandas reads parquet with pyarrow, which is not installed")
def test_parquet_is_read(tmp_path):
    RUNS.rename(columns={"params": "N"}).to_parquet(tmp_path / "runs.parquet")
    np.testing.assert_array_equal(read_runs(tmp_path / "runs.parquet"), RUNS)


def test_parquet_without_its_library_names_the_remedy(monkeypatch):
    def absent(file):
        raise ImportError("no pyarrow")

    monkeypatch.setattr(pd, "read_parquet", absent)
    with pytest.raises(ValueError, match="^parquet files need pyarrow: pip install pyarrow, or save the table as CSV"):
        read_runs(io.BytesIO(b"PAR1"))
    monkeypatch.setattr(pd, "read_parquet", lambda file: {b"PAR1 and more": RUNS}[file.read()])
    assert read_runs(io.BytesIO(b"PAR1 and more")).equals(RUNS)
    with pytest.raises(ValueError, match=r"^the parquet file cannot be read: "):
        read_runs(io.BytesIO(b"PAR1"))


# Data frames


class Series:
    """A column as polars has it: no numpy dtype, but a list."""

    def __init__(self, values):
        self.values, self.dtype = values, object()

    def to_list(self):
        return list(self.values)

    def __array_ufunc__(self, *args):
        raise NotImplementedError


class Polars:
    """A data frame as polars has it: names, and columns by name."""

    def __init__(self, columns):
        self.columns, self.data = list(columns), columns

    def __getitem__(self, name):
        return Series(self.data[name])


class Arrow:
    """A table as pyarrow has it: other names for the same."""

    def __init__(self, columns):
        self.column_names, self.columns, self.data = list(columns), None, columns

    def __getitem__(self, name):
        column = Series(self.data[name])
        column.to_pylist = column.to_list
        return column


@pytest.mark.parametrize("library", [pd.DataFrame, Polars, Arrow])
def test_data_frames_are_read(library):
    columns = {
        "run": ["a"] * N_RUNS,
        "Model Size": [f"{n / 1e6!r}M" for n in RUNS.params],
        "C": list(FLOP),
        "loss": RUNS.loss,
    }
    found = read_runs(library(columns))
    np.testing.assert_allclose(found, RUNS, rtol=1e-12)
    assert "flop from 'C'" in said(found)
    assert fit(**found).law.alpha == pytest.approx(LAW.alpha, rel=1e-4)
    columns["Model Size"][4] = "big"
    with pytest.raises(ValueError, match=r"^row 4: params \('Model Size'\) is not a number: 'big'$"):
        read_runs(library(columns))


def test_rows_of_a_data_frame_are_named_by_their_labels():
    table = RUNS.astype(object).set_index(pd.Index([f"run-{i}" for i in range(N_RUNS)]))
    table.loc["run-3", "loss"], table.loc["run-5", "loss"] = None, np.nan
    assert "2 skipped: loss is missing in row run-3; loss is not finite in row run-5" in said(
        read_runs(table, skip="failed")
    )
    sparse = RUNS.assign(params=RUNS.params.astype("Int64").where(RUNS.index != 2))
    with pytest.raises(ValueError, match="^row 2: params is missing$"):
        read_runs(sparse)
    twice = pd.concat([RUNS, RUNS.loss], axis=1)
    with pytest.raises(ValueError, match="^the table must name each column once; loss is there twice"):
        read_runs(twice)
    with pytest.raises(
        ValueError, match="^the table must name the columns .*loss is missing .*the table has: params, tokens"
    ):
        read_runs(RUNS[["params", "tokens"]])
    with pytest.raises(ValueError, match="no runs below them"):
        read_runs(RUNS.iloc[:0])
    assert read_runs(RUNS.rename(columns={"params": 0, "tokens": 1}), params="0", tokens="1").equals(RUNS)


def test_a_group_that_a_data_frame_lacks_is_refused():
    for lack in (None, np.nan, pd.NA, " "):
        with pytest.raises(ValueError, match="^row 1: group .'seed'. is missing"):
            read_runs(RUNS.assign(seed=[0, lack, *range(13)]), group="seed")


def test_what_is_no_table_is_refused():
    lazy = Polars({})
    lazy.collect = None
    for value, message in ((5, "from 5: give a path"), (None, "from None: give a path"), (lazy, ": collect it first")):
        with pytest.raises(ValueError, match=f"^runs cannot be read .*{message}"):
            read_runs(value)


@pytest.mark.parametrize("library", [pd.Series, Series])
def test_columns_of_data_frames_go_straight_into_a_fit(library):
    found = fit(*(library(RUNS[name].tolist()) for name in RUNS))
    assert found.law.alpha == pytest.approx(LAW.alpha, rel=1e-4)
    spoilt = RUNS.params.astype(object).tolist()
    spoilt[3] = "150M"
    with pytest.raises(
        ValueError, match=r"^params must be numbers; got '150M' in row 3 \(read_runs reads numbers in texts"
    ):
        fit(library(spoilt), RUNS.tokens, RUNS.loss)
    spoilt[3] = None
    with pytest.raises(ValueError, match="params must be finite numbers above 0; got nan in run 3 "):
        fit(library(spoilt), RUNS.tokens, RUNS.loss)


def test_the_names_of_columns_that_are_known_mean_one_thing_each():
    names = [re.sub(r"\W|_", "", name.lower()) for text in ALIASES.values() for name in text.split(",")]
    assert sorted(set(names)) == sorted(names)


MANY = ["N", "D", *(f"c{i:02}" for i in range(20))]
LONG = [f"eval/a_long/path/of_names/LOSS_of_part_{i:02}" for i in range(14)]


@pytest.mark.parametrize(
    ("more", "shown"), [(["Lss", LONG[0]], ["Lss", LONG[0]]), (LONG[:1], LONG[:1]), (LONG, LONG[:12]), ([], MANY[:12])]
)
def test_of_many_columns_those_are_shown_that_are_spelt_alike_or_hold_the_name(more, shown):
    header = [*MANY, *more]
    with pytest.raises(ValueError, match=f"the file has {len(header)} columns, among them: ") as error:
        read(",".join(header) + "\n" + ",".join(["1e9"] * len(header)) + "\n")
    assert re.search(r"among them: (.*?)\);", str(error.value))[1] == ", ".join(shown)
