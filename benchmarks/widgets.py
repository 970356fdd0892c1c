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
    if (!event.target.closest?.(".cell, input[type=range]")) return;
    const begin = event.timeStamp;
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => window.times.push(performance.now() - begin);
      channel.port2.postMessage(0);
    });
  }, true);
"""


def point(page, rows):
    """Move the mouse from cell to cell of the output."""
    cells = page.get_by_role("grid", name="Output").locator(".cell")
    box = cells.first.bounding_box()
    for move in range(MOVES):
        x = box["x"] + box["width"] * (0.5 + move % rows)
        y = box["y"] + box["height"] * (0.5 + move // rows % rows)
        page.mouse.move(x, y)
        page.evaluate("new Promise(requestAnimationFrame)")


def walk(page, rows):
    """Walk through the output with the arrow keys."""
    page.get_by_role("grid", name="Output").locator(".cell").first.focus()
    for move in range(MOVES):
        page.keyboard.press(
            "ArrowRight" if move // (rows - 1) % 2 == 0 else "ArrowLeft"
        )
        page.evaluate("new Promise(requestAnimationFrame)")


def slide(page, rows):
    """Move the padding to and fro: the input and the output are drawn again."""
    page.get_by_label("Padding", exact=True).focus()
    for move in range(MOVES):
        page.keyboard.press("ArrowRight" if move % 2 == 0 else "ArrowLeft")
        page.evaluate("new Promise(requestAnimationFrame)")


def measure(browser, folder, size):
    """Return {move: milliseconds} for a size x size image."""
    image = np.random.default_rng(0).random((size, size))
    explorer = ConvolutionExplorer(image, np.ones((3, 3)) / 9, pad=1)
    path = explorer.to_html(Path(folder) / f"{size}.html")
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.goto(path.as_uri())
    page.evaluate(CLOCK)
    times = {}
    for name, move in [("point", point), ("arrow key", walk), ("slider", slide)]:
        page.evaluate("window.times.length = 0")
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
