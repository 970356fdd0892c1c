"""How long a widget takes from a move to the repaint: ``python -m benchmarks.widgets``.

The moves are real ones of the browser's mouse and keys. The time runs from the stamp of
the event to the end of the next frame: script, style, layout and painting are done; the
screen itself, up to a frame later, is not in it.

A part of that time is not ours: the event waits for the next frame, half a frame
(8 ms) on the average, and a busy machine makes that longer. The lines "bare" show it:
boxes and a slider of the same page that nobody listens to, in turns with the widget.
"""

import shutil
import statistics
import tempfile
from pathlib import Path

import numpy as np

from cnnlib.widgets import ConvolutionExplorer

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
ROUNDS, MOVES = 6, 10  # the widget and the bare page take turns

# A message is handled only after the frame that was asked for has been drawn.
CLOCK = """
window.times = [];
for (const kind of ["pointerover", "focusin", "input"])
  document.addEventListener(kind, (event) => {
    if (kind !== window.kind || !event.target.closest?.(".cell, input[type=range]"))
      return;
    const begin = event.timeStamp;
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => window.times.push(performance.now() - begin);
      channel.port2.postMessage(0);
    });
  }, true);
const bare = document.createElement("div");
bare.style = "position: fixed; bottom: 0; left: 0; display: flex";
bare.innerHTML = '<input type="range" aria-label="Bare slider" max="5">'
  + '<div class="cell bare" style="width: 40px; height: 20px"></div>'.repeat(2);
document.body.append(bare);
"""

# Nobody moves on before seeing the last move: wait until its time was taken, or for a
# few frames where a move changes nothing. Then rest for a part of a frame, as hands do.
SEEN = """async (rest) => {
  for (let frame = 0; frame < 30 && window.times.length === window.settled; frame++)
    await new Promise(requestAnimationFrame);
  window.settled = window.times.length;
  await new Promise((go) => setTimeout(go, rest));
}"""


def output(page):
    """Return the cells of the output."""
    return page.get_by_role("grid", name="Output").locator(".cell")


def hover(page, rows, move):
    """Move the mouse to the other one of two boxes that do nothing."""
    box = page.locator(".bare").nth(move % 2).bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + 10)


def point(page, rows, move):
    """Move the mouse to the next cell of the output."""
    box = output(page).first.bounding_box()
    x = box["x"] + box["width"] * (0.5 + move % rows)
    page.mouse.move(x, box["y"] + box["height"] * (0.5 + move // rows % rows))


def walk(page, rows, move):
    """Go on in the output with an arrow key."""
    back = move // (rows - 1) % 2
    page.keyboard.press("ArrowLeft" if back else "ArrowRight")


def slide(page, rows, move):
    """Move the slider to and fro: the input and the output are drawn again."""
    page.keyboard.press("ArrowLeft" if move % 2 else "ArrowRight")


def focus(label):
    """Return how to give a slider the focus."""
    return lambda page: page.get_by_label(label, exact=True).focus()


MOVEMENTS = [
    ("bare box", "pointerover", lambda page: None, hover),
    ("bare slider", "input", focus("Bare slider"), slide),
    ("point", "pointerover", lambda page: None, point),
    ("arrow key", "focusin", lambda page: output(page).first.focus(), walk),
    ("slider", "input", focus("Padding"), slide),
]


def open_page(browser, folder, size):
    """Write and open the page of a size x size image."""
    image = np.random.default_rng(0).random((size, size))
    explorer = ConvolutionExplorer(image, np.ones((3, 3)) / 9, pad=1)
    path = explorer.to_html(Path(folder) / f"{size}.html")
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.goto(path.as_uri())
    page.evaluate(CLOCK)
    return page


def measure(page, size):
    """Return {move: milliseconds}."""
    times = {name: [] for name, *_ in MOVEMENTS}
    for _ in range(ROUNDS):
        for name, kind, prepare, act in MOVEMENTS:
            page.mouse.move(0, 0)  # cells that move below it would make events as well
            prepare(page)
            page.evaluate(
                "(kind) => Object.assign(window, {kind, times: [], settled: 0})", kind
            )
            for move in range(MOVES):
                act(page, size, move)
                page.evaluate(SEEN, 7 * move % 17)
            times[name] += page.evaluate("window.times")
    return times


def main():
    """Print medians and ninth deciles, in milliseconds."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as driver, tempfile.TemporaryDirectory() as folder:
        browser = driver.chromium.launch(executable_path=chromium, args=FLAGS)
        print("From event to repaint, in ms (a frame at 60 Hz is 16.7):")
        for size in (16, 64):
            page = open_page(browser, folder, size)
            for name, times in measure(page, size).items():
                middle = statistics.median(times)
                ninth = statistics.quantiles(times, n=10)[-1]
                print(
                    f"{size:>3}x{size:<3} {name:<11} least {min(times):5.1f}   "
                    f"median {middle:5.1f}   90 % below {ninth:5.1f}   "
                    f"({len(times)} moves)"
                )
        browser.close()


if __name__ == "__main__":
    main()
