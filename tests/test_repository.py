"""The rules that hold the repository together: floors, dependencies, hosts, paths."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "cnnlib"

# Reading order. A module imports strictly lower floors only, never a sibling.
FLOORS = [
    {"checks", "interrupts", "snapshot", "storage"},  # the ground: no mathematics
    {"geometry", "functions", "gradient", "optimizers"},
    {"im2col", "naive", "layer"},
    {"elementwise"},  # the layers that both engines share
    {"conv", "layers", "fast"},
    {"networks"},
    {"architectures", "trainer", "fetch", "formats"},
    {"data", "augment", "torch_bridge"},
    {"plots", "explain", "full_runs"},
    {"exercises"},
    {"widgets"},
    {"__main__"},
]
FLOOR_OF = {module: floor for floor, row in enumerate(FLOORS) for module in row}
HIGHEST_IN_INIT = FLOOR_OF["data"]

# What a module may import beside the standard library and NumPy.
THIRD_PARTY = {
    "fast": {"threadpoolctl"},
    "trainer": {"tqdm"},
    "fetch": {"pooch", "requests"},
    "data": {"pooch", "sklearn"},
    "torch_bridge": {"torch"},
    "exercises": {"nbformat", "nbconvert", "pypandoc", "typst"},
    "plots": {"matplotlib", "IPython"},
    "explain": {"matplotlib"},
    "widgets": {"anywidget", "ipywidgets", "traitlets"},
}

# What `import cnnlib` must not load: a learner's first import is quick.
HEAVY = {"matplotlib", "sklearn", "scipy", "pooch", "requests", "torch"}
HEAVY |= {"ipywidgets", "anywidget", "traitlets", "IPython"}


# --- floors ------------------------------------------------------------------------


def imported_names(source, package):
    """List every absolute name that a module imports, at its top or inside functions.

    `package` is the dotted package that the module lies in. `from cnnlib import x`
    counts as `cnnlib.x`, since x may be a module.
    """
    names = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")
                parents = parents[: len(parents) - node.level + 1]
                base = ".".join([*parents, *filter(None, [base])])
            names += [f"{base}.{alias.name}" for alias in node.names]
    return names


def floor_faults(module, source, package="cnnlib"):
    """Say what is wrong with the imports of one file of `module` ('' for __init__)."""
    allowed = {"numpy"} | THIRD_PARTY.get(module, set())
    faults = []
    for name in imported_names(source, package):
        top, *rest = name.split(".")
        if top == "cnnlib":
            target = rest[0] if rest else ""
            floor = FLOOR_OF.get(target)
            if not module:
                if target not in FLOOR_OF or floor > HIGHEST_IN_INIT:
                    faults.append(f"__init__ imports {name}, not on floors 0-5")
            elif floor is None:
                faults.append(f"{module} imports {name}, which is on no floor")
            elif target != module and floor >= FLOOR_OF[module]:
                faults.append(
                    f"{module} (floor {FLOOR_OF[module]}) imports "
                    f"{target} (floor {floor})"
                )
        elif top not in allowed and top not in sys.stdlib_module_names:
            faults.append(f"{module or '__init__'} may not import {top}")
    return faults


def package_files():
    """Yield (module on its floor, file, dotted package) for each file of cnnlib."""
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        module = "" if parts == ("__init__",) else parts[0]
        yield module, path, ".".join(["cnnlib", *parts[:-1]])


def test_every_module_has_its_floor():
    homeless = {module for module, *_ in package_files()} - {"", *FLOOR_OF}
    assert not homeless, "add to FLOORS, and to the map in the README"


def test_modules_import_lower_floors_only():
    faults = [
        f"{path.relative_to(ROOT)}: {fault}"
        for module, path, package in package_files()
        if module in {"", *FLOOR_OF}
        for fault in floor_faults(module, path.read_text("utf-8"), package)
    ]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("conv", "from . import layers"),  # a sibling
        ("conv", "from .layers import Affine"),
        ("conv", "import cnnlib.networks"),  # a higher floor
        ("conv", "from cnnlib import networks"),
        ("conv", "from cnnlib.networks import Sequential"),
        ("conv", "def f():\n    from .trainer import Trainer"),
        ("conv", "import cnnlib"),  # the roof
        ("conv", "from cnnlib import Convolution"),
        ("conv", "from . import Convolution"),
        ("conv", "import scipy.signal"),
        ("conv", "from tqdm.auto import tqdm"),
        ("plots", "import torch"),
        ("", "from . import plots"),
        ("", "from .widgets import ConvolutionWidget"),
        ("", "import matplotlib"),
    ],
)
def test_forbidden_imports_are_seen(module, source):
    assert len(floor_faults(module, source)) == 1


def test_allowed_imports_pass():
    assert not floor_faults("conv", "import math, numpy as np\nfrom .im2col import x")
    assert not floor_faults("networks", "from .fast import Relu\nfrom . import conv")
    assert not floor_faults("data", "def f():\n    import pooch, sklearn.datasets")
    assert not floor_faults("", "from .data import load_mnist\nfrom . import fast")
    inside = "from . import memory\nfrom .memory import x\nfrom ..im2col import im2col"
    assert not floor_faults("fast", inside, "cnnlib.fast")
    assert floor_faults("fast", "from ..networks import x", "cnnlib.fast")


def test_import_cnnlib_loads_nothing_heavy():
    code = f"import sys, cnnlib; print(*sorted({HEAVY} & set(sys.modules)))"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == []


# --- dependencies ------------------------------------------------------------------


def bounds_by_name(requirements):
    """Turn ["numpy>=2", ...] into {"numpy": ">=2", ...}."""
    pairs = (re.fullmatch(r"([\w.-]+)(.*)", line).groups() for line in requirements)
    return {name.lower(): bounds.replace(" ", "") for name, bounds in pairs}


def test_conda_and_pip_install_the_same():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    environment = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))

    pip = bounds_by_name(
        project["dependencies"] + project["optional-dependencies"]["test"]
    )
    conda = bounds_by_name(x for x in environment["dependencies"] if isinstance(x, str))
    conda["matplotlib"] = conda.pop("matplotlib-base")  # its name on conda-forge
    python = conda.pop("python")
    assert conda.pop("pip") == ""
    assert conda == pip

    assert environment["dependencies"][-1] == {"pip": ["-e ."]}
    # one "=": the form that repo2docker reads
    assert re.fullmatch(r"=\d\.\d+", python)
    oldest = project["requires-python"].removeprefix(">=")
    assert int(python.split(".")[1]) >= int(oldest.split(".")[1])


# --- every file --------------------------------------------------------------------


def repository_texts():
    """Yield (path, text) for each text file that git tracks or would add."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        run = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git clone: no list of the repository's files")
    for name in sorted(set(run.stdout.decode().split("\0")) - {""}):
        try:
            yield name, (ROOT / name).read_text("utf-8")
        except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
            continue  # binary, or deleted and not committed yet


def assert_nowhere(pattern):
    """Fail with file:line of each match in the repository."""
    found = [
        f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {match[0]}"
        for name, text in repository_texts()
        for match in re.finditer(pattern, text)
    ]
    if found:
        pytest.fail("\n".join(found), pytrace=False)


def test_no_file_names_a_package_registry():
    hosts = [
        ("pypi", "org"),
        ("python" + "hosted", "org"),
        ("registry", "npmjs", "org"),
        ("registry", "yarn" + "pkg", "com"),
        ("deb", "debian", "org"),
        ("archive", "ubuntu", "com"),
        ("conda", "anaconda", "org"),
        ("repo", "anaconda", "com"),
        ("anaconda", "org"),
        ("download", "pytorch", "org"),
        ("crates", "io"),
        ("proxy", "golang", "org"),
    ]
    assert_nowhere("|".join(r"\.".join(host) for host in hosts))


def test_no_file_names_a_path_of_one_machine():
    posix = r"(?<![\w.~)}*-])/(?:work|root|home|Users)/[\w.]"
    windows = r"\b[A-Za-z]:\\+Users\b"
    assert_nowhere(f"{posix}|{windows}")


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]])
def test_ruff(command):
    run = subprocess.run(
        [sys.executable, "-m", "ruff", *command, "--no-cache", "."],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    if run.returncode != 0:
        pytest.fail(run.stdout + run.stderr, pytrace=False)


# --- the README ----------------------------------------------------------------------


def test_readme_lists_every_notebook_and_every_module():
    readme = (ROOT / "README.md").read_text("utf-8")
    notebooks = [f"notebooks/{p.name}" for p in (ROOT / "notebooks").glob("*.ipynb")]
    modules = {f"`{module}`" for module, _, _ in package_files() if module}
    missing = [name for name in [*notebooks, *modules] if name not in readme]
    assert not missing


def test_readme_cites_tests_and_files_that_exist():
    readme = (ROOT / "README.md").read_text("utf-8")
    tests = "".join(p.read_text("utf-8") for p in (ROOT / "tests").glob("*.py"))
    cited = set(re.findall(r"`(test_\w+)`", readme))
    assert cited, "the differences from the book cite their tests"
    assert not [name for name in cited if f"def {name}(" not in tests]
    links = re.findall(r"\]\(([^)#:]+)\)", readme)
    files = re.findall(r"`((?:tests|notebooks|benchmarks)/[\w./-]+)`", readme)
    assert not [name for name in [*links, *files] if not (ROOT / name).exists()]
