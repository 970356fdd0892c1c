// im2col, the matrix product and col2im, in the order of cnnlib.
//
// Images are {shape: [N, C, H, W], data}; g comes from resolve(...) of geometry.js.

// Go through col: visit(row, column, index of the pixel, or -1 on padding). The order is
// that of cnnlib.col2im: place by place in the window, each at all windows.
function walk([N, C, H, width], g, visit) {
  const K = C * g.FH * g.FW;
  for (let i = 0; i < g.FH; i++)
    for (let j = 0; j < g.FW; j++)
      for (let n = 0; n < N; n++)
        for (let c = 0; c < C; c++)
          for (let y = 0; y < g.OH; y++)
            for (let x = 0; x < g.OW; x++) {
              const row = y * g.stride[0] + i - g.pad[0][0];
              const col = x * g.stride[1] + j - g.pad[1][0];
              const inside = row >= 0 && row < H && col >= 0 && col < width;
              visit((n * g.OH + y) * g.OW + x, (c * g.FH + i) * g.FW + j,
                inside ? ((n * C + c) * H + row) * width + col : -1, K);
            }
}

// [N*OH*OW, C*FH*FW]
const colShape = ([N, C], g) => [N * g.OH * g.OW, C * g.FH * g.FW];

function im2col(x, g) {
  const shape = colShape(x.shape, g);
  const data = new Float64Array(shape[0] * shape[1]);
  walk(x.shape, g, (r, q, at, K) => { if (at >= 0) data[r * K + q] = x.data[at]; });
  return { shape, data };
}

// col @ W.reshape(FN, -1).T: (rows, FN).
function multiply(col, W, FN) {
  const [rows, K] = col.shape, data = new Float64Array(rows * FN);
  for (let r = 0; r < rows; r++)
    for (let f = 0; f < FN; f++) {
      let sum = 0;
      for (let q = 0; q < K; q++) sum += col.data[r * K + q] * W[f * K + q];
      data[r * FN + f] = sum;
    }
  return { shape: [rows, FN], data };
}

// Bring (N*OH*OW, FN) into the shape (N, FN, OH, OW).
function toMaps(product, N, g) {
  const [, FN] = product.shape, places = g.OH * g.OW;
  const data = new Float64Array(product.data.length);
  for (let n = 0; n < N; n++)
    for (let f = 0; f < FN; f++)
      for (let p = 0; p < places; p++)
        data[(n * FN + f) * places + p] = product.data[(n * places + p) * FN + f];
  return { shape: [N, FN, g.OH, g.OW], data };
}

// Add every row back to its pixels; without `accumulate`, write it: the famous bug.
function col2im(col, shape, g, accumulate) {
  const data = new Float64Array(shape.reduce((a, b) => a * b));
  walk(shape, g, (r, q, at, K) => {
    if (at < 0) return;
    if (accumulate) data[at] += col.data[r * K + q];
    else data[at] = col.data[r * K + q];
  });
  return { shape, data };
}

// How many windows each pixel is in: (H, W).
function overlap([, , H, width], g) {
  const counts = new Float64Array(H * width);
  walk([1, 1, H, width], g, (r, q, at) => { if (at >= 0) counts[at]++; });
  return counts;
}

// What goes back in the reverse view: ones, col itself, or dout = 1 through the filters.
function goesBack(rows, col, W, FN) {
  if (rows === "image") return col;
  const [count, K] = col.shape, data = new Float64Array(count * K).fill(1);
  if (rows === "gradient")
    for (let q = 0; q < K; q++) {
      let sum = 0;
      for (let f = 0; f < FN; f++) sum += W[f * K + q];
      for (let r = 0; r < count; r++) data[r * K + q] = sum;
    }
  return { shape: col.shape, data };
}
