"""The site: Sphinx reads what tools/book.py writes into build/book-source/."""

import html

import sphinx

project = "lifetime"
author = "The lifetime developers"
copyright = author
extensions = ["myst_nb", "sphinx.ext.autodoc", "numpydoc", "sphinx-mathjax-offline"]
html_static_path = ["../build/book-source/static"]
html_baseurl = ""
exclude_patterns = ["static"]

nb_execution_mode = "off"
nb_render_markdown_format = "myst"  # computed tables and sums are Markdown too
nb_ipywidgets_js = {}  # widgets are not shown on a static page, and their scripts would come from elsewhere
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_attributes_as_param_list = True
add_module_names = False
mathjax3_config = {"options": {"enableMenu": False}}  # its menu would fetch what is not here

html_theme = "sphinx_book_theme"
html_title = "lifetime"
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_show_search_summary = False  # it would fetch pages, which a browser refuses to a page opened from a file
html_last_updated_fmt = None
pygments_style = "a11y-high-contrast-light"
html_context = {"default_mode": "auto"}
html_theme_options = {
    "navbar_persistent": [],
    "use_download_button": False,
    "use_fullscreen_button": False,
    "use_sidenotes": False,
    "show_toc_level": 2,
    "secondary_sidebar_items": {"**": ["page-toc"], "explorer": [], "notebooks/21-claims-and-sources": []},
    "show_navbar_depth": 1,
    "navigation_with_keys": False,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "logo": {"text": "lifetime"},
}


def describe(app, pagename, templatename, context, doctree):
    """Give every page its description."""
    description = app.env.metadata.get(pagename, {}).get("description", "")
    if description:
        context["metatags"] = (
            f'{context.get("metatags", "")}\n<meta name="description" content="{html.escape(description)}">'
        )
    elif pagename not in ("genindex", "search", "py-modindex"):
        sphinx.util.logging.getLogger(__name__).warning("no description: %s", pagename)


def setup(app):
    """Connect to the build."""
    app.connect("html-page-context", describe)
