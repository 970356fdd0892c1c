// TrainingMonitor: curves, filters, and a button that ends training.

const mathematics = { niceSteps, curvePath };

const WIDE = 540, HIGH = 240, LEFT = 58, RIGHT = 14, TOP = 12, BOTTOM = 38;

const STATES = {
  waiting: "Not started: run the cell with train()",
  training: "Training",
  done: "Done",
  stopped: "Stopped: all is kept, train() goes on from here",
  paused: "Paused: train() goes on from here",
  failed: "Failed",
};

const share = (value) => `${(100 * value).toFixed(1)} %`;

// --- a chart ----------------------------------------------------------------------------

// Round numbers between low and high, about `count` of them: 1, 2 or 5 times a power of 10.
function niceSteps(low, high, count) {
  const rough = (high - low) / count || 1, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((k) => k * power >= rough * 0.999) * power;
  const first = Math.ceil(low / step - 1e-9);
  const steps = [];
  for (let k = first; k * step <= high * (1 + 1e-9); k++) steps.push(Number((k * step).toPrecision(12)));
  return steps;
}

// The points (a list of [x, y] in pixels) as the path of a line.
function curvePath(points) {
  return points.map(([x, y], k) => `${k ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
}

const SVG = "http://www.w3.org/2000/svg";
function s(tag, props, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(props)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

// Make a chart over epochs. show({right, low, high, log, format, lines, empty, words}) draws;
// a line is {points: [[epoch, value]...], kind, mark, label, band: [[epoch, low, high]...]}.
function chart(title, ...notes) {
  const svg = s("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", class: "chart" });
  const heading = h("div", { class: "caption" }, `${title} `, h("small", {}, ...notes));
  const node = h("div", { class: "panel curve" }, heading, svg);

  function show({ right, low, high, log, format, lines, empty, words }) {
    const x = (epoch) => LEFT + (WIDE - LEFT - RIGHT) * epoch / right;
    const height = log ? Math.log : (value) => value;
    const y = (value) => HIGH - BOTTOM - (HIGH - BOTTOM - TOP)
      * (height(Math.max(value, low)) - height(low)) / (height(high) - height(low) || 1);
    svg.setAttribute("aria-label", `${title}: ${words}`);
    svg.replaceChildren(
      ...levels(low, high, log).map((value) => s("g", {},
        s("line", { class: "rule", x1: LEFT, x2: WIDE - RIGHT, y1: y(value), y2: y(value) }),
        s("text", { x: LEFT - 8, y: y(value) + 5, "text-anchor": "end" }, format(value)))),
      ...niceSteps(0, right, 10).filter(Number.isInteger).map((epoch) => s("text",
        { x: x(epoch), y: HIGH - BOTTOM + 18, "text-anchor": "middle" }, epoch)),
      s("text", { x: (LEFT + WIDE - RIGHT) / 2, y: HIGH - 4, "text-anchor": "middle" }, "epoch"),
      ...(lines.length ? lines.flatMap((line) => drawn(line, x, y))
        : [s("text", { x: WIDE / 2, y: HIGH / 2 - 20, "text-anchor": "middle" }, empty)]));
  }

  function levels(low, high, log) {
    if (!log) return niceSteps(low, high, 5);
    const powers = [];
    for (let p = Math.floor(Math.log10(low)); p <= Math.log10(high); p++)
      powers.push(...[1, 2, 5].map((k) => k * 10 ** p));
    return powers.filter((v) => v >= low * 0.999 && v <= high * 1.001);
  }

  function drawn({ points, kind, mark, band }, x, y) {
    const at = points.map(([epoch, value]) => [x(epoch), y(value)]);
    const parts = [s("path", { class: `line ${kind}`, d: curvePath(at) })];
    if (band) {
      const up = band.map(([epoch, , most]) => [x(epoch), y(most)]);
      const down = band.map(([epoch, least]) => [x(epoch), y(least)]).reverse();
      parts.unshift(s("path", { class: `band ${kind}`, d: `${curvePath([...up, ...down])}Z` }));
    }
    if (mark) parts.push(...at.map(([px, py]) => (mark === "square"
      ? s("rect", { class: `mark ${kind}`, x: px - 4, y: py - 4, width: 8, height: 8 })
      : s("circle", { class: `mark ${kind}`, cx: px, cy: py, r: 4.5 }))));
    return parts;
  }

  return { node, show };
}

// One entry of a legend: the line with its mark, and what it means.
function legend(kind, mark, text) {
  const sample = s("svg", { viewBox: "0 0 30 12", class: "sample", "aria-hidden": "true" },
    s("path", { class: `line ${kind}`, d: "M0 6L30 6" }),
    mark === "square" ? s("rect", { class: `mark ${kind}`, x: 11, y: 2, width: 8, height: 8 })
      : s("circle", { class: `mark ${kind}`, cx: 15, cy: 6, r: 4.5 }));
  return h("span", { class: "legend" }, sample, text);
}

// --- the widget -------------------------------------------------------------------------

function render({ model, el }) {
  const view = frame(model, el, "Training monitor");
  const status = h("div", { class: "status" });
  const bar = h("progress", { max: 1, "aria-label": "Steps" });
  const stop = button("■ Stop", "Stop training after this step", askToStop);
  const losses = chart("Loss", "every step, and the range within a stretch of steps");
  const accuracies = chart("Accuracy", legend("train", "circle", "training images"),
    legend("test", "square", "test images"));
  const filters = tiles("First filters");
  let scale = "linear", stopping = false, told = "", figures;

  const axis = choice("Loss axis", [["linear", "linear"], ["log", "log"]], scale,
    (key) => { scale = key; drawLoss(); });
  stop.hidden = model.hasKernel === false;
  view.add(
    h("div", { class: "controls" }, stop, bar, status, axis),
    h("div", { class: "stage" }, losses.node, accuracies.node, filters.node));

  function update() {
    figures = model.get("figures");
    const { state, steps, steps_done: done, epochs_done: epoch, problem, test_acc } = figures;
    if (state !== "training") stopping = false;
    bar.value = done / steps;
    stop.disabled = state !== "training" || stopping;
    view.warn(problem);
    const words = [stopping ? "Stopping" : STATES[state],
      `step ${grouped(done)} of ${grouped(steps)}`];
    if (done) words.push(`loss ${short(lossNow())}`);
    if (epoch) words.push(`test accuracy ${share(test_acc.at(-1))}`);
    status.textContent = words.join(" · ");
    const news = `${state} ${epoch}`;
    if (told !== news) view.say(words.join(", "));  // each epoch, not each step
    told = news;
    drawLoss();
    drawAccuracy();
    drawFilters();
  }

  // Of a long training only the part around the present, so that it can be read.
  function lastEpoch() {
    const { epochs, steps_done: done, steps_per_epoch: per } = figures;
    return epochs <= 20 ? epochs : Math.min(epochs, 10 * Math.ceil(1 + 1.2 * done / per / 10));
  }

  const lossNow = () => numbers(figures.loss).data.at(-3);

  function drawLoss() {
    const { data, shape } = numbers(figures.loss), per = figures.steps_per_epoch;
    const rows = Array.from({ length: shape[0] }, (_, k) => data.subarray(4 * k, 4 * k + 4));
    const log = scale === "log", all = rows.flatMap(([, , least, most]) => [least, most]);
    const least = Math.max(Math.min(...all), 1e-6), most = Math.max(...all, 1e-6);
    losses.show({
      right: lastEpoch(), log, empty: "no step yet", format: short,
      low: log ? (rows.length ? least : 0.1) : 0, high: rows.length ? most : 3,
      words: rows.length ? `${short(lossNow())} at step ${figures.steps_done}` : "no step yet",
      lines: rows.length ? [{ kind: "loss", points: rows.map(([at, mean]) => [at / per, mean]),
        band: rows.map(([at, , least, most]) => [at / per, least, most]) }] : [],
    });
  }

  function drawAccuracy() {
    const { train_acc: train, test_acc: test } = figures;
    const points = (values) => values.map((value, k) => [k + 1, value]);
    const low = Math.floor(10 * Math.min(...train, ...test, 0.9)) / 10;
    accuracies.show({
      right: lastEpoch(), low, high: 1, format: (value) => `${Math.round(100 * value)} %`,
      empty: "comes after the first epoch",
      words: test.length ? `training ${share(train.at(-1))}, test ${share(test.at(-1))}` : "none yet",
      lines: test.length ? [{ kind: "train", mark: "circle", points: points(train) },
        { kind: "test", mark: "square", points: points(test) }] : [],
    });
  }

  function drawFilters() {
    filters.node.hidden = !figures.filters;
    if (!figures.filters) return;
    const { count, channels, ...levels } = figures.filters;
    const pictures = fromLevels(levels), [K, FH, FW] = pictures.shape;
    filters.show({ ...pictures, width: 540 });
    filters.caption("First filters ", `${K < count ? `${K} of ` : ""}${count} of ${FH} × ${FW}`
      + `${channels > 1 ? `, mean of ${channels} channels` : ""}: ${scaleWords(pictures)}`);
  }

  // A kernel that is busy may hear the button only after its cell. Then the interrupt of
  // the notebook's own stop button does it, which a Trainer takes as "after this step".
  function askToStop() {
    stopping = true;
    model.send("stop");
    update();
    setTimeout(() => {
      if (!stopping) return;
      const kernel = model.widget_manager?.kernel;
      if (kernel?.interrupt) kernel.interrupt();
      else view.warn("The kernel does not hear this button while its cell runs. Press the stop "
        + "button (■) of the notebook: training ends just as cleanly.");
    }, 400);
  }

  const redraw = onceAFrame(update);
  view.listen(["figures"], redraw);
  view.onCleanup(redraw.cancel);
  model.send("here");
  update();
  view.whenShown(redraw);
  return view.cleanup;
}
