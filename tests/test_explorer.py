"""The explorer computes what the package computes, from its own expressions, and can be used by anybody."""

import re
from urllib.parse import parse_qs, urlencode

import numpy as np
import pytest

import lifetime as lt
from browser import address, browser, watch
from explorer import BYTES, presets
from lifetime.display import percent, plain, science, short
from lifetime.theory.suspicions import STOCK_OF_TEXT
from notebooks import README

__all__ = ["browser"]

PRESETS = presets()
LAWS = list(PRESETS["laws"])
COUNT = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"][len(PRESETS["panel"])]
DEMAND = {"D_RL": 3e11, "D_inf": 1e13, "k_RL": 3, "e_RL": 1 / 3, "e_inf": 2 / 3}
TOTALS = ("N", "D", "loss", "cost", "flop", "tokens_per_param", "overtraining")
NUMBERS = {"N_like", "D_like", "D_inf", "D_RL", "k_RL", "e_inf", "e_RL", "mfu", "dollars_per_hour"}
ROOFLINE = {"devices", "batch", "context"}


TRIED = "x => {{ try {{ return lifetime.{}(x); }} catch (error) {{ return error.message; }} }}"


@pytest.fixture(scope="module")
def page(browser):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.wrong = watch(page)
    page.goto(address("explorer"))
    return page


@pytest.fixture
def fresh(browser):
    """A page of its own, opened at a state."""
    pages = []

    def open_at(**state):
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        pages.append(page)
        page.wrong = watch(page)
        page.goto(address("explorer", f"#{urlencode(state)}"))
        return page

    yield open_at
    for page in pages:
        assert page.wrong == []
        page.close()


def state_of(page):
    """The state in the address, once it is written there."""
    page.wait_for_timeout(250)
    return {name: values[0] for name, values in parse_qs(page.url.split("#")[1]).items()}


def answers(page):
    names = ("N", "D", "overtraining", "cost", "dollars")
    found = {name: page.locator(f"#answer-{name}").inner_text() for name in names}
    line = page.locator("#recommended")
    return found | ({"recommended": line.inner_text()} if line.is_visible() else {})


def line_for(choice):
    """The line that names the one size."""
    most = percent(choice.regret, 1 if choice.regret < 0.1 else 0)
    size = f"build {short(choice.N, 2)}, at most {most} dearer than the best."
    return f"By any of the {COUNT} laws that notebook 04 admits: {size}"


def computed(page):
    """What the page's own Python gives, run here, as the page would show it."""
    names = {}
    exec(page.locator("#python").inner_text(), names)
    plan = names["plan"]
    return {
        "N": short(plan.N),
        "D": short(plan.D),
        "overtraining": f"{plain(plan.overtraining)}×",
        "cost": science(plan.cost, 3),
        "dollars": f"${short(names['dollars'])}",
    } | ({"recommended": line_for(names["choice"])} if "choice" in names else {})


# ---------------------------------------------------------------------------------------------------------- arithmetic


def scenarios(n, seed):
    """Random scenarios under all laws of the page, a fifth of each demand zero."""
    rng = np.random.default_rng(seed)
    draw = lambda low, high: 10 ** rng.uniform(low, high, n)
    demand = lambda: np.where(rng.random(n) < 0.2, 0, draw(8, 18))
    columns = {
        "D_RL": demand(),
        "D_inf": demand(),
        "k_RL": rng.uniform(2, 6, n),
        "e_RL": draw(-2, 0.3),
        "e_inf": draw(-2, 0.3),
    }
    columns["D_RL"][0] = columns["D_inf"][0] = 0
    rows = [dict(zip(columns, map(float, row), strict=True)) for row in zip(*columns.values(), strict=True)]
    return [({"law": LAWS[i % len(LAWS)]} | row) for i, row in enumerate(rows)], draw


def compare(page, function, inputs, plans):
    found = page.evaluate(f"inputs => inputs.map(input => window.lifetime.{function}(input))", inputs)
    for name in TOTALS:
        expected = [getattr(plan, name) for plan in plans]
        np.testing.assert_allclose([float(one[name]) for one in found], expected, rtol=1e-9, err_msg=name)
    for phase in PRESETS["phases"]:
        expected = [plan.shares[phase] for plan in plans]
        np.testing.assert_allclose([one["shares"][phase] for one in found], expected, rtol=1e-9, atol=1e-300)
    np.testing.assert_allclose([one["saving"] for one in found], [plan.saving for plan in plans], rtol=1e-9, atol=1e-9)
    optimal = [(plan.chinchilla.N, plan.chinchilla.D) for plan in plans]
    np.testing.assert_allclose([(one["chinchilla"]["N"], one["chinchilla"]["D"]) for one in found], optimal, rtol=1e-9)


def test_every_law_is_on_the_page():
    assert tuple(LAWS) == lt.laws.available
    assert tuple(PRESETS["panel"]) == lt.laws.panel()


def test_cheapest_equals_the_package(page):
    inputs, draw = scenarios(200, seed=1)
    size, data = draw(8, 13), draw(10, 15)
    for i, one in enumerate(inputs):
        one["loss"] = float(lt.laws[one["law"]].loss(size[i], data[i]))
    plans = [lt.cheapest(lt.laws[one["law"]], **{k: v for k, v in one.items() if k != "law"}) for one in inputs]
    assert sum(one["D_RL"] == one["D_inf"] == 0 for one in inputs) >= 2
    compare(page, "plan", inputs, plans)


def test_best_equals_the_package(page):
    inputs, draw = scenarios(200, seed=2)
    share = draw(-3, 0)
    for i, one in enumerate(inputs):
        W = one["k_RL"] * one["D_RL"] / one["e_RL"] + 2 * one["D_inf"] / one["e_inf"]
        one["cost"] = float(1e9 * W / share[i] + 1e24)
    plans = [lt.best(lt.laws[one["law"]], **{k: v for k, v in one.items() if k != "law"}) for one in inputs]
    compare(page, "best", inputs, plans)


def test_the_one_size_equals_the_package(page):
    inputs, draw = scenarios(60, seed=5)
    sizes, tokens = draw(8, 13), draw(10, 15)
    asked = [{k: v for k, v in one.items() if k != "law"} for one in inputs]
    likes = list(zip(map(float, sizes), map(float, tokens), strict=True))
    asked += [DEMAND, DEMAND | {"D_inf": 1e15}, DEMAND | {"D_RL": 0}, DEMAND | {"D_RL": 0, "D_inf": 0}]
    likes += [(70e9, 1.4e12)] * 2 + [(8e9, 1.5e13), (7e9, 1.4e11)]
    given = [{"like": like, **demand} for like, demand in zip(likes, asked, strict=True)]
    found = page.evaluate("inputs => inputs.map(lifetime.leastRegret)", given)
    choices = [lt.least_regret(lt.laws.panel(), **one) for one in given]
    np.testing.assert_allclose([one["N"] for one in found], [one.N for one in choices], rtol=1e-6)
    np.testing.assert_allclose([one["regret"] for one in found], [one.regret for one in choices], rtol=1e-6)


@pytest.mark.parametrize("bad", [{"like": 70e9}, {"like": [0, 1e12]}, {"D_inf": -1}, {"loss": 2}, {"e_RL": None}])
def test_the_one_size_of_bad_input_is_an_error_that_names_it(page, bad):
    message = page.evaluate(TRIED.format("leastRegret"), {"like": [70e9, 1.4e12]} | DEMAND | bad)
    assert isinstance(message, str)
    assert ("N must" if bad == {"like": [0, 1e12]} else next(iter(bad))) in message


def test_loss_equals_the_package(page):
    for name in LAWS:
        law, given = lt.laws[name], {"law": name, "N": 7e9, "D": 2e12}
        assert page.evaluate("x => lifetime.loss(x)", given) == pytest.approx(law.loss(7e9, 2e12), rel=1e-12)
        optimal = page.evaluate("x => lifetime.loss(x)", {"law": name, "N": 7e9})
        assert optimal == pytest.approx(law.loss(7e9, law.compute_optimal_tokens(7e9)), rel=1e-12)


def test_efficiency_equals_the_package(page):
    rng, compared = np.random.default_rng(3), 0
    for chip in lt.accelerators:
        for precision in chip.precisions:
            for name in PRESETS["architectures"]:
                arch, overlap = lt.architectures[name], bool(rng.random() < 0.5)
                batch, context = map(float, 10 ** rng.uniform(0, 3, 2))
                roofline = chip.roofline(
                    precision,
                    devices=64,
                    N=arch.active_params,
                    N_total=arch.total_params,
                    weight_bytes=BYTES[precision],
                    kv_bytes=arch.kv_cache_bytes(bytes_per_element=BYTES[precision]),
                    attention_flop=arch.forward_flop(context=2) - arch.forward_flop(context=1),
                )
                given = {"chip": chip.key, "devices": 64, "model": name, "precision": precision, "trained_in": "bf16"}
                given |= {"batch": batch, "context": context, "overlap": "perfectly" if overlap else "not at all"}
                of_peak = chip.bf16 / chip.flop_per_second(precision)
                found = page.evaluate(TRIED.format("efficiency"), given)
                try:
                    expected = roofline.efficiency(batch, context, of_peak, overlap=overlap)
                except ValueError:
                    expected = "does not fit"
                if expected == "does not fit":
                    assert "memory" in found
                else:
                    assert found == pytest.approx(expected, rel=1e-9)
                    compared += 1
    assert compared > 200


def test_numbers_are_shown_as_in_the_notebooks(page):
    rng = np.random.default_rng(4)
    values = [0.0, 1.0, 999.5, 9995.0, 999999.0, *map(float, 10 ** rng.uniform(-6, 20, 300))]
    for function in (short, plain, science):
        found = page.evaluate(f"values => values.map((value) => lifetime.show.{function.__name__}(value))", values)
        assert found == [function(value) for value in values]
    shares = list(map(float, rng.uniform(-0.5, 1.5, 100)))
    assert page.evaluate("x => x.map((v) => lifetime.show.percent(v, 1))", shares) == [percent(v, 1) for v in shares]


@pytest.mark.parametrize(
    ("text", "value"),
    [("10e12", 1e13), ("10 T", 1e13), ("70B", 7e10), ("1,000", 1e3), ("1/3", 1 / 3), ("35 %", 0.35), ("4.096 k", 4096)],
)
def test_what_can_be_typed(page, text, value):
    assert page.evaluate("text => lifetime.show.parsed(text)", text) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize("text", ["", "ten", "-5", "1e", "NaN", "Infinity", "1 2", "1..2"])
def test_what_cannot_be_typed(page, text):
    assert page.evaluate("text => Number.isNaN(lifetime.show.parsed(text))", text)


GOOD = {"law": "Besiroglu2024", "loss": 2.0, "D_RL": 3e11, "D_inf": 1e13, "k_RL": 3, "e_RL": 0.5, "e_inf": 0.5}


@pytest.mark.parametrize(
    "bad",
    [
        {"loss": 1.5},
        {"loss": -1},
        {"D_inf": -1},
        {"D_RL": None},
        {"k_RL": 0},
        {"k_RL": -3},
        {"e_inf": 0},
        {"e_RL": "a third"},
        {"law": "Nobody2024"},
        {"D_served": 1e12},
    ],
)
def test_bad_input_is_an_error_that_names_it(page, bad):
    inputs = GOOD | bad
    message = page.evaluate(TRIED.format("plan"), inputs)
    name = next(iter(bad))
    with pytest.raises(ValueError, match=re.escape(inputs["law"] if name == "law" else name)):
        lt.cheapest(lt.laws[inputs["law"]], **{k: v for k, v in inputs.items() if k != "law"})
    assert isinstance(message, str)
    assert name in message
    assert re.search("must be|Valid: |missing", message)


def test_ranges_are_said_as_in_the_package(page):
    for bad in ({"D_inf": -1}, {"k_RL": 0}, {"e_inf": 0}, {"loss": 1.5}):
        with pytest.raises(ValueError, match="must be") as raised:
            lt.cheapest(lt.laws.Besiroglu2024, **{k: v for k, v in (GOOD | bad).items() if k != "law"})
        message = page.evaluate(TRIED.format("plan"), GOOD | bad)
        assert message == str(raised.value)


def test_a_budget_below_the_demand_is_an_error(page):
    inputs = {k: v for k, v in GOOD.items() if k != "loss"} | {"cost": 1e13}
    message = page.evaluate(TRIED.format("best"), inputs)
    assert message.startswith("cost must be above what the demand alone takes")


# ------------------------------------------------------------------------------------------------------------- the page


def test_it_opens_with_notebook_03(fresh):
    page = fresh()
    plan = lt.cheapest(
        lt.laws.Besiroglu2024,
        loss=lt.laws.Besiroglu2024.loss(70e9, 1.4e12),
        **{"D_RL": 300e9, "D_inf": 10e12, "k_RL": 3, "e_RL": 1 / 3, "e_inf": 2 / 3},
    )
    assert answers(page)["N"] == short(plan.N)
    assert answers(page) == computed(page)
    page.wait_for_timeout(400)
    assert short(plan.N) in page.locator("#sentence").inner_text()
    assert page.locator("#panels svg").count() == 5
    assert page.locator("#panels svg path.line").count() == 4 * len(PRESETS["lines"])


def test_it_names_the_size_of_the_front_page(fresh):
    size = re.search(r"\*\*Build ([\d.]+ [BT]) parameters\*\*", README.read_text(encoding="utf-8"))[1]
    page = fresh()
    assert page.locator("#answer-recommended").inner_text() == size
    assert page.locator("#recommended").inner_text() == line_for(
        lt.least_regret(lt.laws.panel(), like=(70e9, 1.4e12), **DEMAND)
    )
    assert page.locator("#recommended a").get_attribute("href").endswith("04-how-sure.html")


def test_the_one_size_follows_every_change(fresh):
    page = fresh()
    seen = [page.locator("#recommended").inner_text()]
    demand, like = dict(DEMAND), {"N_like": 70e9, "D_like": 1.4e12}
    changes = {"D_inf": 1e15, "D_RL": 3e14, "k_RL": 6, "e_inf": 0.05, "e_RL": 0.05, "N_like": 8e9, "D_like": 15e12}
    for name, value in changes.items():
        page.locator(f"#{name}").fill(str(value))
        (like if name in like else demand)[name] = value
        seen.append(page.locator("#recommended").inner_text())
        assert seen[-1] == line_for(lt.least_regret(lt.laws.panel(), like=tuple(like.values()), **demand)), name
    assert len(set(seen)) == len(seen)
    page.locator("#law").select_option("Hoffmann2022")  # the law of the other numbers
    assert page.locator("#recommended").inner_text() == seen[-1]


@pytest.mark.parametrize("given", ["optimal", "budget"])
def test_without_a_model_to_match_there_is_no_one_size(fresh, given):
    page = fresh(given=given)
    assert page.locator("#numbers").is_visible()
    assert not page.locator("#recommended").is_visible()
    page.locator("input[value=like]").check()
    assert page.locator("#recommended").is_visible()
    page.locator(f"input[value={given}]").check()
    assert not page.locator("#recommended").is_visible()


GO_TO = "to => { history.replaceState(null, '', to); window.dispatchEvent(new HashChangeEvent('hashchange')); }"


def warned(page):
    """Which warnings the page shows, by their first words."""
    kinds = {"More training tokens than there is public text": "stock", "Larger than": "N", "Longer than": "D"}
    kinds["How far the runs"] = "unknown"
    texts = page.locator("#warnings li").all_inner_texts()
    return {next(kind for start, kind in kinds.items() if text.startswith(start)): text for text in texts}


def test_warnings_say_what_is_beyond_what_is_known(fresh):
    page, table, states = fresh(), lt.laws.table(), set()
    for name in (*lt.laws.panel(), "Muennighoff2023", "Gadre2024C4"):
        law, row = lt.laws[name], table.loc[name]
        for like in ((1e8, 2e9), (1e10, 2e11), (70e9, 1.4e12), (7e12, 1.4e14)):
            for D_inf in (0, 1e13, 1e16):
                state = urlencode({"law": name, "N_like": like[0], "D_like": like[1], "D_inf": D_inf})
                page.evaluate(GO_TO, f"#{state}")
                plan = lt.cheapest(law, loss=law.loss(*like), **DEMAND | {"D_inf": D_inf})
                beyond = {
                    "stock": plan.D > STOCK_OF_TEXT,
                    "N": plan.N > row.max_params,
                    "D": plan.D > row.max_tokens,
                    "unknown": np.isnan(row.max_params) and np.isnan(row.max_tokens),
                }
                found = warned(page)
                assert set(found) == {kind for kind, is_so in beyond.items() if is_so}, (name, like, D_inf)
                states |= {frozenset(found)}
                if "N" in found:
                    assert f"({row.plain_name}): {plain(plan.N / row.max_params, 2)} times" in found["N"]
                    assert f"{short(row.max_params)} parameters" in found["N"]
                if "D" in found:
                    assert (
                        f"{plain(plan.D / row.max_tokens, 2)} times its longest, {short(row.max_tokens)}" in found["D"]
                    )
                if "stock" in found:
                    assert f"{short(plan.D)}, {plain(plan.D / STOCK_OF_TEXT, 2)} times" in found["stock"]
                    assert short(STOCK_OF_TEXT) in found["stock"]
    assert {frozenset(), frozenset("D"), frozenset("ND"), frozenset({"N", "D", "stock"})} <= states


def test_without_reinforcement_learning_nothing_is_asked_about_it(fresh):
    page = fresh()
    asked = [page.locator(f"#{name}{part}") for name in ("k_RL", "e_RL") for part in ("", "-slider")]
    assert all(one.is_enabled() for one in asked)
    page.locator("#k_RL").fill("0")
    assert not page.locator("#numbers").is_visible()
    page.locator("#D_RL").fill("0")
    assert not any(one.is_enabled() for one in asked)
    assert page.locator("#k_RL-error").inner_text() == ""
    assert "k_RL" not in page.locator("#python").inner_text()
    assert answers(page) == computed(page)
    page.locator("#D_RL").fill("1 T")
    assert all(one.is_enabled() for one in asked)
    assert page.locator("#k_RL-error").inner_text() == "must be a finite number above 0"


def test_laws_are_called_as_in_the_notebooks(fresh):
    page = fresh()
    options = page.locator("#law option").all_inner_texts()
    assert options == [f"{lt.laws.plain_name(name)} ({name})" for name in lt.laws.available]
    assert page.locator("#legend li").all_inner_texts() == [lt.laws.plain_name(name) for name in PRESETS["lines"]]


@pytest.mark.parametrize("width", [390, 820, 1440])
def test_it_fits_the_width(fresh, width):
    page = fresh(D_RL="0", D_inf="1e17")
    page.set_viewport_size({"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    for name in ("#recommended", "#warnings", "#law"):
        box = page.locator(name).bounding_box()
        assert 0 <= box["x"] < box["x"] + box["width"] <= width, name


@pytest.mark.parametrize("given", ["like", "optimal", "budget"])
@pytest.mark.parametrize("decode", ["given", "roofline"])
def test_every_slider_moves_by_keyboard_and_the_answer_follows(fresh, given, decode):
    page = fresh(given=given, decode=decode)
    moved = set()
    for slider in page.locator("#explorer input[type=range]:visible").all():
        name = slider.get_attribute("id").removesuffix("-slider")
        before = page.locator("#numbers").inner_text()
        slider.focus()
        for key in ("ArrowRight", "ArrowRight", "ArrowUp"):
            page.keyboard.press(key)
        assert answers(page) == computed(page)
        # The number of accelerators decides what fits in their memory, and nothing else.
        assert (page.locator("#numbers").inner_text() != before) == (name != "devices"), name
        typed = page.locator(f"#{name}").input_value()
        assert page.evaluate("text => lifetime.show.parsed(text)", typed) == pytest.approx(float(state_of(page)[name]))
        moved.add(name)
    assert moved == (
        NUMBERS
        - {"like": set(), "optimal": {"D_like"}, "budget": {"N_like", "D_like"}}[given]
        - ({"e_inf", "e_RL"} if decode == "roofline" else set())
        | ({"cost"} if given == "budget" else set())
        | (ROOFLINE if decode == "roofline" else set())
    )


def test_every_slider_reaches_both_ends(fresh):
    page = fresh()
    for slider in page.locator("#explorer input[type=range]:visible").all():
        slider.focus()
        for key in ("End", "Home"):
            page.keyboard.press(key)
            assert answers(page) == computed(page)
        if slider.get_attribute("id") == "D_RL-slider":
            page.keyboard.press("End")  # without RL, what it costs is not asked
    page.locator("#D_RL-slider").focus()
    page.keyboard.press("Home")
    assert answers(page) == computed(page)
    assert state_of(page)["D_inf"] == state_of(page)["D_RL"] == "0"
    assert not re.search("NaN|Infinity|undefined", page.locator("#explorer").inner_text())


def test_every_choice_gives_the_package_s_answer(fresh):
    page = fresh(decode="roofline", devices=1000, batch=100, context=1000)
    for select in page.locator("#explorer select").all():
        for value in select.locator("option").evaluate_all("options => options.map((option) => option.value)"):
            select.select_option(value)
            assert not page.locator("#explorer.bad").count(), value
            assert answers(page) == computed(page)


def test_a_link_reproduces_a_scenario(fresh):
    state = {"law": "Hoffmann2022", "given": "optimal", "N_like": "3e10", "D_inf": "12345678901234", "k_RL": "4.5"}
    one = fresh(**state, decode="roofline", chip="B200", batch="512", overlap="not at all")
    after = state_of(one)
    assert {name: after[name] for name in ("law", "given", "D_inf", "overlap")} == {
        "law": "Hoffmann2022",
        "given": "optimal",
        "D_inf": "12345678901234",
        "overlap": "not at all",
    }
    other = fresh(**after)
    assert other.locator("#numbers").inner_text() == one.locator("#numbers").inner_text()
    assert state_of(other) == after
    assert answers(one) == computed(one)
    assert "D_inf=1.2345678901234e13" in one.locator("#python").inner_text()


def test_another_link_on_the_same_page_is_followed(fresh):
    page = fresh()
    before = answers(page)
    page.evaluate("location.hash = 'D_inf=1e16'")
    page.wait_for_timeout(100)
    assert answers(page) == computed(page) != before


@pytest.mark.parametrize(
    ("text", "said"), [("abc", "must be a finite number"), ("0", "above 0"), ("", "must be"), ("-3", "must be")]
)
def test_a_bad_number_is_said_beside_it(fresh, text, said):
    page = fresh()
    page.locator("#e_inf").fill(text)
    page.wait_for_timeout(400)
    assert said in page.locator("#e_inf-error").inner_text()
    assert page.locator("#e_inf").get_attribute("aria-invalid") == "true"
    assert page.locator("#sentence").inner_text().startswith("No answer: e_inf")
    assert not page.locator("#numbers").is_visible()
    assert not re.search("NaN|Infinity|undefined", page.locator("#explorer").inner_text())
    page.locator("#e_inf").fill("1/3")
    assert page.locator("#numbers").is_visible()
    assert page.locator("#e_inf").get_attribute("aria-invalid") is None
    assert answers(page) == computed(page)


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"given": "budget", "cost": "1e13"}, "cost must be above what the demand alone takes"),
        ({"law": "Nobody2024"}, "there is no Nobody2024"),
        ({"decode": "roofline", "devices": "1"}, "the weights do not fit in the memory"),
        ({"decode": "roofline", "batch": "1e9"}, "batch must be at most"),
        ({"decode": "roofline", "precision": "fp4"}, "there is no fp4"),
        ({"k_RL": "0"}, "k_RL must be a finite number above 0"),
        ({"D_inf": "many"}, "D_inf must be a finite number"),
        ({"N_like": "1e400"}, "N_like must be a finite number"),
        ({"D_inf": "1e300", "e_inf": "1e-300"}, "too large or too small"),
    ],
)
def test_a_link_without_an_answer_says_why(fresh, state, said):
    page = fresh(**state)
    page.wait_for_timeout(400)
    assert said in page.locator("#sentence").inner_text()
    assert not page.locator("#numbers").is_visible()
    assert not re.search("NaN|Infinity|undefined", page.locator("#explorer").inner_text())


def test_every_control_is_reached_by_tab_and_has_a_name(fresh):
    page = fresh(decode="roofline")
    selector = "#explorer :is(input, select, button, summary, a):visible"
    radios = page.locator("#explorer input[type=radio]:visible:not(:checked)").count()
    wanted = page.locator(selector).count() - radios
    assert (
        page.locator(selector).evaluate_all(
            "all => all.filter((one) => !(one.labels?.length || one.getAttribute('aria-label')"
            " || one.textContent.trim())).map((one) => one.id)"
        )
        == []
    )
    page.locator("#explorer a").first.focus()
    reached = {page.evaluate("document.activeElement.outerHTML")}
    for _ in range(wanted + 2):
        page.keyboard.press("Tab")
        if page.evaluate("Boolean(document.activeElement.closest('#explorer'))"):
            reached.add(page.evaluate("document.activeElement.outerHTML.slice(0, 120) + document.activeElement.id"))
    assert len(reached) == wanted


def test_a_click_on_the_figure_sets_the_demand(fresh):
    page = fresh()
    panel = page.locator("#panels svg").first
    box = panel.bounding_box()
    panel.click(position={"x": 0.8 * box["width"], "y": 0.5 * box["height"]})
    assert float(state_of(page)["D_inf"]) > 1e14
    assert answers(page) == computed(page)


def test_the_dot_lies_on_its_line(fresh):
    page = fresh(D_inf="1e13")  # the middle of the 81 points of a line
    for i, name in enumerate(("N", "D", "tokens_per_param", "saving")):
        svg = page.locator("#panels svg").nth(i)
        points = re.findall(r"[ML]?([\d.]+),([\d.]+)", svg.locator("path.line").last.get_attribute("d"))
        assert len(points) == 81, name
        dot = [float(svg.locator("circle").get_attribute(at)) for at in ("cx", "cy")]
        assert [float(x) for x in points[40]] == pytest.approx(dot, abs=0.01)


def test_copy_and_reset(browser):
    context = browser.new_context()
    page = context.new_page()
    page.goto(address("explorer", "#D_inf=1e15"))
    page.evaluate(
        "Object.defineProperty(navigator, 'clipboard', {value: {writeText: async (text) => { window.copied = text; }}})"
    )
    page.locator("#copy-python").click()
    page.wait_for_function("window.copied")
    assert page.evaluate("window.copied") == page.locator("#python").text_content()
    page.locator("#copy-link").click()
    page.wait_for_function("window.copied.startsWith('file:')")
    assert "D_inf=1000000000000000" in page.evaluate("window.copied")
    page.locator("#reset").click()
    assert state_of(page)["D_inf"] == "10000000000000"
    context.close()
