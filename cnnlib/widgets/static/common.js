// What every widget of the course shares: small helpers, numbers, controls.
//
// The files of this folder hold plain functions, no imports: cnnlib/widgets/base.py joins
// those that a widget names into one module, so that nothing is ever fetched.

// --- elements ---------------------------------------------------------------------------

// Make an element: h("button", {class: "x", onclick: f}, "text", child...).
function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child != null));
  return node;
}

let made = 0;
const own = Math.random().toString(36).slice(2, 8);
// A fresh id, for labels and radio buttons. A page may hold many widgets, and in JupyterLab
// each kind is a module of its own, with its own counter.
const freshId = (name) => `cnnlib-${own}-${name}-${++made}`;

// Call `draw` once in the next frame, however often it was asked for.
function onceAFrame(draw) {
  let waiting = 0;
  const ask = () => {
    if (!waiting) waiting = requestAnimationFrame(() => { waiting = 0; draw(); });
  };
  ask.cancel = () => cancelAnimationFrame(waiting);
  return ask;
}

// --- numbers ----------------------------------------------------------------------------

// Read a synced array: {shape, data: DataView of float64} -> {shape, data: Float64Array}.
function numbers(value) {
  const view = value.data;
  const bytes = view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
  return { shape: value.shape, data: new Float64Array(bytes) };
}

// Make a synced array of numbers, the other way round.
const packed = (shape, data) =>
  ({ shape: [...shape], data: new DataView(Float64Array.from(data).buffer) });

// Write a number as short as it is still true: three significant digits, a real minus.
function short(value) {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  let text;
  if (size === 0) text = "0";
  else if (size >= 1e5 || size < 1e-3) text = value.toExponential(1);
  else if (Number.isInteger(value)) text = String(value);
  else text = String(Number(value.toPrecision(size >= 100 ? 4 : 3)));
  return text.replace("-", "−");
}

// Write a number inside a sum: negative numbers in brackets.
const inSum = (value) => (value < 0 ? `(${short(value)})` : short(value));

// Group the digits of a whole number: 138357544 -> 138,357,544.
const grouped = (value) => String(value).replace(/\B(?=(\d{3})+$)/g, ",");

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

// --- the frame of a widget ----------------------------------------------------------------

// Build the root of a widget. Returns what a widget file needs:
//   root, say(text) for screen readers, warn(text) in place, listen(names, f),
//   whenShown(f), onCleanup(f)
function frame(model, el, title) {
  const spoken = h("div", { class: "spoken", "aria-live": "polite" });
  const warning = h("div", { class: "warning", role: "alert", hidden: true });
  const names = ["cnnlib", ...model.get("sheets")].join(" ");
  const root = h("section", { class: names, "aria-label": title, tabindex: "-1" });
  root.addEventListener("keydown", keepPlainKeys);
  root.append(warning, spoken);
  el.append(root);
  const ends = [() => root.remove()];
  return {
    root,
    add: (...nodes) => warning.before(...nodes),
    say: (text) => { if (spoken.textContent !== text) spoken.textContent = text; },
    warn: (text) => {
      warning.hidden = !text;
      if (warning.textContent !== text) warning.textContent = text;
    },
    listen: (names, f) => {
      for (const name of names) {
        model.on(`change:${name}`, f);
        ends.push(() => model.off(`change:${name}`, f));
      }
    },
    // A canvas takes its colours from the page: it is drawn again once it stands there.
    whenShown: (draw) => {
      let shown = false;
      const watch = new ResizeObserver(([{ contentRect }]) => {
        if (contentRect.width && !shown) draw();
        shown = contentRect.width > 0;
      });
      watch.observe(root);
      ends.push(() => watch.disconnect());
    },
    onCleanup: (f) => ends.push(f),
    cleanup: () => ends.forEach((end) => end()),
  };
}

// JupyterLab would take arrows, Enter and letters for its own; shortcuts stay with Lab.
function keepPlainKeys(event) {
  const shortcut = event.ctrlKey || event.metaKey || event.altKey;
  const typing = event.target.matches("input, select, textarea");
  if (!shortcut && (!event.shiftKey || (typing && event.key.length === 1)))
    event.stopPropagation();
}

// --- controls -----------------------------------------------------------------------------

// A labelled slider bound to a trait; `after(value)` is called on every move.
function slider(model, view, name, label, least, most) {
  const id = freshId(name);
  const shown = h("output", { for: id });
  const input = h("input", { type: "range", id, min: least, max: most, step: 1 });
  const show = () => {
    const value = model.get(name);
    if (value > Number(input.max)) input.max = value;
    input.value = value;
    shown.textContent = value;
  };
  input.addEventListener("input", () => {
    model.set(name, Number(input.value));
    model.save_changes();
    show();
  });
  view.listen([name], show);
  show();
  return h("div", { class: "control" }, h("label", { for: id }, label), input, shown);
}

// A labelled menu: choices is a list of [value, text]; `choose(value)` acts.
function menu(label, choices, choose, value) {
  const id = freshId("menu");
  const select = h("select", { id, onchange: () => choose(select.value) },
    ...choices.map(([key, text]) => h("option", { value: key, selected: key === value }, text)));
  const node = h("div", { class: "control" }, h("label", { for: id }, label), select);
  node.select = select;
  return node;
}

// A button; `title` is its long name for screen readers and tooltips.
const button = (text, title, act) =>
  h("button", { type: "button", title, "aria-label": title, onclick: act }, text);

// One of a few: radio buttons that look like one switch. choices: list of [value, text].
function choice(label, choices, value, choose) {
  const name = freshId("choice");
  const inputs = choices.map(([key, text]) => {
    const input = h("input", { type: "radio", name, value: key, checked: key === value,
      onchange: () => choose(key) });
    return h("label", {}, input, h("span", {}, text));
  });
  const node = h("fieldset", { class: "choice" }, h("legend", {}, label), ...inputs);
  node.show = (key) => {
    for (const label of inputs) label.firstChild.checked = label.firstChild.value === key;
  };
  return node;
}

// Step and play: `step()` moves on by one; plays twice a second, slower if motion is unwelcome.
function player(view, step) {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  let timer = 0;
  const play = button("▶ Play", "Play: walk by itself", () => (timer ? stop() : start()));
  const next = button("Step", "Step: go on by one place", () => { stop(); step(); });
  function start() {
    timer = setInterval(step, calm ? 1500 : 500);
    play.textContent = "⏸ Pause";
    play.setAttribute("aria-label", "Pause");
  }
  function stop() {
    clearInterval(timer);
    timer = 0;
    play.textContent = "▶ Play";
    play.setAttribute("aria-label", "Play: walk by itself");
  }
  view.onCleanup(stop);
  return h("div", { class: "buttons" }, play, next);
}
