"""A headless browser for the tests of the site; where there is none they are skipped, and say so."""

import shutil

import pytest
from playwright.sync_api import sync_playwright

from book import TARGET

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync", "--disable-quic"]


@pytest.fixture(scope="module")
def browser():
    executable = next(filter(None, map(shutil.which, NAMES)), None)
    if executable is None:
        pytest.skip(f"no browser is installed: none of {', '.join(NAMES)}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()


def address(name, state=""):
    path = TARGET / f"{name}.html"
    assert path.exists(), f"no {path.name}: run `make book`"
    return path.as_uri() + state


def watch(page):
    """Return a list that collects every request to elsewhere, failed request and error of a page."""
    wrong = []
    page.on("request", lambda r: r.url.startswith(("file:", "data:", "blob:")) or wrong.append(f"request to {r.url}"))
    page.on("requestfailed", lambda r: wrong.append(f"not there: {r.url}"))
    page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
    page.on("console", lambda m: m.type in ("error", "warning") and wrong.append(f"console {m.type}: {m.text}"))
    return wrong
