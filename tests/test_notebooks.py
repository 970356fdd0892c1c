"""The form of the notebooks; nbval checks that they run and print what they show.

A check takes a notebook and lists its complaints. To add one, write the function,
add it to CHECKS, and add a damaged notebook that it must notice to DAMAGES.
"""

import ast
import re
from collections import Counter
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))

CODE_LINES = 12  # not counting empty ones; one cell of a notebook may be longer
PROSE_WORDS = 150  # "up to about 120"

FETCHING = r"\b(?:import|from) +(?:urllib|requests|pooch|http|socket)\b"
OUTSIDE_PATH = r"""["'](?:/[\w.-]+/|~/|[A-Za-z]:[\\/])"""
IMAGE_WITHOUT_ALT = r"!\[\s*\]\(|<img(?![^>]*\balt=[\"'][^\"'])[^>]*>"


# --- reading a notebook ------------------------------------------------------------


def read(path):
    """Return a notebook, in the version that it is stored in."""
    return nbformat.read(path, as_version=nbformat.NO_CONVERT)


def cells(notebook, kind):
    """Yield (number, cell) of one kind; numbers count from 0, as nbval's do."""
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == kind:
            yield number, cell


def prose(cell):
    """Return a markdown cell without fenced code, table rows, formulas and tags."""
    text = re.sub(r"^(```|~~~).*?^\1", "", cell.source, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"^\s*\|.*$", "", text, flags=re.MULTILINE)
    text = re.sub(r"\$\$.*?\$\$|\$[^$\n]+\$", "x", text, flags=re.DOTALL)
    text = re.sub(r"\]\([^)]*\)", "]", text)
    return re.sub(r"<[^>\n]+>", "", text)


def headings(notebook, level):
    """List (cell number, title) of the markdown headings of one level."""
    pattern = rf"^#{{{level}}}\s+(.+?)\s*$"
    return [
        (number, title)
        for number, cell in cells(notebook, "markdown")
        for title in re.findall(pattern, prose(cell), flags=re.MULTILINE)
    ]


def code_lines(cell):
    """List the lines of a code cell that are neither empty nor only a comment."""
    lines = (line.strip() for line in cell.source.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


# --- the checks --------------------------------------------------------------------


def is_valid(notebook):
    """It follows Jupyter's own schema, and opens with the kernel every Jupyter has."""
    try:
        nbformat.validate(notebook)
    except nbformat.ValidationError as error:
        yield str(error).splitlines()[0]
    kernel = notebook.metadata.get("kernelspec", {}).get("name")
    if kernel != "python3":
        yield f"kernel {kernel!r} is stored, 'python3' is the one that everybody has"


def has_one_title_that_asks(notebook):
    """One `# title`, in the first cell, that ends with a question mark."""
    titles = headings(notebook, 1)
    if [number for number, _ in titles] != [0]:
        yield f"one title in the first cell is expected, found {titles}"
    elif not titles[0][1].endswith("?"):
        yield f"the title is no question: {titles[0][1]!r}"


def has_goals(notebook):
    """A list of three or more goals, in one of the first three cells."""
    pattern = r"\bgoals?\b[^\n]*\n(?:\s*\n)?((?:[ \t]*(?:[-*+]|\d+\.)\s.*(?:\n|\Z))+)"
    for cell in notebook.cells[:3]:
        found = re.search(pattern, cell.source, flags=re.IGNORECASE)
        if cell.cell_type == "markdown" and found and found[1].strip().count("\n") >= 2:
            return
    yield "the first three cells hold no list of three goals"


def has_a_summary(notebook):
    """A section that is called Summary."""
    titles = [title for level in (2, 3) for _, title in headings(notebook, level)]
    if not any(re.search(r"\bsummary\b", title, re.IGNORECASE) for title in titles):
        yield f"no section is called Summary, only {titles}"


def was_run_once_in_order(notebook):
    """Counts 1, 2, 3...: nbval silently does not compare a cell that has no count."""
    counts = [cell.execution_count for _, cell in cells(notebook, "code")]
    if counts != list(range(1, len(counts) + 1)):
        yield f"restart the kernel and run all cells; the counts are {counts}"


def stores_no_accidents(notebook):
    """An error is stored only where a cell is tagged raises-exception."""
    for number, cell in cells(notebook, "code"):
        wanted = "raises-exception" in cell.metadata.get("tags", [])
        errors = [out.ename for out in cell.outputs if out.output_type == "error"]
        if errors and not wanted:
            yield f"cell {number} stores {errors[0]} and has no tag raises-exception"


def has_short_code(notebook):
    """At most one code cell is longer than a screenful."""
    lengths = {
        number: sum(bool(line.strip()) for line in cell.source.splitlines())
        for number, cell in cells(notebook, "code")
    }
    long = {number: n for number, n in lengths.items() if n > CODE_LINES}
    if len(long) > 1:
        yield f"one cell may pass {CODE_LINES} lines, these do (cell: lines): {long}"


def has_short_prose(notebook):
    """No markdown cell is a wall of text."""
    for number, cell in cells(notebook, "markdown"):
        words = len(re.findall(r"\S*\w\S*", prose(cell)))
        if words > PROSE_WORDS:
            yield f"cell {number} has {words} words, {PROSE_WORDS} are the limit"


def keeps_guesses_folded(notebook):
    """A guess stands alone in a cell whose code is folded, for the code tells it."""
    for number, cell in cells(notebook, "code"):
        if not re.search(r"^(?:\w+\.)?guess\(", cell.source, flags=re.MULTILINE):
            continue
        if len(ast.parse(cell.source).body) > 1:
            yield f"cell {number} holds more than its guess"
        if not cell.metadata.get("jupyter", {}).get("source_hidden"):
            yield f"cell {number} shows the code of its guess: collapse the input"
        if not cell.source.startswith("#"):  # a collapsed cell shows its first line
            yield f"cell {number} shows its guess in its first line: begin with #"


def stays_in_its_folder(notebook):
    """No absolute path, shell command, installation or download in a code cell."""
    for number, cell in cells(notebook, "code"):
        for line in code_lines(cell):
            code = re.sub(r"\s#\s.*", "", line)
            if re.match(r"!|%%?(?:pip|conda|mamba|uv|bash|sh|system|sx)\b", code):
                yield f"cell {number} runs a command: {line}"
            if re.search(OUTSIDE_PATH, code):
                yield f"cell {number} names an absolute path: {line}"
            if re.search(FETCHING, code) or re.search(r"\b(?:https?|ftp)://", code):
                yield f"cell {number} uses the network: {line}"


def describes_its_figures(notebook):
    """Each stored picture carries alt text, as cnnlib.plots.describe gives it."""
    for number, cell in cells(notebook, "code"):
        for output in cell.outputs:
            if "image/png" not in output.get("data", {}):
                continue
            if not output.metadata.get("image/png", {}).get("alt", "").strip():
                yield f"cell {number} shows a figure without alt text: use describe"


def describes_its_images(notebook):
    """Images in the prose carry alt text."""
    for number, cell in cells(notebook, "markdown"):
        for image in re.findall(IMAGE_WITHOUT_ALT, cell.source):
            yield f"cell {number} holds an image without alt text: {image}"


CHECKS = [
    is_valid,
    has_one_title_that_asks,
    has_goals,
    has_a_summary,
    was_run_once_in_order,
    stores_no_accidents,
    has_short_code,
    has_short_prose,
    keeps_guesses_folded,
    stays_in_its_folder,
    describes_its_images,
    describes_its_figures,
]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebook(path, check):
    complaints = list(check(read(path)))
    assert not complaints, "\n".join([path.name, *complaints])


# --- between notebooks -------------------------------------------------------------


def test_names_are_numbered():
    numbers = Counter()
    for path in NOTEBOOKS:
        name = re.fullmatch(r"(\d\d)_[a-z0-9_]+", path.stem)
        assert name, f"{path.name} is not called like 05_simple_convnet.ipynb"
        numbers[name[1]] += 1
    assert all(count == 1 for count in numbers.values()), numbers


def class_names(notebook):
    """Return the names of the classes that a notebook's cells define."""
    for _, cell in cells(notebook, "code"):
        try:
            tree = ast.parse(cell.source)
        except SyntaxError:  # a magic, or a deliberate error
            continue
        yield from (x.name for x in ast.walk(tree) if isinstance(x, ast.ClassDef))


def test_no_class_is_pasted_from_one_notebook_into_another():
    homes = {}
    for path in NOTEBOOKS:
        for name in class_names(read(path)):
            homes.setdefault(name, set()).add(path.name)
    pasted = {name: sorted(files) for name, files in homes.items() if len(files) > 1}
    assert not pasted, "move it into cnnlib and import it"


# --- the checks can fail -----------------------------------------------------------


def good_notebook():
    """Build a small notebook in the course's form."""
    notebook = new_notebook(
        cells=[
            new_markdown_cell("# Where does a window fit?\n\nGoals\n\n- a\n- b\n- c"),
            new_code_cell("x = 1  # see https://example.org", execution_count=1),
            new_markdown_cell("Half, $x / 2$:\n![a half](half.png)"),
            new_code_cell("x / 2", execution_count=2),
            new_markdown_cell("## Summary\n\n- It fits."),
        ]
    )
    alt = {"image/png": {"alt": "a half"}}
    figure = new_output("display_data", {"image/png": "AAAA"}, metadata=alt)
    notebook.cells[3].outputs = [figure]
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    return notebook


def with_source(number, source):
    """Return a damage: one cell gets other text."""

    def damage(notebook):
        notebook.cells[number].source = source

    return damage


def with_error(notebook):
    error = new_output("error", ename="ValueError", evalue="", traceback=[])
    notebook.cells[3].outputs = [error]


def with_two_long_cells(notebook):
    notebook.cells[1].source = notebook.cells[3].source = "x = 1\n" * 13


def with_an_open_first_line(notebook):
    notebook.cells[1].source = "guess(7)"
    notebook.cells[1].metadata.jupyter = {"source_hidden": True}


def with_a_bare_figure(notebook):
    notebook.cells[3].outputs = [new_output("display_data", {"image/png": "AAAA"})]


def without_a_count(notebook):
    notebook.cells[3].execution_count = None


def with_a_private_kernel(notebook):
    notebook.metadata.kernelspec.name = "my-environment"


DAMAGES = [
    (is_valid, with_a_private_kernel),
    (has_one_title_that_asks, with_source(0, "# Where a window fits")),
    (has_one_title_that_asks, with_source(2, "# A second title?")),
    (has_goals, with_source(0, "# Why?\n\nGoals\n\n- only one")),
    (has_a_summary, with_source(4, "## The end")),
    (was_run_once_in_order, without_a_count),
    (stores_no_accidents, with_error),
    (has_short_code, with_two_long_cells),
    (has_short_prose, with_source(2, "word " * 151)),
    (keeps_guesses_folded, with_source(1, "# Guess first.\nguess(7)")),
    (keeps_guesses_folded, with_an_open_first_line),
    (keeps_guesses_folded, with_source(1, "x = 7\nexplain.guess(x)")),
    (stays_in_its_folder, with_source(1, "!pip install numpy")),
    (stays_in_its_folder, with_source(1, "%pip install numpy")),
    (stays_in_its_folder, with_source(1, "open('/data/x.npz')")),
    (stays_in_its_folder, with_source(1, "open('C:\\\\data\\\\x.npz')")),
    (stays_in_its_folder, with_source(1, "f('https://example.org/x')")),
    (stays_in_its_folder, with_source(1, "from urllib.request import urlopen")),
    (describes_its_figures, with_a_bare_figure),
    (describes_its_images, with_source(2, "![](half.png)")),
    (describes_its_images, with_source(2, "<img src='half.png'>")),
]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_checks_accept_a_good_notebook(check):
    assert not list(check(good_notebook()))


@pytest.mark.parametrize(("check", "damage"), DAMAGES)
def test_checks_notice_damage(check, damage):
    notebook = good_notebook()
    damage(notebook)
    assert list(check(notebook))
