// A grid of numbers: colour by value, keyboard, pointing, editing.
//
// Cells are real elements, so that screen readers, keys and copy and paste work. Only what
// changed is touched: 16 x 16 cells repaint within one frame.

const SIDE = 400;  // pixels that a grid may be wide before its cells shrink
const FINE = 12;   // cells that are smaller have no lines between them

// Make a grid. Options:
//   label       its name, for the caption and for screen readers
//   scale       "grey" (an image: black is the least value) or "signed" (colour by sign)
//   point(i, j) called when a cell is pointed at or reached by keys; null when left
//   edit(i, j, value)  called with a new number; without it the cells can't be edited
//   pick(i, j)  called on click, tap or Enter where nothing is edited
//   name(i, j)  words for a cell, default "row i, column j"
//   side        pixels that it may be wide before its cells shrink
//   size(rows, cols)  width and height of a cell in pixels, instead of side
// The result has: node, mark(name, cells), focus(i, j), caption(text),
// show(values, rows, cols, {border, range, digits, scale}).
function grid({ label, scale = "signed", point, edit, pick, name, side = SIDE, size }) {
  const heading = h("div", { class: "caption" });
  const body = h("div", { class: "grid", role: "grid", "aria-label": label });
  const node = h("div", { class: "panel" }, heading, body);
  const state = { rows: 0, cols: 0, border: 0, cells: [], at: [0, 0], marks: {} };
  const words = name ?? ((i, j) => `row ${i}, column ${j}`);

  const blankRow = h("div", { class: "row", role: "row" });
  const blankCell = h("div", { class: "cell", role: "gridcell", tabindex: "-1" });
  const newCell = () => Object.assign(blankCell.cloneNode(), { text: "", border: false });

  // Make the grid larger or smaller at its edges. A pixel keeps its cell when the padding
  // around it grows, so that only the new cells have to be drawn.
  function resize(rows, cols, border) {
    for (const kind in state.marks) mark(kind, []);
    const shift = border - state.border;
    const newRow = () => {
      const row = blankRow.cloneNode();
      stretch(row, 0, cols, newCell);
      return row;
    };
    for (const row of body.children) stretch(row, shift, cols - state.cols - shift, newCell);
    stretch(body, shift, rows - state.rows - shift, newRow);
    const cells = Array.from(body.children, (row) => [...row.children]);
    cells.forEach((row, i) => row.forEach((cell, j) => { cell.i = i; cell.j = j; }));
    body.setAttribute("aria-rowcount", rows);
    body.setAttribute("aria-colcount", cols);
    const [i, j] = state.at.map((k) => Math.max(0, k + shift));
    state.cells[state.at[0]]?.[state.at[1]]?.setAttribute("tabindex", "-1");
    Object.assign(state, { rows, cols, border, cells });
    rove(Math.min(i, rows - 1), Math.min(j, cols - 1));
  }

  // Square cells, so that the longer side of the grid fits.
  function fitting(rows, cols) {
    const square = Math.max(7, Math.min(42, Math.floor(side / Math.max(rows, cols))));
    return [square, square];
  }

  // The one cell that Tab reaches; arrows move it (a "roving tabindex").
  function rove(i, j) {
    const [before, cell] = [state.cells[state.at[0]]?.[state.at[1]], state.cells[i][j]];
    state.at = [i, j];
    if (before !== cell) before?.setAttribute("tabindex", "-1");
    cell.setAttribute("tabindex", "0");
    return cell;
  }

  // values: rows*cols numbers, row by row. border: so many cells on each side are padding.
  function show(values, rows, cols, options = {}) {
    const { border = 0, range, digits, scale: now = scale } = options;
    if (rows !== state.rows || cols !== state.cols || border !== state.border)
      resize(rows, cols, border);
    const [width, height] = (size ?? fitting)(rows, cols);
    body.style.setProperty("--cell-width", `${width}px`);
    body.style.setProperty("--cell", `${height}px`);
    const texts = textsThatFit(values, digits ?? short, width, height);
    const colour = now === "grey" ? greyWithin : hueWithin;
    const [low, high] = range ?? limits(values, now);
    const outside = (k, n) => k < border || k >= n - border;
    for (let i = 0, k = 0; i < rows; i++)
      for (let j = 0; j < cols; j++, k++) {
        const cell = state.cells[i][j];
        cell.value = values[k];
        write(cell, texts?.[k] ?? "");
        const padding = outside(i, rows) || outside(j, cols);
        frameAsPadding(cell, padding);
        if (!padding) colour(cell, values[k], low, high);
      }
  }

  // Numbers are written where all of them fit into their cells; else colour alone is left.
  function textsThatFit(values, write, width, height) {
    let texts = height < 16 || width < 10 ? null : Array.from(values, write);
    const longest = texts?.reduce((most, text) => Math.max(most, text.length), 0);
    if (texts && width < 6 * longest + 4) texts = null;
    body.classList.toggle("long", longest > 3);
    body.classList.toggle("tiny", !texts);
    body.classList.toggle("fine", height < FINE);
    return texts;
  }

  // Each of these touches the page only where something changed.

  function write(cell, text) {
    const before = cell.text;
    if (before === text) return;
    cell.text = text;
    if (before && text) cell.firstChild.data = text;  // less work than another text node
    else cell.textContent = text;
  }

  function greyWithin(cell, value, low, high) {
    const level = Math.round(255 * Math.min(1, Math.max(0, (value - low) / (high - low || 1))));
    if (cell.shade === level) return;
    cell.style.backgroundColor = `rgb(${level} ${level} ${level})`;
    // Relative luminance 0.18 is where black and white ink are equally readable.
    const ink = level > 117 ? "#000" : "#fff";
    if (cell.ink !== ink) cell.style.color = cell.ink = ink;
    cell.shade = level;
  }

  function hueWithin(cell, value, low, high) {
    const share = Math.round(100 * Math.min(1, Math.abs(value) / (Math.max(-low, high) || 1)));
    const shade = `${value < 0 ? "−" : "+"}${share}`;
    if (cell.shade === shade) return;
    if (cell.ink) cell.ink = cell.style.backgroundColor = cell.style.color = "";
    cell.style.setProperty("--share", `${share}%`);
    cell.classList.toggle("negative", value < 0);
    cell.shade = shade;
  }

  function frameAsPadding(cell, is) {
    if (cell.border === is) return;
    cell.border = is;
    cell.classList.toggle("border", is);
    if (is) cell.setAttribute("aria-hidden", "true");
    else cell.removeAttribute("aria-hidden");
  }

  // Give the cells (a list of [i, j]) the class `kind`, and take it from all others.
  function mark(kind, cells) {
    const before = state.marks[kind] ?? new Set();
    const after = new Set(cells.map(([i, j]) => state.cells[i]?.[j]).filter(Boolean));
    for (const cell of before) if (!after.has(cell)) cell.classList.remove(kind);
    for (const cell of after) if (!before.has(cell)) cell.classList.add(kind);
    state.marks[kind] = after;
  }

  const cellOf = (event) => {
    const cell = event.target.closest?.(".cell");
    return cell && body.contains(cell) ? cell : null;
  };

  // A cell that holds the focus stays the one that is explained when the mouse leaves.
  body.addEventListener("pointerover", (event) => {
    const cell = cellOf(event);
    if (cell && !cell.classList.contains("border")) point?.(cell.i, cell.j);
  });
  body.addEventListener("pointerleave", () => {
    if (!body.contains(document.activeElement)) point?.(null);
  });
  body.addEventListener("focusin", (event) => {
    const cell = cellOf(event);
    if (!cell || event.target.matches("input")) return;
    cell.setAttribute("aria-label", `${words(cell.i, cell.j)}: ${short(cell.value)}`);
    rove(cell.i, cell.j);
    point?.(cell.i, cell.j);
  });
  body.addEventListener("click", (event) => {
    const cell = cellOf(event);
    if (!cell || event.target.matches("input")) return;
    const again = document.activeElement === cell && event.detail !== 0;
    cell.focus({ preventScroll: true });
    if (edit && (event.detail > 1 || (event.pointerType === "touch" && again))) open(cell);
    else pick?.(cell.i, cell.j);
  });
  body.addEventListener("keydown", (event) => {
    const cell = cellOf(event);
    if (!cell || event.target.matches("input")) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const to = {
      ArrowUp: [cell.i - 1, cell.j], ArrowDown: [cell.i + 1, cell.j],
      ArrowLeft: [cell.i, cell.j - 1], ArrowRight: [cell.i, cell.j + 1],
      Home: [cell.i, 0], End: [cell.i, state.cols - 1],
      PageUp: [0, cell.j], PageDown: [state.rows - 1, cell.j],
    }[event.key];
    if (to) {
      event.preventDefault();
      const inside = (k, n) => Math.min(n - 1, Math.max(0, k));
      rove(inside(to[0], state.rows), inside(to[1], state.cols)).focus();
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      if (edit) open(cell);
      else pick?.(cell.i, cell.j);
    } else if (edit && /^[-0-9.]$/.test(event.key)) {
      event.preventDefault();
      open(cell, event.key);
    }
  });

  // Edit a cell in place: Enter keeps the number, Escape leaves the old one.
  function open(cell, first) {
    if (cell.classList.contains("border") || cell.querySelector("input")) return;
    const input = h("input", { type: "text", inputmode: "decimal", size: "4",
      "aria-label": `${words(cell.i, cell.j)}, new number` });
    input.value = first ?? String(cell.value);
    cell.text = null;
    cell.replaceChildren(input);
    input.focus();
    if (!first) input.select();
    let open = true;
    const close = (keep) => {
      if (!open) return;
      open = false;
      const value = Number(input.value.replace("−", "-").replace(",", "."));
      const good = input.value.trim() !== "" && Number.isFinite(value);
      write(cell, body.classList.contains("tiny") ? "" : short(cell.value));
      if (keep && good) edit(cell.i, cell.j, value);
    };
    input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== "Escape") return;
      event.preventDefault();
      close(event.key === "Enter");
      cell.focus();
    });
    input.addEventListener("blur", () => close(true));
  }

  return {
    node, show, mark,
    caption: (...parts) => heading.replaceChildren(...parts),
    focus: (i, j) => rove(i, j).focus(),
    reach: (i, j) => rove(i, j),
    holdsFocus: () => body.contains(document.activeElement),
  };
}

// Add children at both ends, or take them away where the number is negative.
function stretch(parent, before, after, make) {
  for (let k = before; k < 0; k++) parent.firstChild.remove();
  for (let k = after; k < 0; k++) parent.lastChild.remove();
  const some = (count) => Array.from({ length: Math.max(0, count) }, make);
  parent.prepend(...some(before));
  parent.append(...some(after));
}
