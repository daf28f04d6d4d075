# SPDX-License-Identifier: GPL-2.0
"""How Sphinx makes the documentation: `make docs`."""

project = "cofs"
copyright = "the cofs developers"
root_doc = "index"
html_theme = "alabaster"
html_theme_options = {"page_width": "70em", "fixed_sidebar": True}
html_copy_source = False
html_show_sphinx = False
highlight_language = "none"
