// The forward pass of a network, for pages without kernel. Each step is a row that
// cnnlib/widgets/exporting.py wrote: {kind, layer, W, b, ...}, one image at a time.
//
// A value is {shape: [C, H, W] or [D], data: Float32Array}.

// Read the weights: float16 is not known to every browser yet.
function weights({ data: view }, type) {
  if (type === "float32")
    return new Float32Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
  const values = new Float32Array(view.byteLength / 2);
  for (let k = 0; k < values.length; k++) values[k] = half(view.getUint16(2 * k, true));
  return values;
}

// One float16 from its 16 bits: sign, 5 of exponent, 10 of fraction.
function half(bits) {
  const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
  return exponent === 0 ? sign * fraction * 2 ** -24
    : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const STEPS = {
  convolution(x, { W, b, window: [FN, C, FH, FW], groups, stride, pad, dilation, out }) {
    const [, H, width] = x.shape, [, OH, OW] = out;
    const data = new Float32Array(FN * OH * OW);
    for (let f = 0; f < FN; f++) {
      data.fill(b[f], f * OH * OW, (f + 1) * OH * OW);
      const first = Math.floor(f / (FN / groups)) * C;
      for (let c = 0; c < C; c++)
        for (let i = 0; i < FH; i++)
          for (let j = 0; j < FW; j++) {
            const weight = W[((f * C + c) * FH + i) * FW + j];
            if (weight === 0) continue;
            for (let y = 0; y < OH; y++) {
              const row = y * stride[0] + i * dilation[0] - pad[0];
              if (row < 0 || row >= H) continue;
              const from = ((first + c) * H + row) * width, to = (f * OH + y) * OW;
              for (let z = 0; z < OW; z++) {
                const col = z * stride[1] + j * dilation[1] - pad[1];
                if (col >= 0 && col < width) data[to + z] += weight * x.data[from + col];
              }
            }
          }
    }
    return { shape: out, data };
  },

  "max pooling": (x, row) => pooled(x, row, Math.max, -Infinity, (total) => total),

  // Padding is not counted.
  "average pooling": (x, row) =>
    pooled(x, row, (total, value) => total + value, 0, (total, count) => total / count),

  affine(x, { W, b }) {
    const M = b.length, data = Float32Array.from(b);
    x.data.forEach((value, d) => {
      if (value !== 0) for (let m = 0; m < M; m++) data[m] += value * W[d * M + m];
    });
    return { shape: [M], data };
  },

  // One factor and one shift for each channel.
  scale(x, { W, b }) {
    const size = x.data.length / x.shape[0];
    return each(x, (value, k) => value * W[Math.floor(k / size)] + b[Math.floor(k / size)]);
  },

  "local response normalization"(x, { size, alpha, beta, k }) {
    const [C, H, width] = x.shape, plane = H * width;
    const before = Math.floor(size / 2), after = Math.floor((size - 1) / 2);
    return each(x, (value, at) => {
      const c = Math.floor(at / plane);
      let energy = 0;
      for (let n = Math.max(0, c - before); n <= Math.min(C - 1, c + after); n++)
        energy += x.data[at + (n - c) * plane] ** 2;
      return value * (k + (alpha / size) * energy) ** -beta;
    });
  },

  "radial basis"(x, { W }) {
    const D = x.data.length, data = new Float32Array(W.length / D);
    data.forEach((_, m) => {
      for (let d = 0; d < D; d++) data[m] -= (x.data[d] - W[m * D + d]) ** 2;
    });
    return { shape: [data.length], data };
  },

  "global average pooling": (x) =>
    channelwise(x, (plane) => plane.reduce((total, value) => total + value, 0) / plane.length),
  "global max pooling": (x) => channelwise(x, (plane) => plane.reduce((a, b) => Math.max(a, b))),
  add(x, { branches }) {
    const [first, ...others] = branches.map((branch) => branch(x));
    return each(first, (value, k) => others.reduce((sum, { data }) => sum + data[k], value));
  },

  concat(x, { branches }) {
    const parts = branches.map((branch) => branch(x));
    const C = parts.reduce((sum, { shape }) => sum + shape[0], 0);
    const data = new Float32Array(parts.reduce((sum, part) => sum + part.data.length, 0));
    let at = 0;
    for (const part of parts) { data.set(part.data, at); at += part.data.length; }
    return { shape: [C, ...parts[0].shape.slice(1)], data };
  },

  "zero channels"(x, { channels }) {
    const [C, H, width] = x.shape, data = new Float32Array(channels * H * width);
    data.set(x.data);
    return { shape: [channels, H, width], data };
  },

  same: (x) => x,
  flatten: (x) => ({ shape: [x.data.length], data: x.data }),
  relu: (x) => each(x, (value) => Math.max(value, 0)),
  sigmoid: (x) => each(x, (value) => 1 / (1 + Math.exp(-value))),
  tanh: (x, { inside, outside }) => each(x, (value) => outside * Math.tanh(inside * value)),
};

const each = (x, f) => ({ shape: x.shape, data: x.data.map(f) });

function channelwise(x, f) {
  const [C, H, width] = x.shape;
  const plane = (c) => x.data.subarray(c * H * width, (c + 1) * H * width);
  return { shape: [C], data: Float32Array.from({ length: C }, (_, c) => f(plane(c))) };
}

function pooled(x, { window: [FH, FW], stride, pad, out }, join, start, finish) {
  const [, H, width] = x.shape, [C, OH, OW] = out;
  const data = new Float32Array(C * OH * OW);
  for (let c = 0; c < C; c++)
    for (let y = 0; y < OH; y++)
      for (let z = 0; z < OW; z++) {
        let total = start, count = 0;
        for (let i = 0; i < FH; i++) {
          const row = y * stride[0] + i - pad[0];
          if (row < 0 || row >= H) continue;
          for (let j = 0; j < FW; j++) {
            const col = z * stride[1] + j - pad[1];
            if (col < 0 || col >= width) continue;
            total = join(total, x.data[(c * H + row) * width + col]);
            count++;
          }
        }
        data[(c * OH + y) * OW + z] = finish(total, count);
      }
  return { shape: out, data };
}

// Scores to probabilities; the largest is taken away first, so that exp stays finite.
function softmax(scores) {
  const most = scores.reduce((a, b) => Math.max(a, b));
  const powers = Array.from(scores, (score) => Math.exp(score - most));
  const total = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / total);
}

// Make a function of a value out of rows; `note(layer, value)` hears what each answers.
function inRow(rows, type, note = () => {}) {
  const ready = rows.map((row) => {
    const own = { ...row };
    for (const name of ["W", "b"]) if (row[name]) own[name] = weights(row[name], type);
    if (row.kind === "convolution") own.window = row.W.shape;
    if (row.branches) own.branches = row.branches.map((inner) => inRow(inner, type));
    return own;
  });
  return (x) => ready.reduce((value, row) => {
    const next = STEPS[row.kind](value, row);
    note(row.layer, next);
    return next;
  }, x);
}

// Make a function of an image (28 x 28 numbers) out of an exported network.
// It returns {probabilities, outputs: the last value of each layer by name}.
function runner({ layers, size, type }) {
  let outputs;
  const run = inRow(layers, type, (layer, value) => { outputs[layer] = value; });
  return (image) => {
    outputs = {};
    const scores = run({ shape: [1, size, size], data: surrounded(image, size) });
    return { probabilities: softmax(scores.data), outputs };
  };
}

// Put zeros around 28 x 28 numbers.
function surrounded(image, size) {
  const data = new Float32Array(size * size), border = Math.floor((size - 28) / 2);
  for (let i = 0; i < 28; i++)
    data.set(image.subarray(28 * i, 28 * (i + 1)), (i + border) * size + border);
  return data;
}
