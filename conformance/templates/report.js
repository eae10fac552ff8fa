"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const MARKS = { conforms: "✓", violates: "✗", declared: "!", "not offered": "–", crash: "↯", hang: "…" };
const RANKED = ["not offered", "conforms", "declared", "violates", "hang", "crash"];
const FAILURES = ["violates", "hang", "crash"];
const HUES = ["#3b6fd4", "#d1662f", "#3f9b59", "#a04fc0", "#b98a00", "#c2477f", "#2a9d9d", "#7a6a58", "#6b7bd8", "#888"];

/** An element with attributes and children; text goes in as text. */
function make(tag, attributes = {}, ...children) {
  const svg = ["svg", "rect", "circle", "text", "line", "path", "title", "g"].includes(tag);
  const e = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) e.setAttribute(key, value);
  e.append(...children.filter((child) => child !== null && child !== ""));
  return e;
}

const kind = (verdict) => verdict.replace(" ", "-");
const worst = (verdicts) => verdicts.reduce((a, b) => (RANKED.indexOf(b) > RANKED.indexOf(a) ? b : a));
const anchor = (run, v) => `v-${data.runs.indexOf(run)}-${v.slug}-${v.op}`;

function about() {
  const versions = Object.entries(data.versions).map(([name, version]) => `${name} ${version}`).join(", ");
  $("about").textContent = `${data.date}, ${versions}; ${data.machine}`;
  for (const run of data.runs) {
    const counts = Object.entries(run.counts).map(([verdict, count]) => make("span", { class: `count ${kind(verdict)}` }, `${MARKS[verdict]} ${count} ${verdict}`));
    const policies = Object.entries(run.policies).map(([key, value]) => `${key} = ${typeof value === "string" ? value : JSON.stringify(value)}`).join(", ");
    $("runs").append(make("div", { class: "run" },
      make("h3", {}, `${run.name} `, make("span", { class: "soft" }, run.version)), make("p", {}, ...counts),
      make("p", { class: "soft" }, `${run.interrupted ? "interrupted; " : ""}profile ${run.profile}${run.effort < 1 ? ` at an effort of ${run.effort}` : ""}, seed ${run.seed}, ${run.cases} cases in ${run.seconds.toFixed(0)} s`),
      make("p", { class: "soft" }, policies && `declares ${policies}`),
      ...run.stale.map((line) => make("p", { class: "violates" }, `stale declaration: ${line}`)),
      ...run.errors.map((error) => make("p", { class: "violates" }, `the judge failed: ${error}`))));
  }
}

/** The columns of the matrix: the backends, or the operators of one of them. */
function columns() {
  const chosen = $("backend").value;
  if (chosen === "") return data.runs.map((run) => ({ name: run.name, run, ops: data.operators }));
  const run = data.runs[Number(chosen)];
  return run.operators.map((op) => ({ name: op, run, ops: [op] }));
}

function cell(column, slug) {
  const op = $("operator").value;
  const found = column.run.verdicts[slug] || {};
  const ops = column.ops.filter((o) => found[o] && (!op || o === op) && column.run.operators.includes(o));
  const verdict = ops.length ? worst(ops.map((o) => found[o])) : "";
  return { verdict, ops: ops.filter((o) => found[o] === verdict), run: column.run, slug };
}

function passes(verdict) {
  const wanted = $("verdict").value;
  return !wanted || (wanted === "failures" ? FAILURES.includes(verdict) : verdict === wanted);
}

function matrix() {
  const words = $("find").value.toLowerCase().split(/\s+/).filter(Boolean);
  const cols = columns(), body = make("tbody");
  for (const c of data.clauses) {
    const text = `${c.number} ${c.slug} ${c.title} ${c.sentence}`.toLowerCase();
    const cells = cols.map((column) => cell(column, c.slug));
    if (!words.every((word) => text.includes(word)) || !cells.some((x) => x.verdict && passes(x.verdict))) continue;
    const row = make("tr", {}, make("th", { scope: "row", title: c.sentence }, make("span", { class: "soft" }, `${c.number} `), make("code", {}, c.slug)));
    for (const x of cells) {
      const label = `${c.slug}: ${x.verdict || "not tried"}${x.ops.length ? ` on ${x.ops.join(", ")}` : ""}`;
      const td = make("td", { role: "gridcell", tabindex: -1, class: x.verdict && kind(x.verdict), title: label, "aria-label": label }, x.verdict ? MARKS[x.verdict] : "");
      td.cell = x;
      row.append(td);
    }
    body.append(row);
  }
  const head = make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "clause"), ...cols.map((x) => make("th", { scope: "col" }, x.name))));
  $("matrix").replaceChildren(head, body);
  body.querySelector("td")?.setAttribute("tabindex", 0);
  $("shown").textContent = `${body.rows.length} clauses`;
  violations(words);
}

function violations(words) {
  const op = $("operator").value, chosen = $("backend").value, found = [];
  data.runs.forEach((run, i) => {
    if (chosen !== "" && Number(chosen) !== i) return;
    for (const v of run.causes) {
      const all = [v, ...v.also];
      const fits = all.some((x) => (!op || x.op === op) && passes(x.verdict) && words.every((word) => `${x.slug} ${law(x.slug).sentence}`.toLowerCase().includes(word)));
      if (fits) found.push(article(run, v));
    }
  });
  $("causes").replaceChildren(...(found.length ? found : [make("p", { class: "soft" }, "None.")]));
}

const law = (slug) => data.clauses.find((c) => c.slug === slug) || { sentence: "", number: "", title: "" };

function article(run, v) {
  const where = v.index ? ` at [${v.index.join(", ")}]` : "";
  const bounds = v.bounds === null ? "" : `, ${v.bounds.toPrecision(3)} times the bound`;
  const replay = v.case && `convspec repro "${v.case}" --backend ${run.name}`;
  const also = v.also.map((x) => explained(run, x));
  return make("article", { id: anchor(run, v), tabindex: 0, "aria-label": `${v.slug} on ${v.op}, ${run.name}` },
    make("h3", {}, make("span", { class: kind(v.verdict) }, `${MARKS[v.verdict]} ${v.slug}`), ` on ${v.op}: ${run.name} ${v.verdict === "violates" ? "violates" : `(${v.verdict})`}`),
    make("p", { class: "soft" }, law(v.slug).sentence),
    make("p", {}, "Expected ", make("code", {}, v.expected), `${where}, got `, make("code", {}, v.got), `${bounds}.`),
    pictures(v.picture),
    replay ? make("pre", {}, replay) : null,
    v.script ? make("details", {}, make("summary", {}, "script"), make("pre", { class: "script" }, v.script)) : null,
    also.length ? make("details", {}, make("summary", {}, `${also.length} more violations that this may explain`), make("ul", {}, ...also)) : null);
}

/** A violation that another may explain: in full once it is opened. */
function explained(run, v) {
  const more = make("details", {}, make("summary", {}, make("code", {}, v.slug), ` on ${v.op}: expected ${v.expected}, got ${v.got}`));
  more.addEventListener("toggle", () => more.children.length > 1 || more.append(pictures(v.picture), make("pre", {}, v.case && `convspec repro "${v.case}" --backend ${run.name}`), make("pre", { class: "script" }, v.script)));
  return make("li", { id: anchor(run, v), tabindex: -1 }, more);
}

/** Heat maps: operands and results, blue below zero and red above; expected and got share a scale. */
function pictures(sections) {
  const size = (s) => Math.max(0, ...s.rows.flat().map(Number).filter(Number.isFinite).map(Math.abs));
  const results = sections.filter((s) => /^(expected|got)/.test(s.title));
  const shared = Math.max(0, ...results.map(size));
  return make("div", { class: "pictures" }, ...sections.map((s) => heatMap(s, results.includes(s) ? shared : size(s))));
}

function heatMap(section, scale) {
  const { rows, at, title } = section, width = Math.max(...rows.map((row) => row.length), 1);
  const longest = Math.max(...rows.flat().map((v) => short(v).length), 1);
  const side = width > 12 || rows.length > 12 ? 14 : Math.max(26, 6.4 * longest + 6), tall = Math.min(side, 26);
  const svg = make("svg", { width: width * side + 2, height: rows.length * tall + 2, role: "img", "aria-label": title });
  rows.forEach((row, i) => row.forEach((v, j) => {
    const x = 1 + j * side, y = 1 + i * tall;
    svg.append(make("rect", { x, y, width: side, height: tall, fill: colour(v, scale), stroke: "var(--line)" }, make("title", {}, `[${i}, ${j}] = ${v}`)));
    if (side >= 26) svg.append(make("text", { x: x + side / 2, y: y + tall / 2 + 3.5, "text-anchor": "middle", style: `fill:${ink(v, scale)}`, "pointer-events": "none" }, short(v)));
  }));
  if (at) svg.append(make("rect", { x: 2 + at[1] * side, y: 2 + at[0] * tall, width: side - 2, height: tall - 2, fill: "none", stroke: "#000", "stroke-width": 2, class: "wrong" }));
  return make("figure", {}, make("figcaption", {}, title), svg);
}

const share = (v, scale) => (scale > 0 && Number.isFinite(Number(v)) ? Math.max(-1, Math.min(1, v / scale)) : 0);
const ink = (v, scale) => (typeof v === "string" || Math.abs(share(v, scale)) > 0.6 ? "#fff" : "#1d232b");
function colour(v, scale) {
  if (typeof v === "string") return v === "nan" ? "#6b4a86" : v === "inf" ? "#5c0b10" : "#0b2a5c";
  const t = share(v, scale), mix = (to) => to.map((c) => Math.round(247 + (c - 247) * Math.abs(t)));
  return `rgb(${mix(t < 0 ? [33, 102, 172] : [178, 24, 43]).join(",")})`;
}
function short(v) {
  if (typeof v !== "number") return String(v);
  if (Math.abs(v) >= 1e6) return v.toExponential(2).replace("+", "");
  return Number.isInteger(v) ? String(v) : String(Number(v.toPrecision(3)));
}

/** The accuracy of one backend: errors in u B against sqrt(n), both axes logarithmic. */
function plot(run) {
  const rows = run.grades.filter((g) => g.worst > 0), W = 560, H = 300, left = 46, low = 34;
  if (!rows.length) return null;
  const ops = [...new Set(rows.map((g) => g.operator))];
  const most = Math.max(...rows.map((g) => g.terms), 4), values = rows.flatMap((g) => [g.worst, g.rms]).filter((v) => v > 0);
  const bottom = Math.floor(Math.log10(Math.min(...values))), top = Math.ceil(Math.log10(Math.max(...values, Math.sqrt(most) + 1)));
  const px = (n) => left + ((W - left - 10) * Math.log(n)) / Math.log(most), py = (v) => 8 + ((H - low - 8) * (top - Math.log10(v))) / (top - bottom);
  const svg = make("svg", { width: W, height: H, role: "img", "aria-label": `accuracy of ${run.name} against the square root of n` });
  for (let e = bottom; e <= top; e++) svg.append(make("line", { class: "grid", x1: left, x2: W - 10, y1: py(10 ** e), y2: py(10 ** e) }), make("text", { x: left - 6, y: py(10 ** e) + 3, "text-anchor": "end" }, e >= 0 ? String(10 ** e) : `1e${e}`));
  for (let n = 1; n <= most; n *= 4) svg.append(make("line", { class: "grid", x1: px(n), x2: px(n), y1: 8, y2: H - low }), make("text", { x: px(n), y: H - low + 14, "text-anchor": "middle" }, String(Math.sqrt(n))));
  svg.append(make("text", { x: (W + left) / 2, y: H - 4, "text-anchor": "middle" }, "√n"), make("text", { x: left + 4, y: 18 }, "u B"));
  const curve = (f) => Array.from({ length: 41 }, (_, i) => most ** (i / 40)).filter((n) => f(n) <= 10 ** top).map((n, i) => `${i ? "L" : "M"}${px(n)},${py(f(n))}`).join("");
  svg.append(make("path", { class: "axis", d: curve(Math.sqrt), "stroke-dasharray": "4 3" }), make("path", { class: "axis", d: curve((n) => n + 1) }));
  for (const g of rows) {
    const hue = HUES[ops.indexOf(g.operator) % HUES.length], tip = `${g.operator}, up to ${g.terms} terms: rms ${g.rms}, worst ${g.worst}, ${g.count} results`;
    svg.append(make("circle", { cx: px(g.terms), cy: py(g.worst), r: 4, fill: "none", stroke: hue, "stroke-width": 1.5 }, make("title", {}, tip)));
    if (g.rms > 0) svg.append(make("circle", { cx: px(g.terms), cy: py(g.rms), r: 3.5, fill: hue }, make("title", {}, tip)));
  }
  const legend = ops.map((op, i) => make("span", {}, make("i", { style: `background:${HUES[i % HUES.length]}` }), op));
  return make("figure", {}, make("figcaption", {}, run.name), svg, make("div", { class: "legend" }, ...legend));
}

/** Where a cell leads: to the violation that it stands for, opened, or to its declaration. */
function open(x) {
  const target = x.ops.map((op) => $(anchor(x.run, { slug: x.slug, op })) || $(`d-${data.runs.indexOf(x.run)}-${x.slug}-${op}`)).find(Boolean);
  if (!target) return;
  for (let d = target.closest("details"); d; d = d.parentElement.closest("details")) d.open = true;
  target.scrollIntoView({ block: "center" });
  target.focus({ preventScroll: true });
}

function step(by) {
  const all = [...$("causes").querySelectorAll("article")];
  const now = all.indexOf(document.activeElement.closest?.("article"));
  const next = all[Math.max(0, Math.min(all.length - 1, now < 0 ? (by > 0 ? 0 : all.length - 1) : now + by))];
  next?.scrollIntoView({ block: "start" });
  next?.focus({ preventScroll: true });
}

const MOVES = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };
function moveFrom(td, [down, right]) {
  const row = td.parentElement, rows = row.parentElement.rows;
  const next = rows[row.rowIndex - 1 + down]?.cells[td.cellIndex + right];
  if (next?.cell === undefined) return;
  td.setAttribute("tabindex", -1);
  next.setAttribute("tabindex", 0);
  next.focus();
}

document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("input, select");
  if (event.key === "Escape" && typing) event.target.blur();
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const td = event.target.closest?.("td");
  if (td && MOVES[event.key]) moveFrom(td, MOVES[event.key]);
  else if (td && event.key === "Enter") open(td.cell);
  else if (event.key === "/") $("find").focus();
  else if (event.key === "j" || event.key === "k") step(event.key === "j" ? 1 : -1);
  else return;
  event.preventDefault();
});
$("matrix").addEventListener("click", (event) => event.target.closest("td") && open(event.target.closest("td").cell));
$("filters").addEventListener("input", matrix);
$("filters").addEventListener("submit", (event) => event.preventDefault());

function options(id, pairs) {
  $(id).append(...pairs.map(([value, text]) => make("option", { value }, text)));
}
options("backend", [...(data.runs.length > 1 ? [["", "backends"]] : []), ...data.runs.map((run, i) => [i, `operators of ${run.name}`])]);
options("operator", [["", "all"], ...data.operators.map((op) => [op, op])]);
options("verdict", [["", "all"], ["failures", "violates, crash or hang"], ...RANKED.map((verdict) => [verdict, verdict])]);
data.runs.forEach((run, i) => run.declared.forEach((d) => $("declared").append(make("li", { id: `d-${i}-${d.slug}-${d.op}`, tabindex: -1 }, `${run.name}, `, make("code", {}, d.slug), ` on ${d.op}: ${d.reason}`))));
$("declared-part").hidden = !data.runs.some((run) => run.declared.length);
about();
matrix();
$("accuracy").append(...data.runs.map(plot).filter(Boolean));
