// A grid of numbers: colour by value, keyboard, pointing, editing.
//
// Cells are real elements, so that screen readers, keys and copy and paste work. Only what
// changed is touched: 16 x 16 cells repaint within one frame.

const SIDE = 400;  // pixels that a grid may be wide before its cells shrink

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
  const state = { rows: 0, cols: 0, cells: [], at: [0, 0], marks: {} };
  const words = name ?? ((i, j) => `row ${i}, column ${j}`);

  function rebuild(rows, cols) {
    Object.assign(state, { rows, cols, cells: [], marks: {} });
    body.setAttribute("aria-rowcount", rows);
    body.setAttribute("aria-colcount", cols);
    // Copies of one cell and one row: thousands of elements are made in milliseconds.
    const row = h("div", { class: "row", role: "row" });
    const cell = h("div", { class: "cell", role: "gridcell", tabindex: "-1" });
    for (let j = 0; j < cols; j++) row.append(cell.cloneNode(true));
    body.replaceChildren(...Array.from({ length: rows }, (_, i) => {
      const copy = row.cloneNode(true);
      state.cells.push([...copy.children]);
      state.cells[i].forEach((cell, j) => Object.assign(cell, { i, j }));
      return copy;
    }));
    rove(Math.min(state.at[0], rows - 1), Math.min(state.at[1], cols - 1));
  }

  // Square cells, so that the longer side of the grid fits.
  function fitting(rows, cols) {
    const square = Math.max(7, Math.min(42, Math.floor(side / Math.max(rows, cols))));
    return [square, square];
  }

  // The one cell that Tab reaches; arrows move it (a "roving tabindex").
  function rove(i, j) {
    state.cells[state.at[0]]?.[state.at[1]]?.setAttribute("tabindex", "-1");
    state.at = [i, j];
    state.cells[i][j].setAttribute("tabindex", "0");
    return state.cells[i][j];
  }

  // values: rows*cols numbers, row by row. border: cells of padding around, not data.
  function show(values, rows, cols, options = {}) {
    const { border = () => false, range, digits, scale: now = scale } = options;
    if (rows !== state.rows || cols !== state.cols) rebuild(rows, cols);
    const [width, height] = (size ?? fitting)(rows, cols);
    body.style.setProperty("--cell-width", `${width}px`);
    body.style.setProperty("--cell", `${height}px`);
    const [low, high] = range ?? limits(values, now);
    state.scale = now;
    const texts = textsThatFit(values, digits ?? short, width, height);
    for (let i = 0, k = 0; i < rows; i++)
      for (let j = 0; j < cols; j++, k++)
        paint(state.cells[i][j], values[k], low, high, border(i, j), texts?.[k] ?? "");
  }

  // Numbers are written where all of them fit into their cells; else colour alone is left.
  function textsThatFit(values, write, width, height) {
    let texts = height < 16 || width < 10 ? null : Array.from(values, write);
    const longest = texts?.reduce((most, text) => Math.max(most, text.length), 0);
    if (texts && width < 6 * longest + 4) texts = null;
    body.classList.toggle("long", longest > 3);
    body.classList.toggle("tiny", !texts);
    return texts;
  }

  function paint(cell, value, low, high, isBorder, text) {
    const key = `${value} ${low} ${high} ${isBorder} ${state.scale} ${text}`;
    if (cell.key === key) return;
    cell.key = key;
    cell.value = value;
    cell.textContent = text;
    if (cell.classList.contains("border") !== isBorder) {
      cell.classList.toggle("border", isBorder);
      if (isBorder) cell.setAttribute("aria-hidden", "true");
      else cell.removeAttribute("aria-hidden");
    }
    colour(cell, value, low, high);
  }

  function colour(cell, value, low, high) {
    if (state.scale === "grey") {
      const level = Math.round(255 * Math.min(1, Math.max(0, (value - low) / (high - low || 1))));
      cell.style.background = `rgb(${level} ${level} ${level})`;
      // Relative luminance 0.18 is where black and white ink are equally readable.
      cell.style.color = level > 117 ? "#000" : "#fff";
    } else {
      if (cell.style.background) cell.style.background = cell.style.color = "";
      const share = Math.min(1, Math.abs(value) / (Math.max(-low, high) || 1));
      cell.style.setProperty("--share", `${Math.round(100 * share)}%`);
      cell.classList.toggle("negative", value < 0);
    }
  }

  // Give the cells (a list of [i, j]) the class `kind`, and take it from all others.
  function mark(kind, cells) {
    for (const cell of state.marks[kind] ?? []) cell.classList.remove(kind);
    state.marks[kind] = cells.map(([i, j]) => state.cells[i]?.[j]).filter(Boolean);
    for (const cell of state.marks[kind]) cell.classList.add(kind);
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
    cell.key = null;
    cell.replaceChildren(input);
    input.focus();
    if (!first) input.select();
    let open = true;
    const close = (keep) => {
      if (!open) return;
      open = false;
      const value = Number(input.value.replace("−", "-").replace(",", "."));
      const good = input.value.trim() !== "" && Number.isFinite(value);
      cell.textContent = body.classList.contains("tiny") ? "" : short(cell.value);
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

// The values between which colours run. Signed scales are symmetric about zero.
function limits(values, scale) {
  let low = Infinity, high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (scale === "grey") return [Math.min(0, low), Math.max(high, low + 1e-12)];
  const most = Math.max(Math.abs(low), Math.abs(high));
  return [-most, most];
}
