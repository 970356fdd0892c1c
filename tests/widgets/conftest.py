"""A real browser and a real JupyterLab, both shut away from the network.

`shown(widget)` opens the page that a widget writes, `mathematics(Widget)` calls the
pure functions of its script, `lab(cells)` runs cells in JupyterLab. Each fails if the
page wrote to the console, or asked anything but this machine.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import numpy as np
import pytest

CHROMIUM = next(
    filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])),
    None,
)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]
ROOT = Path(__file__).resolve().parents[2]

CALL = """async ([script, name, calls]) => {
  const url = URL.createObjectURL(new Blob([script], {type: "text/javascript"}));
  const {mathematics} = await import(url);
  URL.revokeObjectURL(url);
  const inward = (v) => v && v.__numbers__
    ? {shape: v.__numbers__, data: Float64Array.from(v.data)} : v;
  const outward = (v) =>
    ArrayBuffer.isView(v) ? Array.from(v)
    : Array.isArray(v) ? v.map(outward)
    : v && typeof v === "object"
      ? Object.fromEntries(Object.entries(v).map(([k, x]) => [k, outward(x)])) : v;
  return calls.map((call) => outward(mathematics[name](...call.map(inward))));
}"""


@pytest.fixture(scope="package")
def browser():
    """Debian's chromium, or any that is installed."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="Playwright is not installed"
    )
    if CHROMIUM is None:
        pytest.skip("there is no chromium on this machine")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


class Watch:
    """Collects what a page must not do."""

    def __init__(self, page, allowed, in_lab=False):
        self.faults = []
        self.in_lab = in_lab
        page.on("pageerror", self.error)
        page.on("console", self.console)
        self.allowed = allowed
        page.route("**/*", self.route)

    def error(self, error):
        """Keep an error; in JupyterLab only if a widget's script, a blob, is in it."""
        if not self.in_lab or "blob:" in (error.stack or ""):
            self.faults.append(f"error: {error}")

    def console(self, message):
        """Keep errors and warnings that come from the page's own scripts."""
        if message.type in ("error", "warning"):
            self.faults.append(f"{message.type}: {message.text}")

    def route(self, route):
        """Let loopback and the page's own file through, and record all else."""
        if route.request.url.startswith(self.allowed):
            route.continue_()
        else:
            self.faults.append(f"request: {route.request.url[:200]}")
            route.abort()


@pytest.fixture
def shown(browser, tmp_path):
    """Open the page of a widget: `shown(widget, width=1400, dark=False)`.

    `strict=True` keeps the page's own security policy, as its readers have it.
    """
    opened = []

    def show(
        widget,
        width=1400,
        height=900,
        dark=False,
        touch=False,
        strict=False,
        name="page",
    ):
        path = widget.to_html(tmp_path / f"{name}.html")
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            has_touch=touch,
            bypass_csp=not strict,  # waiting for a condition needs eval in the page
        )
        page = context.new_page()
        watch = Watch(page, allowed=(path.as_uri(), "data:", "blob:"))
        opened.append((context, watch))
        page.goto(path.as_uri())
        page.wait_for_selector(".cnnlib")
        return page

    yield show
    faults = [fault for _, watch in opened for fault in watch.faults]
    for context, _ in opened:
        context.close()
    assert not faults


@pytest.fixture(scope="package")
def mathematics(browser):
    """Call functions of a widget's script: `mathematics(Widget)(name, calls)`.

    `calls` is a list of argument lists, all run in one visit; arrays go as float64.
    Typed arrays come back as lists.
    """
    context = browser.new_context()
    page = context.new_page()

    def inward(value):
        if isinstance(value, np.ndarray):
            data = value.astype(float).ravel().tolist()
            return {"__numbers__": list(value.shape), "data": data}
        return value.item() if isinstance(value, np.generic) else value

    def of(widget):
        def call(name, calls):
            arguments = [[inward(value) for value in call] for call in calls]
            return page.evaluate(CALL, [widget._esm, name, arguments])

        return call

    yield of
    context.close()


# --- JupyterLab ---------------------------------------------------------------------


@pytest.fixture(scope="package")
def lab_server(tmp_path_factory):
    """Start JupyterLab with a home of its own; yield its address and its folder."""
    home = tmp_path_factory.mktemp("lab")
    notebooks = home / "notebooks"
    notebooks.mkdir()
    folders = {
        "HOME": home,
        "JUPYTER_CONFIG_DIR": home / "config",
        "JUPYTER_DATA_DIR": home / "data",
        "JUPYTER_RUNTIME_DIR": home / "runtime",
        "JUPYTERLAB_SETTINGS_DIR": home / "settings",
        "JUPYTERLAB_WORKSPACES_DIR": home / "workspaces",
        "IPYTHONDIR": home / "ipython",
        "PYTHONPATH": ROOT,
    }
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        *[sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"],
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        "--IdentityProvider.token=",
        "--ServerApp.password=",
        f"--ServerApp.root_dir={notebooks}",
        "--LabApp.news_url=None",
        "--LabApp.expose_app_in_browser=True",
    ]
    environment = os.environ | {name: str(path) for name, path in folders.items()}
    with open(home / "log", "wb") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            address = f"http://127.0.0.1:{port}"
            wait_for(address, server, home / "log")
            yield address, notebooks
        finally:
            server.terminate()
            server.wait(timeout=20)


def wait_for(address, server, log, patience=60):
    """Ask until the server answers."""
    end = time.monotonic() + patience
    while time.monotonic() < end and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/api/status", timeout=5):
                return
        except OSError:
            time.sleep(0.05)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()[-2000:]}")


@pytest.fixture
def lab(browser, lab_server, request):
    """Run cells in JupyterLab: `lab(["import ..."], dark=False)` gives the page."""
    address, notebooks = lab_server
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    page = context.new_page()
    allowed = (address, address.replace("http", "ws"), "data:", "blob:")
    watch = Watch(page, allowed, in_lab=True)

    def run(cells, dark=False, wait=".cnnlib"):
        name = f"{request.node.name}.ipynb".translate(dict.fromkeys(b'[]/":', "_"))
        book = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(source) for source in cells]
        )
        book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
        nbformat.write(book, notebooks / name)
        page.goto(f"{address}/lab?reset")
        page.wait_for_function("window.jupyterapp !== undefined", timeout=60_000)
        page.evaluate("jupyterapp.restored.then(() => true)")
        if dark:
            page.evaluate(
                "jupyterapp.commands.execute("
                "'apputils:change-theme', {theme: 'JupyterLab Dark'})"
            )
        page.evaluate(
            "async (path) => { window.panel ="
            " await jupyterapp.commands.execute('docmanager:open', {path}); }",
            name,
        )
        page.wait_for_function(
            "window.panel?.sessionContext?.isReady &&"
            " window.panel.sessionContext.session?.kernel?.status === 'idle'",
            timeout=60_000,
        )
        page.evaluate("jupyterapp.commands.execute('notebook:run-all-cells')")
        page.wait_for_selector(wait, timeout=60_000)
        return page

    yield run
    page.evaluate("window.panel?.sessionContext?.shutdown?.()")
    context.close()
    ours = [fault for fault in watch.faults if not fault.startswith("warning")]
    assert not ours
