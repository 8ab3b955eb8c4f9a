"""The package from a shell: ``lifetime plan ...`` or ``python -m lifetime plan ...``, and the presets as tables."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from typing import NoReturn

import numpy as np
import pandas as pd

import lifetime as lt

from .arrays import closest
from .show.display import percent, plan_table, short
from .symbols import MEANINGS

_KEY_COLUMNS = {
    "laws": ("E", "A", "B", "alpha", "beta", "max_params", "max_tokens", "max_tokens_per_param"),
    "models": ("developer", "date", "total_params", "active_params", "training_tokens"),
    "accelerators": ("vendor", "bf16", "fp8", "hbm_bytes", "hbm_bandwidth", "scale_up_size", "power"),
    "architectures": ("layers", "width", "heads", "kv_heads", "vocabulary", "experts", "active_experts"),
    "traffic": ("who", "when", "tokens", "period_days"),
}
_VALUES = """A value is a number (1e13, 1/3), a list (1e12,1e13), or a range LOW:HIGH:STEPS (1e12:1e14:5), whose steps
are equal factors if both ends are above 0, and else equal differences. Several lists and ranges make a grid: a row a
scenario. All is in base units: FLOP, tokens, parameters."""
_EXAMPLE = "lifetime plan --law Besiroglu2024 --like 70e9 1.4e12 --D_RL 0 --D_inf 1e12:1e14:5 --e_inf 1/3"
_NEAR = str.maketrans({"−": "-", "×": "x", "·": "*", "…": "...", "–": "-", "α": "alpha", "β": "beta", "κ": "kappa"})
_MOST_STEPS = 10_000


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints are errors like those of the package."""

    def error(self, message) -> NoReturn:
        raise ValueError(message)


def main(argv: list[str] | None = None) -> int:
    """Run a command; 0, or 2 after an error, which is printed in one line."""
    argv = sys.argv[1:] if argv is None else argv
    try:
        parser, commands = _parsers()
        if not argv or (not argv[0].startswith("-") and argv[0] not in commands):
            what = f"unknown command {argv[0]!r}" if argv else "a command must be given"
            raise ValueError(f"{what}; {closest(argv[0] if argv else '', commands)}")
        args, unknown = parser.parse_known_args(argv)
        if unknown:
            options = re.findall(r"--\w+", commands[args.command].format_usage())
            raise ValueError(f"unknown argument {unknown[0]!r}; {closest(unknown[0], dict.fromkeys(options))}")
        _plan(args) if args.command == "plan" else _presets(args)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader of a pipe has had enough; nor does the interpreter's last flush find it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (ValueError, OSError) as error:
        _put(f"lifetime: error: {error}", sys.stderr)
        return 2
    return 0


def _parsers() -> tuple[_Parser, dict[str, _Parser]]:
    about = "The cheapest language model over its whole life: pre-training, reinforcement learning, serving."
    parser = _Parser(prog="lifetime", description=about, epilog=f"Example: {_EXAMPLE}", allow_abbrev=False)
    add = parser.add_subparsers(dest="command", metavar="command", required=True, parser_class=_Parser).add_parser
    plan = add("plan", help="the cheapest model", description=f"{about} {_VALUES}", allow_abbrev=False)
    law = "scaling law (default: Besiroglu2024)"
    plan.add_argument("--law", type=_law, default="Besiroglu2024", metavar="NAME", help=law)
    target = plan.add_argument_group("what to reach, one of")
    target.add_argument("--like", nargs=2, type=_values, metavar=("N", "D"), help="the loss of N parameters, D tokens")
    target.add_argument("--loss", type=_values, metavar="L", help="a loss, nats per token")
    target.add_argument("--cost", type=_values, metavar="C", help="the lowest loss for C pre-training-equivalent FLOP")
    panel = "the one size that costs least more than the best, whichever law of the panel is true (needs --like)"
    target.add_argument("--panel", action="store_true", help=panel)
    given = plan.add_argument_group("assumptions; one that does not matter need not be given")
    for name in lt.LIFETIME.assumptions:
        symbol = MEANINGS[name]
        unit = "" if symbol.unit == "1" else f", {symbol.unit}"
        usual = f"; usually {symbol.usual}" if symbol.usual else ""
        default = " (default: 0)" if name == "D_RL" else ""
        given.add_argument(f"--{name}", type=_values, metavar="X", help=f"{symbol.meaning}{unit}{usual}{default}")
    commands = {"plan": plan}
    for name, columns in _KEY_COLUMNS.items():
        count = f"the {len(getattr(lt, name))} presets of lifetime.{name}"
        commands[name] = add(
            name, help=count, description=f"{count}: {', '.join(columns)}. All columns: --json or --csv."
        )
    for name, command in commands.items():
        out = command.add_mutually_exclusive_group()
        what = "an object, or a list of them" if name == "plan" else "a list of objects"
        out.add_argument("--json", action="store_true", help=f"print JSON instead: {what}, in base units")
        out.add_argument("--csv", metavar="FILE", help="write a table as well, in base units (- prints it instead)")
    return parser, commands


def _law(name: str) -> lt.ScalingLaw:
    try:
        return lt.laws[name]
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _number(text: str) -> float:
    above, slash, below = text.partition("/")
    try:
        return float(above) / (float(below) if slash else 1)
    except (ValueError, ZeroDivisionError):
        raise argparse.ArgumentTypeError(f"must be a number such as 1e13 or 1/3; got {text!r}") from None


def _values(text: str) -> np.ndarray:
    """The values of a number, a list or a range: an array of one or more."""
    if ":" not in text:
        return np.array([_number(part) for part in text.split(",")])
    parts = text.split(":")
    low, high, steps = map(_number, parts) if len(parts) == 3 else (np.nan,) * 3
    if not np.isfinite([low, high]).all() or steps not in range(2, _MOST_STEPS + 1):
        raise argparse.ArgumentTypeError(
            f"must be a range LOW:HIGH:STEPS of 2 to {_MOST_STEPS:,} steps, such as 1e12:1e14:5; got {text!r}"
        )
    space = np.geomspace if low > 0 and high > 0 else np.linspace
    return space(low, high, int(steps))


def _grid(values: dict[str, np.ndarray]) -> dict:
    """Single values as numbers, and each of the others along an axis of its own."""
    axes = [name for name, value in values.items() if value.size > 1]
    shapes = {name: tuple(-1 if axis == name else 1 for axis in axes) for name in axes}
    return {name: x.reshape(shapes[name]) if name in axes else x.item() for name, x in values.items()}


def _plan(args) -> None:
    targets = [name for name in ("like", "loss", "cost") if getattr(args, name) is not None]
    if len(targets) != 1:
        raise ValueError(f"one of --like, --loss, --cost must be given; got {' and '.join(targets) or 'none'}")
    if args.panel and targets != ["like"]:
        raise ValueError(f"--panel needs --like, because each law has a loss of its own; got --{targets[0]}")
    found = getattr(args, targets[0])
    values = dict(zip(("N", "D"), found, strict=True)) if targets == ["like"] else {targets[0]: found}
    values |= {"D_RL": np.zeros(1)}
    values |= {name: x for name in lt.LIFETIME.assumptions if (x := getattr(args, name)) is not None}
    values = _grid(values)
    if args.panel:
        return _panel(args, (values.pop("N"), values.pop("D")), values)
    if targets == ["like"]:
        values["loss"] = args.law.loss(values.pop("N"), values.pop("D"))
    plan = lt.best(args.law, **values) if targets == ["cost"] else lt.cheapest(args.law, **values)
    if args.json:
        several = [_record(plan[index]) for index in np.ndindex(plan.shape)] if plan.shape else _record(plan)
        _put(json.dumps(several, indent=2, allow_nan=False))
    elif not _csv(args.csv, plan.to_frame):
        _put(_sweep(plan) if plan.shape else repr(plan))


def _panel(args, like, values) -> None:
    choice = lt.least_regret(lt.laws.panel(), like=like, **values)
    if np.ndim(choice.N):
        raise ValueError("--panel takes one value of each assumption; a sweep is lifetime.least_regret in Python")
    rows = {
        "law": [*choice.by_law],
        "extra cost": [*choice.by_law.values()],
        "training tokens": [*choice.tokens.values()],
    }
    rows["its own best size"] = [plan.N for plan in choice.best.values()]
    frame = pd.DataFrame(rows)
    if args.json:
        found = {"N": choice.N, "regret": choice.regret, "by_law": frame.to_dict("records")}
        _put(json.dumps(found, indent=2, allow_nan=False))
    elif not _csv(args.csv, lambda: frame):
        forms = {"extra cost": percent, "training tokens": short, "its own best size": short}
        shown = frame.assign(law=[lt.laws.plain_name(name) for name in frame["law"]])
        shown = shown.assign(**{name: shown[name].map(form) for name, form in forms.items()})
        lead = (
            f"Build {short(choice.N)} parameters: at most {percent(choice.regret)} more than the best, by any of these"
        )
        _put(f"{lead}\n{shown.to_string(index=False)}")


def _record(plan: lt.Plan) -> dict:
    """A plan of one scenario as JSON has it."""
    names = ("N", "D", "tokens_per_param", "overtraining", "loss", "cost", "flop", "saving")
    numbers = dict(plan.assumptions) | {name: getattr(plan, name) for name in names}
    shares = {name: float(share) for name, share in plan.shares.items()}
    numbers = {name: float(value) for name, value in numbers.items()}
    return {"law": plan.law.name, **numbers, "shares": shares, "warnings": list(plan.warnings)}


def _sweep(plan: lt.Plan) -> str:
    """A plan of several scenarios as a table, without the columns that are the same in all, and what is suspicious."""
    frame = plan.to_frame()
    shown = plan_table(frame.drop(columns="warnings").T).T
    same = [name for name in shown if shown[name].nunique() == 1]
    lines = [f"In all {len(frame)} scenarios: {', '.join(f'{name} {shown[name].iloc[0]}' for name in same)}"] * bool(
        same
    )
    shown = shown.drop(columns=same).assign(warnings=["yes" if text else "" for text in frame["warnings"]])
    return "\n".join([*lines, shown.to_string(index=False), *(f"Warning: {text}" for text in plan.warnings)])


def _presets(args) -> None:
    table = getattr(lt, args.command).table()
    if args.json:
        rows = table.reset_index().to_dict("records")
        _put(json.dumps([{name: None if x != x else x for name, x in row.items()} for row in rows], indent=2))
    elif not _csv(args.csv, table.reset_index):
        shown = table[list(_KEY_COLUMNS[args.command])].map(_cell).rename_axis(None)
        _put(f"{shown.to_string()}\nBase units. All columns, with the sources: --json or --csv FILE")


def _cell(value) -> str:
    if isinstance(value, str) or value != value:
        return value if isinstance(value, str) else ""
    return f"{value:,.10g}" if abs(value) < 1e6 else short(value, 4)


def _csv(file: str | None, frame) -> bool:
    """Write what ``frame()`` returns to a file, if there is one; whether that is all there is to print."""
    if file is None:
        return False
    text = frame().to_csv(index=False, lineterminator="\n")
    if file == "-":
        _put(text.removesuffix("\n"))
        return True
    with open(file, "w", encoding="utf-8", newline="") as out:
        out.write(text)
    return False


def _put(text: str, stream=None) -> None:
    """Print a text; what the encoding of the console does not have, as something near it."""
    stream = sys.stdout if stream is None else stream
    encoding = stream.encoding or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = text.translate(_NEAR).encode(encoding, "replace").decode(encoding)
    print(text, file=stream)


if __name__ == "__main__":
    sys.exit(main())
