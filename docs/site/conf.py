"""Settings of Sphinx."""

from vrbench import __version__

project = "vrbench"
author = "The vrbench authors"
copyright = f"2026, {author}"  # noqa: A001  the name that Sphinx reads
version = release = __version__

smartquotes = False  # it would make one dash of the two that begin an option
highlight_language = "text"  # what a program prints is not guessed to be Python

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "docs.site.mathml",
]
html_math_renderer = "mathml"
myst_enable_extensions = ["colon_fence", "dollarmath", "html_image"]
myst_heading_anchors = 3
copybutton_prompt_text = "$ "
copybutton_only_copy_prompt_lines = True

autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True

html_theme = "furo"
html_title = f"vrbench {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
suppress_warnings = ["myst.strikethrough"]
