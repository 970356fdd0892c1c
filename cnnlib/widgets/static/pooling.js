// PoolingExplorer: the winner of each window, a shifted image, and the way back.

const mathematics = { pool, unpool, shifted, same, sizes };

function render({ model, el }) {
  const view = frame(model, el, "Pooling explorer");
  let state = {};
  let target = { kind: "window", at: model.get("place") };
  const get = (name) => model.get(name);
  const set = (name, value) => { model.set(name, value); model.save_changes(); };

  // --- the page ---

  const aimAt = (kind) => (i, j) => i !== null && aim(kind, i, j);
  const inPixels = (what) => (i, j) =>
    `${what} row ${i - (state.margin ?? 0)}, column ${j - (state.margin ?? 0)}`;
  const input = grid({ label: "Input", scale: "grey", edit: editInput, name: inPixels("input"),
    point: (i, j) => i !== null && aim("pixel", i - state.margin, j - state.margin) });
  const output = grid({ label: "Output", scale: "grey", side: 300,
    point: aimAt("window"), pick: choose });
  const before = grid({ label: "Before the shift", scale: "grey", side: 300,
    point: aimAt("window"), pick: choose });
  const dout = grid({ label: "dout", side: 300, point: aimAt("window"), edit: editDout });
  const dx = grid({ label: "dx", point: aimAt("pixel") });
  const formula = h("div", { class: "formula" });
  const note = h("div", { class: "note" });
  const ways = choice("Show", [["forward", "forward"], ["backward", "backward"]], get("view"),
    (value) => { set("view", value); update(); });
  const kinds = choice("Keep", [["max", "the largest"], ["average", "the mean"]], get("kind"),
    (value) => { set("kind", value); update(); });
  const sources = h("div", { class: "buttons" },
    button("All 1", "dout: 1 for every output", () => { set("dout", null); update(); }),
    button("Only this one", "dout: 1 for the framed output, 0 for all others", onlyOne));
  view.add(
    h("div", { class: "controls" }, kinds,
      slider(model, view, "window", "Window", 1, 5),
      slider(model, view, "stride", "Stride", 1, 5),
      slider(model, view, "pad", "Padding", 0, 4)),
    h("div", { class: "controls" }, shiftButtons(), ways, sources, player(view, step)),
    h("div", { class: "stage" }, input.node, output.node, before.node, dout.node, dx.node),
    formula, note);

  function shiftButtons() {
    const move = (down, right) => () => {
      const [H, width] = state.x.shape, [y, x] = get("shift");
      set("shift", [(y + down) % H, (x + right) % width]);
      update();
    };
    const moves = { ArrowLeft: ["←", "left", 0, -1], ArrowUp: ["↑", "up", -1, 0],
      ArrowDown: ["↓", "down", 1, 0], ArrowRight: ["→", "right", 0, 1] };
    const keys = Object.entries(moves).map(([key, [text, name, ...by]]) =>
      Object.assign(button(text, `Shift the input ${name} by one pixel`, move(...by)), { key }));
    const back = button("Undo", "Undo the shift", () => { set("shift", [0, 0]); update(); });
    const group = h("div", { class: "control", role: "group", "aria-label": "Shift the input" },
      h("label", {}, "Shift"), h("div", { class: "buttons" }, ...keys, back));
    group.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
      const chosen = keys.find((node) => node.key === event.key);
      if (!chosen) return;
      event.preventDefault();
      chosen.focus();
      chosen.click();
    });
    return group;
  }

  // --- from traits to pictures ---

  function update() {
    const x = numbers(get("x")), kind = get("kind"), [down, right] = get("shift");
    const [window, stride, pad] = ["window", "stride", "pad"].map(get);
    const g = sizes(...x.shape, window, window, stride, pad);
    state = { x, kind, g, pad, margin: pad, fits: !g.problem, backward: get("view") === "backward" };
    state.image = shifted(x, down, right);
    state.moved = down !== 0 || right !== 0;
    if (state.fits) compute();
    view.warn(g.problem ?? "");
    ways.show(get("view"));
    kinds.show(kind);
    for (const [panel, shown] of [[output, !state.backward], [before, !state.backward && state.moved],
      [dout, state.backward], [dx, state.backward]]) panel.node.hidden = !shown || !state.fits;
    sources.hidden = !state.backward;
    drawInput();
    if (state.fits) drawRest();
    light();
  }

  function compute() {
    const { x, image, g, kind } = state;
    state.pooled = pool(image, g, kind);
    state.first = pool(x, g, kind);
    state.stayed = same(state.pooled.data, state.first.data);
    const given = get("dout") && numbers(get("dout"));
    const good = given && given.shape[0] === g.OH && given.shape[1] === g.OW;
    if (given && !good) set("dout", null);  // the output has another size now
    state.dout = good ? given.data : new Float64Array(g.OH * g.OW).fill(1);
    state.dx = unpool(state.dout, state.pooled, image.shape, g, kind);
  }

  const small = (text) => h("small", {}, text);
  const cellOf = (at) => [Math.floor(at / state.x.shape[1]), at % state.x.shape[1]];
  const paddedCell = (at) => cellOf(at).map((k) => k + state.margin);

  function drawInput() {
    const { image: { shape: [H, width], data }, pad, kind, moved } = state;
    const rows = H + 2 * pad, cols = width + 2 * pad;
    const padded = new Float64Array(rows * cols).fill(kind === "max" ? -Infinity : NaN);
    for (let i = 0; i < H; i++)
      padded.set(data.subarray(i * width, (i + 1) * width), (i + pad) * cols + pad);
    const digits = (v) => (v === -Infinity ? "−∞" : Number.isNaN(v) ? "·" : short(v));
    input.show(padded, rows, cols,
      { border: pad, range: limits(data, "grey"), digits });
    input.caption(moved ? "Shifted input " : "Input ", small(`${H} × ${width}`
      + (pad ? `, padding ${kind === "max" ? "never wins" : "is not counted"}` : "")));
  }

  function drawRest() {
    const { g: { OH, OW }, image, x, pooled, first, stayed, kind, moved } = state;
    const range = limits(x.data, "grey"), size = `${OH} × ${OW}`;
    output.show(pooled.data, OH, OW, { range });
    before.show(first.data, OH, OW, { range });
    dout.show(state.dout, OH, OW);
    dx.show(state.dx, ...image.shape);
    const count = stayed.filter(Boolean).length;
    output.caption("Output ", small(moved ? `${count} of ${stayed.length} stayed the same` : size));
    before.caption("Before the shift ", small("the same windows"));
    dout.caption("dout ", small(`${size}: the gradient that comes back`));
    dx.caption("dx ", small("where it goes"));
    input.mark("winner", kind === "max" ? Array.from(pooled.winner, paddedCell) : []);
    output.mark("changed", stayed.flatMap((kept, k) =>
      (kept ? [] : [[Math.floor(k / OW), k % OW]])));
    note.replaceChildren(...remarks(count));
  }

  function remarks(count) {
    const { image, x, stayed, moved, kind, g, backward } = state;
    const lines = [];
    if (moved) {
      const pixels = same(image.data, x.data).filter(Boolean).length;
      const part = (n, all) => `${n} of ${all} (${Math.round((100 * n) / all)} %)`;
      lines.push(`Shifted: ${part(pixels, x.data.length)} of the input stayed the same, and `
        + `${part(count, stayed.length)} of the output. Changed outputs have a corner.`);
    }
    if (kind === "max")
      lines.push("Ringed: the winner of its window. Of equal numbers the first one wins, "
        + "row by row, as in cnnlib.Pooling.");
    if (g.stride[0] < g.FH) lines.push("The windows overlap: a pixel can win several times.");
    if (backward) lines.push(`Sum of dout: ${short(total(state.dout))}, sum of dx: `
      + `${short(total(state.dx))}. Nothing is lost on the way back.`);
    return lines.flatMap((line, k) => (k ? [h("br"), line] : [line]));
  }

  const total = (values) => values.reduce((sum, value) => sum + value, 0);

  // --- pointing ---

  function aim(kind, i, j) {
    if (target.kind === kind && target.at[0] === i && target.at[1] === j) return;
    target = { kind, at: [i, j] };
    light();
  }

  function choose(i, j) {
    target = { kind: "window", at: [i, j] };
    set("place", [i, j]);
    light();
  }

  function step() {
    if (!state.fits) return;
    const { OH, OW } = state.g;
    const [y, x] = target.kind === "window" ? target.at : get("place");
    const next = (Math.min(y, OH - 1) * OW + Math.min(x, OW - 1) + 1) % (OH * OW);
    choose(Math.floor(next / OW), next % OW);
  }

  function light() {
    for (const panel of [input, output, before, dout, dx])
      for (const kind of ["window", "here"]) panel.mark(kind, []);
    if (!state.fits) return formula.replaceChildren();
    const [head, text] = target.kind === "window" ? lightWindow() : lightPixel();
    formula.replaceChildren(h("b", {}, head), ` ${text}`);
    view.say(`${head} ${text}`);
  }

  function lightWindow() {
    const { g, margin, image, pooled, backward } = state;
    const y = Math.min(target.at[0], g.OH - 1), x = Math.min(target.at[1], g.OW - 1);
    const k = y * g.OW + x;
    const cells = [];
    for (let i = 0; i < g.FH; i++)
      for (let j = 0; j < g.FW; j++) cells.push([y * g.stride[0] + i, x * g.stride[1] + j]);
    input.mark("window", cells);
    if (state.kind === "max") input.mark("here", [paddedCell(pooled.winner[k])]);
    for (const panel of [output, before, dout]) { panel.mark("here", [[y, x]]); panel.reach(y, x); }
    const takers = state.kind === "max" ? [pooled.winner[k]] : pixelsOf(image.shape, g, k);
    dx.mark("window", takers.map(cellOf));
    return backward ? sent(y, x, k) : kept(y, x, k);
  }

  const pixel = (at) => `input[${cellOf(at).join(", ")}]`;

  function kept(y, x, k) {
    const { g, image, pooled, kind } = state;
    const values = pixelsOf(image.shape, g, k).map((at) => image.data[at]);
    const list = (join, write) => (values.length > 26
      ? [...values.slice(0, 24).map(write), "…"] : values.map(write)).join(join);
    const head = `output[${y}, ${x}]`, result = short(pooled.data[k]);
    if (kind === "average")
      return [head, `= (${list(" + ", inSum)}) / ${values.length} = ${result}`];
    const times = values.filter((value) => value === pooled.data[k]).length;
    const tie = times > 1 ? `. ${result} stands there ${times} times: the first one wins` : "";
    return [head, `= max(${list(", ", short)}) = ${result}, the winner is `
      + `${pixel(pooled.winner[k])}${tie}`];
  }

  function sent(y, x, k) {
    const { pooled, kind } = state;
    const head = `dout[${y}, ${x}] = ${short(state.dout[k])}`;
    if (kind === "max") return [head, `goes whole to the winner, ${pixel(pooled.winner[k])}`];
    const n = pooled.real[k];
    return [head, `is shared by ${n} pixel${n > 1 ? "s" : ""}: ${short(state.dout[k])} / ${n} = `
      + `${short(state.dout[k] / n)} each`];
  }

  function lightPixel() {
    const { g, x: { shape: [H, width] }, image, pooled, kind, margin } = state;
    const i = Math.min(Math.max(target.at[0], 0), H - 1);
    const j = Math.min(Math.max(target.at[1], 0), width - 1), at = i * width + j;
    const seen = [], won = [];
    for (let k = 0; k < pooled.data.length; k++) {
      const y = Math.floor(k / g.OW), x = k % g.OW;
      const row = i + g.pad[0][0] - y * g.stride[0], col = j + g.pad[1][0] - x * g.stride[1];
      if (row < 0 || row >= g.FH || col < 0 || col >= g.FW) continue;
      seen.push(k);
      if (pooled.winner[k] === at) won.push(k);
    }
    const counted = kind === "max" ? won : seen;
    input.mark("here", [[i + margin, j + margin]]);
    dx.mark("here", [[i, j]]);
    for (const panel of [output, before, dout])
      panel.mark("window", counted.map((k) => [Math.floor(k / g.OW), k % g.OW]));
    return state.backward ? collected(at, counted) : sees(at, seen, won, image);
  }

  function sees(at, seen, won, image) {
    const head = `${pixel(at)} = ${short(image.data[at])}`;
    const windows = (n) => (n === 1 ? "1 window" : `${n} windows`);
    if (!seen.length) return [head, "lies in no window"];
    if (state.kind === "average") return [head, `counts in ${windows(seen.length)}`];
    return [head, `lies in ${windows(seen.length)} and wins ${won.length || "none"}`];
  }

  function collected(at, counted) {
    const { dout: back, pooled, kind, g } = state;
    const head = `dx[${cellOf(at).join(", ")}]`;
    if (!counted.length)
      return [head, `= 0, because it ${kind === "max" ? "wins" : "lies in"} no window`];
    const terms = counted.map((k) => `dout[${Math.floor(k / g.OW)}, ${k % g.OW}]`
      + (kind === "max" ? "" : ` / ${pooled.real[k]}`));
    const values = counted.map((k) => inSum(kind === "max" ? back[k] : back[k] / pooled.real[k]));
    const sum = values.length > 1 ? ` = ${values.join(" + ")}` : "";
    return [head, `= ${terms.join(" + ")}${sum} = ${short(state.dx[at])}`];
  }

  // --- editing ---

  // The cell shows a shifted pixel: write to where it stands in x.
  function editInput(i, j, value) {
    const { x: { shape: [H, width], data }, margin } = state, [down, right] = get("shift");
    const from = (k, by, size) => (((k - by) % size) + size) % size;
    const copy = data.slice();
    copy[from(i - margin, down, H) * width + from(j - margin, right, width)] = value;
    set("x", packed([H, width], copy));
  }

  function editDout(i, j, value) {
    const copy = state.dout.slice();
    copy[i * state.g.OW + j] = value;
    set("dout", packed([state.g.OH, state.g.OW], copy));
  }

  function onlyOne() {
    if (!state.fits) return;
    const { OH, OW } = state.g, [y, x] = target.kind === "window" ? target.at : get("place");
    const one = new Float64Array(OH * OW);
    one[Math.min(y, OH - 1) * OW + Math.min(x, OW - 1)] = 1;
    set("dout", packed([OH, OW], one));
    update();
  }

  const redraw = onceAFrame(update);
  view.listen(["x", "window", "stride", "pad", "kind", "shift", "dout", "view"], redraw);
  view.listen(["place"], () => { target = { kind: "window", at: get("place") }; light(); });
  view.onCleanup(redraw.cancel);
  update();
  return view.cleanup;
}
