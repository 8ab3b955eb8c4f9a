"""Typical calls, which run, and which type checkers must accept: see test_typing.py."""

import io
from typing import assert_type

import numpy as np
import pandas as pd
import sympy as sp
import xarray as xr

import lifetime as lt
from lifetime.display import percent, short
from lifetime.symbols import D_RL, D, D_inf, N, e_inf

# Presets and laws
law = lt.laws.Besiroglu2024
assert_type(law, lt.ScalingLaw)
assert_type(lt.laws["Besiroglu2024"], lt.ScalingLaw)
names = [one.name for one in lt.laws if "Besiroglu2024" in lt.laws]
alphas = {name: one.alpha for name, one in lt.laws.items()}
chip, model, llama = lt.accelerators.H100_SXM, lt.models.Llama3_8B, lt.architectures["Llama3_8B"]
assert_type(chip, lt.Accelerator)
assert_type(llama, lt.Architecture)
cited = lt.laws.table().loc["Besiroglu2024", "citation"]
own_law = lt.ScalingLaw(E=1.8, A=482, B=[2085.0, 2090.0], alpha=0.35, beta=0.37, name="own")
loss = law.loss(70e9, 1.4e12)
losses = law.loss(N=[7e9, 70e9], D=np.array([2e12, 1.4e12])) - law.E
N0, D0 = law.compute_optimal(5.76e23)
formula = sp.diff(law.loss(N, D), N)
grid = law.loss(70e9, xr.DataArray([1e12, 2e12], dims="D")).sel(D=0)

# A plan, and plans
given = {"D_RL": 3e11, "k_RL": 3, "e_RL": 1 / 3, "e_inf": 1 / 3}
plan = lt.cheapest("Besiroglu2024", loss=loss, D_RL=3e11, D_inf=1e13, k_RL=3, e_RL=1 / 3, e_inf=1 / 3)
assert_type(plan, lt.Plan)
more = plan.N + 1, plan.tokens_per_param / 20, plan.shares["inference"], plan.ledger.costs["pre-training"] / plan.cost
text = f"{short(plan.N)} parameters, {percent(plan.saving)} saved. {' '.join(plan.warnings)}"
sweep = lt.cheapest(law, loss=loss, D_inf=np.geomspace(1e12, 1e14, 5), **given)
first, smallest, columns = sweep.N[0], min(one.N for one in sweep), sweep[1:].to_frame().columns
assert_type(sweep[0], lt.Plan)
labelled = lt.cheapest(law, loss=loss, D_inf=pd.Series([1e12, 1e13], index=["low", "high"]), **given).N["high"]
budget = lt.best(own_law, cost=3.6e26, D_RL=0, D_inf=[1e13, 2e14], e_inf=1).loss.min()

# Lifetimes, and what is chosen
k = sp.Symbol("k", positive=True)
life = lt.LIFETIME + lt.Phase("distillation", tokens=2e12, flop_per_param_token=6) + lt.Phase("trials", flop=1e23)
life = life.replace("inference", lt.Phase("inference", k * D_inf, 2, e_inf)).given(D_RL=D * 2 / 3)
bill = lt.LIFETIME.ledger(N=100e9, D=2e14, D_RL=0, D_inf=2e14, e_inf=1).table()
phases = [phase.cost.subs({N: 1}) for phase in life.phases]
two = lt.Lifetime([lt.Phase("pre-training", D, 6), lt.Phase("attention", flop=1e3 * N * D)])
cost_only = lt.cheapest(law, loss=loss, lifetime=6 * N * D + 2 * N * D_inf, D_inf=1e13)
wider = law.where(D=D / 2) + 1.5 * D_RL**-0.1
chosen = lt.cheapest(wider, loss=2.1, choose=("D_RL",), D_inf=1e13, k_RL=3, e_RL=1, e_inf=1).chosen["D_RL"]
demand = lt.served_tokens(law, 8e9, [2e12, 15e12], D_RL=0, e_inf=1) / lt.revealed_demand("Besiroglu2024", 8e9, 15e12)

# Evidence
uncertain = {"law": lt.OneOf([law, "Sardana2024Refit"], weights=[2, 1]), "D_inf": lt.lognormal(1e13, 3), "D_RL": 0}
drawn = lt.sample(uncertain, n=1024, rng=0)
plans = lt.cheapest(**drawn, loss=drawn["law"].loss(70e9, 1.4e12), e_inf=1)
median = lt.quantiles({"N": plans.N, "saving": plans.saving}).loc["N", "median"]
spread = lt.tornado(lambda law, D_inf, D_RL: law.loss(1e9, D_inf + D_RL), uncertain, n=16)
points = zip([1e8, 1e9, 1e8, 1e9, 1e8, 1e9], [1e10, 1e10, 1e11, 1e11, 3e9, 3e9], strict=True)
lines = [f"{size},{tokens},{law.loss(size, tokens)}" for size, tokens in points]
runs = lt.read_runs(io.StringIO("\n".join(["params,tokens,loss", *lines])))
fit = lt.fit(**runs)
fit = lt.fit(runs.params, list(runs.tokens), runs["loss"].to_numpy())
assert_type(fit.law, lt.ScalingLaw)

# Machines
known = {"N": 8e9, "N_total": 8e9, "weight_bytes": 1, "kv_bytes": 2 * 65536}
roofline = chip.roofline("fp8", devices=8, **known)
assert_type(roofline, lt.Roofline)
seconds, useful = roofline.step_time(64, [4096, 8192]).max(), roofline.efficiency(64, 8192, training_mfu=0.5)
counted = llama.total_params / 1e9, llama.forward_flop(8192) * 2
