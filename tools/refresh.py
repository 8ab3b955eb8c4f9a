"""Hold a table of the package against a newer one from elsewhere, and print what a person should look at.

`python tools/refresh.py epoch all_ai_models.csv` takes the models that Epoch AI publishes
(https://epoch.ai/data/ai-models) and prints which rows of lifetime/data/models.csv have changed there, which of its
models we have not and pass the rule of selection (in lifetime/presets.py), and which would pass but lack something: a
link, parameters or tokens. It edits nothing: a row is added by hand, from its source, and this table only says where to
look.

Two things to know of that table: its parameters are all of a mixture of experts, not the active ones, and older rows
give the size of a dataset in words, three quarters of its tokens.
"""

import argparse
import re
import sys

import pandas as pd

import lifetime as lt

NAMES = {
    "Model": "name",
    "Organization": "developer",
    "Publication date": "date",
    "Domain": "domain",
    "Parameters": "params",
    "Training compute (FLOP)": "flop",
    "Base model": "base",
    "Link": "link",
}
TOKENS = ("Training dataset size (gradients)", "Training dataset size (datapoints)", "Training dataset size (total)")
NEEDED = ("Model", "Publication date", "Domain", "Parameters", "Training compute (FLOP)", "Link")
LEAST_FLOP, FIRST = 1e21, "2020-05-28"  # the rule of selection
ROUNDING = 2e-3  # our four digits, and their float noise


def read(path):
    """Return Epoch AI's table with the columns that are used here, under our names."""
    table = pd.read_csv(path)
    if missing := [column for column in NEEDED if column not in table]:
        raise ValueError(f"{path} is no table of Epoch AI's models: it has no column {', '.join(missing)}")
    tokens = next((column for column in TOKENS if column in table), None)
    found = table.reindex(columns=list(NAMES)).rename(columns=NAMES)
    found["tokens"] = table[tokens] if tokens else float("nan")
    for column in ("params", "flop", "tokens"):
        found[column] = pd.to_numeric(found[column], errors="coerce")
    texts = ["name", "developer", "date", "domain", "base", "link"]
    found[texts] = found[texts].astype("object").fillna("").astype(str).apply(lambda text: text.str.strip())
    return found[found.name != ""].drop_duplicates("name").set_index("name", drop=False).rename_axis(None)


def plain(name):
    """Return a name without case, spaces and punctuation, as two tables have in common."""
    return re.sub(r"[^a-z0-9]+", "", name.lower())


def pairs(ours, theirs):
    """Return {our key: their name}: by the row our locator names, otherwise by the name itself."""
    known = {plain(name): name for name in theirs.index}
    found = {}
    for key, row in ours.iterrows():
        cited = re.search(r"Epoch row (.+)$", row.locator)
        for name in (cited[1] if cited else "", row["name"]):
            if plain(name) in known:
                found[key] = known[plain(name)]
                break
    return found


def differs(old, new):
    return new > 0 and not abs(new / old - 1) <= ROUNDING


def changed(ours, theirs):
    """Return a line for each value of ours that reads otherwise there: an estimate of theirs, a size, a date."""
    lines = []
    for key, name in pairs(ours, theirs).items():
        row, new = ours.loc[key], theirs.loc[name]
        values = {"total_params": (row.total_params, new.params)}
        if row.flop_reported_by == "Epoch AI":
            values["reported_flop"] = (row.reported_flop, new.flop)
        lines += [
            f"{key}: {column} {old:.4g}, there {value:.4g} ({value / old - 1:+.0%})"
            for column, (old, value) in values.items()
            if old > 0 and differs(old, value)
        ]
        if new.date and not new.date.startswith(row.date):
            lines.append(f"{key}: date {row.date}, there {new.date}")
    return lines


def gone(ours, theirs):
    """Return the keys of ours whose numbers are said to be theirs, and are in no row of theirs."""
    there = pairs(ours, theirs)
    return [key for key in ours.index[ours.flop_reported_by == "Epoch AI"] if key not in there]


def new(ours, theirs):
    """Return the models that pass the rule and are not ours, latest first, with what each lacks."""
    others = theirs.drop(index=[*set(pairs(ours, theirs).values())])
    flop = others.flop.fillna(6 * others.params * others.tokens)
    passes = (
        others.domain.str.contains("Language") & (others.base == "") & (others.date >= FIRST) & (flop >= LEAST_FLOP)
    )
    found = others[passes].sort_values(["date", "name"], ascending=False)
    wanted = {"link": found.link == "", "parameters": found.params.isna(), "tokens": found.tokens.isna()}
    lacks = [", ".join(what for what, none in wanted.items() if none[name]) for name in found.index]
    return found.assign(lacks=lacks)


def described(row):
    number = lambda value, unit: f"{value:.3g} {unit}" if value > 0 else f"no {unit}"
    values = (number(row.params, "parameters"), number(row.tokens, "tokens"), number(row.flop, "FLOP"))
    return f"{row['name']} ({row.developer}, {row.date}): {', '.join(values)}; {row.link or 'no link'}".replace(
        "\n", " "
    )


def report(ours, theirs):
    """Return the text that is printed."""
    found = new(ours, theirs)
    complete, lacking = found[found.lacks == ""], found[found.lacks != ""]
    parts = {
        "changed": changed(ours, theirs),
        "said to be theirs, and not there": gone(ours, theirs),
        "new, and pass the rule": [described(row) for _, row in complete.iterrows()],
        "new, but without a source for something": [
            f"{row['name']} ({row.date}): no {row.lacks}" for _, row in lacking.iterrows()
        ],
    }
    return "\n\n".join(
        "\n".join([f"{title}: {len(lines)}", *(f"  {line}" for line in lines)]) for title, lines in parts.items()
    )


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=["epoch"], help="whose table")
    parser.add_argument("path", help="a downloaded CSV file")
    given = parser.parse_args(arguments)
    try:
        theirs = read(given.path)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    sys.stdout.write(report(lt.models.table(), theirs) + "\n")


if __name__ == "__main__":
    main()
