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
// The result has: node, show(values, rows, cols, {border, range, digits, scale}), mark(name, cells),
// focus(i, j), caption(text).
function grid({ label, scale = "signed", point, edit, pick, name }) {
  const heading = h("div", { class: "caption" });
  const body = h("div", { class: "grid", role: "grid", "aria-label": label });
  const node = h("div", { class: "panel" }, heading, body);
  const state = { rows: 0, cols: 0, cells: [], at: [0, 0], marks: {}, inner: null };
  const words = name ?? ((i, j) => `row ${i}, column ${j}`);

  function rebuild(rows, cols) {
    Object.assign(state, { rows, cols, cells: [], marks: {} });
    const size = Math.max(7, Math.min(42, Math.floor(SIDE / Math.max(rows, cols))));
    state.size = size;
    body.style.setProperty("--cell", `${size}px`);
    body.setAttribute("aria-rowcount", rows);
    body.setAttribute("aria-colcount", cols);
    body.replaceChildren(...Array.from({ length: rows }, (_, i) => {
      const row = h("div", { class: "row", role: "row" });
      state.cells.push(Array.from({ length: cols }, (_, j) => {
        const cell = h("div", { class: "cell", role: "gridcell", tabindex: "-1" });
        Object.assign(cell, { i, j });
        row.append(cell);
        return cell;
      }));
      return row;
    }));
    rove(Math.min(state.at[0], rows - 1), Math.min(state.at[1], cols - 1));
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
    const [low, high] = range ?? limits(values, now);
    state.scale = now;
    state.longest = 0;
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < cols; j++)
        paint(state.cells[i][j], values[i * cols + j], low, high, border(i, j), digits);
    body.classList.toggle("long", state.longest > 3);
    body.classList.toggle("tiny", state.size < Math.max(16, 6 * state.longest + 4));
  }

  function paint(cell, value, low, high, isBorder, digits) {
    const key = `${value} ${low} ${high} ${isBorder} ${state.scale}`;
    if (cell.key !== key) {
      cell.key = key;
      draw(cell, value, low, high, isBorder, (digits ?? short)(value));
    }
    state.longest = Math.max(state.longest, cell.textContent.length);
  }

  function draw(cell, value, low, high, isBorder, text) {
    cell.value = value;
    cell.textContent = text;
    cell.classList.toggle("border", isBorder);
    cell.setAttribute("aria-label", `${words(cell.i, cell.j)}: ${text}`);
    if (isBorder) cell.setAttribute("aria-hidden", "true");
    else cell.removeAttribute("aria-hidden");
    colour(cell, value, low, high);
  }

  function colour(cell, value, low, high) {
    cell.style.background = cell.style.color = "";
    if (state.scale === "grey") {
      const level = Math.round(255 * Math.min(1, Math.max(0, (value - low) / (high - low || 1))));
      cell.style.background = `rgb(${level} ${level} ${level})`;
      // Relative luminance 0.18 is where black and white ink are equally readable.
      cell.style.color = level > 117 ? "#000" : "#fff";
    } else {
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

  // Leaving is told to the page a moment later, so that crossing a gap does not flicker.
  body.addEventListener("pointerover", (event) => {
    const cell = cellOf(event);
    if (cell && !cell.classList.contains("border")) point?.(cell.i, cell.j);
  });
  body.addEventListener("pointerleave", () => {
    if (!body.contains(document.activeElement)) point?.(null);
  });
  body.addEventListener("focusin", (event) => {
    const cell = cellOf(event);
    if (cell) { rove(cell.i, cell.j); point?.(cell.i, cell.j); }
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
      cell.textContent = short(cell.value);
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
