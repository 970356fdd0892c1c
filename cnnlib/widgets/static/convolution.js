// ConvolutionExplorer: input, filter and output, and the arithmetic between them.

const mathematics = { span, outputSize, convolve, windowsPerPixel };

// Pixels from the first to the last point of a dilated window.
function span(window, dilation) { return dilation * (window - 1) + 1; }

function outputSize(size, window, stride, pad, dilation) {
  return Math.floor((size + 2 * pad - span(window, dilation)) / stride) + 1;
}

// x, W: {shape (C, H, W), data}. The answer of one filter: {shape: [OH, OW], data}.
function convolve(x, W, b, stride, pad, dilation) {
  const [C, H, width] = x.shape, [, FH, FW] = W.shape;
  const OH = outputSize(H, FH, stride, pad, dilation);
  const OW = outputSize(width, FW, stride, pad, dilation);
  const data = new Float64Array(Math.max(OH, 0) * Math.max(OW, 0));
  for (let y = 0; y < OH; y++)
    for (let z = 0; z < OW; z++) {
      let sum = b;
      for (let c = 0; c < C; c++)
        for (let i = 0; i < FH; i++) {
          const row = y * stride + i * dilation - pad;
          if (row < 0 || row >= H) continue;
          for (let j = 0; j < FW; j++) {
            const col = z * stride + j * dilation - pad;
            if (col >= 0 && col < width)
              sum += x.data[(c * H + row) * width + col] * W.data[(c * FH + i) * FW + j];
          }
        }
      data[y * OW + z] = sum;
    }
  return { shape: [OH, OW], data };
}

// How many windows use each pixel of an H x width image: 0 where none does.
function windowsPerPixel(H, width, FH, FW, stride, pad, dilation) {
  const along = (size, window) => {
    const counts = new Array(size).fill(0);
    const places = outputSize(size, window, stride, pad, dilation);
    for (let y = 0; y < places; y++)
      for (let i = 0; i < window; i++) {
        const at = y * stride + i * dilation - pad;
        if (at >= 0 && at < size) counts[at]++;
      }
    return counts;
  };
  const rows = along(H, FH), cols = along(width, FW);
  return rows.flatMap((row) => cols.map((col) => row * col));
}

const FILTERS = {
  identity: [0, 0, 0, 0, 1, 0, 0, 0, 0],
  blur: Array(9).fill(1 / 9),
  sharpen: [0, -1, 0, -1, 5, -1, 0, -1, 0],
  "Sobel: left to right": [-1, 0, 1, -2, 0, 2, -1, 0, 1],
  "Sobel: top to bottom": [-1, -2, -1, 0, 0, 0, 1, 2, 1],
  Laplacian: [0, 1, 0, 1, -4, 1, 0, 1, 0],
};

// An image or a filter with its channel axis: (H, W) counts as one channel.
function planes(value) {
  const { shape, data } = numbers(value);
  return { shape: shape.length === 2 ? [1, ...shape] : shape, data };
}

function render({ model, el }) {
  const view = frame(model, el, "Convolution explorer");
  let state = {};    // what follows from the traits
  let channel = 0;
  let target = { kind: "output", at: model.get("place") };

  const input = grid({ label: "Input", scale: "grey", edit: editInput,
    name: (i, j) => `input row ${i - state.pad}, column ${j - state.pad}`,
    point: (i, j) => i !== null && aim("input", i, j) });
  const filter = grid({ label: "Filter", edit: editFilter });
  const output = grid({ label: "Output", point: (i, j) => i !== null && aim("output", i, j),
    pick: (i, j) => choose([i, j]) });
  const tabs = h("div", {});
  const formula = h("div", { class: "formula" });
  const note = h("div", { class: "note" });

  const presets = menu("Filter", [["", "my own"], ...Object.keys(FILTERS).map((k) => [k, k])],
    (name) => name && setFilter(FILTERS[name]), "");
  view.add(
    h("div", { class: "controls" },
      slider(model, view, "stride", "Stride", 1, 5),
      slider(model, view, "pad", "Padding", 0, 5),
      slider(model, view, "dilation", "Dilation", 1, 4),
      presets, player(view, step)),
    tabs,
    h("div", { class: "stage" }, input.node, filter.node, output.node),
    formula, note);

  // --- from traits to pictures ---

  function update() {
    const x = planes(model.get("x")), W = planes(model.get("W"));
    const [stride, pad, dilation] = ["stride", "pad", "dilation"].map((n) => model.get(n));
    const out = convolve(x, W, model.get("b"), stride, pad, dilation);
    state = { x, W, b: model.get("b"), stride, pad, dilation, out,
      fits: out.shape[0] > 0 && out.shape[1] > 0 };
    channel = Math.min(channel, x.shape[0] - 1);
    drawTabs();
    drawInput();
    drawFilter();
    drawOutput();
    light();
  }

  function drawTabs() {
    const C = state.x.shape[0];
    if (tabs.count === C) return tabs.firstChild?.show(String(channel));
    tabs.count = C;
    const names = C === 3 ? ["red", "green", "blue"] : Array.from({ length: C }, (_, c) => c);
    const switchTo = (c) => { channel = Number(c); update(); };
    tabs.replaceChildren(...(C === 1 ? [] : [
      choice("Channel", names.map((n, c) => [String(c), String(n)]), String(channel), switchTo)]));
    tabs.className = C === 1 ? "" : "controls";
  }

  function drawInput() {
    const { x: { shape: [, H, width], data }, pad } = state;
    const rows = H + 2 * pad, cols = width + 2 * pad;
    const padded = new Float64Array(rows * cols);
    for (let i = 0; i < H; i++)
      padded.set(data.subarray((channel * H + i) * width, (channel * H + i + 1) * width),
        (i + pad) * cols + pad);
    input.show(padded, rows, cols,
      { border: pad, range: limits(data, "grey") });
    input.caption("Input ", small(pad ? `${H} × ${width}, with padding ${rows} × ${cols}`
      : `${H} × ${width}`));
  }

  function drawFilter() {
    const { W: { shape: [, FH, FW], data } } = state;
    const plane = data.subarray(channel * FH * FW, (channel + 1) * FH * FW);
    filter.show(plane, FH, FW, { range: limits(data, "signed") });
    filter.caption("Filter ", small(`${FH} × ${FW}, bias ${short(state.b)}`));
    const same = (values) => plane.length === 9 &&
      values.every((v, k) => Math.abs(v / state.W.shape[0] - plane[k]) < 1e-12);
    presets.select.value = Object.keys(FILTERS).find((name) => same(FILTERS[name])) ?? "";
  }

  function drawOutput() {
    const { out: { shape: [OH, OW], data }, fits } = state;
    output.node.hidden = !fits;
    view.warn(fits ? "" : whyNot());
    // A blurred photograph is still a photograph; edges have signs.
    const isImage = state.W.data.every((v) => v >= 0) && state.x.data.every((v) => v >= 0);
    if (fits) output.show(data, OH, OW, { scale: isImage ? "grey" : "signed" });
    output.caption("Output ", small(`${OH} × ${OW}`));
    note.replaceChildren(...sizes());
    input.mark("unseen", fits ? unseen() : []);
  }

  const small = (text) => h("small", {}, text);

  function axes() {
    const { x: { shape: [, H, width] }, W: { shape: [, FH, FW] } } = state;
    return [["Height", H, FH], ["Width", width, FW]];
  }

  function whyNot() {
    const { pad, dilation } = state;
    const [name, size, window] = axes().find(([, n, f]) => n + 2 * pad < span(f, dilation));
    const reach = dilation > 1 ? ` (reaching over ${span(window, dilation)} pixels)` : "";
    return `The filter${reach} does not fit. ${name}: ${size} + 2·${pad} − `
      + `${span(window, dilation)} < 0. Use less dilation, a smaller filter or more padding.`;
  }

  // (H + 2P − FH) / S + 1, filled in, with its floor.
  function sizes() {
    const { pad, stride, dilation } = state;
    const lines = axes().map(([name, size, window]) => {
      const reach = span(window, dilation), room = size + 2 * pad - reach;
      if (room < 0) return null;
      const rest = room % stride;
      const floor = rest ? `⌊${short(room / stride)}⌋` : `${room / stride}`;
      return `${name}: (${size} + 2·${pad} − ${reach}) / ${stride} + 1 = ${floor} + 1 = `
        + `${Math.floor(room / stride) + 1}` + (rest ? `, ${rest} left over` : "");
    }).filter(Boolean);
    const { x: { shape: [, H, width] }, W: { shape: [, FH, FW] } } = state;
    const missed = windowsPerPixel(H, width, FH, FW, stride, pad, dilation)
      .filter((count) => count === 0).length;
    return [lines.join("   ·   "), ...(state.fits && missed ? [h("br"),
      h("span", { class: "swatch unseen-swatch" }),
      `${missed} pixel${missed > 1 ? "s" : ""} that no window reaches`] : [])];
  }

  function unseen() {
    const { x: { shape: [, H, width] }, W: { shape: [, FH, FW] }, stride, pad, dilation } = state;
    return windowsPerPixel(H, width, FH, FW, stride, pad, dilation)
      .map((count, k) => (count ? null : [Math.floor(k / width) + pad, (k % width) + pad]))
      .filter(Boolean);
  }

  // --- pointing ---

  function aim(kind, i, j) {
    if (target.kind === kind && target.at[0] === i && target.at[1] === j) return;
    target = { kind, at: [i, j] };
    light();
  }

  function choose(at) {
    target = { kind: "output", at };
    model.set("place", at);
    model.save_changes();
    light();
  }

  function step() {
    const { out: { shape: [OH, OW] }, fits } = state;
    if (!fits) return;
    const [y, x] = target.kind === "output" ? target.at : model.get("place");
    const next = (Math.min(y, OH - 1) * OW + Math.min(x, OW - 1) + 1) % (OH * OW);
    choose([Math.floor(next / OW), next % OW]);
  }

  function light() {
    if (!state.fits) {
      for (const g of [input, filter, output]) { g.mark("window", []); g.mark("here", []); }
      formula.textContent = "";
      return;
    }
    if (target.kind === "output") lightWindow();
    else lightFed();
  }

  function lightWindow() {
    const { out: { shape: [OH, OW] }, W: { shape: [, FH, FW] }, stride, dilation } = state;
    const y = Math.min(target.at[0], OH - 1), x = Math.min(target.at[1], OW - 1);
    const points = [];
    for (let i = 0; i < FH; i++)
      for (let j = 0; j < FW; j++) points.push([y * stride + i * dilation, x * stride + j * dilation]);
    input.mark("window", points);
    input.mark("here", []);
    filter.mark("here", []);
    output.mark("window", []);
    output.mark("here", [[y, x]]);
    output.reach(y, x);
    const [head, sum] = products(y, x);
    formula.replaceChildren(h("b", {}, head), ` = ${sum}`);
    view.say(`${head} = ${sum}`);
  }

  // The outputs that a pixel feeds: where some filter point lies on it.
  function lightFed() {
    const { out: { shape: [OH, OW] }, W: { shape: [, FH, FW] }, stride, dilation, pad } = state;
    const [row, col] = target.at;
    const fed = [], points = [];
    for (let i = 0; i < FH; i++)
      for (let j = 0; j < FW; j++) {
        const y = (row - i * dilation) / stride, x = (col - j * dilation) / stride;
        if (!Number.isInteger(y) || !Number.isInteger(x)) continue;
        if (y >= 0 && y < OH && x >= 0 && x < OW) { fed.push([y, x]); points.push([i, j]); }
      }
    input.mark("window", []);
    input.mark("here", [[row, col]]);
    filter.mark("here", points);
    output.mark("here", []);
    output.mark("window", fed);
    const head = `input[${row - pad}, ${col - pad}]`;
    const text = fed.length
      ? `feeds ${fed.length} output${fed.length > 1 ? "s" : ""}, through the framed filter weights`
      : "feeds no output: no window reaches it";
    formula.replaceChildren(h("b", {}, head), ` ${text}`);
    view.say(`${head} ${text}`);
  }

  // The sum of products with the real numbers: ["output[0, 1]", "1·2 + ... = 7"].
  function products(y, x) {
    const { x: image, W, b, out, stride, pad, dilation } = state;
    const [C, H, width] = image.shape, [, FH, FW] = W.shape;
    const sums = [], terms = [];
    for (let c = 0; c < C; c++) {
      let sum = 0;
      for (let i = 0; i < FH; i++)
        for (let j = 0; j < FW; j++) {
          const row = y * stride + i * dilation - pad, col = x * stride + j * dilation - pad;
          const inside = row >= 0 && row < H && col >= 0 && col < width;
          const value = inside ? image.data[(c * H + row) * width + col] : 0;
          const weight = W.data[(c * FH + i) * FW + j];
          sum += value * weight;
          if (c === channel) terms.push(`${inSum(value)}·${inSum(weight)}`);
        }
      sums.push(sum);
    }
    const shown = terms.length > 26 ? [...terms.slice(0, 24), `… (${terms.length} products)`] : terms;
    const total = `${b ? ` + ${inSum(b)}` : ""} = ${short(out.data[y * out.shape[1] + x])}`;
    const head = `output[${y}, ${x}]`;
    if (C === 1) return [head, shown.join(" + ") + total];
    return [head, `${sums.map(inSum).join(" + ")}${total}   (channel ${channel}: `
      + `${shown.join(" + ")} = ${short(sums[channel])})`];
  }

  // --- editing ---

  function editInput(i, j, value) {
    const { x: { shape: [, H, width], data }, pad } = state;
    const copy = data.slice();
    copy[(channel * H + i - pad) * width + j - pad] = value;
    model.set("x", packed(model.get("x").shape, copy));
    model.save_changes();
  }

  function editFilter(i, j, value) {
    const { W: { shape: [, FH, FW], data } } = state;
    const copy = data.slice();
    copy[(channel * FH + i) * FW + j] = value;
    model.set("W", packed(model.get("W").shape, copy));
    model.save_changes();
  }

  // A filter of the menu looks at every channel, and takes the mean of their answers.
  function setFilter(nine) {
    const C = state.x.shape[0];
    const data = Array.from({ length: C }, () => nine.map((v) => v / C)).flat();
    const flat = model.get("W").shape.length === 2;
    model.set("W", packed(flat ? [3, 3] : [C, 3, 3], data));
    model.save_changes();
  }

  const redraw = onceAFrame(update);
  view.listen(["x", "W", "b", "stride", "pad", "dilation"], redraw);
  view.listen(["place"], () => { target = { kind: "output", at: model.get("place") }; light(); });
  view.onCleanup(redraw.cancel);
  update();
  return view.cleanup;
}
