"""How quick DigitPad and TrainingMonitor are: ``python -m benchmarks.network_widgets``.

DigitPad: from a move of the pen to the bars of the answer, in a page (the browser
computes) and in a real JupyterLab (NumPy computes in the kernel). Beside the latter
stands the time of a synced trait that only sends a number there and back. Most of that
is the server waiting for the browser's acknowledgement of the message before (40 ms),
which DigitPad gives at once. TrainingMonitor: a run that is watched in JupyterLab
against one that is not, in turns.
"""

import contextlib
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import nbformat

from cnnlib import SimpleConvNet
from cnnlib.widgets import DigitPad

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
MOVES = 60

# Moves the pen, waits until the bars have changed, and takes the time; in turns with a
# number that is sent to the kernel and back, where there is a kernel.
CLOCK = """async (moves) => {
  const pad = document.querySelector(".paper"), box = pad.getBoundingClientRect();
  const pen = (kind, x, y) => pad.dispatchEvent(new PointerEvent(kind, {
    clientX: box.left + x, clientY: box.top + y, button: 0, bubbles: true}));
  const rest = (ms) => new Promise((go) => setTimeout(go, ms));
  let arrived = () => {};
  new MutationObserver(() => arrived()).observe(document.querySelector(".bars"),
    {subtree: true, childList: true, characterData: true, attributes: true});
  window.echo?.on("change:back", () => arrived());
  const timed = async (act) => {
    const answer = new Promise((go) => { arrived = go; }), start = performance.now();
    act();
    await Promise.race([answer, rest(2000)]);
    arrived = () => {};
    const took = performance.now() - start;
    await rest(50);
    return took;
  };
  const times = {pad: [], echo: []};
  pen("pointerdown", 60, 60);
  await rest(500);
  for (let k = 1; k <= moves; k++) {
    const at = 60 + 2 * k;
    times.pad.push(await timed(() => pen("pointermove", at, at + 9 * (k % 5))));
    if (window.echo) times.echo.push(await timed(() => {
      window.echo.set("there", k);
      window.echo.save_changes();
    }));
  }
  pen("pointerup", 0, 0);
  return times;
}"""

CELLS = [
    """
import time, anywidget, numpy as np, traitlets
from IPython.display import display
from cnnlib import SimpleConvNet, Trainer, load_digits
from cnnlib.widgets import DigitPad, TrainingMonitor

class Echo(anywidget.AnyWidget):
    _esm = "export default {render({model}) { window.echo = model; }}"
    there, back = (traitlets.Int(0).tag(sync=True) for _ in range(2))

    @traitlets.observe("there")
    def answer(self, change):
        self.back = change.new

display(Echo())
DigitPad(SimpleConvNet.pretrained())
""",
    """
(x, t), (x_test, t_test) = load_digits()
def make():
    network = SimpleConvNet(rng=7)
    return Trainer(network, x, t, x_test, t_test, 8, verbose=False, rng=1)
monitor = TrainingMonitor(make())
monitor
""",
]

TURNS = """
ratios = []
for turn in range(6):
    times = []
    for watch in (None, monitor) if turn % 2 else (monitor, None):
        trainer = make()
        if watch:
            watch.trainer, trainer.watch = trainer, watch
        start = time.perf_counter()
        trainer.train()
        times.append(time.perf_counter() - start)
    ratios.append(times[1] / times[0] if turn % 2 else times[0] / times[1])
print(*ratios)
"""

ASK = """async (code) => {
  const future = panel.sessionContext.session.kernel.requestExecute({code});
  let text = "";
  future.onIOPub = (message) => { text += message.content.text ?? ""; };
  await future.done;
  return text;
}"""


@contextlib.contextmanager
def lab(folder):
    """Start JupyterLab with a home of its own; give its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    home = Path(folder, "home")
    names = ["JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"]
    names += ["JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR", "IPYTHONDIR"]
    folders = {name: str(home / name) for name in names}
    root = str(Path(__file__).parents[1])
    environment = os.environ | folders | {"HOME": str(home), "PYTHONPATH": root}
    command = [
        *[sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"],
        *["--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}"],
        *["--IdentityProvider.token=", "--ServerApp.password="],
        *[f"--ServerApp.root_dir={folder}", "--LabApp.news_url=None"],
        "--LabApp.expose_app_in_browser=True",
    ]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen(command, env=environment, **quiet)
    try:
        address = f"http://127.0.0.1:{port}"
        for _ in range(300):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{address}/api", timeout=5).close()
                break
            time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=20)


def open_notebook(page, address, folder):
    """Run the cells in JupyterLab and wait for both widgets."""
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    book = nbformat.v4.new_notebook(cells=cells)
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(book, Path(folder, "bench.ipynb"))
    page.goto(f"{address}/lab?reset")
    page.wait_for_function("window.jupyterapp !== undefined", timeout=60_000)
    page.evaluate(
        "async () => { await jupyterapp.restored; window.panel = await"
        " jupyterapp.commands.execute('docmanager:open', {path: 'bench.ipynb'}); }"
    )
    page.wait_for_function(
        "panel.sessionContext.isReady &&"
        " panel.sessionContext.session?.kernel?.status === 'idle'",
        timeout=60_000,
    )
    page.evaluate("jupyterapp.commands.execute('notebook:run-all-cells')")
    page.wait_for_selector(".cnnlib .chart")


def report(name, times):
    """Print median and ninth decile."""
    ninth = statistics.quantiles(times, n=10)[-1]
    print(
        f"{name:<34} median {statistics.median(times):6.1f}   90 % below {ninth:6.1f}"
    )


def main():
    """Print times in milliseconds, and what watching costs in percent."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as driver, tempfile.TemporaryDirectory() as folder:
        browser = driver.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        pad = DigitPad(SimpleConvNet.pretrained())
        page.goto(pad.to_html(Path(folder, "pad.html")).as_uri())
        print("DigitPad, from the pen to the answer, in ms:")
        report("page, the browser computes", page.evaluate(CLOCK, MOVES)["pad"])
        with lab(folder) as address:
            open_notebook(page, address, folder)
            times = page.evaluate(CLOCK, MOVES)
            report("JupyterLab, the kernel computes", times["pad"])
            report("JupyterLab, a number and back", times["echo"])
            ratios = [float(ratio) for ratio in page.evaluate(ASK, TURNS).split()]
            cost = 100 * (statistics.median(ratios) - 1)
            print(f"TrainingMonitor makes training {cost:+.1f} % longer (median of 6)")
        browser.close()


if __name__ == "__main__":
    main()
