// Im2colExplorer: image, col, filter matrix and product at once, and the way back.

const mathematics = { im2col, multiply, toMaps, col2im, overlap, goesBack };

const PAGE = 24;            // rows of col that are drawn at once
const MOST_DRAWN = 12000;   // as in im2col.py
const MARKS = ["window", "here", "in-row", "in-column"];

function render({ model, el }) {
  const view = frame(model, el, "im2col explorer");
  const get = (name) => model.get(name);
  const set = (name, value) => { model.set(name, value); model.save_changes(); };
  let state = {};
  let target = { r: get("place")[0], f: get("place")[1], q: null };  // forward
  let aimed = { n: 0, c: 0, i: 0, j: 0 };                            // reverse: a pixel
  let first = 0;                                                     // the page of col

  // --- the page ---

  const rowName = (i) => `row ${first + i}`;
  const sized = (name) => (rows, cols) => matrixCell(state[name] ?? 2, cols);
  const images = plates({ title: "Images", scale: "grey", edit: editImage,
    name: (n, c) => `image ${n}, channel ${c}`, point: pointImage });
  const col = grid({ label: "col", size: sized("colDigits"),
    name: (i, j) => `col ${rowName(i)}, column ${j}`,
    point: (i, j) => i !== null && pointCol(first + i, j), pick: choose });
  const filters = grid({ label: "Filters", size: sized("filterDigits"),
    edit: editFilter, name: (q, f) => `filter ${f}, weight ${q}`,
    point: (q, f) => q !== null && aim({ f, q }) });
  const product = grid({ label: "Product", size: sized("productDigits"),
    name: (i, f) => `product ${rowName(i)}, filter ${f}`,
    point: (i, f) => i !== null && aim({ r: first + i, f, q: null }), pick: choose });
  const output = plates({ title: "Output", name: (n, f) => `output ${n}, filter ${f}`,
    point: (n, f, y, x) => aim({ r: (n * state.g.OH + y) * state.g.OW + x, f, q: null }) });
  const dx = plates({ title: "dx", name: (n, c) => `dx ${n}, channel ${c}`, point: pointPixel });
  const counts = plates({ title: "Overlap", name: () => "overlap",
    point: (n, c, i, j) => pointPixel(aimed.n, aimed.c, i, j) });
  const formula = h("div", { class: "formula" });
  const note = h("div", { class: "note" });
  const pages = h("div", { class: "buttons" });
  const scroller = h("div", { class: "scroller" }, col.node);
  const colBox = h("div", { class: "panel" }, scroller, pages);
  const sign = (text) => h("div", { class: "operator", "aria-hidden": "true" }, text);
  const left = h("div", { class: "aside" }, images.node, output.node);
  const rest = [sign("@"), filters.node, sign("="), product.node];
  const line = h("div", { class: "line" }, colBox, ...rest);
  const back = h("div", { class: "aside" }, sign("→"), dx.node, counts.node);
  const ways = choice("Show", [["forward", "im2col"], ["reverse", "col2im"]], get("view"),
    (value) => { set("view", value); update(); });
  const sources = menu("Rows hold", [["ones", "ones"], ["image", "the windows (col)"],
    ["gradient", "the gradient, dout = 1"]], (value) => { set("rows", value); update(); }, get("rows"));
  const writes = choice("Write with", [["yes", "+="], ["no", "="]], "yes",
    (value) => { set("accumulate", value === "yes"); update(); });
  view.add(
    h("div", { class: "controls" }, ways,
      slider(model, view, "stride", "Stride", 1, 4),
      slider(model, view, "pad", "Padding", 0, 3), sources, writes, player(view, step)),
    h("div", { class: "stage unfolded" }, left, line, back),
    formula, note);

  // --- from traits to pictures ---

  function update() {
    const x = fourAxes(get("x")), W = fourAxes(get("W")), pad = get("pad");
    const [FN, , FH, FW] = W.shape;
    const g = orProblem(() => resolve(...x.shape.slice(2), FH, FW, get("stride"), pad));
    state = { x, W, g, FN, pad, reverse: get("view") === "reverse", add: get("accumulate") };
    const drawn = x.data.length + (g.problem ? 0 : x.shape[0] * FN * g.OH * g.OW);
    state.problem = g.problem ?? (drawn > MOST_DRAWN ? `Images and outputs have `
      + `${grouped(drawn)} pixels; up to ${grouped(MOST_DRAWN)} can be drawn. `
      + "Use less padding or a larger stride." : "");
    view.warn(state.problem);
    ways.show(get("view"));
    writes.show(state.add ? "yes" : "no");
    sources.select.value = get("rows");
    showPanels();
    drawImages();
    if (!state.problem) compute();
    light();
  }

  function showPanels() {
    const { reverse, problem } = state;
    sources.hidden = writes.hidden = !reverse;
    line.hidden = Boolean(problem);
    output.node.hidden = reverse || Boolean(problem);
    for (const node of rest) node.hidden = reverse;
    back.hidden = !reverse || Boolean(problem);
    left.hidden = reverse && !problem && get("rows") !== "image";
  }

  const digitsOf = (data) =>
    data.reduce((most, value) => Math.max(most, short(value).length), 1);

  function compute() {
    const { x, W, g, FN } = state;
    const unfolded = im2col(x, g);
    state.product = multiply(unfolded, W.data, FN);
    state.maps = toMaps(state.product, x.shape[0], g);
    state.col = state.reverse ? goesBack(get("rows"), unfolded, W.data, FN) : unfolded;
    state.dx = col2im(state.col, x.shape, g, state.add);
    state.right = col2im(state.col, x.shape, g, true);
    state.overlap = overlap(x.shape, g);
    state.colDigits = digitsOf(state.col.data);
    state.filterDigits = digitsOf(W.data);
    state.productDigits = digitsOf(state.product.data);
    const [rows] = state.col.shape, [N, C, H, width] = x.shape;
    target.r = Math.min(target.r, rows - 1);
    target.f = Math.min(target.f, FN - 1);
    aimed = { n: Math.min(aimed.n, N - 1), c: Math.min(aimed.c, C - 1),
      i: Math.min(aimed.i, H - 1), j: Math.min(aimed.j, width - 1) };
    if (state.reverse) drawReverse();
    else drawForward();
    first = Math.min(first, PAGE * Math.floor((rows - 1) / PAGE));
    drawPage();
  }

  const small = (text) => h("small", {}, text);

  function drawImages() {
    const { x, pad } = state, [N, C, H, width] = x.shape;
    images.show(x.data, x.shape, { pad, range: limits(x.data, "grey") });
    images.caption(`N=${N}, C=${C}, ${H} × ${width}${pad ? `, padding ${pad}` : ""}`);
  }

  function drawForward() {
    const { W, g, FN, maps } = state, K = W.data.length / FN;
    const turned = new Float64Array(W.data.length);  // W.reshape(FN, -1).T
    for (let f = 0; f < FN; f++)
      for (let q = 0; q < K; q++) turned[q * FN + f] = W.data[f * K + q];
    filters.show(turned, K, FN);
    filters.caption("Filters ", small(`${K} × ${FN}`));
    output.show(maps.data, maps.shape);
    output.caption(`N=${maps.shape[0]}, FN=${FN}, ${g.OH} × ${g.OW}`);
  }

  function drawReverse() {
    const { x, dx: sum, right, overlap: times, add } = state, [, , H, width] = x.shape;
    dx.show(sum.data, x.shape, { range: limits(right.data, "signed") });
    dx.caption(add ? "+= adds every row to its pixels" : "= keeps what was written last");
    counts.show(times, [1, 1, H, width], { captions: false });
    counts.caption(`${H} × ${width}: windows that each pixel is in`);
    const wrong = wrongPixels();
    dx.mark("wrong", wrong.map(place));
  }

  const wrongPixels = () => Array.from(state.dx.data.keys())
    .filter((k) => Math.abs(state.dx.data[k] - state.right.data[k]) > 1e-9);

  // [n, c, i, j] of an index.
  function place(k) {
    const [, C, H, width] = state.x.shape;
    return [Math.floor(k / (C * H * width)), Math.floor(k / (H * width)) % C,
      Math.floor(k / width) % H, k % width];
  }

  // Draw the rows of col and of the product that are on this page.
  function drawPage() {
    const { col: { shape: [rows, K], data }, product: { data: answers }, FN, x, g } = state;
    const last = Math.min(first + PAGE, rows), count = last - first;
    col.show(data.subarray(first * K, last * K), count, K, { range: limits(data, "signed") });
    const name = state.reverse ? "dcol " : "col ";
    const shown = rows > PAGE ? `, rows ${first} to ${last - 1}` : "";
    col.caption(name, small(`${rows} × ${K}${shown}`));
    product.show(answers.subarray(first * FN, last * FN), count, FN,
      { range: limits(answers, "signed") });
    product.caption("Product ", small(`${rows} × ${FN}`));
    borders(count, K, x.shape, g);
    pages.hidden = rows <= PAGE;
    const turn = (by) => () => goTo(Math.max(0, Math.min(first + by, PAGE * Math.floor((rows - 1) / PAGE))));
    pages.replaceChildren(button("▲ Rows before", "Show the rows before", turn(-PAGE)),
      button("▼ Rows after", "Show the rows after", turn(PAGE)));
    pages.firstChild.disabled = first === 0;
    pages.lastChild.disabled = last === rows;
  }

  // Lines where a new image and where a new channel begins.
  function borders(count, K, [, C], g) {
    const images = [], channels = [], answers = [];
    for (let i = 0; i < count; i++) {
      const begins = first + i > 0 && (first + i) % (g.OH * g.OW) === 0;
      for (let q = 0; q < K; q++) {
        if (begins) images.push([i, q]);
        if (q > 0 && q % (g.FH * g.FW) === 0) channels.push([i, q]);
      }
      for (let f = 0; begins && f < state.FN; f++) answers.push([i, f]);
    }
    col.mark("new-image", images);
    col.mark("new-channel", channels);
    product.mark("new-image", answers);
  }

  function goTo(row) {
    first = row;
    state.turn = false;
    drawPage();
    aim({ r: row, q: null });
  }

  // --- pointing ---

  function aim(change) {
    target = { ...target, ...change };
    light();
  }

  function pointCol(r, q) {
    if (!state.reverse) return aim({ r, q });
    const [n, y, x] = windowOf(r), { g, x: { shape: [, , H, width] } } = state;
    const c = Math.floor(q / (g.FH * g.FW)), p = q % (g.FH * g.FW);
    const i = y * g.stride[0] + Math.floor(p / g.FW) - g.pad[0][0];
    const j = x * g.stride[1] + (p % g.FW) - g.pad[1][0];
    if (i >= 0 && i < H && j >= 0 && j < width) pointPixel(n, c, i, j, false);
  }

  // The window whose middle is nearest to the pixel.
  function pointImage(n, c, i, j) {
    if (state.problem) return;
    const { g } = state;
    const near = (at, axis, window, places) => Math.max(0, Math.min(places - 1,
      Math.round((at + g.pad[axis][0] - (window - 1) / 2) / g.stride[axis])));
    const y = near(i, 0, g.FH, g.OH), x = near(j, 1, g.FW, g.OW);
    const row = y * g.stride[0] - g.pad[0][0], left = x * g.stride[1] - g.pad[1][0];
    const inside = i >= row && i < row + g.FH && j >= left && j < left + g.FW;
    const q = inside ? (c * g.FH + i - row) * g.FW + j - left : null;
    aim({ r: (n * g.OH + y) * g.OW + x, q });
  }

  function pointPixel(n, c, i, j, turn = true) {
    aimed = { n, c, i, j };
    state.turn = turn;
    light();
  }

  function choose() {
    set("place", [target.r, target.f]);
  }

  function step() {
    if (state.problem) return;
    if (!state.reverse) {
      aim({ r: (target.r + 1) % state.col.shape[0], q: null });
      return choose();
    }
    const [N, C, H, width] = state.x.shape, { n, c, i, j } = aimed;
    const next = (((n * C + c) * H + i) * width + j + 1) % (N * C * H * width);
    pointPixel(...place(next));
  }

  // Row r of col: image, and place of the window.
  function windowOf(r) {
    const { OH, OW } = state.g;
    return [Math.floor(r / (OH * OW)), Math.floor(r / OW) % OH, r % OW];
  }

  function light() {
    for (const panel of [images, col, filters, product, output, dx, counts])
      for (const kind of MARKS) panel.mark(kind, []);
    if (state.problem) {
      formula.textContent = note.textContent = "";
      return;
    }
    const [head, text, more] = state.reverse ? lightPixel() : lightRow();
    formula.replaceChildren(h("b", {}, head), ` ${text}`);
    note.textContent = more;
    view.say(`${head} ${text}`);
  }

  function lightRow() {
    const { g, x: { shape: [, C] }, FN, col: { shape: [, K] } } = state, { r, f, q } = target;
    if (r < first || r >= first + PAGE) { first = PAGE * Math.floor(r / PAGE); drawPage(); }
    const [n, y, z] = windowOf(r), each = (count, make) => Array.from({ length: count }, make);
    const top = y * g.stride[0] - g.pad[0][0], left = z * g.stride[1] - g.pad[1][0];
    const pixelOf = (k) => [n, Math.floor(k / (g.FH * g.FW)),
      top + Math.floor(k / g.FW) % g.FH, left + (k % g.FW)];
    images.mark("window", each(K, (_, k) => pixelOf(k)));
    col.mark("in-row", each(K, (_, k) => [r - first, k]));
    filters.mark("in-column", each(K, (_, k) => [k, f]));
    product.mark("here", [[r - first, f]]);
    product.mark("in-row", each(FN, (_, k) => [r - first, k]));
    output.mark("here", [[n, f, y, z]]);
    output.mark("window", each(FN, (_, k) => [n, k, y, z]).filter(([, k]) => k !== f));
    if (q !== null) {
      images.mark("here", [pixelOf(q)]);
      col.mark("here", [[r - first, q]]);
      filters.mark("here", [[q, f]]);
    }
    col.reach(r - first, q ?? 0);
    product.reach(r - first, f);
    const { rows, cols } = { rows: state.col.shape[0], cols: K };
    return [`output[${n}, ${f}, ${y}, ${z}] = product[${r}, ${f}]`,
      `= col[${r}] · filter ${f} = ${sumOf(r, f)}`,
      `Row ${r} of col is the window at (${y}, ${z}) of image ${n}${C > 1 ? ", all its channels one after the other" : ""}. `
      + `col: N·OH·OW = ${state.x.shape[0]}·${g.OH}·${g.OW} = ${rows} rows, `
      + `C·FH·FW = ${C}·${g.FH}·${g.FW} = ${cols} columns.`];
  }

  function sumOf(r, f) {
    const { col: { shape: [, K], data }, W, product: { data: answers }, FN } = state;
    const terms = Array.from({ length: K }, (_, q) =>
      `${inSum(data[r * K + q])}·${inSum(W.data[f * K + q])}`);
    const shown = K > 20 ? [...terms.slice(0, 18), `… (${K} products)`] : terms;
    return `${shown.join(" + ")} = ${short(answers[r * FN + f])}`;
  }

  // The cells of col that hold a pixel, in the order in which col2im writes them.
  function cellsOf(at) {
    const found = [];
    walk(state.x.shape, state.g, (r, q, k) => { if (k === at) found.push([r, q]); });
    return found;
  }

  function lightPixel() {
    const { n, c, i, j } = aimed, [, C, H, width] = state.x.shape;
    const k = ((n * C + c) * H + i) * width + j, cells = cellsOf(k);
    const onPage = () => cells.filter(([r]) => r >= first && r < first + PAGE);
    if (state.turn !== false && cells.length && !onPage().length) {
      first = PAGE * Math.floor(Math.min(...cells.map(([r]) => r)) / PAGE);
      drawPage();
    }
    const last = cells.at(-1);
    col.mark("window", onPage().map(([r, q]) => [r - first, q]));
    if (!state.add && last) col.mark("here", [[last[0] - first, last[1]]]);
    dx.mark("here", [[n, c, i, j]]);
    counts.mark("here", [[0, 0, i, j]]);
    return [`dx[${n}, ${c}, ${i}, ${j}]`, sumBack(k, cells), remark()];
  }

  function sumBack(k, cells) {
    const { col: { shape: [, K], data }, dx: { data: sums }, add } = state;
    if (!cells.length) return "= 0: no window reaches it";
    const values = cells.map(([r, q]) => data[r * K + q]);
    const list = values.length > 26 ? [...values.slice(0, 24).map(inSum), "…"] : values.map(inSum);
    const windows = values.length > 1 ? `${values.length} windows` : "1 window";
    if (add) return `= ${list.join(" + ")}${values.length > 1 ? ` = ${short(sums[k])}` : ""} (${windows})`;
    const lost = values.length - 1;
    return `= ${short(sums[k])}, written last. ` + (lost
      ? `${lost} of ${values.length} numbers ${lost > 1 ? "are" : "is"} lost: ${list.slice(0, -1).join(", ")}`
      : "Nothing is lost: only one window reaches it");
  }

  function remark() {
    const { add, dx: { data } } = state, wrong = wrongPixels().length, rows = get("rows");
    if (add && rows === "ones") return "Ones go back, so dx counts the windows: it is the overlap.";
    if (add && rows === "image") return "Each pixel comes back as often as it was copied: "
      + "pixel times overlap.";
    if (add) return "Each window sends its gradient back; where windows overlap, they add up.";
    if (rows === "image") return "With = this gives the image itself. It looks right: this is "
      + `how the bug hides. But ${wrong} pixels are not the sum: they have a corner.`;
    if (!wrong) return "The windows do not overlap here: = and += do the same. This is how the bug hides.";
    return `With = ${wrong} of ${data.length} pixels are wrong: they have a corner.`;
  }

  // --- editing ---

  function editImage(n, c, i, j, value) {
    const { x: { shape: [, C, H, width], data } } = state, copy = data.slice();
    copy[((n * C + c) * H + i) * width + j] = value;
    set("x", packed(get("x").shape, copy));
  }

  function editFilter(q, f, value) {
    const { W: { data }, FN } = state, copy = data.slice();
    copy[f * (data.length / FN) + q] = value;
    set("W", packed(get("W").shape, copy));
  }

  const redraw = onceAFrame(update);
  view.listen(["x", "W", "stride", "pad", "view", "rows", "accumulate"], redraw);
  view.listen(["place"], () => {
    const [r, f] = get("place");
    if (!state.problem) aim({ r: Math.min(r, state.col.shape[0] - 1), f: Math.min(f, state.FN - 1) });
  });
  view.onCleanup(redraw.cancel);
  update();
  return view.cleanup;
}
