"""Look at a widget as a reader does: cells, marks, words, and how well they read."""


def cell(page, grid, i, j):
    """Find a cell of the grid with this name."""
    row = page.get_by_role("grid", name=grid).locator(".row").nth(i)
    return row.locator(".cell").nth(j)


def values(page, grid):
    """Read the numbers that a grid shows, unrounded, row by row."""
    return page.get_by_role("grid", name=grid).evaluate(
        "(grid) => [...grid.querySelectorAll('.row')]"
        ".map((row) => [...row.children].map((cell) => cell.value))"
    )


def marked(page, grid, kind):
    """List the cells (i, j) that carry a mark: window, here, unseen, border."""
    return page.get_by_role("grid", name=grid).evaluate(
        "(grid, kind) => [...grid.querySelectorAll('.cell.' + kind)]"
        ".map((cell) => [cell.i, cell.j])",
        kind,
    )


def formula(page):
    """Read the formula under the grids."""
    return page.locator(".formula").inner_text()


def run_python(page, code):
    """Run code in the kernel of the notebook that is open; return what it printed."""
    return page.evaluate(
        """async (code) => {
          const kernel = window.panel.sessionContext.session.kernel;
          const future = kernel.requestExecute({code});
          let text = "";
          future.onIOPub = (m) => {
            text += m.content.text ?? m.content.evalue ?? "";
          };
          await future.done;
          return text;
        }""",
        code,
    )


def settle(page):
    """Let the changes reach the kernel: each waits for the answer to the one before."""
    for _ in range(8):
        run_python(page, "pass")


def least_contrast(page, selector="*"):
    """Return the lowest contrast of ink to ground among the texts of the widget.

    Reckoned as in WCAG 2.1; a text is an element that holds visible characters itself.
    """
    return page.evaluate(LEAST_CONTRAST, selector)


LEAST_CONTRAST = """(selector) => {
  const canvas = document.createElement("canvas");
  const paint = canvas.getContext("2d", {willReadFrequently: true});
  const luminance = (colour) => {
    paint.fillStyle = colour;
    paint.fillRect(0, 0, 1, 1);
    const rgb = [...paint.getImageData(0, 0, 1, 1).data].slice(0, 3).map((v) => {
      v /= 255;
      return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2];
  };
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const colour = getComputedStyle(node).backgroundColor;
      if (!/rgba\\(0, 0, 0, 0\\)|transparent/.test(colour)) return colour;
    }
    return "white";
  };
  const hasText = (node) => [...node.childNodes].some(
    (child) => child.nodeType === Node.TEXT_NODE && child.textContent.trim());
  const seen = (node) => node.checkVisibility() && !node.closest(".spoken")
    && parseFloat(getComputedStyle(node).fontSize) > 0 && !node.disabled;
  const texts = [...document.querySelectorAll(`.cnnlib ${selector}`)]
    .filter((node) => hasText(node) && seen(node));
  return Math.min(...texts.map((node) => {
    const [a, b] = [getComputedStyle(node).color, behind(node)].map(luminance);
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  }));
}"""
