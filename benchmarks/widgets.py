"""How long a widget takes from a move to the repaint: ``python -m benchmarks.widgets``.

The moves are real ones of the browser's mouse and keys; the time runs from the stamp
of the event to the moment after the next frame was drawn.
"""

import shutil
import statistics
import tempfile
from pathlib import Path

import numpy as np

from cnnlib.widgets import ConvolutionExplorer

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
MOVES = 60

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
"""


# Nobody moves on before seeing the last move: wait until its time was taken, or for a
# few frames where a move changes nothing.
SEEN = """async () => {
  const before = window.settled ?? 0;
  for (let frame = 0; frame < 30 && window.times.length === before; frame++)
    await new Promise(requestAnimationFrame);
  window.settled = window.times.length;
}"""


def settle(page):
    """Wait until the last move is on the screen."""
    page.evaluate(SEEN)


def point(page, rows):
    """Move the mouse from cell to cell of the output."""
    cells = page.get_by_role("grid", name="Output").locator(".cell")
    box = cells.first.bounding_box()
    for move in range(MOVES):
        x = box["x"] + box["width"] * (0.5 + move % rows)
        y = box["y"] + box["height"] * (0.5 + move // rows % rows)
        page.mouse.move(x, y)
        settle(page)


def walk(page, rows):
    """Walk through the output with the arrow keys."""
    page.get_by_role("grid", name="Output").locator(".cell").first.focus()
    for move in range(MOVES):
        page.keyboard.press(
            "ArrowRight" if move // (rows - 1) % 2 == 0 else "ArrowLeft"
        )
        settle(page)


def slide(page, rows):
    """Move the padding to and fro: the input and the output are drawn again."""
    page.get_by_label("Padding", exact=True).focus()
    for move in range(MOVES):
        page.keyboard.press("ArrowRight" if move % 2 == 0 else "ArrowLeft")
        settle(page)


MOVEMENTS = [
    ("point", "pointerover", point),
    ("arrow key", "focusin", walk),
    ("slider", "input", slide),
]


def measure(browser, folder, size):
    """Return {move: milliseconds} for a size x size image."""
    image = np.random.default_rng(0).random((size, size))
    explorer = ConvolutionExplorer(image, np.ones((3, 3)) / 9, pad=1)
    path = explorer.to_html(Path(folder) / f"{size}.html")
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.goto(path.as_uri())
    page.evaluate(CLOCK)
    times = {}
    for name, kind, move in MOVEMENTS:
        page.mouse.move(0, 0)  # cells that move below it would make events as well
        page.evaluate(
            "(kind) => { window.times = []; window.settled = 0; window.kind = kind; }",
            kind,
        )
        move(page, size)
        times[name] = page.evaluate("window.times")
    page.close()
    return times


def main():
    """Print medians and ninth deciles, in milliseconds."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as driver, tempfile.TemporaryDirectory() as folder:
        browser = driver.chromium.launch(executable_path=chromium, args=FLAGS)
        print("From event to repaint, in ms (a frame at 60 Hz is 16.7):")
        for size in (16, 64):
            for name, times in measure(browser, folder, size).items():
                middle = statistics.median(times)
                ninth = statistics.quantiles(times, n=10)[-1]
                print(
                    f"{size:>3}x{size:<3} {name:<10} median {middle:5.1f}   "
                    f"90 % below {ninth:5.1f}   ({len(times)} moves)"
                )
        browser.close()


if __name__ == "__main__":
    main()
