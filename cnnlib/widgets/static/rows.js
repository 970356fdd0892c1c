// The rows of a stack as people edit them: which fields a kind has, names, changes.
// Every function returns a new stack; the old one stays as it was.

const FIELDS = {  // what can be typed, and what a new row starts with
  convolution: { filters: 8, window: 3, stride: null, pad: 0, dilation: 1, groups: 1 },
  "sparse convolution": { window: 5, stride: null, pad: 0, dilation: 1 },
  "max pooling": { window: 2, stride: null, pad: 0 },
  "average pooling": { window: 2, stride: null, pad: 0 },
  subsampling: { window: 2, stride: null, pad: 0 },
  "zero channels": { filters: 8 },
  affine: { units: 10 },
  rbf: { units: 10 },
};
const KEPT = { convolution: ["bias"], "sparse convolution": ["bias", "sees"], affine: ["bias"],
  dropout: ["ratio"] };
const CHOICES = ["convolution", "max pooling", "average pooling", "affine", "relu", "sigmoid", "tanh",
  "dropout", "batch normalization", "local response normalization", "global average pooling",
  "subsampling"];
const NAMES = { convolution: "Conv", "max pooling": "Pool", "average pooling": "Pool",
  affine: "Affine", "batch normalization": "Batch", "local response normalization": "Norm",
  "global average pooling": "Global", subsampling: "Sub" };

const DEFAULT_OF = { pad: 0, dilation: 1, groups: 1 };
const valueOf = (row, field) => row[field] ?? DEFAULT_OF[field] ?? null;

// A name that no row has yet: Conv1, Conv2...
function freshName(rows, kind) {
  const stem = NAMES[kind] ?? kind[0].toUpperCase() + kind.slice(1);
  const taken = new Set(rows.map((row) => row.name));
  let number = 1;
  while (taken.has(`${stem}${number}`)) number++;
  return `${stem}${number}`;
}

// Leave out what is default, as Python does.
function tidy(row) {
  const kept = Object.entries(row).filter(([name, value]) =>
    value !== null && value !== undefined && value !== DEFAULT_OF[name]);
  return Object.fromEntries(kept);
}

const withRows = (stack, rows) => ({ ...stack, rows });

function addRow(stack, after, kind) {
  const row = tidy({ name: freshName(stack.rows, kind), kind, ...FIELDS[kind] });
  const rows = [...stack.rows];
  rows.splice(after + 1, 0, row);
  return withRows(stack, rows);
}

const removeRow = (stack, at) => withRows(stack, stack.rows.filter((_, k) => k !== at));

function moveRow(stack, at, by) {
  const rows = [...stack.rows], to = at + by;
  if (to < 0 || to >= rows.length) return stack;
  [rows[at], rows[to]] = [rows[to], rows[at]];
  return withRows(stack, rows);
}

const changeRow = (stack, at, row) =>
  withRows(stack, stack.rows.map((old, k) => (k === at ? tidy(row) : old)));

const setField = (stack, at, field, value) =>
  changeRow(stack, at, { ...stack.rows[at], [field]: value });

// Another kind: fields that it has too are kept, those that it needs are filled in.
function setKind(stack, at, kind) {
  const { name, after, ...old } = stack.rows[at];
  const fields = { ...FIELDS[kind] };
  for (const field of [...Object.keys(fields), ...(KEPT[kind] ?? [])])
    if (old[field] !== undefined) fields[field] = old[field];
  return changeRow(stack, at, { name, kind, ...fields, after });
}

// Rename a row, also where others come after it; null if the name is taken.
function rename(stack, at, name) {
  const old = stack.rows[at].name;
  if (name === "input" || stack.rows.some((row, k) => k !== at && row.name === name)) return null;
  return withRows(stack, stack.rows.map((row, k) => {
    const after = row.after?.map((other) => (other === old ? name : other));
    return tidy({ ...row, name: k === at ? name : row.name, after });
  }));
}

// A field can be typed in if it holds one number or nothing.
const canEdit = (row, field) => {
  const value = valueOf(row, field);
  return value === null || typeof value === "number";
};

// What the columns do not show: branches, tables, ratios.
function extras(row) {
  const parts = [];
  if (row.after) parts.push(`after ${row.after.join(", ")}`);
  if (row.bias === false) parts.push("no bias");
  if (row.ratio !== undefined || row.kind === "dropout") parts.push(`ratio ${row.ratio ?? 0.5}`);
  if (row.sees) parts.push(`${row.sees.length} filters, each sees some channels`);
  return parts.join(" · ");
}
