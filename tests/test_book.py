"""Every page of the site, as a browser shows it: nothing from elsewhere, all formulas, all links, for all readers."""

from functools import cache
from html.parser import HTMLParser
from urllib.parse import unquote, urldefrag, urljoin

import pytest
from axe_playwright_python.sync_playwright import Axe

from book import PRESETS, TARGET, alternative
from browser import address, browser, watch
from notebooks import NOTEBOOKS, answer, read_all, tagged, title

NOTEBOOK_PAGES = [f"notebooks/{path.stem}" for path in NOTEBOOKS]
OPTIMUM = "notebooks/03-optimal-model-size"
PAGES = [
    "index",
    "explorer",
    *NOTEBOOK_PAGES,
    *(f"presets/{name}" for name in PRESETS),
    "arrays",
    "api",
    "contributing",
]
GENERATED = ["genindex", "py-modindex", "search"]
# Dark mode differs in colours only, which pages of a kind share.
ONE_OF_A_KIND = ("index", "explorer", OPTIMUM, "presets/laws", "api")
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]
FORMULAS = """async () => {
    if (window.MathJax) await MathJax.startup.promise;
    const left = [];
    const texts = document.createTreeWalker(document.querySelector("article"), NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const within = texts.currentNode.parentElement.closest("script, pre, code, mjx-container");
        const text = texts.currentNode.data;
        if (!within && /\\$\\$|\\\\\\(|\\\\\\[|\\\\frac/.test(text)) left.push(text);
    }
    return {
        asked: document.querySelectorAll(".math").length,
        shown: document.querySelectorAll("mjx-container").length,
        errors: [...document.querySelectorAll("mjx-merror")].map((node) => node.textContent),
        left,
    };
}"""
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"

__all__ = ["browser"]


class Links(HTMLParser):
    """The links and the ids of a page."""

    def __init__(self, text):
        super().__init__()
        self.links, self.ids, self.images = [], set(), []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.ids |= {attrs[key] for key in ("id", "name") if attrs.get(key)}
        if tag in ("a", "link") and "href" in attrs:
            self.links.append(attrs["href"])
        if tag in ("script", "img") and "src" in attrs:
            self.links.append(attrs["src"])
        if tag == "img":
            self.images.append(attrs)


@cache
def parsed(name):
    assert (TARGET / f"{name}.html").exists(), f"no {name}.html: run `make book`"
    return Links((TARGET / f"{name}.html").read_text(encoding="utf-8"))


def test_the_site_has_these_pages_and_no_others():
    found = {path.relative_to(TARGET).with_suffix("").as_posix() for path in TARGET.rglob("*.html")}
    assert {name for name in found if not name.startswith("_static/")} == {*PAGES, *GENERATED}


@pytest.mark.parametrize("name", [*PAGES, *GENERATED])
def test_every_link_within_the_site_leads_somewhere(name):
    broken = []
    for link in parsed(name).links:
        target, fragment = urldefrag(urljoin(address(name), link))
        if not target.startswith("file:"):
            continue
        path = TARGET / unquote(target.removeprefix(TARGET.as_uri())).split("?")[0].lstrip("/")
        if not path.is_file():
            broken.append(link)
        elif fragment and path.suffix == ".html":
            page = parsed(path.relative_to(TARGET).with_suffix("").as_posix())
            if unquote(fragment) not in page.ids and "=" not in fragment:
                broken.append(link)
    assert broken == []


@pytest.mark.parametrize("name", PAGES)
def test_every_figure_says_in_words_what_it_shows(name):
    images = parsed(name).images
    poor = [image.get("src") for image in images if len(image.get("alt") or "") < 40]
    assert poor == []


def test_every_figure_of_a_notebook_is_on_its_page():
    for path, nb in read_all().items():
        figures = sum("image/png" in o.get("data", {}) for c in nb.cells if c.cell_type == "code" for o in c.outputs)
        assert len(parsed(f"notebooks/{path.stem}").images) == figures, path


def test_the_words_of_a_figure_come_from_its_code_and_the_paragraph_above():
    source = 'ax.set(xlabel="tokens", ylabel=f"cost of {x}", title="Up" if y else "Down")\nax2.set(title="More")'
    above = "One.\n\nThe *price* of `N`:"
    assert alternative(source, above) == (
        "Figure: More. Horizontal axis: tokens. Vertical axis: cost of …. Context: The price of N."
    )


def test_where_there_are_no_sliders_the_page_leads_to_the_explorer():
    (path,) = (path for path, nb in read_all().items() if tagged(nb, "widgets"))
    assert "../explorer.html" in parsed(f"notebooks/{path.stem}").links


# ------------------------------------------------------------------------------------------------------ in the browser


@pytest.fixture(scope="module", params=PAGES)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def page(browser, name):
    """A page at desktop width, and what went wrong on the way."""
    page = browser.new_page(viewport={"width": 1280, "height": 900}, color_scheme="light")
    page.wrong = watch(page)
    page.goto(address(name))
    page.formulas = page.evaluate(FORMULAS)
    yield page
    page.close()


def test_nothing_comes_from_elsewhere_and_nothing_fails(page):
    assert page.wrong == []


def test_title_and_description(page, name):
    description = page.evaluate("document.querySelector('meta[name=description]').content")
    assert page.title().endswith("lifetime")
    assert len(description) > 25
    if name in NOTEBOOK_PAGES:
        (path,) = (path for path in NOTEBOOKS if path.stem in name)
        nb = read_all()[path]
        assert description == f"{title(nb)} {answer(nb)}".strip()
        assert title(nb).replace("'", "’").split('"')[0] in page.title()


def test_every_formula_is_rendered(page, name):
    assert page.formulas["left"] == page.formulas["errors"] == []
    assert page.formulas["shown"] == page.formulas["asked"]
    assert page.formulas["asked"] > 0 or name not in ("index", "api", OPTIMUM)


def test_no_accessibility_violation(page, name):
    found = {}
    for scheme in ("light", "dark") if name in ONE_OF_A_KIND else ("light",):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function(f"document.documentElement.dataset.theme === '{scheme}'")
        page.wait_for_timeout(400)  # colours fade in
        result = Axe().run(page, options={"runOnly": {"type": "tag", "values": LEVELS}})
        for violation in result.response["violations"]:
            found[scheme, violation["id"]] = [node["html"][:200] for node in violation["nodes"][:5]]
    assert found == {}


def test_fits_a_phone_and_prints(page):
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate(TOO_WIDE) <= 0
    page.set_viewport_size({"width": 1280, "height": 900})
    page.emulate_media(media="print")
    assert not page.locator(".bd-sidebar-primary").is_visible()
    assert page.locator("h1:visible").count() == 1


def test_search_finds_a_notebook(browser):
    page = browser.new_page()
    wrong = watch(page)
    page.goto(address("search", "?q=chinchilla"))
    page.wait_for_selector("#search-results li a")
    assert page.locator("#search-results li a").count() > 3
    assert wrong == []
    page.close()
