// ShapeCalculator: a table of rows to edit, and the receptive field on the image.

const mathematics = { layerTable, kinds, addRow, removeRow, moveRow, setKind, setField, rename };

const COLUMNS = [["window", "Window"], ["stride", "Stride"], ["pad", "Pad"],
  ["dilation", "Dilation"], ["groups", "Groups"]];
const MOST = 4096;  // the largest number that can be typed for a length
const LENGTHS = ["window", "stride", "pad", "dilation"];

// Columns that are shown only if somebody needs them.
const seldom = (name) => (["Dilation", "Groups"].includes(name) ? "seldom" : name === "Sees" ? "sees" : "");

function render({ model, el }) {
  const view = frame(model, el, "Shape calculator");
  const get = (name) => model.get(name);
  const started = get("stack");
  let lines = [], places = [], built = "", pointed = null, wide = false;

  // --- the page ---

  const loads = [started, ...get("catalogue").filter(({ name }) => name !== started.name),
    { name: "an empty stack", input: [1, 28, 28], rows: [] }];
  const load = menu("Load", [["", "choose…"], ...loads.map(({ name }, k) => [String(k), name])],
    (k) => { if (k !== "") change(loads[Number(k)]); load.select.value = ""; }, "");
  const sizes = ["Channels", "Height", "Width"].map((label, axis) => number(`Input ${label}`, (value) => {
    const input = [...get("stack").input];
    input[axis] = value;
    const trouble = orProblem(() => { whole(value, "input_dim", 1); atMost(value, "input_dim"); });
    if (trouble) return refuse(trouble.problem);
    change({ ...get("stack"), input });
  }));
  const body = h("tbody", {}), total = h("tr", { class: "total" });
  const heads = ["Row", "Name", "Kind", "Filters, units", ...COLUMNS.map(([, text]) => text),
    "Output", "Parameters", "Multiply-adds", "Sees"];
  const table = h("table", { class: "stack" }, h("thead", {}, h("tr", {},
    ...heads.map((text) => h("th", { scope: "col", class: seldom(text) }, text)))), body, h("tfoot", {}, total));
  const more = button("Dilation, groups", "Show the columns for dilation and groups",
    () => { wide = !wide; update(); });
  const canvas = h("canvas", { role: "img", width: 360, height: 360 });
  const about = h("div", { class: "about" });
  const kind = menu("New row", CHOICES.map((name) => [name, name]), () => {}, "convolution");
  const add = button("Add below", "Add a row of this kind below the chosen row", addBelow);
  view.add(
    h("div", { class: "controls" }, load,
      h("div", { class: "control" }, h("label", {}, "Input"), sizes[0], "×", sizes[1], "×", sizes[2]),
      kind, add, more),
    h("div", { class: "calculator" }, h("div", {}, h("div", { class: "scroller" }, table),
      h("div", { class: "panel seen" }, h("div", { class: "caption" }, "Receptive field"),
        canvas, about))));

  // A field for a number; `act(value)` gets null if it is empty.
  function number(label, act) {
    const input = h("input", { type: "number", "aria-label": label, min: 0, step: 1 });
    input.addEventListener("input", () => act(input.value === "" ? null : Number(input.value)));
    input.addEventListener("blur", () => { if (document.contains(input)) fill(); });
    return input;
  }

  function atMost(value, name) {
    if (value > MOST) throw new Error(`${name} is ${value}; up to ${MOST} can be drawn here.`);
  }

  const refuse = (text) => view.warn(text);

  // --- from the stack to the table ---

  function change(stack) {
    model.set("stack", stack);
    model.save_changes();
    update();
  }

  function update() {
    const stack = get("stack");
    lines = layerTable(stack);
    view.warn("");
    const shape = JSON.stringify(stack.rows.map((row) => [row.kind, row.after, row.sees, row.bias,
      ...[["filters"], ["units"], ...COLUMNS].map(([field]) => canEdit(row, field))]));
    if (shape !== built) rebuild(stack, shape);
    fill();
    draw();
  }

  function rebuild(stack, shape) {
    const focused = body.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    built = shape;
    places = stack.rows.map((row, at) => makeRow(row, at, stack.rows.length));
    body.replaceChildren(...places.flatMap(({ row, words }) => [row, words]));
    if (focused) body.querySelector(`[data-key="${focused}"]`)?.focus();
  }

  function makeRow(row, at, count) {
    const fields = {};
    const cell = (field, label) => {
      const td = h("td", { class: seldom(label) });
      if (!(field in (FIELDS[row.kind] ?? {}))) return td;
      if (!canEdit(row, field)) return td.append(plainText(row[field])), td;
      fields[field] = number(`${label} of row ${at + 1}`, (value) => type(at, field, value));
      fields[field].dataset.key = `${at} ${field}`;
      td.append(fields[field]);
      return td;
    };
    const name = h("input", { type: "text", class: "name", "aria-label": `Name of row ${at + 1}` });
    name.dataset.key = `${at} name`;
    name.addEventListener("change", () => renamed(at, name));
    const results = ["shape", "parameters", "adds", "sees"].map((name) => h("td", { class: `result ${name}` }));
    const words = h("tr", { class: "words" }, h("td", { colspan: heads.length }));
    const amount = row.kind === "affine" || row.kind === "rbf" ? "units" : "filters";
    const node = h("tr", {}, h("td", { class: "moves" }, ...moves(at, count)), h("td", {}, name),
      h("td", {}, kindOf(row, at), h("small", {}, extras(row))),
      cell(amount, amount === "units" ? "Units" : "Filters"),
      ...COLUMNS.map(([field, label]) => cell(field, label)), ...results);
    for (const one of [node, words]) {
      one.addEventListener("pointerenter", () => point(at));
      one.addEventListener("focusin", () => select(at));
    }
    return { row: node, words, fields, name, results };
  }

  function moves(at, count) {
    const small = (text, title, act, off, key) => {
      const node = button(text, title, act);
      node.dataset.key = key;
      node.disabled = off;
      return node;
    };
    const go = (by) => () => {
      change(moveRow(get("stack"), at, by));
      const keys = by < 0 ? ["up", "down"] : ["down", "up"];  // at the end one is off
      focusOn(keys.map((key) => `${at + by} ${key}`));
    };
    return [small("↑", `Move row ${at + 1} up`, go(-1), at === 0, `${at} up`),
      small("↓", `Move row ${at + 1} down`, go(1), at === count - 1, `${at} down`),
      small("✕", `Remove row ${at + 1}`, () => {
        change(removeRow(get("stack"), at));
        focusOn([`${at} remove`, `${at - 1} remove`]);
      }, false, `${at} remove`)];
  }

  // Go on where the keys were: to the first of these buttons that is there and on.
  function focusOn(keys) {
    const found = keys.map((key) => body.querySelector(`[data-key="${key}"]:enabled`));
    (found.find(Boolean) ?? add).focus();
  }

  function kindOf(row, at) {
    if (!CHOICES.includes(row.kind)) return h("span", { class: "fixed" }, row.kind);
    const node = h("select", { "aria-label": `Kind of row ${at + 1}`,
      onchange: () => change(setKind(get("stack"), at, node.value)) },
    ...CHOICES.map((name) => h("option", { value: name, selected: name === row.kind }, name)));
    node.dataset.key = `${at} kind`;
    return node;
  }

  // Write the numbers; a field in which somebody types is left alone.
  function fill() {
    const stack = get("stack");
    const put = (input, value) => {
      if (input !== document.activeElement) input.value = value ?? "";
    };
    const longest = stack.rows.reduce((most, { name }) => Math.max(most, name.length), 7);
    table.style.setProperty("--letters", Math.min(longest, 16));
    sizes.forEach((input, axis) => put(input, stack.input[axis]));
    stack.rows.forEach((row, at) => {
      const { fields, name, results, words, row: node } = places[at], line = lines[at];
      put(name, row.name);
      for (const [field, input] of Object.entries(fields)) {
        put(input, valueOf(row, field));
        input.placeholder = field === "stride" ? (row.kind === "convolution" ? "1" : row.window ?? "") : "";
      }
      const good = !line.problem;
      const texts = good ? [line.shape.join(" × "), nonzero(line.parameters),
        nonzero(line.multiplyAdds), line.sees.join(" × ")] : ["—", "", "", ""];
      results.forEach((td, k) => { td.textContent = texts[k]; });
      node.classList.toggle("impossible", !good);
      words.hidden = good && !line.note;
      words.firstChild.textContent = good ? (line.note && `Note: ${line.note}`) : `⚠ ${line.problem}`;
      words.classList.toggle("impossible", !good);
    });
    const sum = (name) => grouped(lines.reduce((all, line) => all + (line[name] ?? 0), 0));
    const open = wide || stack.rows.some(({ dilation, groups }) => dilation || groups);
    table.classList.toggle("few", !open);
    more.setAttribute("aria-pressed", open);
    more.disabled = open && !wide;
    total.replaceChildren(
      h("th", { colspan: heads.length - (open ? 3 : 5), scope: "row" }, "Total"),
      h("td", {}, sum("parameters")), h("td", {}, sum("multiplyAdds")), h("td", { class: "sees" }));
  }

  const nonzero = (value) => (value ? grouped(value) : "");

  // --- editing ---

  function type(at, field, value) {
    const trouble = LENGTHS.includes(field) && value !== null
      && orProblem(() => atMost(value, field));
    if (trouble) return refuse(trouble.problem);
    change(setField(get("stack"), at, field, value));
  }

  function renamed(at, input) {
    const name = input.value.trim(), stack = name && rename(get("stack"), at, name);
    if (stack) return change(stack);
    input.value = get("stack").rows[at].name;
    refuse(name ? `two rows are called '${name}' (the image is 'input'): give each row a name of its own.`
      : "A row needs a name.");
  }

  function addBelow() {
    const at = chosen();
    change(addRow(get("stack"), at, kind.select.value));
    select(at + 1);
  }

  // --- the receptive field ---

  // The row that was chosen, else the last one; -1 if there is none.
  function chosen() {
    const at = get("stack").rows.findIndex(({ name }) => name === get("selected"));
    return at < 0 ? get("stack").rows.length - 1 : at;
  }

  function select(at) {
    pointed = null;
    model.set("selected", get("stack").rows[at]?.name ?? "");
    model.save_changes();
    draw();
  }

  function point(at) {
    pointed = at;
    draw();
  }

  function draw() {
    const stack = get("stack"), at = pointed !== null && pointed < stack.rows.length ? pointed : chosen();
    places.forEach(({ row }, k) => row.classList.toggle("chosen", k === at));
    const line = lines[at];
    const words = !line ? "The stack is empty: add a row."
      : line.problem ? `${stack.rows[at].name}: ${line.problem}` : sight(stack, stack.rows[at], line);
    about.textContent = words;
    canvas.setAttribute("aria-label", words);
    view.say(words);
    paint(stack.input, line?.problem ? null : line?.view);
  }

  function sight(stack, { name }, line) {
    const [top, left, height, width] = line.view, [, H, W] = stack.input;
    const [rows, cols] = line.sees;
    const middle = line.shape.length > 1
      ? `The output in the middle of ${name}` : `Every output of ${name}`;
    if (!height || !width) return `${middle} sees nothing but padding.`;
    const all = height === H && width === W ? "the whole image"
      : `rows ${top} to ${top + height - 1} and columns ${left} to ${left + width - 1}`;
    const beyond = rows > height || cols > width ? `, the rest is beyond the border` : "";
    return `${middle} sees ${all}: ${height} × ${width} of ${H} × ${W} pixels. `
      + `Receptive field ${rows} × ${cols}${beyond}. `
      + (line.shape.length > 1 ? `Neighbours look ${line.step} pixel${line.step > 1 ? "s" : ""} further on.` : "");
  }

  function paint([, H, W], seen) {
    const brush = canvas.getContext("2d"), style = getComputedStyle(view.root);
    const colour = (name) => style.getPropertyValue(name).trim();
    const size = canvas.width, unit = (size - 8) / Math.max(H, W);
    const left = (size - unit * W) / 2, top = (size - unit * H) / 2;
    brush.clearRect(0, 0, size, size);
    brush.fillStyle = colour("--raised");
    brush.fillRect(left, top, unit * W, unit * H);
    picture(brush, left, top, unit, H, W);
    brush.strokeStyle = colour("--line");
    brush.lineWidth = 1;
    if (unit >= 6) for (let k = 0; k <= Math.max(H, W); k++) {
      if (k <= W) brush.strokeRect(left + k * unit, top, 0, unit * H);
      if (k <= H) brush.strokeRect(left, top + k * unit, unit * W, 0);
    }
    brush.strokeRect(left, top, unit * W, unit * H);
    if (!seen || !seen[2] || !seen[3]) return;
    const box = [left + seen[1] * unit, top + seen[0] * unit, seen[3] * unit, seen[2] * unit];
    brush.globalAlpha = 0.28;
    brush.fillStyle = colour("--positive");
    brush.fillRect(...box);
    brush.globalAlpha = 1;
    brush.lineWidth = 5;
    brush.strokeStyle = colour("--surface");
    brush.strokeRect(...box);
    brush.lineWidth = 3;
    brush.strokeStyle = colour("--positive");
    brush.strokeRect(...box);
  }

  // The reader's own image, if it has the size of the input.
  function picture(brush, left, top, unit, H, W) {
    const given = get("image") && numbers(get("image"));
    if (!given || given.shape.at(-2) !== H || given.shape.at(-1) !== W) return;
    const C = given.data.length / (H * W), [low, high] = limits(given.data, "grey");
    const level = (c, k) => Math.round(255 * (given.data[c * H * W + k] - low) / (high - low));
    for (let k = 0; k < H * W; k++) {
      const rgb = C === 3 ? [0, 1, 2].map((c) => level(c, k)) : Array(3).fill(level(0, k));
      brush.fillStyle = `rgb(${rgb.join(" ")})`;
      brush.fillRect(left + (k % W) * unit, top + Math.floor(k / W) * unit, unit + 0.5, unit + 0.5);
    }
  }

  table.addEventListener("pointerleave", () => { pointed = null; draw(); });
  view.listen(["stack"], update);
  view.listen(["selected", "image"], draw);
  view.whenShown(draw);
  update();
  return view.cleanup;
}
