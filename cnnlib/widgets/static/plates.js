// Grids for a batch of images with channels, and the sizes of their cells.

// An array with all four axes: those that are missing have length 1.
function fourAxes(value) {
  const { shape, data } = numbers(value);
  return { shape: [...Array(4 - shape.length).fill(1), ...shape], data };
}

// A square cell, so that `rows` and `cols` of them fit into the left part.
function square(rows, cols) {
  const size = Math.max(8, Math.min(30, Math.floor(330 / Math.max(cols, rows))));
  return [size, size];
}

// A cell of a matrix with numbers of so many digits. If `cols` of them do not fit, the panel
// scrolls; if there are very many, colours must do.
function matrixCell(digits, cols) {
  const wanted = Math.max(20, 6 * digits + 11);
  return wanted * cols > 1000 ? [Math.max(13, Math.floor(460 / cols)), 20] : [wanted, 20];
}

// Grids for (N, C, H, W): a row of grids an image. `name` makes their captions.
//   show(values, shape, {pad, range}), mark(kind, list of [n, c, i, j]), reach(n, c, i, j)
function plates({ title, name, scale, point, edit }) {
  const heading = h("div", { class: "caption" });
  const body = h("div", { class: "plates" });
  const node = h("div", { class: "panel" }, heading, body);
  let grids = [], built = "", pad = 0;

  function build(N, C) {
    built = `${N} ${C}`;
    grids = Array.from({ length: N }, (_, n) => Array.from({ length: C }, (_, c) =>
      grid({ label: name(n, c), scale, size: (rows, cols) => square(rows, cols * Math.min(C, 2)),
      name: (i, j) => `${name(n, c)}, row ${i - pad}, column ${j - pad}`,
      point: (i, j) => i !== null && point(n, c, i - pad, j - pad),
      edit: edit && ((i, j, value) => edit(n, c, i - pad, j - pad, value)) })));
    body.replaceChildren(...grids.map((row) => h("div", { class: "plate-row" },
      ...row.map((one) => one.node))));
  }

  function show(values, [N, C, H, width], { pad: border = 0, range, captions = true } = {}) {
    if (built !== `${N} ${C}`) build(N, C);
    pad = border;
    const rows = H + 2 * pad, cols = width + 2 * pad;
    grids.forEach((row, n) => row.forEach((one, c) => {
      const padded = new Float64Array(rows * cols);
      for (let i = 0; i < H; i++) {
        const from = ((n * C + c) * H + i) * width;
        padded.set(values.subarray(from, from + width), (i + pad) * cols + pad);
      }
      one.show(padded, rows, cols, { range, border: pad });
      one.caption(captions ? h("small", {}, name(n, c)) : "");
    }));
  }

  const mark = (kind, cells) => grids.forEach((row, n) => row.forEach((one, c) =>
    one.mark(kind, cells.filter(([a, b]) => a === n && b === c)
      .map(([, , i, j]) => [i + pad, j + pad]))));

  return { node, show, mark,
    caption: (small) => heading.replaceChildren(`${title} `, h("small", {}, small)) };
}
