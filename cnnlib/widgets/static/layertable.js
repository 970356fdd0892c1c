// The arithmetic of cnnlib/architectures: from rows to shapes, counts and views, with the
// same sentences where a row is impossible. A test holds both sides equal.

const imageShape = (shape) => {
  if (shape.length !== 3)
    throw new Error(`it needs an image (C, H, W), but ${shape.join(" x ")} numbers in a row come `
      + "in. Windows have to come before affine layers.");
  return shape;
};
const product = (shape) => shape.reduce((a, b) => a * b, 1);

function need(row, name) {
  if (row[name] === null || row[name] === undefined)
    throw new Error(`a row of kind ${pythonic(row.kind)} needs ${name}=.`);
  return whole(row[name], name, 1);
}

// Weights that are used again at every place of the window g.
function shared(FN, weights, bias, g) {
  const biases = bias ? FN : 0, places = g.OH * g.OW;
  return { shape: [FN, g.OH, g.OW], weights, biases, multiplyAdds: weights * places, windows: g };
}

function convolutionFacts(row, shape) {
  const [C, H, width] = imageShape(shape);
  const FN = need(row, "filters"), FS = need(row, "window");
  const groups = whole(row.groups, "groups", 1);
  if (C % groups || FN % groups)
    throw new Error(`${C} channels and ${FN} filters can not both be split into ${groups} `
      + "groups of equal size.");
  const g = resolve(H, width, FS, FS, row.stride || 1, row.pad, row.dilation);
  return shared(FN, FN * (C / groups) * FS * FS, row.bias, g);
}

function sparseFacts(row, shape) {
  const [C, H, width] = imageShape(shape), FS = need(row, "window");
  if (!row.sees?.length || !row.sees.every((channels) => channels.length))
    throw new Error("a sparse convolution needs sees=: for each filter the channels that it "
      + "looks at, for example sees=((0, 1), (1, 2)).");
  const most = Math.max(...row.sees.flat());
  if (most >= C)
    throw new Error(`sees names channel ${most}, but ${C} channels come in: 0 to ${C - 1}.`);
  const g = resolve(H, width, FS, FS, row.stride || 1, row.pad, row.dilation);
  return shared(row.sees.length, row.sees.flat().length * FS * FS, row.bias, g);
}

function poolingFacts(row, shape) {
  const [C, H, width] = imageShape(shape), FS = need(row, "window");
  const g = resolvePooling(H, width, FS, FS, row.stride, row.pad);
  return { shape: [C, g.OH, g.OW], windows: g };
}

function subsamplingFacts(row, shape) {
  const plain = poolingFacts(row, shape), [C] = plain.shape;
  return { ...plain, weights: C, biases: C, multiplyAdds: product(plain.shape) };
}

function affineFacts(row, shape) {
  const D = product(shape), M = need(row, "units");
  return { shape: [M], weights: D * M, biases: row.bias ? M : 0, multiplyAdds: D * M, windows: "all" };
}

function rbfFacts(row, shape) {
  const D = product(shape), M = need(row, "units");
  return { shape: [M], multiplyAdds: D * M, windows: "all" };
}

function addFacts(row, ...shapes) {
  if (new Set(shapes.map(String)).size !== 1)
    throw new Error(`${shapes.map((shape) => shape.join(" x ")).join(" and ")} can not be added: `
      + "the shapes must be equal. A 1x1 convolution with a stride can make them so.");
  return { shape: shapes[0] };
}

function concatFacts(row, ...shapes) {
  if (new Set(shapes.map((shape) => String(imageShape(shape).slice(1)))).size !== 1)
    throw new Error(`${shapes.map((shape) => shape.join(" x ")).join(" and ")} can not stand one `
      + "after the other: height and width must be equal.");
  return { shape: [shapes.reduce((sum, [C]) => sum + C, 0), ...shapes[0].slice(1)] };
}

function zeroChannelFacts(row, shape) {
  const [C, H, width] = imageShape(shape), FN = need(row, "filters");
  if (FN < C)
    throw new Error(`${C} channels come in, more than the filters=${FN} that are to come out; `
      + "zeros can only be added.");
  return { shape: [FN, H, width] };
}

const sameShape = (row, shape) => ({ shape });

const KINDS = {
  convolution: convolutionFacts,
  "sparse convolution": sparseFacts,
  "max pooling": poolingFacts,
  "average pooling": poolingFacts,
  subsampling: subsamplingFacts,
  "global average pooling": (row, shape) => ({ shape: [imageShape(shape)[0]], windows: "all" }),
  affine: affineFacts,
  rbf: rbfFacts,
  relu: sameShape,
  sigmoid: sameShape,
  tanh: sameShape,
  "scaled tanh": sameShape,
  dropout: sameShape,
  "local response normalization": (row, shape) => ({ shape: imageShape(shape) }),
  "batch normalization": (row, shape) => ({ shape, weights: shape[0], biases: shape[0] }),
  "zero channels": zeroChannelFacts,
  add: addFacts,
  concat: concatFacts,
};
const kinds = () => Object.keys(KINDS).sort();

// What a row holds where nothing is said, as in Row.
const DEFAULTS = { filters: null, window: null, stride: null, pad: 0, units: null, groups: 1,
  dilation: 1, bias: true, sees: null, ratio: 0.5, after: [] };

// All that follows from a stack {input: [C, H, W], rows}: a line for each row.
function layerTable(stack) {
  const axis = (size) => ({ first: range(size), last: range(size) });
  const [, H, width] = stack.input;
  const known = new Map([["input",
    { shape: stack.input, spans: [axis(H), axis(width)], sees: [1, 1], step: 1, path: [] }]]);
  let above = "input";
  return stack.rows.map((given) => {
    const row = { ...DEFAULTS, ...given };
    const names = row.after.length ? row.after : [above];
    const line = orProblem(() => oneLine(row, names.map((name) => find(name, known))));
    known.set(row.name, line);
    above = row.name;
    return line;
  });
}

const range = (size) => Array.from({ length: size }, (_, k) => k);

function find(name, known) {
  const line = known.get(name);
  if (!line)
    throw new Error(`it comes after ${pythonic(name)}, and no row above is called so.`);
  if (line.problem)
    throw new Error(`it needs the output of ${pythonic(name)}, which is impossible.`);
  return line;
}

function oneLine(row, inputs) {
  if (!(row.kind in KINDS))
    throw new Error(`kind is ${pythonic(row.kind)}; expected one of `
      + `[${kinds().map(pythonic).join(", ")}].`);
  if (row.kind !== "add" && row.kind !== "concat" && inputs.length !== 1)
    throw new Error(`it has ${inputs.length} inputs; only add and concat have more.`);
  const facts = KINDS[row.kind](row, ...inputs.map((line) => line.shape));
  const line = {
    shape: facts.shape,
    parameters: (facts.weights ?? 0) + (facts.biases ?? 0),
    multiplyAdds: facts.multiplyAdds ?? 0,
    note: noteOf(facts.windows, inputs[0].shape),
    problem: "",
    ...viewOf(facts.windows, inputs),
  };
  const [top, bottom, left, right] = line.spans.flatMap(({ first, last }, axis) => {
    const middle = line.shape.length > 1 ? Math.floor(line.shape[axis + 1] / 2) : 0;
    return [first[middle], last[middle]];
  });
  line.view = [top, left, Math.max(bottom - top + 1, 0), Math.max(right - left + 1, 0)];
  return line;
}

// What an output sees of the image.
function viewOf(g, inputs) {
  const widest = inputs.reduce((a, b) => (a.sees[0] > b.sees[0]
    || (a.sees[0] === b.sees[0] && a.sees[1] >= b.sees[1]) ? a : b));
  let { sees, step, path } = widest;
  let spans = [0, 1].map((axis) => union(inputs.map((line) => line.spans[axis])));
  if (g === "all") {
    spans = spans.map(({ first, last }) => ({
      first: [first.reduce((a, b) => Math.min(a, b))], last: [last.reduce((a, b) => Math.max(a, b))] }));
    sees = spans.map(({ first, last }) => last[0] - first[0] + 1);
  } else if (g) {
    path = [...path, [g.FH, g.stride[0], g.dilation[0]]];
    sees = [receptiveField(path), receptiveField(path)];
    spans = spans.map((one, axis) => through(g, one, axis ? g.OW : g.OH, g.pad[axis][0]));
    step *= g.stride[0];
  }
  return { sees, step, path, spans };
}

function receptiveField(path) {
  let field = 1, step = 1;
  for (const [window, stride, dilation] of path) {
    field += (span(window, dilation) - 1) * step;
    step *= stride;
  }
  return field;
}

const union = (spans) => ({
  first: spans[0].first.map((_, k) => Math.min(...spans.map(({ first }) => first[k]))),
  last: spans[0].last.map((_, k) => Math.max(...spans.map(({ last }) => last[k]))),
});

// What each place of a window sees along one axis, without padding.
function through(g, { first, last }, places, before) {
  const seen = { first: [], last: [] };
  const nothing = last.reduce((a, b) => Math.max(a, b)) + 1;
  for (let k = 0; k < places; k++) {
    let low = nothing, high = -1;
    for (let i = 0; i < g.FH; i++) {
      const tap = k * g.stride[0] - before + i * g.dilation[0];
      if (tap < 0 || tap >= first.length) continue;
      low = Math.min(low, first[tap]);
      high = Math.max(high, last[tap]);
    }
    seen.first.push(low);
    seen.last.push(high);
  }
  return seen;
}

function noteOf(g, shape) {
  if (!g || g === "all") return "";
  const [stride] = g.stride;
  if (stride > span(g.FH, g.dilation[0]))
    return `a ${g.FH}x${g.FW} window with stride ${stride} sees ${g.FH * g.FW} of `
      + `${stride * g.stride[1]} pixels`;
  const room = shape[1] + g.pad[0][0] + g.pad[0][1] - span(g.FH, g.dilation[0]);
  const left = room % stride, missed = left - g.pad[0][1];  // padding does not matter
  return missed > 0 ? `${room} / ${stride} leaves a rest of ${left}: the last ${missed} row(s) and `
    + "column(s) are never looked at" : "";
}
