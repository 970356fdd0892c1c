"""Pages of their own: widgets that run in any browser, with no kernel, no network."""

import base64
import html
import json
import re
from pathlib import Path

from .base import SHARED, read, style

# The page may run its own script and nothing else: it can't ask any host for anything.
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:"
)

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{title}</title>
<style>
{style}
</style>
</head>
<body class="cnnlib-page">
<main>
{places}
</main>
<script type="module">
{script}
</script>
</body>
</html>
"""


def write_page(path, widgets, title=None) -> Path:
    """Write one page with these widgets, each under its heading.

    Parameters
    ----------
    path : path
        Where the page goes.
    widgets : list of (str, CourseWidget)
        Headings and widgets. Files that they share are written once.
    title : str, optional
        The title of the page; default the first heading.
    """
    headings = [html.escape(heading) for heading, _ in widgets]
    files = dict.fromkeys(name for _, w in widgets for name in w.styles)
    shows = [
        f"{{\n{_lean(read(*widget.scripts))}\n"
        f"show(render, {_script_text(widget.page_state())}, 'widget-{k}');\n}}"
        for k, (_, widget) in enumerate(widgets)
    ]
    texts = [read(*widget.scripts) for _, widget in widgets]
    shared = [name for name in SHARED if name != "grid.js" or "grid(" in "".join(texts)]
    text = PAGE.format(
        policy=POLICY,
        title=html.escape(title) if title else headings[0],
        style=_lean(style(*files) + read("page.css")),
        places="\n".join(
            f'<h2>{heading}</h2>\n<div id="widget-{k}"></div>'
            for k, heading in enumerate(headings)
        ),
        script="\n".join([_lean(read(*shared, "page.js")), *shows]),
    )
    path = Path(path)
    path.write_text(text, encoding="utf-8")
    return path


def _lean(text) -> str:
    """Leave out indentation and comments, which are a third of the files."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    text = re.sub(r"  // [^\"'`\n]*$", "", text, flags=re.M)  # in no string
    return re.sub(r"^\s*(//.*)?\n|^ +", "", text, flags=re.M)


def _script_text(state) -> str:
    """Write a state as JavaScript; bytes as base64, and no early ``</script>``."""

    def plain(value):
        if isinstance(value, dict) and set(value) == {"shape", "data"}:
            data = base64.b64encode(value["data"]).decode()
            return {"shape": value["shape"], "base64": data}
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [plain(item) for item in value]
        return value

    return json.dumps(plain(state), separators=(",", ":")).replace("<", "\\u003c")
