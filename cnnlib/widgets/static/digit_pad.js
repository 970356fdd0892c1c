// DigitPad: the drawing, what the network sees, and its answer.

const mathematics = { placeDigit, inkOf, layInk: inked, inWords };

const WORDS = 4;  // to the kernel while an answer is on its way
const PAD = 560;  // pixels of the drawing canvas, a side: two for each pixel of the page

// Ink of one stroke on an empty pad, for the tests.
function inked(points) {
  const ink = new Float64Array(INK * INK);
  points.forEach((point, k) => layInk(ink, points[Math.max(0, k - 1)], point));
  return ink;
}

// Never 100 %: a softmax is not that sure of anything.
const percent = (p) => (p > 0.9995 ? "> 99.9 %" : `${(100 * p).toFixed(1)} %`);

// The answer as people say it, more careful where the network is less sure.
function inWords(probabilities) {
  const order = probabilities.map((_, k) => k).sort((a, b) => probabilities[b] - probabilities[a]);
  const [first, second, third] = order.map((k) => `${k} (${percent(probabilities[k])})`);
  const most = probabilities[order[0]];
  if (most >= 0.9) return `It reads ${first}.`;
  if (most >= 0.5) return `It reads ${first}, perhaps ${second}.`;
  return `Not sure: ${first}, ${[second, third].filter(Boolean).join(" or ")}.`;
}

function render({ model, el }) {
  const view = frame(model, el, "Digit pad");
  const alone = model.hasKernel === false;
  const network = alone ? runner(model.get("network")) : null;
  const shownImage = () => Float64Array.from(numbers(model.get("image")).data);
  const start = shownImage();
  const drawing = makeDrawing(start.some((v) => v > 0) ? start : null);
  const state = { label: null, mine: false, waiting: 0, again: false, number: 0, silent: 0 };

  // --- what is on the page ---

  const paper = paperOf(drawing);
  const sees = h("canvas", { class: "sees", width: PIXELS, height: PIXELS, role: "img",
    "aria-label": "The 28 × 28 pixels that the network sees" });
  const bars = makeBars();
  const verdict = h("div", { class: "verdict" });
  const [features, pools] = [tiles("Feature maps"), tiles("Pooled maps")];
  const undo = button("Undo", "Undo the last stroke", () => change(() => drawing.undo()));
  const clear = button("Clear", "Clear the pad", () => change(() => drawing.clear()));
  view.add(
    h("div", { class: "stage" },
      h("div", { class: "panel narrow" },
        h("div", { class: "caption" }, "Draw a digit ",
          h("small", {}, "mouse, pen, finger; or space and arrows")),
        paper.node,
        h("div", { class: "buttons" }, undo, clear,
          button("Load a test digit", "Load a test digit", load))),
      h("div", { class: "panel narrow" },
        h("div", { class: "caption" }, "What the network sees ",
          h("small", {}, "20 × 20, in the middle of 28 × 28 pixels")),
        sees),
      h("div", { class: "panel answer" },
        h("div", { class: "caption" }, "What it answers"), verdict, bars.node)),
    h("div", { class: "stage maps" }, features.node, pools.node));

  // --- asking ---

  // The newest drawing is asked about, never a queue of old ones: while an answer is on
  // its way, changes only leave a note that there is something newer.
  function ask() {
    if (state.waiting) { state.again = true; return; }
    state.again = false;
    const image = drawing.image();
    if (alone) { state.image = image; answerHere(image); return; }
    Object.assign(state, { number: state.number + 1, words: WORDS });
    state.waiting = setTimeout(() => view.warn(
      "The kernel is busy: the answer comes when its cell has ended. "
      + "After a restart, run the cell of this pad again."), 1500);
    const value = packed([PIXELS, PIXELS], image);
    state.mine = true;
    model.set("image", value);  // for other views of this pad; the kernel gets the message
    state.mine = false;
    tell({ ask: state.number }, { iopub: { status: confirm } }, [value.data]);
  }

  // A kernel that was started again knows nothing of this pad, and Lab does not send then.
  function tell(...message) {
    try {
      model.send(...message);
    } catch {
      clearTimeout(state.waiting);
      state.waiting = 0;
      view.warn("The kernel was restarted. Run the cell of this pad again.");
    }
  }

  // The kernel says "busy" before each answer, and "idle" after it. Jupyter's server keeps
  // back a small message until the browser has confirmed the one before, and a browser
  // confirms when it has something to say, else after 40 ms (Nagle's algorithm meets
  // delayed acknowledgements). So it says something: a few words for each question, none
  // twice in the same moment.
  function confirm() {
    if (!state.waiting || !state.words || performance.now() < state.silent) return;
    state.words--;
    state.silent = performance.now() + 1;
    tell("seen", { iopub: { status: confirm } });
  }

  function replied() {
    const reply = model.get("reply");
    const old = state.waiting && reply.asked !== state.number;
    if (old) return;
    clearTimeout(state.waiting);
    state.waiting = 0;
    showAnswer(reply.probabilities, reply.maps.map(fromLevels), reply.problem);
    if (state.again) ask();
  }

  function answerHere(image) {
    const { show, maps } = model.get("network");
    const { probabilities, outputs } = network(image);
    showAnswer(probabilities, show.map((layer, k) => ({ name: maps[k], ...ownMaps(outputs[layer]) })));
  }

  // --- showing ---

  function showAnswer(probabilities, maps, problem = "") {
    view.warn(problem);
    if (!problem) bars.show(probabilities);
    const blank = drawing.empty;
    verdict.textContent = problem ? "" : blank
      ? "The pad is empty: this is what the network makes of nothing."
      : inWords(probabilities) + truth(probabilities);
    state.maps = maps;
    drawMaps();
    state.said = verdict.textContent;
    if (!paper.drawing) view.say(state.said);
  }

  function truth(probabilities) {
    if (state.label === null) return "";
    const right = probabilities.indexOf(Math.max(...probabilities)) === state.label;
    return right ? ` The label says ${state.label}, too.` : ` Wrong: the label says ${state.label}.`;
  }

  function showMaps(panel, title, maps, columns, width) {
    panel.node.hidden = !maps;
    if (!maps) return;
    const [K, H, W] = maps.shape;
    panel.show({ ...maps, columns, width });
    panel.caption(`${title} `, `${maps.name}: ${K} of ${H} × ${W}, ${scaleWords(maps)}`);
  }

  // The bars come first; the maps are drawn with the next frame.
  const drawMaps = onceAFrame(() => {
    showMaps(features, "Feature maps", state.maps[0], 10, 540);
    showMaps(pools, "Pooled maps", state.maps[1], 10, 400);
  });

  function drawSeen() {
    const image = drawing.image();
    const pen = sees.getContext("2d", { willReadFrequently: true }), picture = pen.createImageData(PIXELS, PIXELS);
    image.forEach((v, k) => picture.data.set([255 * v, 255 * v, 255 * v, 255], 4 * k));
    pen.putImageData(picture, 0, 0);
    undo.disabled = !drawing.canUndo;
    clear.disabled = drawing.empty;
    paper.draw();
  }

  // --- acting ---

  // The kernel is asked at once; what is seen here waits for the frame.
  const redraw = onceAFrame(() => { drawSeen(); if (alone) ask(); });
  function change(act) {
    act();
    state.label = null;
    redraw();
    if (!alone) ask();
  }
  paper.onInk(change, () => state.said && view.say(state.said));

  function load() {
    if (!alone) { tell("load"); return; }
    const digits = model.get("digits"), all = bytes(digits), count = digits.shape[0];
    state.next = ((state.next ?? -1) + 1) % count;
    const size = PIXELS * PIXELS;
    const image = Float64Array.from(all.subarray(state.next * size, (state.next + 1) * size),
      (v) => v / 255);
    change(() => drawing.load(image));
    state.label = model.get("labels")?.[state.next] ?? null;
  }

  // Python has set another image.
  view.listen(["image"], () => {
    if (state.mine) return;
    const image = shownImage();
    drawing.load(image.some((v) => v > 0) ? image : null);
    state.label = null;
    drawSeen();
  });
  view.listen(["reply"], replied);
  const labelled = (message) => {
    state.label = message.label ?? null;
    replied();
  };
  model.on("msg:custom", labelled);
  view.onCleanup(() => model.off("msg:custom", labelled));
  view.onCleanup(redraw.cancel);
  view.onCleanup(drawMaps.cancel);
  view.onCleanup(() => clearTimeout(state.waiting));

  drawSeen();
  replied();
  view.whenShown(replied);
  return view.cleanup;
}

// Maps as the page computes them, for tiles(); fromLevels() reads those of the kernel.
function ownMaps({ shape, data }) {
  const low = data.reduce((a, b) => Math.min(a, b), 0), high = data.reduce((a, b) => Math.max(a, b));
  return { shape, low, high, value: (k) => data[k] };
}

// One bar for each class; the number stands beside it, and an arrow at the longest.
function makeBars() {
  const node = h("ul", { class: "bars", "aria-label": "Probability of each class" });
  let rows = [];
  function build(count) {
    rows = Array.from({ length: count }, (_, k) => {
      const fill = h("div", { class: "fill" }), value = h("span", { class: "value" });
      const row = h("li", {}, h("span", { class: "class" }, k),
        h("div", { class: "track" }, fill), value);
      return Object.assign(row, { fill, share: value });
    });
    node.replaceChildren(...rows);
  }
  return { node, show(probabilities) {
    if (rows.length !== probabilities.length) build(probabilities.length);
    const most = Math.max(...probabilities);
    rows.forEach((row, k) => {
      row.fill.style.width = `${100 * probabilities[k]}%`;
      row.share.textContent = percent(probabilities[k]) + (probabilities[k] === most ? " ◀" : "");
      row.classList.toggle("most", probabilities[k] === most);
    });
  } };
}

// The canvas to draw on, for pointers and for keys.
function paperOf(drawing) {
  const node = h("canvas", { class: "paper", width: PAD, height: PAD, tabindex: "0",
    role: "application", "aria-label": "Drawing pad. Arrows move the pen, "
      + "space puts it down or lifts it." });
  const pen = node.getContext("2d"), small = h("canvas", { width: PIXELS, height: PIXELS });
  const me = { node, drawing: false, draw, onInk };
  let at = [INK / 2, INK / 2], keys = false, down = false;

  function draw() {
    const unit = PAD / INK;
    pen.fillStyle = "#000";
    pen.fillRect(0, 0, PAD, PAD);
    if (drawing.base) drawBase();
    Object.assign(pen, { strokeStyle: "#fff", lineWidth: 2 * PEN * unit, lineCap: "round",
      lineJoin: "round" });
    for (const points of drawing.strokes) {
      pen.beginPath();
      for (const [x, y] of [points[0], ...points]) pen.lineTo(x * unit, y * unit);
      pen.stroke();
    }
    if (drawing.empty) invite();
    if (keys) drawCursor(at[0] * unit, at[1] * unit, PEN * unit);
  }

  function drawBase() {
    const brush = small.getContext("2d"), picture = brush.createImageData(PIXELS, PIXELS);
    drawing.base.forEach((v, k) => picture.data.set([255 * v, 255 * v, 255 * v, 255], 4 * k));
    brush.putImageData(picture, 0, 0);
    pen.imageSmoothingEnabled = false;
    pen.drawImage(small, 0, 0, PAD, PAD);
  }

  function invite() {
    Object.assign(pen, { fillStyle: "#9aa4af", font: "34px system-ui, sans-serif", textAlign: "center" });
    pen.fillText("draw here", PAD / 2, PAD / 2 + 12);
  }

  // A ring; filled while the pen is down, so that the state is seen without colour too.
  function drawCursor(x, y, radius) {
    Object.assign(pen, { strokeStyle: "#ff9d3c", fillStyle: "#ff9d3c", lineWidth: 5 });
    pen.beginPath();
    pen.arc(x, y, radius, 0, 2 * Math.PI);
    pen.stroke();
    pen.beginPath();
    pen.arc(x, y, down ? radius * 0.6 : 4, 0, 2 * Math.PI);
    pen.fill();
  }

  function onInk(change, finished) {
    const place = (event) => {
      const box = node.getBoundingClientRect();
      return [(event.clientX - box.left) / box.width * INK, (event.clientY - box.top) / box.height * INK];
    };
    const lift = () => { if (me.drawing) { me.drawing = down = false; draw(); finished(); } };
    node.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      node.focus({ preventScroll: true });
      if (event.isTrusted) node.setPointerCapture(event.pointerId);
      keys = down = false;
      me.drawing = true;
      change(() => drawing.start(place(event)));
    });
    node.addEventListener("pointermove", (event) => {
      if (!me.drawing || keys) return;
      const all = event.getCoalescedEvents?.() ?? [];
      change(() => (all.length ? all : [event]).forEach((e) => drawing.extend(place(e))));
    });
    for (const name of ["pointerup", "pointercancel", "blur"]) node.addEventListener(name, lift);
    node.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
      const move = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }[event.key];
      if (!move && ![" ", "Enter", "Escape"].includes(event.key)) return;
      event.preventDefault();
      keys = true;
      if (move) {
        at = at.map((v, k) => Math.max(0, Math.min(INK, v + move[k] * INK / PIXELS)));
        if (down) change(() => drawing.extend(at));
      } else if (down || event.key === "Escape") lift();
      else {
        down = me.drawing = true;
        change(() => drawing.start(at));
      }
      draw();
    });
    node.addEventListener("blur", () => { keys = false; draw(); });
  }
  return me;
}
