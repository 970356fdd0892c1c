// A stand-in for the kernel's model, for pages of their own: state in, changes out.

function unpack(value) {
  if (Array.isArray(value)) return value.map(unpack);
  if (value === null || typeof value !== "object") return value;
  if ("base64" in value) {
    const bytes = Uint8Array.from(atob(value.base64), (char) => char.charCodeAt(0));
    return { shape: value.shape, data: new DataView(bytes.buffer) };
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, unpack(item)]));
}

function standIn(values) {
  const state = unpack(values);
  const listeners = {};
  return {
    hasKernel: false,
    get: (name) => state[name],
    set(name, value) {
      if (state[name] === value) return;
      state[name] = value;
      for (const f of [...(listeners[`change:${name}`] ?? [])]) f();
    },
    on: (event, f) => (listeners[event] ??= []).push(f),
    off(event, f) {
      listeners[event] = (listeners[event] ?? []).filter((other) => other !== f);
    },
    save_changes() {},
    send() {},
  };
}

function show(render, values, id) {
  render({ model: standIn(values), el: document.getElementById(id) });
}
