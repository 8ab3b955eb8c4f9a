// The explorer. All arithmetic is in lifetime.js, printed from the Python package; here it is put in order and shown.
(() => {
  "use strict";
  const { formulas, presets } = window.lifetime;

  // ------------------------------------------------------------------------------------------------------ computing

  const extend = (values, name) => Object.assign(values, formulas[name](values));
  class Invalid extends RangeError {}
  const invalid = (name, valid, value) => { throw new Invalid(`${name} must be ${valid}; got ${value}`); };

  function check(name, value) {
    const { low, high = Infinity, closed, valid } = presets.symbols[name];
    const above = closed ? value >= low : value > low;
    const below = high < Infinity ? value <= high : value < Infinity;
    if (typeof value !== "number" || !above || !below) invalid(name, valid, value);
    return value;
  }

  function among(what, name, choices) {
    if (!Object.hasOwn(choices, name)) {
      throw new Invalid(`unknown ${what} '${name}'; Valid: ${Object.keys(choices).join(", ")}`);
    }
    return choices[name];
  }

  function checked(law, assumptions) {
    const { E, A, B, alpha, beta, gamma, steps } = among("law", law, presets.laws);
    for (const name of Object.keys(assumptions)) {
      among("assumption", name, Object.fromEntries(presets.assumptions.map((known) => [known, true])));
    }
    const missing = presets.assumptions.filter((name) => assumptions[name] === undefined);
    if (missing.length) throw new Invalid(`missing assumption: ${missing.join(", ")}`);
    for (const [name, value] of Object.entries(assumptions)) check(name, value);
    return extend({ E, A, B, alpha, beta, gamma, steps, ...assumptions }, "demand");
  }

  // The root of the package's trinomial.
  function solve(values) {
    extend(values, "start");
    let before;
    for (let i = 0; i < values.steps; i += 1) {
      before = values.y;
      extend(values, "step");
    }
    if (!(Math.abs(values.y - before) <= 1e-4 * values.y)) throw new Invalid("the optimum did not converge: too large or too small for a float");
  }

  function result(values) {
    for (const name of ["N", "D"]) {
      if (!Number.isFinite(values[name]) || values[name] === 0) {
        throw new Invalid(`${name} is not a finite number (too large or too small for a float)`);
      }
    }
    extend(values, "plan");
    const { N, D } = formulas.compute_optimal_at_loss(values);
    extend(Object.assign(values, { N_chinchilla: N, D_chinchilla: D }), "saving");
    const shown = ["N", "D", "loss", "cost", "flop", "tokens_per_param", "overtraining", "saving"];
    const plan = Object.fromEntries(shown.map((name) => [name, values[name]]));
    return { ...plan, shares: formulas.shares(values), chinchilla: { N, D } };
  }

  // The least lifetime cost at a fixed loss: lifetime.cheapest.
  function plan({ law, loss, ...assumptions }) {
    const values = { ...checked(law, assumptions), loss: check("loss", loss), m: 1 };
    if (!(loss > values.E)) invalid("loss", `above ${plain(values.E, 6)}, the irreducible loss E of the law`, loss);
    extend(values, "relative_demand");
    solve(values);
    return result(extend(values, "cheapest_model"));
  }

  // The lowest loss at a fixed lifetime cost: lifetime.best.
  function best({ law, cost, ...assumptions }) {
    const values = { ...checked(law, assumptions), cost: check("cost", cost) };
    const affordable = "above what the demand alone takes with a model of one parameter";
    if (!(cost > values.W)) invalid("cost", affordable, cost);
    extend(extend(values, "dual"), "relative_budget");
    solve(values);
    extend(values, "best_model");
    if (!(values.N >= 1)) invalid("cost", affordable, cost);
    return result(extend(values, "loss"));
  }

  // One size for all laws of the panel, that whose worst case is least: lifetime.least_regret, in the same steps.
  const GRID = 33;
  const STEPS = 42;
  const GOLDEN = (Math.sqrt(5) - 1) / 2;

  function leastRegret({ like, ...assumptions }) {
    if (!Array.isArray(like) || like.length !== 2) {
      invalid("like", "a pair, parameters and training tokens of a model", JSON.stringify(like));
    }
    const [N, D] = like;
    const laws = presets.panel.map((law) => {
      const level = loss({ law, N, D });
      const values = { ...checked(law, assumptions), loss: level };
      return { values, best: plan({ law, loss: level, ...assumptions }), floor: formulas.least_params(values).N };
    });
    const extra = (size, { values, best: cheapest, floor }) => {
      if (!(size > floor)) return Infinity;
      const tokens = formulas.tokens_for({ ...values, N: size }).D;
      const share = formulas.cost({ ...values, N: size, D: tokens }).cost / cheapest.cost - 1;
      return Number.isFinite(share) ? share : Infinity;
    };
    const worst = (ln_N) => Math.max(...laws.map((law) => extra(Math.exp(ln_N), law)));
    const sizes = laws.map((law) => Math.log(law.best.N));
    const low = Math.max(Math.min(...sizes), Math.log(Math.max(...laws.map(({ floor }) => floor)) * (1 + 1e-9)));
    const high = Math.max(...sizes, low);
    const size = Math.exp(lowest(worst, low, high));
    const most = worst(Math.log(size));
    if (!Number.isFinite(most)) throw new Invalid("no size is as good by every law (too large or too small for a float)");
    return { N: size, regret: most };
  }

  // Where a function is least: the best of a grid, then a golden section between its neighbours.
  function lowest(f, low, high) {
    const width = (high - low) / (GRID - 1);
    const found = Array.from({ length: GRID }, (_, i) => f(low + i * width));
    const at = found.indexOf(Math.min(...found));
    let [a, b] = [-1, 1].map((side) => Math.min(Math.max(low + (at + side) * width, low), high));
    for (let i = 0; i < STEPS; i += 1) {
      const [c, d] = [b - GOLDEN * (b - a), a + GOLDEN * (b - a)];
      if (f(c) < f(d)) b = d;
      else a = c;
    }
    return (a + b) / 2;
  }

  function loss({ law, N, D }) {
    const values = { ...among("law", law, presets.laws), N: check("N", N) };
    values.D = D === undefined ? formulas.compute_optimal_tokens(values).D : check("D", D);
    return formulas.loss(values).loss;
  }

  // The utilisation of decoding relative to pre-training: lifetime.Roofline.efficiency.
  function efficiency({ chip, devices, model, precision, trained_in, batch, context, overlap = "perfectly" }) {
    const device = among("accelerator", chip, presets.accelerators);
    const peak = among(`precision of ${device.name}`, precision, device.precisions);
    const training = among(`precision of ${device.name}`, trained_in, device.precisions);
    const { N, N_total, kv_elements, attention_flop } = among("model", model, presets.architectures);
    if (!(devices > 0 && devices < Infinity)) invalid("devices", "a finite number above 0", devices);
    if (!(context > 0)) invalid("context", "a finite number above 0", context);
    const values = {
      N, N_total, attention_flop, batch: check("batch", batch), context: check("context", context),
      F: devices * peak.F, BW: devices * peak.BW, memory: devices * peak.memory, weight_bytes: presets.bytes[precision],
      kv_bytes: presets.bytes[precision] * kv_elements, training_mfu: training.F / peak.F,
    };
    const { room, max_batch } = formulas.memory(values);
    if (!(room > 0)) {
      throw new Invalid(`the weights do not fit in the memory of ${devices} ${device.name}: choose more of them`);
    }
    if (!(batch <= max_batch * (1 + 1e-12))) {
      invalid("batch", `at most ${plain(max_batch, 6)} for its KV cache to fit in the memory`, batch);
    }
    const { overlapped, in_turn } = formulas.efficiency(values);
    return overlap === "perfectly" ? overlapped : in_turn;
  }

  // Accelerator-hours and dollars of a plan, at a price of an hour: notebook 19.
  function money({ pool, mfu, dollars_per_hour, ...plan }) {
    const { F } = among("accelerator", pool, presets.accelerators).precisions.bf16;
    if (!(dollars_per_hour > 0 && dollars_per_hour < Infinity)) {
      invalid("dollars_per_hour", "a finite number above 0", dollars_per_hour);
    }
    return formulas.money({ ...plan, F, dollars_per_hour, training_mfu: check("training_mfu", mfu) });
  }

  // ---------------------------------------------------------------------------------- numbers as the notebooks show them

  const magnitude = (value) => (value ? Math.floor(Math.log10(Math.abs(value))) : 0);
  const round = (value, digits) => Number(value.toPrecision(digits));

  function plain(value, digits = 3) {
    const rounded = round(value, digits);
    const decimals = Math.max(0, digits - 1 - magnitude(rounded));
    return rounded.toLocaleString("en-US", { maximumFractionDigits: Math.min(decimals, 100) });
  }

  function science(value, digits = 2) {
    const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
    return `${mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa}e${Number(exponent)}`;
  }

  function short(value, digits = 3) {
    if (Math.abs(value) >= 1e16) return science(value, digits);
    const rounded = round(value, digits);
    for (const [scale, prefix] of [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e3, "k"]]) {
      if (Math.abs(rounded) >= scale) return `${plain(rounded / scale, digits)} ${prefix}`;
    }
    return plain(value, digits);
  }

  const percent = (value, decimals = 0) => `${(100 * value).toFixed(decimals)} %`.replace("-", "−");

  // What is typed in: 10e12, 10 T, 1/3, 35 %.
  function parsed(text) {
    const found = /^([\d.,_]+(?:e[+-]?\d+)?)\s*([kmbt%]?)$/i.exec(text.trim());
    const fraction = /^([\d.]+)\s*\/\s*([\d.]+)$/.exec(text.trim());
    if (fraction) return Number(fraction[1]) / Number(fraction[2]);
    if (!found) return NaN;
    const scale = { "": 1, k: 1e3, m: 1e6, b: 1e9, t: 1e12, "%": 0.01 }[found[2].toLowerCase()];
    return Number(found[1].replace(/[,_]/g, "")) * scale;
  }

  Object.assign(window.lifetime, { plan, best, leastRegret, loss, efficiency, money, show: { short, plain, science, percent, parsed } });
  if (!document.getElementById("explorer")) return;

  // ------------------------------------------------------------------------------------------------------- assumptions

  const DEFAULTS = {
    law: "Besiroglu2024", given: "like", N_like: 70e9, D_like: 1.4e12, cost: 1e25, D_inf: 10e12, D_RL: 300e9, k_RL: 3,
    decode: "given", e_inf: 2 / 3, e_RL: 1 / 3, chip: "H100_SXM", devices: 72, model: "DeepSeekV3", precision: "fp8",
    trained_in: "fp8", batch: 4096, context: 4096, overlap: "perfectly", pool: "H100_SXM", mfu: 0.35, dollars_per_hour: 2,
  };

  // From where to where a slider goes; more can be typed in. `zero`: its left end is 0. `symbol`: what the value must be.
  const SLIDERS = {
    N_like: { low: 1e8, high: 1e13, symbol: "N" },
    D_like: { low: 1e10, high: 1e15, symbol: "D" },
    cost: { low: 1e21, high: 1e29, symbol: "cost" },
    D_inf: { low: 1e9, high: 1e17, symbol: "D_inf", zero: true },
    D_RL: { low: 1e8, high: 1e15, symbol: "D_RL", zero: true },
    k_RL: { low: 2, high: 6, symbol: "k_RL", step: 0.1 },
    e_inf: { low: 0.02, high: 1.5, symbol: "e_inf" },
    e_RL: { low: 0.02, high: 1.5, symbol: "e_RL" },
    devices: { low: 1, high: 1152 },
    batch: { low: 1, high: 65536, symbol: "batch" },
    context: { low: 256, high: 262144, symbol: "context" },
    mfu: { low: 0.05, high: 0.7, symbol: "training_mfu", step: 0.01 },
    dollars_per_hour: { low: 0.1, high: 20 },
  };

  const names = (items) => Object.fromEntries(Object.entries(items).map(([key, { name }]) => [key, name]));
  const precisions = () => {
    const { [state.chip]: device } = presets.accelerators;
    return Object.fromEntries(Object.keys(device ? device.precisions : {}).map((key) => [key, key.toUpperCase()]));
  };
  const CHOICES = {
    law: () => Object.fromEntries(Object.entries(presets.laws).map(([key, { plain_name }]) => [key, `${plain_name} (${key})`])),
    chip: () => names(presets.accelerators),
    model: () => names(presets.architectures),
    precision: precisions,
    trained_in: precisions,
    overlap: () => ({ perfectly: "perfectly", "not at all": "not at all" }),
    pool: () => names(presets.accelerators),
  };

  const state = { ...DEFAULTS };
  const $ = (id) => document.getElementById(id);
  const all = (selector) => [...document.querySelectorAll(`#explorer ${selector}`)];

  function element(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  }

  function toSlider(name, value) {
    const { low, high, zero, step } = SLIDERS[name];
    if (step) return value;
    return zero && value < low ? Math.log10(low) - 0.2 : Math.log10(Math.min(Math.max(value, low), high));
  }

  function fromSlider(name, position) {
    const { low, zero, step } = SLIDERS[name];
    if (step) return position;
    return zero && position < Math.log10(low) - 0.1 ? 0 : Number((10 ** position).toPrecision(3));
  }

  for (const place of all("[data-number]")) {
    const name = place.dataset.number;
    const { low, high, zero, step } = SLIDERS[name];
    const label = place.textContent;
    const ends = step ? [low, high, step] : [Math.log10(low) - (zero ? 0.2 : 0), Math.log10(high), "any"];
    const text = element("input", { id: name, type: "text", inputmode: "text", "aria-describedby": `${name}-error`, spellcheck: "false" });
    const slider = element("input", { id: `${name}-slider`, type: "range", min: ends[0], max: ends[1], step: step || 0.02, "aria-label": label });
    place.replaceChildren(element("label", { for: name }, label), text, slider, element("p", { id: `${name}-error`, class: "error" }));
    text.addEventListener("input", () => { state[name] = parsed(text.value); update(text); });
    text.addEventListener("change", () => { if (!Number.isNaN(state[name])) update(); });
    slider.addEventListener("input", () => { state[name] = fromSlider(name, Number(slider.value)); update(slider); });
  }

  for (const place of all("[data-choice]")) {
    const name = place.dataset.choice;
    const select = element("select", { id: name, "aria-describedby": `${name}-error` });
    place.replaceChildren(element("label", { for: name }, place.textContent), select, element("p", { id: `${name}-error`, class: "error" }));
    select.addEventListener("change", () => { state[name] = select.value; adapt(name); update(); });
  }

  for (const radio of all("input[type=radio]")) {
    radio.addEventListener("change", () => { state[radio.name] = radio.value; update(); });
  }

  // Another accelerator may lack a precision, and comes in another number.
  function adapt(name) {
    if (name !== "chip") return;
    const known = Object.keys(precisions());
    for (const key of ["precision", "trained_in"]) {
      if (!known.includes(state[key])) state[key] = known.includes("fp8") ? "fp8" : known[0];
    }
  }

  // ------------------------------------------------------------------------------------------------- state in the address

  function fromAddress() {
    const given = new URLSearchParams(location.hash.slice(1));
    Object.assign(state, DEFAULTS);
    for (const [name, value] of given) {
      if (name in DEFAULTS) state[name] = typeof DEFAULTS[name] === "number" ? Number(value) : value;
    }
    for (const name of ["given", "decode"]) {
      if (!all(`input[name=${name}]`).some((radio) => radio.value === state[name])) state[name] = DEFAULTS[name];
    }
    update();
  }

  const address = () => `#${new URLSearchParams(Object.entries(state).map(([name, value]) => [name, String(value)]))}`;
  let pending = 0;
  function remember() {
    clearTimeout(pending);
    pending = setTimeout(() => history.replaceState(null, "", address()), 150);
  }

  // ------------------------------------------------------------------------------------------------------------ answer

  // What is asked for, at some tokens served. Without RL, its k and e stand for nothing: any valid ones will do.
  function demand(D_inf, e) {
    return { D_RL: state.D_RL, D_inf, k_RL: state.D_RL === 0 ? 1 : state.k_RL, e_RL: state.D_RL === 0 ? 1 : e.RL, e_inf: e.inf };
  }

  // The scenario under a law at some demand.
  function scenario(law, D_inf, e) {
    const assumptions = demand(D_inf, e);
    if (state.given === "budget") return best({ law, cost: state.cost, ...assumptions });
    const like = { law, N: state.N_like, D: state.given === "like" ? state.D_like : undefined };
    return plan({ law, loss: loss(like), ...assumptions });
  }

  function utilisation() {
    if (state.decode === "given") return { inf: state.e_inf, RL: state.e_RL };
    const e = efficiency(state);
    $("efficiency").textContent = plain(e);
    return { inf: e, RL: e };
  }

  const active = (place) => {
    const [name, values] = (place.dataset.when || "").split("=");
    return !name || values.split(" ").includes(state[name]);
  };
  const idle = (place) => state[place.dataset.needs] === 0; // of a phase without tokens

  function problems() {
    const found = {};
    for (const place of all("[data-number]").filter((one) => active(one) && !idle(one))) {
      const name = place.dataset.number;
      const { symbol } = SLIDERS[name];
      const { low, closed, high = Infinity, valid } = presets.symbols[symbol] || { low: 0, closed: false, valid: "a finite number above 0" };
      const value = state[name];
      const ok = (closed ? value >= low : value > low) && value < Infinity && value <= high;
      if (!ok) found[name] = `must be ${valid}`;
    }
    for (const [name, choices] of Object.entries(CHOICES)) {
      if (!Object.hasOwn(choices(), state[name])) found[name] = `there is no ${state[name]}`;
    }
    return found;
  }

  let speaking = 0;
  function say(text, bad) {
    $("explorer").classList.toggle("bad", bad);
    clearTimeout(speaking);
    speaking = setTimeout(() => { $("sentence").textContent = text; }, 250);
  }

  function update(source) {
    showControls(source);
    remember();
    const found = problems();
    for (const error of all(".error")) {
      const name = error.id.replace(/-error$/, "");
      error.textContent = found[name] || "";
      $(name).toggleAttribute("aria-invalid", name in found);
      if (name in found) $(name).setAttribute("aria-invalid", "true");
    }
    if (Object.keys(found).length) {
      say(`No answer: ${Object.entries(found).map(([name, text]) => `${name} ${text}`).join("; ")}.`, true);
      return;
    }
    try {
      const e = utilisation();
      const chosen = scenario(state.law, state.D_inf, e);
      const bill = money({ ...state, ...chosen, ...demand(state.D_inf, e) });
      if (![chosen.cost, chosen.saving, bill.dollars].every(Number.isFinite)) throw new Invalid("too large for a float");
      showAnswer(chosen, bill);
      recommend(e);
      warn(chosen);
      draw(chosen, e);
    } catch (error) {
      if (!(error instanceof Invalid)) throw error;
      if (state.decode === "roofline") $("efficiency").textContent = "–";
      say(`No answer: ${error.message}.`, true);
    }
  }

  function showControls(source) {
    for (const place of all("[data-when]")) place.hidden = !active(place);
    for (const place of all("[data-needs]")) {
      place.classList.toggle("idle", idle(place));
      for (const input of place.querySelectorAll("input")) input.disabled = idle(place);
    }
    for (const radio of all("input[type=radio]")) radio.checked = state[radio.name] === radio.value;
    for (const [name, choices] of Object.entries(CHOICES)) {
      const wanted = Object.entries(choices());
      if ([...$(name).options].map((option) => option.value).join() !== wanted.map(([key]) => key).join()) {
        $(name).replaceChildren(...wanted.map(([value, text]) => element("option", { value }, text)));
      }
      $(name).value = state[name];
    }
    for (const name of Object.keys(SLIDERS)) {
      const value = state[name];
      const slider = $(`${name}-slider`);
      const shown = Number.isNaN(value) ? "" : short(value, 6);
      if (source !== $(name)) $(name).value = shown;
      if (source !== slider && !Number.isNaN(value)) slider.value = toSlider(name, value);
      slider.setAttribute("aria-valuetext", Number.isNaN(value) ? "not a number" : short(value));
    }
  }

  function showAnswer(chosen, bill) {
    const { N, D } = chosen.chinchilla;
    const saving = Math.abs(chosen.saving) < 1e-12 ? 0 : chosen.saving; // 0 is computed to rounding
    const against = state.given === "budget" ? `of its quality, ${short(N)} on ${short(D)}` : `${short(N)} on ${short(D)}`;
    const numbers = [
      ["parameters, N*", "N", short(chosen.N), `Chinchilla: ${short(N)}`],
      ["training tokens, D*", "D", short(chosen.D), `Chinchilla: ${short(D)}`],
      ["tokens per parameter", "tokens_per_param", plain(chosen.tokens_per_param), `Chinchilla: ${plain(D / N)}`],
      ["over-training", "overtraining", `${plain(chosen.overtraining)}×`, "the compute-optimal tokens of its size"],
      ["saved against Chinchilla", "saving", percent(saving, 1), "of the lifetime cost"],
      ["lifetime cost", "cost", `${science(chosen.cost, 3)}`, `pre-training-equivalent FLOP; raw: ${science(chosen.flop, 3)}`],
      ["dollars", "dollars", `$${short(bill.dollars)}`, `${short(bill.hours)} accelerator-hours`],
      ["loss", "loss", chosen.loss.toFixed(4), "nats per token, under the law"],
    ];
    $("numbers").replaceChildren(...numbers.map(([label, id, value, note]) => element("div", {},
      element("dt", {}, label), element("dd", { id: `answer-${id}` }, value), element("dd", { class: "note" }, note))));
    $("shares").replaceChildren(...presets.phases.map((phase, i) => {
      const share = chosen.shares[phase];
      const item = element("li", { "data-phase": i }, element("span", { class: "bar" }), `${phase} ${percent(share)}`);
      item.firstChild.style.width = `${100 * share}%`;
      return item;
    }));
    $("python").textContent = python();
    const task = { like: `As good as ${short(state.N_like)} parameters on ${short(state.D_like)} tokens`,
      optimal: `As good as the compute-optimal model of ${short(state.N_like)} parameters`,
      budget: `The best for a lifetime cost of ${science(state.cost, 3)} FLOP` }[state.given];
    say(`${task}, with ${short(state.D_inf)} tokens served: ${short(chosen.N)} parameters on ${short(chosen.D)} tokens. `
      + `That costs ${percent(saving, saving < 0.1 ? 1 : 0)} less over its life than Chinchilla's model ${against}.`, false);
  }

  // The one size, where the quality is that of a model: a law of its own gives the two other ways another quality.
  function recommend(e) {
    const line = $("recommended");
    line.hidden = state.given !== "like";
    if (line.hidden) return;
    try {
      const { N, regret } = leastRegret({ like: [state.N_like, state.D_like], ...demand(state.D_inf, e) });
      const count = presets.panel.length;
      const many = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"][count] || String(count);
      const size = element("strong", { id: "answer-recommended" }, short(N, 2));
      const dearer = regret < 0.0005 ? "less than 0.1 %" : `at most ${percent(regret, regret < 0.1 ? 1 : 0)}`;
      const link = element("a", { href: "notebooks/04-how-sure.html" }, "notebook 04");
      line.replaceChildren(`By any of the ${many} laws that `, link, " admits: build ", size, `, ${dearer} dearer than the best.`);
    } catch (error) {
      if (!(error instanceof Invalid)) throw error;
      line.hidden = true;
    }
  }

  // In words, what lies beyond what is there or has been measured.
  function warn({ N, D }) {
    const { plain_name, max_params, max_tokens } = presets.laws[state.law];
    const times = (value, most) => `${plain(value / most, 2)} times`;
    const texts = [];
    if (D > presets.stock_of_text) {
      texts.push(`More training tokens than there is public text: ${short(D)}, ${times(D, presets.stock_of_text)} the stock of about ${short(presets.stock_of_text)}.`);
    }
    if (N > max_params) {
      texts.push(`Larger than any model behind this law (${plain_name}): ${times(N, max_params)} its largest, ${short(max_params)} parameters.`);
    }
    if (D > max_tokens) {
      texts.push(`Longer than any run behind this law (${plain_name}): ${times(D, max_tokens)} its longest, ${short(max_tokens)} tokens.`);
    }
    if (max_params === undefined && max_tokens === undefined) {
      texts.push(`How far the runs behind this law (${plain_name}) reach is not stated.`);
    }
    $("warnings").replaceChildren(...texts.map((text) => element("li", {}, text)));
  }

  function python() {
    const roofline = state.decode === "roofline";
    const number = (value) => (Math.abs(value) >= 1e6 ? value.toExponential().replace("e+", "e") : String(value));
    const lines = ["import lifetime as lt", "", `law = lt.laws.${state.law}`];
    let e = [number(state.e_RL), number(state.e_inf)];
    if (roofline) {
      e = ["e", "e"];
      lines.push(
        `chip, model = lt.accelerators.${state.chip}, lt.architectures.${state.model}`,
        "roofline = chip.roofline(",
        `    "${state.precision}", devices=${number(state.devices)}, N=model.active_params, N_total=model.total_params,`,
        `    weight_bytes=${presets.bytes[state.precision]}, kv_bytes=model.kv_cache_bytes(bytes_per_element=${presets.bytes[state.precision]}),`,
        "    attention_flop=model.forward_flop(context=2) - model.forward_flop(context=1),",
        ")",
        `of_peak = chip.${state.trained_in} / chip.${state.precision}`,
        `e = roofline.efficiency(${number(state.batch)}, ${number(state.context)}, of_peak, overlap=${state.overlap === "perfectly" ? "True" : "False"})`,
      );
    }
    const rl = state.D_RL === 0 ? "" : `k_RL=${number(state.k_RL)}, e_RL=${e[0]}, `;
    const given = {
      like: `loss=law.loss(${number(state.N_like)}, ${number(state.D_like)})`,
      optimal: `loss=law.loss(${number(state.N_like)}, law.compute_optimal_tokens(${number(state.N_like)}))`,
      budget: `cost=${number(state.cost)}`,
    }[state.given];
    lines.push(
      `demand = dict(D_RL=${number(state.D_RL)}, D_inf=${number(state.D_inf)}, ${rl}e_inf=${e[1]})`,
      `plan = lt.${state.given === "budget" ? "best" : "cheapest"}(law, ${given}, **demand)`,
      `hours = plan.cost / (lt.accelerators.${state.pool}.bf16 * ${number(state.mfu)}) / 3600`,
      `dollars = hours * ${number(state.dollars_per_hour)}`,
    );
    if (state.given === "like") {
      lines.push(`choice = lt.least_regret(lt.laws.panel(), like=(${number(state.N_like)}, ${number(state.D_like)}), **demand)`);
    }
    lines.push("plan");
    return lines.join("\n");
  }

  // ------------------------------------------------------------------------------------------------------------ figure

  const DASHES = ["7 3", "2 2.5", "9 3 2 3", "5 2 1.5 2 1.5 2"]; // of the laws that are not chosen
  const SIZE = { width: 300, height: 210, left: 50, right: 18, top: 12, bottom: 36 };
  const PANELS = [
    { title: "parameters", value: "N", log: true, show: short },
    { title: "training tokens", value: "D", log: true, show: short },
    { title: "training tokens per parameter", value: "tokens_per_param", log: true, show: short },
    { title: "lifetime cost saved against Chinchilla", value: "saving", show: percent },
    { title: "shares of the lifetime cost", value: "shares", show: percent },
  ];

  function draw(chosen, e) {
    const low = Math.min(1e9, state.D_inf || 1e9);
    const high = Math.max(1e17, state.D_inf);
    const served = d3.range(81).map((i) => low * (high / low) ** (i / 80));
    const laws = [...new Set([state.law, ...Object.keys(presets.lines)])];
    const attempt = (law, D_inf) => {
      try {
        return scenario(law, D_inf, e);
      } catch (error) {
        if (error instanceof Invalid) return null;
        throw error;
      }
    };
    const lines = laws.map((law) => ({
      law, colour: presets.lines[law] || "currentColor",
      dash: law === state.law ? "none" : DASHES[Object.keys(presets.lines).indexOf(law)],
      plans: served.map((D_inf) => attempt(law, D_inf)),
    }));
    $("legend").replaceChildren(...lines.map(({ law, colour, dash }) => {
      const sample = d3.create("svg").attr("viewBox", "0 0 28 8").attr("width", 28).attr("height", 8).attr("aria-hidden", "true");
      sample.append("line").attr("x1", 0).attr("x2", 28).attr("y1", 4).attr("y2", 4).attr("stroke", colour)
        .attr("stroke-width", law === state.law ? 3 : 2).attr("stroke-dasharray", dash);
      return element("li", law === state.law ? { class: "chosen" } : {}, sample.node(), presets.laws[law].plain_name);
    }));
    const x = d3.scaleLog().domain([low, high]).range([SIZE.left, SIZE.width - SIZE.right]);
    $("panels").replaceChildren(...PANELS.map((panel) => drawPanel(panel, x, served, lines, chosen)));
    showTable(served, lines[0].plans);
  }

  function drawPanel(panel, x, served, lines, chosen) {
    const values = lines.flatMap(({ plans }) => plans.filter(Boolean).map((one) => one[panel.value])).filter(Number.isFinite);
    const shares = panel.value === "shares";
    const at = Math.max(state.D_inf, x.domain()[0]);
    const [low, high] = shares ? [0, 1] : d3.extent([...values, chosen[panel.value]]);
    const span = [SIZE.height - SIZE.bottom, SIZE.top];
    const y = panel.log ? d3.scaleLog().domain([low / 1.15, high * 1.15]) : d3.scaleLinear().domain([Math.min(low, 0), Math.max(high, 0.01)]);
    y.range(span);
    const what = shares ? presets.phases.map((phase) => `${phase} ${percent(chosen.shares[phase])}`).join(", ") : panel.show(chosen[panel.value]);
    const label = `${panel.title} against tokens served, for ${lines.map(({ law }) => presets.laws[law].plain_name).join(", ")}; your scenario: ${what} at ${short(state.D_inf)} tokens served`;
    const svg = d3.create("svg").attr("viewBox", `0 0 ${SIZE.width} ${SIZE.height}`).attr("role", "img").attr("aria-label", label);
    const decades = Math.log10(high / low);
    const ticks = panel.log ? logTicks(y, decades) : y.ticks(5);
    const axis = (where, scale, list, show) => {
      const g = svg.append("g").attr("class", "axis").attr("transform", where);
      g.call((scale === x ? d3.axisBottom(scale) : d3.axisLeft(scale)).tickValues(list).tickFormat(show).tickSizeOuter(0));
      g.attr("font-size", null).attr("font-family", null);
    };
    svg.append("g").attr("class", "grid").selectAll("line").data(ticks).enter().append("line")
      .attr("x1", SIZE.left).attr("x2", SIZE.width - SIZE.right).attr("y1", y).attr("y2", y);
    const [first, last] = x.domain().map((end) => Math.round(Math.log10(end)));
    axis(`translate(0,${span[0]})`, x, d3.range(first, last + 1, last - first > 12 ? 4 : 2).map((power) => 10 ** power), (value) => short(value));
    axis(`translate(${SIZE.left},0)`, y, ticks, (value) => panel.show(value));
    svg.append("text").attr("class", "label").attr("x", (SIZE.left + SIZE.width - SIZE.right) / 2).attr("y", SIZE.height - 4)
      .attr("text-anchor", "middle").text("tokens served");
    if (shares) {
      drawShares(svg, x, y, served, lines[0].plans);
    } else {
      for (const { law, colour, dash, plans } of [...lines].reverse()) {
        const line = d3.line().defined((_, i) => plans[i] && Number.isFinite(plans[i][panel.value]))
          .x((D_inf) => x(D_inf)).y((_, i) => y(plans[i][panel.value]));
        svg.append("path").attr("class", "line").attr("d", line(served)).attr("stroke", colour).attr("stroke-dasharray", dash)
          .attr("stroke-width", law === state.law ? 2.6 : 1.6);
      }
      svg.append("circle").attr("class", state.D_inf < x.domain()[0] ? "dot outside" : "dot")
        .attr("cx", x(at)).attr("cy", y(chosen[panel.value])).attr("r", 5);
    }
    svg.on("click", () => {
      const [position] = d3.mouse(svg.node());
      state.D_inf = Number(x.invert(Math.min(Math.max(position, SIZE.left), SIZE.width - SIZE.right)).toPrecision(3));
      update();
    });
    return element("figure", {}, element("figcaption", {}, panel.title), svg.node());
  }

  function logTicks(scale, decades) {
    const wanted = decades > 8 ? [] : decades > 2.2 ? [1] : decades > 0.8 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 6, 8];
    const [low, high] = scale.domain();
    const powers = d3.range(Math.floor(Math.log10(low)), Math.ceil(Math.log10(high)) + 1);
    if (!wanted.length) return powers.filter((power) => power % 2 === 0).map((power) => 10 ** power).filter((v) => v >= low && v <= high);
    return powers.flatMap((power) => wanted.map((digit) => digit * 10 ** power)).filter((value) => value >= low && value <= high);
  }

  function drawShares(svg, x, y, served, plans) {
    const known = served.map((D_inf, i) => ({ D_inf, plan: plans[i] })).filter(({ plan: one }) => one);
    let below = known.map(() => 0);
    presets.phases.forEach((phase, i) => {
      const base = below;
      const top = base.map((value, j) => value + known[j].plan.shares[phase]);
      const area = d3.area().x(({ D_inf }) => x(D_inf)).y0((_, j) => y(base[j])).y1((_, j) => y(top[j]));
      svg.append("path").attr("class", "area").attr("data-phase", i).attr("d", area(known));
      const thickest = d3.scan(known, (one, other) => other.plan.shares[phase] - one.plan.shares[phase]);
      if (known.length && known[thickest].plan.shares[phase] > 0.12) {
        const side = thickest < known.length / 3 ? "start" : thickest > (2 * known.length) / 3 ? "end" : "middle";
        svg.append("text").attr("class", "phase").attr("data-phase", i).attr("text-anchor", side).attr("dy", "0.35em")
          .attr("x", x(known[thickest].D_inf) + { start: 5, middle: 0, end: -5 }[side])
          .attr("y", y((base[thickest] + top[thickest]) / 2)).text(phase);
      }
      below = top;
    });
    svg.selectAll("text.phase").raise();  // above the areas drawn after them
    const at = x(Math.max(state.D_inf, x.domain()[0]));
    svg.append("line").attr("class", "cursor").attr("x1", at).attr("x2", at).attr("y1", y(0)).attr("y2", y(1));
  }

  function showTable(served, plans) {
    const columns = [["tokens served", null], ["N", short], ["D", short], ["D / N", plain], ["over-training", plain], ["saved", percent]];
    const keys = [null, "N", "D", "tokens_per_param", "overtraining", "saving"];
    const head = element("tr", {}, ...columns.map(([label]) => element("th", { scope: "col" }, label)));
    const rows = served.map((D_inf, i) => [D_inf, plans[i]]).filter((_, i) => i % 10 === 0).map(([D_inf, one]) => element("tr", {},
      element("th", { scope: "row" }, short(D_inf)),
      ...keys.slice(1).map((key, j) => element("td", {}, one ? columns[j + 1][1](one[key]) : "none"))));
    $("table").replaceChildren(element("thead", {}, head), element("tbody", {}, ...rows));
  }

  // ----------------------------------------------------------------------------------------------------------- buttons

  async function copy(text, what) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = element("textarea", { "aria-hidden": "true" });
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    $("copied").textContent = `${what} copied`;
    setTimeout(() => { $("copied").textContent = ""; }, 2500);
  }

  $("copy-link").addEventListener("click", () => copy(location.href.split("#")[0] + address(), "Link"));
  $("copy-python").addEventListener("click", () => copy(python(), "Python"));
  $("reset").addEventListener("click", () => { Object.assign(state, DEFAULTS); update(); });
  window.addEventListener("hashchange", fromAddress);
  document.querySelector("#explorer form").addEventListener("submit", (event) => event.preventDefault());
  fromAddress();
})();
