"""Write the explorer's arithmetic: JavaScript printed from the package's own sympy expressions, and its presets."""

import json
import math

import matplotlib as mpl
import sympy as sp
from sympy.printing.jscode import JavascriptCodePrinter

import lifetime as lt
from lifetime import Plan, plotting
from lifetime import symbols as s
from lifetime.machine.roofline import _room
from lifetime.theory import closed_form
from lifetime.theory.formulas import reducible
from lifetime.theory.suspicions import STOCK_OF_TEXT

LAW = lt.ScalingLaw(s.E, s.A, s.B, s.alpha, s.beta, s.gamma)
OTHERS = {name: s.MEANINGS[name].symbol for name in lt.LIFETIME.assumptions}
LINES = lt.laws.panel()
"""The laws of the figure: those that notebook 04 admits."""
BYTES = {"bf16": 2, "fp8": 1, "int8": 1, "fp4": 0.5}


def formulas():
    """Return {name: {output: expression}}: all that the page computes."""
    y, k, m, per_D0, D_c = sp.symbols("y k m per_D0 D_c", positive=True)
    law = {name: value for name, value in LAW.coefficients.items() if name not in ("E", "gamma")}
    size, data = ({name: value for name, value in law.items() if name != other} for other in "BA")
    rest = reducible(s.loss, s.E, s.gamma)
    kappa, W = lt.LIFETIME.per_param
    plan = Plan(LAW, lt.LIFETIME, OTHERS, s.N, s.D, s.loss, "closed form")
    roofline = lt.Roofline(**{name: s.MEANINGS[name].symbol for name in lt.Roofline.__dataclass_fields__})
    decode = s.batch, s.context, s.training_mfu
    hourly = sp.Symbol("dollars_per_hour", positive=True)
    return {
        "demand": {"kappa": kappa, "W": W},
        "relative_demand": named("k per_D0", closed_form.relative_demand(rest, **data, kappa=s.kappa, W=s.W)),
        "relative_budget": named("k D_c", closed_form.relative_budget(s.cost, **law, kappa=s.kappa, W=s.W)),
        "start": {"y": closed_form.start(k, s.beta, m)},
        "step": {"y": closed_form.step(y, k, s.beta, m)},
        "cheapest_model": named("N D", closed_form.cheapest_model(y, k, per_D0, rest, **size)),
        "best_model": named("N D", closed_form.best_model(y, D_c, s.cost, s.kappa, s.W)),
        "dual": {"m": 1 - s.alpha},
        "loss": {"loss": LAW.loss(s.N, s.D)},
        "least_params": {"N": LAW.least_params(s.loss)},
        "tokens_for": {"D": LAW.tokens_for(s.loss, s.N)},
        "cost": {"cost": plan.cost},
        "compute_optimal_tokens": {"D": LAW.compute_optimal_tokens(s.N)},
        "compute_optimal_at_loss": named("N D", LAW.compute_optimal_at_loss(s.loss)),
        "plan": {name: getattr(plan, name) for name in ("cost", "flop", "tokens_per_param", "overtraining")},
        "shares": plan.shares,
        "saving": {"saving": 1 - plan.cost / Plan(LAW, lt.LIFETIME, OTHERS, *at_chinchilla(), s.loss, "").cost},
        "money": {"hours": in_hours(1).cost, "dollars": in_hours(hourly).cost},
        "efficiency": {
            "overlapped": roofline.efficiency(*decode),
            "in_turn": roofline.efficiency(*decode, overlap=False),
        },
        "memory": {
            "max_batch": roofline.max_batch(s.context),
            "room": _room(s.N_total, s.weight_bytes, s.memory),
        },
    }


def named(names, values):
    return dict(zip(names.split(), values, strict=True))


def at_chinchilla():
    return sp.symbols("N_chinchilla D_chinchilla", positive=True)


def in_hours(hourly):
    """Return the lifetime in accelerator-hours, or in what they cost at an hourly price (notebook 19)."""
    price = hourly / (s.F * s.training_mfu * 3600)
    return lt.LIFETIME.priced({phase.name: price for phase in lt.LIFETIME.phases})


def function(outputs):
    """Return a JavaScript function of one object of values, which returns an object of the outputs."""
    printer = JavascriptCodePrinter()
    arguments = sorted({symbol.name for expression in outputs.values() for symbol in expression.free_symbols})
    shared, expressions = sp.cse(list(outputs.values()), symbols=sp.numbered_symbols("x"))
    lines = [f"  const {symbol} = {printer.doprint(expression)};" for symbol, expression in shared]
    results = [
        f"    {json.dumps(name)}: {printer.doprint(expression)},"
        for name, expression in zip(outputs, expressions, strict=True)
    ]
    return "\n".join([f"({{{', '.join(arguments)}}}) => {{", *lines, "  return {", *results, "  };", "}"])


def presets():
    """Return what the page chooses from, and the ranges of what is typed in."""
    mpl.rcdefaults()
    plotting.use_style()
    laws = lt.laws.table()
    known = laws[["plain_name", "citation", "locator", "max_params", "max_tokens"]]
    return {
        "laws": {
            name: {"gamma": 1}
            | lt.laws[name].coefficients
            | {"steps": int(closed_form.steps(lt.laws[name].beta))}
            | {key: value for key, value in known.loc[name].items() if value == value}
            for name in lt.laws.available
        },
        "panel": list(lt.laws.panel()),
        "stock_of_text": STOCK_OF_TEXT,
        "lines": {name: mpl.colors.to_hex(plotting.colour(name)) for name in LINES},
        "phases": [phase.name for phase in lt.LIFETIME.phases],
        "assumptions": list(lt.LIFETIME.assumptions),
        "accelerators": {a.key: accelerator(a) for a in lt.accelerators},
        "architectures": {
            name: architecture(lt.architectures[name])
            for name in lt.architectures.available
            if lt.architectures[name].full_layers == lt.architectures[name].layers
        },
        "bytes": BYTES,
        "symbols": {
            name: {"low": m.low, "closed": m.closed, "valid": m.valid}
            | ({"high": m.high} if math.isfinite(m.high) else {})
            for name, m in s.MEANINGS.items()
            if math.isfinite(m.low)
        },
    }


def accelerator(a):
    """Return the peaks of one device, by precision."""
    peaks = {}
    for precision in a.precisions:
        one = a.roofline(precision, devices=1, N=1, N_total=1, weight_bytes=1, kv_bytes=0)
        peaks[precision] = {"F": one.F, "BW": one.BW, "memory": one.memory}
    return {"name": a.name, "devices": a.scale_up_size or 1, "precisions": peaks}


def architecture(a):
    """Return a model as notebook 08 takes it: attention as a FLOP per token of context."""
    return {
        "name": a.name,
        "N": a.active_params,
        "N_total": a.total_params,
        "kv_elements": a.kv_cache_bytes(bytes_per_element=1),
        "attention_flop": a.forward_flop(context=2) - a.forward_flop(context=1),
    }


def script():
    """Return the JavaScript: `lifetime.formulas` and `lifetime.presets`."""
    functions = ",\n".join(f"{json.dumps(name)}: {function(outputs)}" for name, outputs in formulas().items())
    data = json.dumps(presets(), ensure_ascii=False, indent=1, allow_nan=False)
    return (
        "// Generated from the expressions and the presets of the Python package lifetime: do not edit.\n"
        f"window.lifetime = {{\nformulas: {{\n{functions}\n}},\npresets: {data}\n}};\n"
    )


if __name__ == "__main__":
    print(script())
