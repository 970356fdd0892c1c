// A drawing: strokes become ink, and ink becomes the 28 x 28 pixels of an MNIST digit.

const INK = 140;      // cells of the drawing, a side: five for each pixel of an image
const PIXELS = 28, BOX = 20;
const PEN = 6;        // radius of the pen, in cells: 2 to 3 pixels wide, as MNIST's digits

// --- ink --------------------------------------------------------------------------------

// Lay ink on the cells near the segment from a to b, grey at the edge.
function layInk(ink, [ax, ay], [bx, by]) {
  const within = (v) => Math.max(0, Math.min(INK - 1, Math.floor(v)));
  const dx = bx - ax, dy = by - ay, length = dx * dx + dy * dy;
  for (let i = within(Math.min(ay, by) - PEN - 1); i <= within(Math.max(ay, by) + PEN + 1); i++)
    for (let j = within(Math.min(ax, bx) - PEN - 1); j <= within(Math.max(ax, bx) + PEN + 1); j++) {
      const x = j + 0.5 - ax, y = i + 0.5 - ay;
      const along = length ? Math.max(0, Math.min(1, (x * dx + y * dy) / length)) : 0;
      const cover = PEN + 0.5 - Math.hypot(x - along * dx, y - along * dy);
      if (cover > 0) ink[i * INK + j] = Math.max(ink[i * INK + j], Math.min(1, cover));
    }
}

// Enlarge an image to ink: each pixel becomes five by five cells.
function inkOf(image) {
  const ink = new Float64Array(INK * INK), step = INK / PIXELS;
  for (let i = 0; i < INK; i++)
    for (let j = 0; j < INK; j++)
      ink[i * INK + j] = image[Math.floor(i / step) * PIXELS + Math.floor(j / step)];
  return ink;
}

// --- placing: the same arithmetic as cnnlib/widgets/placing.py --------------------------

// ink: rows x cols numbers, row by row. Returns 28 x 28 numbers.
function placeDigit(ink, rows, cols) {
  const down = new Float64Array(rows), across = new Float64Array(cols);
  let most = 0;
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < cols; j++) {
      const here = ink[i * cols + j];
      down[i] += here;
      across[j] += here;
      if (here > most) most = here;
    }
  const image = new Float64Array(PIXELS * PIXELS);
  const [top, bottom] = ends(down), [left, right] = ends(across);
  if (top < 0) return image;
  const scale = BOX / Math.max(bottom - top, right - left);
  const onto = cover(down.subarray(top, bottom), scale);
  const over = cover(across.subarray(left, right), scale);
  onto.forEach(([p, i, share]) => over.forEach(([q, j, part]) => {
    image[p * PIXELS + q] += share * part * ink[(i + top) * cols + j + left];
  }));
  return image.map((v) => Math.min(v, most));  // rounding would make some ink 1 + 2e-16
}

// The first place with ink, and the one after the last; -1 where there is none.
function ends(mass) {
  const first = mass.findIndex((v) => v > 0), last = mass.findLastIndex((v) => v > 0);
  return [first, last + 1];
}

// How much of each new pixel each old one covers: a list of [new, old, share].
function cover(mass, scale) {
  let total = 0, moment = 0;
  mass.forEach((v, k) => { total += v; moment += v * (k + 0.5); });
  const middle = scale * moment / total;
  const most = Math.floor(PIXELS - mass.length * scale + 1e-9);
  const start = Math.max(0, Math.min(most, Math.floor(PIXELS / 2 + 1 - 1e-9 - middle)));
  const shares = [];
  for (let k = 0; k < mass.length; k++) {
    const from = start + scale * k, to = from + scale;
    for (let p = Math.floor(from); p < Math.min(to, PIXELS); p++) {
      const share = Math.min(to, p + 1) - Math.max(from, p);
      if (share > 0) shares.push([p, k, share]);
    }
  }
  return shares;
}

// --- a drawing with a memory -----------------------------------------------------------

// Strokes on a base (an image that was loaded, or nothing), each step can be undone.
function makeDrawing(base) {
  let now = { base, strokes: [] }, before = [], ink;
  const empty = () => !now.base && !now.strokes.length;
  const keep = () => { before.push({ base: now.base, strokes: [...now.strokes] }); };
  function rebuild() {
    ink = now.base ? inkOf(now.base) : new Float64Array(INK * INK);
    for (const points of now.strokes)
      points.forEach((point, k) => layInk(ink, points[Math.max(0, k - 1)], point));
  }
  rebuild();
  return {
    start(point) {
      keep();
      now.strokes.push([point]);
      layInk(ink, point, point);
    },
    extend(point) {
      const points = now.strokes.at(-1);
      layInk(ink, points.at(-1), point);
      points.push(point);
    },
    // What is shown without having been drawn here; drawing on it is a new digit.
    load(image) { keep(); now = { base: image, strokes: [] }; rebuild(); },
    clear() { if (!empty()) { keep(); now = { base: null, strokes: [] }; rebuild(); } },
    undo() { if (before.length) { now = before.pop(); rebuild(); } },
    get canUndo() { return before.length > 0; },
    get empty() { return empty(); },
    get strokes() { return now.strokes; },
    get base() { return now.base; },
    // A loaded image that nobody drew on is shown to the network just as it is.
    image: () => (now.base && !now.strokes.length ? now.base : placeDigit(ink, INK, INK)),
  };
}
