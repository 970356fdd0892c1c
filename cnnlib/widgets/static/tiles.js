// Many small pictures side by side: feature maps, filters.

// Read bytes: {shape, data: DataView of uint8}.
const bytes = ({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

// Read pictures that came in 256 levels from low to high.
function fromLevels({ low, high, data, ...others }) {
  const steps = bytes(data);
  return { ...others, low, high, shape: data.shape,
    value: (k) => low + steps[k] / 255 * (high - low) };
}

// Make a panel of tiles. show({shape: [K, H, W], value(k), low, high, columns, width})
// draws them: grey if no number is negative, else one hue for each sign.
function tiles(name) {
  const heading = h("div", { class: "caption" });
  const canvas = h("canvas", { class: "tiles", role: "img" });
  const node = h("div", { class: "panel" }, heading, canvas);
  const pen = canvas.getContext("2d");

  function show({ shape: [K, H, W], value, low, high, columns, width = 540 }) {
    const across = Math.min(K, columns ?? 10), down = Math.ceil(K / across);
    const scale = Math.max(1, Math.floor(width / (across * (W + 1))));
    Object.assign(canvas, { width: across * (W + 1) - 1, height: down * (H + 1) - 1 });
    canvas.style.width = `${canvas.width * scale}px`;
    const picture = pen.createImageData(canvas.width, canvas.height);
    const colour = colours(low, high, canvas), pixels = new Uint32Array(picture.data.buffer);
    // Zeros have the colour of the paper: a grey line tells maps apart.
    if (low < 0 && W > 8) pixels.fill(0x60808080);
    for (let k = 0; k < across * down; k++) {
      const left = (k % across) * (W + 1), top = Math.floor(k / across) * (H + 1);
      for (let i = 0; i < H; i++)
        for (let j = 0; j < W; j++)
          pixels[(top + i) * canvas.width + left + j] =
            colour(k < K ? value((k * H + i) * W + j) : 0);
    }
    pen.putImageData(picture, 0, 0);
  }

  return { node, show, caption(title, note) {
    heading.replaceChildren(title, h("small", {}, note));
    canvas.setAttribute("aria-label", `${name}: ${title}, ${note}`);
  } };
}

// The colours in words.
function scaleWords({ low, high }) {
  if (low >= 0) return `black 0 to white ${short(high)}`;
  return `orange up to ${short(high)}, blue down to ${short(low)}`;
}

// Return a function from a number to the pixel of a picture: alpha, blue, green, red.
function colours(low, high, node) {
  if (low >= 0) return (value) => 0xff000000 | 0x010101 * Math.round(255 * value / (high || 1));
  const style = getComputedStyle(node), most = Math.max(-low, high) || 1;
  // Before the node is in the page it has no style yet; it is drawn once more then.
  const hue = (name, early) => (style.getPropertyValue(name).trim() || early).slice(1)
    .match(/../g).reduceRight((sum, pair) => 256 * sum + parseInt(pair, 16), 0);
  const [above, below] = [hue("--positive", "#d9730d"), hue("--negative", "#2f6fbf")];
  return (value) => (value < 0 ? below : above)
    | Math.round(255 * Math.min(1, Math.abs(value) / most)) << 24;
}
