// The sizes of cnnlib/geometry.py, with the same sentences where something is impossible.
// Every check throws an Error whose message is meant to be read.

// Write a value as Python's repr does, so that both sides say the same sentence.
function pythonic(value) {
  if (value === null || value === undefined) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (typeof value === "string") return quoted(value);
  if (Array.isArray(value))
    return `(${value.map(pythonic).join(", ")}${value.length === 1 ? "," : ""})`;
  return String(value);
}

// Single quotes, or double ones if the text has single ones, as Python does.
function quoted(text) {
  const safe = text.replaceAll("\\", "\\\\");
  if (!safe.includes("'")) return `'${safe}'`;
  return safe.includes('"') ? `'${safe.replaceAll("'", "\\'")}'` : `"${safe}"`;
}

const plainText = (value) => (typeof value === "string" ? value : pythonic(value));

function typeName(value) {
  if (value === null || value === undefined) return "NoneType";
  if (Array.isArray(value)) return "tuple";
  return { boolean: "bool", string: "str", number: "float" }[typeof value] ?? typeof value;
}

// Return a whole number that is at least `least`.
function whole(value, name, least) {
  if (!Number.isInteger(value))
    throw new Error(`${name} is ${pythonic(value)} (${typeName(value)}); expected a whole `
      + "number. Lengths are counted in pixels: use // instead of / when you compute one.");
  if (value < least) throw new Error(`${name} is ${value}; it must be at least ${least}.`);
  return value;
}

// Pixels from the first to the last point of a dilated window.
const span = (window, dilation) => dilation * (window - 1) + 1;

// Return [vertical, horizontal].
function pair(value, name) {
  if (!Array.isArray(value)) return [whole(value, name, 1), value];
  if (value.length !== 2)
    throw new Error(`${name} is ${pythonic(value)}; expected an int or (vertical, horizontal).`);
  return value.map((part) => whole(part, name, 1));
}

function checkPad(pad) {
  if (!Array.isArray(pad)) return [checkAxisPad(pad), checkAxisPad(pad)];
  if (pad.length !== 2)
    throw new Error(`pad is ${pythonic(pad)}; expected an int, (vertical, horizontal), `
      + "((top, bottom), (left, right)), 'valid', 'same' or 'full'.");
  return pad.map(checkAxisPad);
}

function checkAxisPad(pad) {
  if (typeof pad === "string") {
    if (!["valid", "same", "full"].includes(pad))
      throw new Error(`pad is ${pythonic(pad)}; the modes are 'valid' (none), 'same' and 'full'.`);
    return pad;
  }
  if (!Array.isArray(pad)) return [whole(pad, "pad", 0), pad];
  if (pad.length !== 2)
    throw new Error(`pad is ${pythonic(pad)}; expected (before, after) for one axis.`);
  return pad.map((part) => whole(part, "pad", 0));
}

// Turn the checked padding of one axis into [before, after].
function axisPad(pad, size, window, stride, dilation) {
  if (pad === "valid") return [0, 0];
  if (pad === "full") return [span(window, dilation) - 1, span(window, dilation) - 1];
  if (pad !== "same") return pad;
  const places = Math.ceil(size / stride);
  const missing = Math.max((places - 1) * stride + span(window, dilation) - size, 0);
  return [Math.floor(missing / 2), missing - Math.floor(missing / 2)];
}

// {FH, FW, stride, pad, dilation, OH, OW} of a window on an H x width image.
function resolve(H, width, FH, FW, stride, pad, dilation = 1, what = "filter") {
  whole(FH, "filter_h", 1);
  whole(FW, "filter_w", 1);
  const strides = pair(stride, "stride"), dilations = pair(dilation, "dilation");
  const sizes = [H, width], windows = [FH, FW];
  const pads = checkPad(pad).map((p, k) =>
    axisPad(p, sizes[k], windows[k], strides[k], dilations[k]));
  const places = sizes.map((size, k) => {
    const [before, after] = pads[k], reach = span(windows[k], dilations[k]);
    const room = size + before + after - reach;
    if (room >= 0) return Math.floor(room / strides[k]) + 1;
    const gaps = dilations[k] > 1 ? ` (dilation ${dilations[k]})` : "";
    const padding = before === after ? `2*${before}` : `${before} + ${after}`;
    throw new Error(`${what} ${FH}x${FW}${gaps} does not fit into ${H}x${width} with pad `
      + `${plainText(pad)}: ${size} + ${padding} - ${reach} < 0. `
      + `Use a smaller ${what} or more padding.`);
  });
  return { FH, FW, stride: strides, pad: pads, dilation: dilations, OH: places[0], OW: places[1] };
}

// The same for a pooling window: its stride is the window itself if it is null.
function resolvePooling(H, width, FH, FW, stride, pad) {
  const g = resolve(H, width, FH, FW, stride ?? [FH, FW], pad, 1, "pooling window");
  if (Math.max(...g.pad[0]) >= FH || Math.max(...g.pad[1]) >= FW)
    throw new Error(`pad ${plainText(pad)} is not smaller than the pooling window ${FH}x${FW}: `
      + "some windows would hold nothing but padding. Use less padding.");
  return g;
}

// What `act` returns, or {problem: why not}.
function orProblem(act) {
  try {
    return act();
  } catch (error) {
    return { problem: error.message };
  }
}
