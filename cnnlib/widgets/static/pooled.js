// Pooling and its way back, in the order of cnnlib.Pooling.

// The window on an image, or {problem: why it does not fit}.
function sizes(...settings) {
  return orProblem(() => resolvePooling(...settings));
}

// x: {shape: [H, W], data}; g: from resolvePooling. The largest number or the mean of each
// window: {shape: [OH, OW], data, winner, real}; winner: the index of the first largest
// pixel; real: how many pixels of the window are no padding.
function pool(x, g, kind) {
  const data = new Float64Array(g.OH * g.OW);
  const winner = new Int32Array(g.OH * g.OW), real = new Int32Array(g.OH * g.OW);
  for (let k = 0; k < data.length; k++) {
    let sum = 0, best = -1;
    for (const at of pixelsOf(x.shape, g, k)) {
      sum += x.data[at];
      real[k]++;
      if (best < 0 || x.data[at] > x.data[best]) best = at;
    }
    winner[k] = best;
    data[k] = kind === "max" ? x.data[best] : sum / real[k];
  }
  return { shape: [g.OH, g.OW], data, winner, real };
}

// The indices of the pixels of window k, row by row, without padding.
function pixelsOf([H, width], g, k) {
  const top = Math.floor(k / g.OW) * g.stride[0] - g.pad[0][0];
  const left = (k % g.OW) * g.stride[1] - g.pad[1][0];
  const found = [];
  for (let i = Math.max(top, 0); i < Math.min(top + g.FH, H); i++)
    for (let j = Math.max(left, 0); j < Math.min(left + g.FW, width); j++)
      found.push(i * width + j);
  return found;
}

// Send each number of dout back: whole to the winner, or in equal parts.
function unpool(dout, pooled, shape, g, kind) {
  const dx = new Float64Array(shape[0] * shape[1]);
  for (let k = 0; k < dout.length; k++)
    if (kind === "max") dx[pooled.winner[k]] += dout[k];
    else for (const at of pixelsOf(shape, g, k)) dx[at] += dout[k] / pooled.real[k];
  return dx;
}

// Move an image down and to the right; what leaves comes back on the other side.
function shifted({ shape: [H, width], data }, down, right) {
  const from = (k, by, size) => (((k - by) % size) + size) % size;
  const moved = new Float64Array(data.length);
  for (let i = 0; i < H; i++)
    for (let j = 0; j < width; j++)
      moved[i * width + j] = data[from(i, down, H) * width + from(j, right, width)];
  return { shape: [H, width], data: moved };
}

// Which numbers are equal, up to the rounding of a sum in another order.
function same(a, b) {
  return Array.from(a, (value, k) => Math.abs(value - b[k]) <= 1e-12 + 1e-9 * Math.abs(b[k]));
}
