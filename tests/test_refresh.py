"""A made-up table of the shape of Epoch AI's, held against a made-up table of the shape of ours."""

import pandas as pd
import pytest

import lifetime as lt
import refresh

COLUMNS = ["Model", "Organization", "Publication date", "Domain", "Parameters", "Training compute (FLOP)"]
COLUMNS += ["Training dataset size (gradients)", "Base model", "Link"]
THEIRS = [
    ("Old-1", "A", "2023-01-02", "Language", 1e11, 6.0001e23, 1e12, "", "https://a"),  # the same, but for rounding
    ("Old 2", "B", "2023-05-06", "Language", 2e11, 9e23, 5e11, "", "https://b"),  # another estimate, another date
    ("Named There", "C", "2024-02-01", "Language,Vision", 3e10, 5e23, 2e12, "", "https://c"),
    ("Fresh", "D", "2026-03-01", "Multimodal,Language", 5e10, None, 1e13, "", "https://d"),
    ("Fresher", "D", "2026-04-01", "Language", 7e10, 4e24, 1e13, "", "https://d"),
    ("Unsourced", "E", "2026-05-01", "Language", 7e10, 4e24, None, "", ""),
    ("Tuned", "F", "2026-05-01", "Language", 7e10, 4e24, 1e13, "Fresher", "https://f"),
    ("Small", "G", "2026-05-01", "Language", 1e8, 1e20, 1e11, "", "https://g"),
    ("Early", "H", "2019-05-01", "Language", 1e10, 4e22, 1e12, "", "https://h"),
    ("Painter", "I", "2026-05-01", "Image generation", 7e10, 4e24, 1e13, "", "https://i"),
]
OURS = pd.DataFrame(
    {
        "name": ["Old 1", "Old 2", "Known here", "Lost"],
        "date": ["2023-01", "2023-05-04", "2024-02-01", "2025-01-01"],
        "total_params": [1e11, 2e11, 3e10, 1e10],
        "reported_flop": [6e23, 6e23, 4e23, 1e24],
        "flop_reported_by": ["Epoch AI", "Epoch AI", "developer", "Epoch AI"],
        "locator": ["Table 1", "Table 2; Epoch row Old 2", "Epoch row Named There", "Epoch row Lost"],
    },
    index=["Old1", "Old2", "Known", "Lost"],
)


@pytest.fixture
def path(tmp_path):
    pd.DataFrame(THEIRS, columns=COLUMNS).to_csv(tmp_path / "epoch.csv", index=False)
    return tmp_path / "epoch.csv"


@pytest.fixture
def theirs(path):
    return refresh.read(path)


def test_rows_are_paired_by_the_row_that_is_cited_or_by_their_name(theirs):
    assert refresh.pairs(OURS, theirs) == {"Old1": "Old-1", "Old2": "Old 2", "Known": "Named There"}


def test_what_changed_is_an_estimate_of_theirs_a_size_or_a_date(theirs):
    assert refresh.changed(OURS, theirs) == [
        "Old2: reported_flop 6e+23, there 9e+23 (+50%)",
        "Old2: date 2023-05-04, there 2023-05-06",
    ]
    theirs.loc["Named There", "params"] = 6e10
    assert refresh.changed(OURS, theirs)[-1] == "Known: total_params 3e+10, there 6e+10 (+100%)"


def test_a_value_they_do_not_have_is_no_change(theirs):
    theirs.loc["Old 2", ["flop", "params", "date"]] = [float("nan"), float("nan"), ""]
    assert refresh.changed(OURS, theirs) == []


def test_an_estimate_that_is_no_longer_theirs_is_named(theirs):
    assert refresh.gone(OURS, theirs) == ["Lost"]


def test_what_is_new_passes_the_rule(theirs):
    found = refresh.new(OURS, theirs)
    assert [*found.index] == ["Unsourced", "Fresher", "Fresh"], (
        "latest first; no fine-tune, no small, early or other one"
    )
    assert [*found.lacks] == ["link, tokens", "", ""]


def test_the_report_has_all_of_it_and_no_table_is_changed(theirs):
    ours, before = OURS.copy(), theirs.copy()
    text = refresh.report(ours, theirs)
    assert "changed: 2\n" in text and "not there: 1\n  Lost" in text
    assert "rule: 2\n  Fresher (D, 2026-04-01): 7e+10 parameters, 1e+13 tokens, 4e+24 FLOP; https://d\n" in text
    assert "Fresh (D, 2026-03-01): 5e+10 parameters, 1e+13 tokens, no FLOP; https://d" in text
    assert text.endswith("something: 1\n  Unsourced (2026-05-01): no link, tokens")
    assert ours.equals(OURS) and theirs.equals(before)


def test_a_table_without_tokens_is_read(path):
    pd.read_csv(path).drop(columns=["Training dataset size (gradients)", "Base model"]).to_csv(path, index=False)
    found = refresh.new(OURS, refresh.read(path))
    assert set(found.index) == {"Fresher", "Unsourced", "Tuned"}
    assert all("tokens" in lacks for lacks in found.lacks)


def test_our_own_table_is_held_against_theirs_and_stays_as_it_is(path, capsys):
    files = {file: file.read_bytes() for file in path.parent.iterdir()}
    before = lt.models.table()
    refresh.main(["epoch", str(path)])
    assert "new, and pass the rule: 5\n" in capsys.readouterr().out, "none of these is ours"
    assert lt.models.table().equals(before)
    assert {file: file.read_bytes() for file in path.parent.iterdir()} == files


@pytest.mark.parametrize(
    ("text", "says"), [("a,b\n1,2\n", "no column Model, Publication date"), (None, "No such file")]
)
def test_another_file_is_refused(tmp_path, capsys, text, says):
    path = tmp_path / "other.csv"
    if text:
        path.write_text(text)
    with pytest.raises(SystemExit):
        refresh.main(["epoch", str(path)])
    assert says in capsys.readouterr().err
