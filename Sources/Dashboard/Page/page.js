// The live page, and the saved one: tables and curves of one study, and the list of studies.
// Parts, in order: elements, numbers, the address, data, filters, charts, the table, views, keys, start.
"use strict";
(() => {
const $ = (id) => document.getElementById(id);
const saved = $("saved") ? JSON.parse($("saved").textContent) : null;
const app = $("app");
const notesToken = document.querySelector("meta[name=viseme-notes]")?.content;
const studyId = saved ? saved.study.id
  : location.pathname.startsWith("/s/") ? decodeURIComponent(location.pathname.slice(3)) : null;

// ---- Elements. Text from runs is only ever set as text.
function el(tag, attributes = {}, ...children) {
  const svg = ["svg", "path", "line", "text", "g", "rect", "circle", "polyline"].includes(tag);
  const node = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag)
    : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value == null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "css") for (const [key, text] of Object.entries(value)) node.style.setProperty(key, text);
    else if (name === "value") node.value = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
  return node;
}
const table = (head, rows) => el("div", { class: "wide" }, el("table", {},
  head.length ? el("thead", {}, el("tr", {}, head.map((text) => el("th", { scope: "col" }, text)))) : null,
  el("tbody", {}, rows)));

// ---- Numbers
const number = (value) => {
  if (value == null) return "–";
  if (typeof value !== "number") return String(value);
  if (!Number.isFinite(value)) return String(value);
  if (Number.isInteger(value) && Math.abs(value) < 1e6) return String(value);
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-3 || size >= 1e6) ? value.toExponential(2) : value.toFixed(4);
};
const exact = (value) => typeof value === "number" && !Number.isInteger(value)
  ? String(+value.toPrecision(6)) : String(value ?? "–");
const numeric = (value) => typeof value === "number" ? value
  : value === "inf" ? Infinity : value === "-inf" ? -Infinity : NaN;
const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;
function duration(seconds) {
  if (!Number.isFinite(seconds)) return "–";
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")} min`;
  return `${Math.floor(s / 3600)}:${String(Math.floor(s / 60) % 60).padStart(2, "0")} h`;
}
function bytes(count) {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let at = 0;
  while (count >= 1000 && at < 4) { count /= 1000; at++; }
  return `${at ? count.toPrecision(3) : count} ${units[at]}`;
}
const mean = (values) => values.length ? values.reduce((a, b) => a + b, 0) / values.length : null;
function deviation(values) {
  if (values.length < 2) return null;
  const m = mean(values);
  return Math.sqrt(values.reduce((sum, v) => sum + (v - m) ** 2, 0) / (values.length - 1));
}

// ---- The address: everything that a reload or a shared link should show again.
const defaults = { tab: "results", by: "trials", filter: "", sort: "", sel: "", pin: "", metrics: "", x: "epoch",
  log: "", smooth: "0", run: "", compare: "", top: "0", brush: "" };
let state = readAddress();
function readAddress() {
  const found = { ...defaults };
  for (const [key, value] of new URLSearchParams(location.hash.slice(1))) if (key in found) found[key] = value;
  return found;
}
function writeAddress(isStep) {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(state)) if (value !== defaults[key]) parameters.set(key, value);
  const text = parameters.toString();
  const address = location.pathname + (text ? `#${text}` : "");
  if (location.hash.slice(1) === text) return;
  history[isStep ? "pushState" : "replaceState"](null, "", address);
}
/// Changes what is shown; a step can be undone by the browser's button.
function go(changes, isStep = true) {
  Object.assign(state, changes);
  writeAddress(isStep);
  render();
}
const listed = (text) => text ? text.split(",") : [];
window.addEventListener("popstate", () => { state = readAddress(); render(); });
window.addEventListener("hashchange", () => { state = readAddress(); render(); });

// ---- Data
let study = null;
let boot = "";
let runs = new Map();
let trials = [];
let problem = "";
const column = {};

async function get(path) {
  const answer = await fetch(path, { cache: "no-store" });
  if (!answer.ok) throw new Error(answer.status === 404 ? "it is not there" : `${answer.status} ${await answer.text()}`);
  return answer.json();
}
const base = studyId === null ? "" : `/api/s/${encodeURIComponent(studyId)}`;

function take(found) {
  if (found.isWhole || !study) { runs = new Map(); curveCache.clear(); }
  found.columns.forEach((name, at) => { column[name] = at; });
  found.keys.forEach((key, at) => { column["=" + key.name] = found.columns.length + at; });
  const changed = new Set();
  for (const row of found.rows) {
    runs.set(row[column.id], row);
    changed.add(row[column.trial]);
  }
  study = found;
  study.rows = null;
  for (const trial of changed) for (const cached of curveCache.values()) cached.delete(trial);
  gatherTrials();
}

function gatherTrials() {
  const byNumber = new Map();
  for (const row of runs.values()) {
    const of = row[column.trial];
    if (!byNumber.has(of)) byNumber.set(of, { trial: of, runs: [] });
    byNumber.get(of).runs.push(row);
  }
  const better = study.goal === "maximize" ? (a, b) => a > b : (a, b) => a < b;
  trials = [...byNumber.values()];
  for (const trial of trials) {
    const values = trial.runs.map((row) => row[column.best]).filter((v) => typeof v === "number");
    const lasts = trial.runs.map((row) => row[column.last]).filter((v) => typeof v === "number");
    trial.best = mean(values);
    trial.sd = deviation(values);
    trial.count = values.length;
    trial.last = mean(lasts);
    trial.epoch = Math.max(0, ...trial.runs.map((row) => row[column.epoch] ?? 0));
    const states = new Set(trial.runs.map((row) => row[column.state]));
    trial.state = states.has("running") ? "running" : states.has("failed") ? "failed"
      : states.has("planned") ? "planned" : "completed";
    trial.seconds = mean(trial.runs.map((row) => row[column.seconds]).filter((v) => v != null));
    let leader = trial.runs[0];
    for (const row of trial.runs) {
      if (typeof row[column.best] !== "number") continue;
      if (typeof leader[column.best] !== "number" || better(row[column.best], leader[column.best])) leader = row;
    }
    trial.spark = leader[column.spark];
    trial.bestEpoch = leader[column.bestEpoch];
  }
}

/// What a filter, a column or a sort calls a value of a run.
function valueOf(row, name) {
  if (name === "tag") return row[column.tags].join(" ");
  const at = column["=" + name] ?? column[name];
  return at === undefined ? undefined : row[at];
}
function valueOfTrial(trial, name) {
  if (name in trial && name !== "runs") return trial[name];
  if (name === "seeds") return trial.count;
  return valueOf(trial.runs[0], name);
}
const trialKeys = () => study.keys.filter((key) => key.name !== "seed");
function labelOf(trial) {
  const keys = trialKeys();
  return keys.length ? keys.map((key) => `${key.name}=${exact(valueOf(trial.runs[0], key.name))}`).join(", ") : "all runs";
}
function runLabel(row) {
  return study.keys.map((key) => `${key.name}=${exact(valueOf(row, key.name))}`).join(", ") || `run ${row[column.number]}`;
}

// Curves by metric, then by trial.
const curveCache = new Map();
async function curvesOf(metric, wanted) {
  const name = metric + (state.x === "time" ? "\ntime" : "");
  if (!curveCache.has(name)) curveCache.set(name, new Map());
  const cache = curveCache.get(name);
  if (saved) {
    for (const curve of saved.curves[metric] ?? []) cache.set(curve.trial, curve);
    return wanted.map((trial) => cache.get(trial)).filter(Boolean);
  }
  const missing = wanted.filter((trial) => !cache.has(trial));
  for (let at = 0; at < missing.length; at += 100) {
    const part = missing.slice(at, at + 100);
    const columns = Math.min(2000, Math.round(innerWidth * devicePixelRatio));
    const found = await get(`${base}/curves?metric=${encodeURIComponent(metric)}&trials=${part.join(",")}`
      + `&columns=${columns}${state.x === "time" ? "&time=1" : ""}`);
    for (const curve of found) cache.set(curve.trial, curve);
  }
  return wanted.map((trial) => cache.get(trial)).filter(Boolean);
}

// ---- Filters: `lr>0.001 & state=running | !(tag~good)`
function parseFilter(text) {
  const tokens = text.match(/"[^"]*"|>=|<=|!=|[=<>~&|!()]|[^\s"=<>~&|!()]+/g) ?? [];
  let at = 0;
  const known = new Set([...study.columns, ...study.keys.map((key) => key.name), "tag", "seeds", "sd"]);
  const fail = (message) => { throw new Error(message); };
  function any() {
    let left = all();
    while (tokens[at] === "|") { at++; const [a, b] = [left, all()]; left = (row) => a(row) || b(row); }
    return left;
  }
  function all() {
    let left = one();
    while (at < tokens.length && tokens[at] !== "|" && tokens[at] !== ")") {
      if (tokens[at] === "&") at++;
      const [a, b] = [left, one()];
      left = (row) => a(row) && b(row);
    }
    return left;
  }
  function one() {
    const token = tokens[at++];
    if (token === undefined) fail("something is missing at the end");
    if (token === "!") { const inner = one(); return (row) => !inner(row); }
    if (token === "(") {
      const inner = any();
      if (tokens[at++] !== ")") fail("a ) is missing");
      return inner;
    }
    if (/^[=<>~&|)]/.test(token)) fail(`${token} needs a name before it`);
    const name = token.replace(/^"|"$/g, "");
    const operator = tokens[at];
    if (!/^(=|!=|>=|<=|<|>|~)$/.test(operator ?? "")) {
      const needle = name.toLowerCase();
      if (known.has(name)) return (row) => !!row(name) && row(name) !== "";
      return (row) => row("*").includes(needle);
    }
    if (!known.has(name)) fail(`there is no ${name}: ${[...known].slice(0, 6).join(", ")}, …`);
    at++;
    let text = tokens[at++];
    if (text === undefined) fail(`${name}${operator} needs a value`);
    text = text.replace(/^"|"$/g, "");
    const wanted = text !== "" && !Number.isNaN(Number(text)) ? Number(text) : text;
    return (row) => {
      const value = row(name) ?? "";
      if (operator === "~") return String(value).toLowerCase().includes(String(text).toLowerCase());
      if (operator === "=" || operator === "!=") {
        const isEqual = typeof value === "number" && typeof wanted === "number" ? value === wanted
          : name === "tag" ? String(value).split(" ").includes(String(text)) : String(value) === String(text);
        return operator === "=" ? isEqual : !isEqual;
      }
      const number = numeric(value);
      if (typeof wanted !== "number" || Number.isNaN(number)) return false;
      return operator === ">" ? number > wanted : operator === "<" ? number < wanted
        : operator === ">=" ? number >= wanted : number <= wanted;
    };
  }
  if (!tokens.length) return () => true;
  const test = any();
  if (at < tokens.length) fail(`${tokens[at]} is too much`);
  return test;
}
let filterProblem = "";
function filtered() {
  filterProblem = "";
  let test = () => true;
  try { test = parseFilter(state.filter); } catch (error) { filterProblem = error.message; }
  const showsHidden = /\bhidden\b/.test(state.filter);
  const isShown = (row) => (showsHidden || !row[column.hidden])
    && test((name) => name === "*"
      ? [runLabel(row), row[column.state], row[column.id], row[column.note], row[column.reason], row[column.tags].join(" ")].join(" ").toLowerCase()
      : valueOf(row, name));
  return [...runs.values()].filter(isShown);
}

// ---- Charts
// Okabe and Ito (2008): eight colours that people distinguish without red and green.
const colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#9467bd", "#7f7f7f"];
const dashes = ["", "7 4", "2 3", "9 3 2 3"];
const look = (index) => ({ colour: colours[index % colours.length],
  dash: dashes[Math.floor(index / colours.length) % dashes.length] });

function ticks(low, high, isLog, count = 5) {
  if (isLog) {
    const found = [];
    const [from, to] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
    const steps = to - from <= 2 ? [1, 2, 5] : [1];
    for (let power = from; power <= to; power += Math.max(1, Math.round((to - from) / 6)))
      for (const step of steps) { const v = step * 10 ** power; if (v >= low && v <= high) found.push(v); }
    return found.length ? found : [low];
  }
  const raw = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= raw);
  const found = [];
  for (let v = Math.ceil(low / step) * step; v <= high + step * 1e-9; v += step) found.push(+v.toPrecision(12));
  return found;
}

/// Lines over a common horizontal axis. `series`: {id, label, colour, dash, x, y, low, high, isFaint}.
function lineChart({ title, series, isLog, xName, height = 260, onhover, width = Math.min(640, Math.max(320, app.clientWidth)) }) {
  const lines = series.filter((line) => line.x.length);
  const frame = { left: 58, right: 12, top: 8, bottom: 34 };
  const holder = el("div", { class: "chart" }, title ? el("h3", {}, title) : null);
  if (!lines.length) {
    holder.append(el("p", { class: "empty" }, "no values yet"));
    return holder;
  }
  const all = [];
  let [x0, x1] = [Infinity, -Infinity];
  for (const line of lines) {
    for (const list of [line.y, line.low ?? [], line.high ?? []]) for (const v of list) {
      if (!isLog || v > 0) all.push(v);
    }
    for (const v of line.x) { if (v < x0) x0 = v; if (v > x1) x1 = v; }
  }
  let [low, high] = [Infinity, -Infinity];
  for (const v of all) { if (v < low) low = v; if (v > high) high = v; }
  if (!all.length) { low = 1; high = 10; }
  if (low === high) { const half = Math.abs(low) * 0.05 || 0.5; low -= half; high += half; }
  else if (!isLog) { const room = (high - low) * 0.05; low -= room; high += room; }
  if (isLog && low <= 0) low = high / 1e6;
  if (x0 === x1) { x0 -= 0.5; x1 += 0.5; }
  const px = (v) => frame.left + (v - x0) / (x1 - x0) * (width - frame.left - frame.right);
  const scale = isLog ? Math.log10 : (v) => v;
  const py = (v) => {
    const share = (scale(Math.max(v, isLog ? low : -Infinity)) - scale(low)) / (scale(high) - scale(low));
    return height - frame.bottom - share * (height - frame.top - frame.bottom);
  };
  const svg = el("svg", { viewBox: `0 0 ${width} ${height}`, role: "img",
    "aria-label": `${title || "curves"}: ${lines.slice(0, 8).map((line) => `${line.label} ends at ${number(line.y.at(-1))}`).join("; ")}` });
  for (const v of ticks(low, high, isLog)) {
    svg.append(el("line", { class: "axis", x1: frame.left, x2: width - frame.right, y1: py(v), y2: py(v) }),
      el("text", { x: frame.left - 6, y: py(v) + 4, "text-anchor": "end" }, String(+v.toPrecision(4)).replace("e+", "e")));
  }
  for (const v of ticks(x0, x1, false, 6)) {
    if (xName === "epoch" && !Number.isInteger(v)) continue;
    svg.append(el("text", { x: px(v), y: height - frame.bottom + 16, "text-anchor": "middle" },
      xName === "epoch" ? String(v) : duration(v)));
  }
  svg.append(el("text", { x: (frame.left + width - frame.right) / 2, y: height - 4, "text-anchor": "middle" },
    xName === "epoch" ? axisName() : "time of training"));
  const path = (x, y) => {
    let text = "";
    for (let at = 0; at < x.length; at++) text += `${at ? "L" : "M"}${px(x[at]).toFixed(1)} ${py(y[at]).toFixed(1)}`;
    return text;
  };
  const nodes = new Map();
  for (const line of lines) {
    const group = el("g", { "data-id": line.id });
    if (line.low && line.x.length > 1) {
      const edge = path(line.x, line.high) + path([...line.x].reverse(), [...line.low].reverse()).replace("M", "L") + "Z";
      group.append(el("path", { d: edge, fill: line.colour, "fill-opacity": 0.13 }));
    }
    if (line.x.length === 1) group.append(el("circle", { cx: px(line.x[0]), cy: py(line.y[0]), r: 3, fill: line.colour }));
    group.append(el("path", { d: path(line.x, line.y), fill: "none", stroke: line.colour,
      "stroke-width": line.isFaint ? 1 : 1.8, "stroke-dasharray": line.dash || null, "stroke-linejoin": "round",
      "stroke-opacity": line.isFaint ? 0.55 : 1 }));
    svg.append(group);
    nodes.set(line.id, group);
  }
  const cross = el("line", { class: "cross", y1: frame.top, y2: height - frame.bottom, visibility: "hidden" });
  const dot = el("circle", { r: 4, visibility: "hidden" });
  svg.append(cross, dot);
  const tip = el("div", { class: "tip", role: "status", hidden: true });
  holder.append(svg, tip);
  let lit = null;
  const members = el("g");
  svg.insertBefore(members, cross);
  holder.light = (id) => {
    if (lit === id) return;
    lit = id;
    // The seeds of a mean, one by one.
    const own = lines.find((line) => line.id === id);
    members.replaceChildren(...(own?.members ?? []).map((run) => el("path", { d: path(run.x, run.y), fill: "none", stroke: own.colour, "stroke-width": 0.9, "stroke-opacity": 0.8 })));
    for (const [own, group] of nodes) {
      const path = group.lastChild;
      path.setAttribute("stroke-width", own === id ? 3.2 : id == null ? 1.8 : 1.2);
      group.setAttribute("opacity", id == null || own === id ? 1 : 0.35);
      if (own === id) svg.insertBefore(group, cross);
    }
  };
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    const [mx, my] = [(event.clientX - box.left) * width / box.width, (event.clientY - box.top) * height / box.height];
    let nearest = null;
    for (const line of lines) {
      // The point that is nearest from left to right; then the line that is nearest from top to bottom.
      let [a, b] = [0, line.x.length - 1];
      while (b - a > 1) { const middle = (a + b) >> 1; if (px(line.x[middle]) < mx) a = middle; else b = middle; }
      const at = Math.abs(px(line.x[a]) - mx) <= Math.abs(px(line.x[b]) - mx) ? a : b;
      const far = Math.abs(py(line.y[at]) - my) + Math.abs(px(line.x[at]) - mx) / 4;
      if (!nearest || far < nearest.far) nearest = { line, at, far };
    }
    if (!nearest) return;
    const { line, at } = nearest;
    cross.setAttribute("x1", px(line.x[at])); cross.setAttribute("x2", px(line.x[at]));
    dot.setAttribute("cx", px(line.x[at])); dot.setAttribute("cy", py(line.y[at])); dot.setAttribute("fill", line.colour);
    for (const node of [cross, dot]) node.setAttribute("visibility", "visible");
    const x = xName === "epoch" ? `${axisName()} ${line.x[at]}` : duration(line.x[at]);
    const band = line.low && line.count?.[at] > 1 ? ` (${number(line.low[at])} … ${number(line.high[at])}, ${line.count[at]} seeds)` : "";
    tip.textContent = `${line.label}: ${number(line.y[at])}${band}, ${x}`;
    tip.hidden = false;
    const left = px(line.x[at]) * box.width / width;
    tip.style.left = left > box.width / 2 ? "" : `${left + 12}px`;
    tip.style.right = left > box.width / 2 ? `${box.width - left + 12}px` : "";
    tip.style.top = `${Math.max(0, (py(line.y[at])) * box.height / height - 12)}px`;
    holder.light(line.id);
    onhover?.(line.id);
  });
  svg.addEventListener("pointerleave", () => {
    for (const node of [cross, dot]) node.setAttribute("visibility", "hidden");
    tip.hidden = true;
    holder.light(null);
    onhover?.(null);
  });
  return holder;
}

/// An exponential moving average, without the pull towards zero at the start (Kingma and Ba 2015).
function smoothed(y, weight) {
  if (!weight) return y;
  let sum = 0, share = 0;
  return y.map((v) => {
    sum = sum * weight + v * (1 - weight);
    share = share * weight + (1 - weight);
    return sum / share;
  });
}

function runLine(run, line, isByTime) {
  const known = run.x.map((_, at) => at).filter((at) => !isByTime || run.t?.[at] != null);
  return { ...line, x: known.map((at) => isByTime ? run.t[at] : run.x[at]),
    y: smoothed(known.map((at) => run.y[at]), Number(state.smooth)) };
}

/// Lines for a chart: means of trials with their bands, or single runs.
function lines(curves, names, isByTime) {
  const weight = Number(state.smooth);
  if (state.by === "runs") {
    // A colour for each run, in the order of the table.
    const wanted = listed(state.sel).length ? listed(state.sel) : drawnRuns(8);
    const byId = new Map(curves.flatMap((curve) => curve.runs.map((run) => [run.id, run])));
    return wanted.flatMap((id, at) => {
      const run = byId.get(id);
      return run?.x.length ? [runLine(run, { id, label: runLabel(runs.get(id)), ...look(at) }, isByTime)] : [];
    });
  }
  return curves.flatMap((curve, index) => {
    const { colour, dash } = look(index);
    const label = names.get(curve.trial);
    // Epochs of several runs do not end at the same times.
    if (isByTime) return curve.runs.filter((run) => run.x.length).map((run) =>
      runLine(run, { id: curve.trial, label: runs.has(run.id) ? runLabel(runs.get(run.id)) : label, colour, dash }, true));
    const hasBand = curve.runs.filter((run) => run.x.length).length > 1 && !weight;
    return [{ id: curve.trial, label, colour, dash, x: curve.x, y: smoothed(curve.mean, weight), count: curve.n,
      members: curve.runs.length > 1 ? curve.runs : null, low: hasBand ? curve.low : null, high: hasBand ? curve.high : null }];
  });
}

// ---- The table: only the rows that can be seen are elements.
const rowHeight = 30;
let grid = null;
function makeGrid() {
  const body = el("div", { class: "body", role: "rowgroup" });
  const head = el("div", { class: "head", role: "row" });
  const holder = el("div", { class: "grid", role: "grid", tabindex: "0", "aria-label": "runs", id: "grid" }, head, body);
  grid = { holder, head, body, items: [], order: [], cursor: -1, isHeld: false, shown: new Map(), columns: [] };
  holder.addEventListener("scroll", () => {
    paintRows();
    clearTimeout(grid.timer);
    grid.timer = setTimeout(() => { state.top = String(Math.round(holder.scrollTop / rowHeight)); writeAddress(false); }, 200);
  });
  // Rows keep their places while the pointer is on them.
  body.addEventListener("pointerenter", () => { grid.isHeld = true; });
  body.addEventListener("pointerleave", () => { grid.isHeld = false; if (grid.isLate) { grid.isLate = false; fillGrid(); } });
  new ResizeObserver(paintRows).observe(holder);
  return grid;
}

/// What rows of metrics are counted by: epochs, or steps.
const axisName = () => study?.axis ?? "epoch";

function gridColumns() {
  const judged = study.metric;
  const keys = (list) => list.map((key) => ({ name: key.name, title: key.name, isNumber: key.isNumber, width: Math.max(70, 26 + 8 * key.name.length), text: exact }));
  const common = [{ name: "best", title: `best ${judged}`, isNumber: true, width: Math.max(110, 60 + 7.5 * judged.length), text: number }];
  if (state.by === "trials") return [
    { name: "trial", title: "trial", isNumber: true, width: 66, text: exact }, ...keys(trialKeys()), ...common,
    { name: "sd", title: "sd", isNumber: true, width: 80, text: number },
    { name: "last", title: "last", isNumber: true, width: 84, text: number },
    { name: "bestEpoch", title: `best ${axisName()}`, isNumber: true, width: 104, text: exact },
    { name: "seeds", title: "seeds", isNumber: true, width: 74, text: (_, item) => `${item.count}/${item.runs.length}` },
    { name: "state", title: "state", width: 100, text: exact },
    { name: "spark", title: "curve", width: 150, isSpark: true, text: (text) => text }];
  const hasNotes = [...runs.values()].some((row) => row[column.tags].length || row[column.note]);
  const hasTest = [...runs.values()].some((row) => row[column.test] != null);
  return [
    { name: "number", title: "run", isNumber: true, width: 62, text: (value, row) => (row[column.star] ? "★ " : "") + value },
    ...keys(study.keys), { name: "state", title: "state", width: 120,
      text: (value, row) => row[column.diverged] ? "diverged" : row[column.stale] ? "stale" : value },
    { name: "epoch", title: axisName(), isNumber: true, width: 88, text: (value, row) => value == null ? "–" : row[column.epochs] && row[column.state] !== "completed" ? `${value}/${row[column.epochs]}` : String(value) },
    ...common, { name: "bestEpoch", title: "at", isNumber: true, width: 60, text: exact },
    { name: "last", title: "last", isNumber: true, width: 84, text: number },
    ...(hasTest ? [{ name: "test", title: "test accuracy", isNumber: true, width: 122, text: number }] : []),
    { name: "seconds", title: "time", isNumber: true, width: 92, text: (value) => value == null ? "–" : duration(value) },
    { name: "spark", title: "curve", width: 150, isSpark: true, text: (text) => text },
    ...(hasNotes ? [{ name: "note", title: "tags and note", width: 220, text: (value, row) => [...row[column.tags].map((tag) => "#" + tag), value].join(" ") }] : [])];
}
const keyOf = (item) => state.by === "trials" ? item.trial : item[column.id];
const cellValue = (item, name) => state.by === "trials" ? valueOfTrial(item, name) : valueOf(item, name);

const collator = new Intl.Collator("en", { numeric: true });
function sortItems(items) {
  const name = (state.sort || (state.by === "trials" ? "best" : "number")).replace(/^-/, "");
  const isDefault = !state.sort;
  let sign = state.sort.startsWith("-") ? -1 : 1;
  if (isDefault && state.by === "trials" && study.goal === "maximize") sign = -1;
  const pins = new Set(listed(state.pin));
  const entry = (item) => {
    const value = cellValue(item, name);
    return { item, value, isPinned: pins.has(String(keyOf(item))) };
  };
  const entries = items.map(entry);
  entries.sort((a, b) => {
    if (a.isPinned !== b.isPinned) return a.isPinned ? -1 : 1;
    const [x, y] = [a.value, b.value];
    const [noX, noY] = [x == null || x === "" , y == null || y === ""];
    if (noX || noY) return noX === noY ? 0 : noX ? 1 : -1;
    if (typeof x === "number" && typeof y === "number") return sign * (x - y);
    return x === y ? 0 : sign * collator.compare(String(x), String(y));
  });
  return entries.map((entry) => entry.item);
}

function fillGrid() {
  const shown = filtered();
  let items = shown;
  if (state.by === "trials") {
    const wanted = new Set(shown.map((row) => row[column.trial]));
    items = trials.filter((trial) => wanted.has(trial.trial));
  }
  if (state.brush) items = items.filter(isInBrush);
  let sorted = sortItems(items);
  if (grid.isHeld && grid.order.length) {
    const place = new Map(grid.order.map((key, at) => [key, at]));
    const held = [...sorted].sort((a, b) => (place.get(keyOf(a)) ?? Infinity) - (place.get(keyOf(b)) ?? Infinity));
    grid.isLate = held.some((item, at) => item !== sorted[at]);
    sorted = held;
  }
  const focused = document.activeElement?.closest?.(".row")?.dataset.key;
  const cursorKey = grid.order[grid.cursor];
  grid.items = sorted;
  grid.order = sorted.map(keyOf);
  grid.cursor = cursorKey === undefined ? -1 : grid.order.indexOf(cursorKey);
  grid.columns = gridColumns();
  grid.holder.setAttribute("aria-rowcount", sorted.length + 1);
  grid.template = `34px ${grid.columns.map((c) => `${c.width}px`).join(" ")}`;
  fillHead();
  grid.body.style.height = `${sorted.length * rowHeight}px`;
  paintRows();
  if (focused) [...grid.shown.values()].find(({ node }) => node.dataset.key === focused)?.node.querySelector("input")?.focus({ preventScroll: true });
  const note = $("gridnote");
  if (note) note.textContent = filterProblem ? `The filter: ${filterProblem}` : state.by === "trials"
    ? `${plural(sorted.length, "trial")} of ${trials.length}` : `${plural(sorted.length, "run")} of ${runs.size}`;
  const field = $("filter");
  if (field) { field.classList.toggle("wrong", !!filterProblem); field.setAttribute("aria-invalid", String(!!filterProblem)); }
}

function fillHead() {
  const current = state.sort.replace(/^-/, "");
  const heads = grid.columns.map((c) => {
    const isSorted = current === c.name;
    const mark = isSorted ? (state.sort.startsWith("-") ? " ↓" : " ↑") : "";
    return el("button", { class: c.isNumber ? "number" : "", role: "columnheader", title: `Sort by ${c.title}`,
      "aria-sort": isSorted ? (state.sort.startsWith("-") ? "descending" : "ascending") : null,
      onclick: () => retable({ sort: state.sort === c.name ? `-${c.name}` : state.sort === `-${c.name}` ? "" : c.name, top: "0" }) },
      c.title + mark);
  });
  grid.head.replaceChildren(el("span"), ...heads);
  grid.head.style.gridTemplateColumns = grid.template;
}

/// Draws the rows that can be seen. A row whose texts are what they were keeps its element.
function paintRows() {
  if (!grid?.holder.isConnected) return;
  const { holder, body, items } = grid;
  const first = Math.max(0, Math.floor(holder.scrollTop / rowHeight) - 10);
  const last = Math.min(items.length, first + Math.ceil((holder.clientHeight || 600) / rowHeight) + 20);
  const selected = new Set(listed(state.sel));
  const pins = new Set(listed(state.pin));
  const shown = new Map();
  for (let at = first; at < last; at++) {
    const item = items[at];
    const key = keyOf(item);
    const texts = grid.columns.map((c) => c.text(cellValue(item, c.name), item) ?? "–");
    const isSelected = selected.has(String(key));
    const isPinned = pins.has(String(key));
    const sign = [...texts, isSelected, isPinned, chartColours.get(key), item[column.reason], grid.template].join("\u001f");
    let row = grid.shown.get(key);
    if (row?.sign !== sign) {
      row?.node.remove();
      row = { sign, node: rowElement(item, key, texts, isSelected, isPinned) };
      body.append(row.node);
    }
    row.node.style.top = `${at * rowHeight}px`;
    row.node.setAttribute("aria-rowindex", at + 2);
    row.node.classList.toggle("cursor", at === grid.cursor);
    shown.set(key, row);
  }
  for (const [key, row] of grid.shown) if (!shown.has(key)) row.node.remove();
  grid.shown = shown;
}

function rowElement(item, key, texts, isSelected, isPinned) {
  const cells = grid.columns.map((c, at) => {
    const isBad = c.name === "state" && (texts[at] === "failed" || texts[at] === "diverged");
    return el("span", { role: "gridcell", class: `cell${c.isNumber ? " number" : ""}${c.isSpark ? " spark" : ""}${isBad ? " bad" : ""}`,
      title: c.name === "state" ? item[column.reason] : c.isNumber || c.isSpark ? null : texts[at] }, texts[at]);
  });
  const box = el("input", { type: "checkbox", "aria-label": `select ${state.by === "trials" ? labelOf(item) : runLabel(item)}`,
    onclick: (event) => { event.stopPropagation(); select(key); } });
  box.checked = isSelected;
  const row = el("div", { role: "row", class: `row${isSelected ? " selected" : ""}`, "aria-selected": String(isSelected), "data-key": key,
    onclick: () => { grid.cursor = grid.order.indexOf(key); open(grid.items[grid.cursor]); },
    onpointerenter: () => chart?.light?.(key), onpointerleave: () => chart?.light?.(null) },
    el("span", { class: "cell" }, isPinned ? "📌" : box), ...cells);
  const colour = chartColours.get(key);
  if (colour) row.children[1].prepend(el("span", { class: "swatch", css: { background: colour } }));
  row.style.gridTemplateColumns = grid.template;
  return row;
}
/// Changes what the table shows, and leaves the rest of the page as it is.
function retable(changes) {
  Object.assign(state, changes);
  writeAddress(false);
  const bar = $("tablebar");
  if (!bar || !grid?.holder.isConnected) return render();
  if ("filter" in changes || "brush" in changes) bar.replaceWith(tableBar());
  else bar.lastElementChild.replaceWith(selectionBar());
  grid.isHeld = false;
  fillGrid();
  if ("top" in changes) grid.holder.scrollTop = Number(state.top) * rowHeight;
  drawSoon();
}
function select(key) {
  const selected = listed(state.sel);
  const text = String(key);
  retable({ sel: (selected.includes(text) ? selected.filter((own) => own !== text) : [...selected, text]).join(",") });
}
function pin(key) {
  const pins = listed(state.pin);
  const text = String(key);
  retable({ pin: (pins.includes(text) ? pins.filter((own) => own !== text) : [...pins, text]).join(",") });
}
function open(item) {
  if (state.by === "runs") return go({ tab: "run", run: item[column.id] });
  if (item.runs.length === 1) return go({ tab: "run", run: item.runs[0][column.id] });
  go({ by: "runs", filter: `trial=${item.trial}`, sort: "", top: "0", sel: "" });
}

// ---- Views
let chart = null;
let chartColours = new Map();
let drawing = 0;

const tabs = [["results", "Results"], ["curves", "Curves"], ["effects", "Effects"], ["failures", "Failures"], ["run", "Run"], ["compare", "Comparison"]];

function header() {
  const counts = study.counts;
  const total = ["completed", "running", "failed", "planned"].reduce((sum, kind) => sum + counts[kind], 0);
  const part = (kind) => counts[kind] ? el("span", { class: `p-${kind}`, css: { "flex-grow": String(counts[kind]) } }) : null;
  const best = study.best;
  const interval = best?.low != null ? ` (95 % interval ${number(best.low)} … ${number(best.high)})` : "";
  const facts = [
    `${counts.completed} of ${plural(total, "run")} stored`,
    counts.running ? `${counts.running} running` : null,
    counts.failed ? el("span", { class: "bad" }, `${counts.failed} failed`) : null,
    counts.planned ? `${counts.planned} waiting` : null,
    counts.stale ? `${counts.stale} stale` : null,
    el("span", { id: "left" }),
    best ? `best so far: ${best.label} with ${study.metric} ${number(best.mean)}${interval}, ${plural(best.seeds, "seed")}${best.seeds < best.planned ? ` of ${best.planned}` : ""}` : null,
    `${bytes(study.bytes)} of run files`,
  ].filter(Boolean);
  return [
    el("div", { class: "top" },
      saved ? el("span", { class: "faint" }, `saved ${saved.time}`) : el("a", { href: "/" }, "All studies"),
      saved ? null : el("span", {}, el("span", { id: "live", role: "status" }), " · ",
        el("a", { href: `${base}/save`, download: true }, "Save this page"), " · ", el("a", { href: `/s/${encodeURIComponent(studyId)}/plain` }, "Report"),
        " · ", el("button", { onclick: showHelp, title: "Keys and filters (?)" }, "?"))),
    el("h1", {}, study.name),
    study.question ? el("p", { class: "question" }, study.question) : null,
    el("div", { class: "progress", role: "progressbar", "aria-label": "runs stored", "aria-valuenow": counts.completed, "aria-valuemin": 0, "aria-valuemax": total },
      part("completed"), part("running"), part("failed"), counts.planned ? el("span", { css: { "flex-grow": String(counts.planned) } }) : null),
    el("div", { class: "facts" }, facts.map((fact) => typeof fact === "string" ? el("span", {}, fact) : fact)),
  ];
}

function tabBar() {
  const shown = tabs.filter(([name]) => (name !== "failures" || study.counts.failed || state.tab === name)
    && (name !== "run" || state.run) && (name !== "compare" || state.compare));
  return el("nav", { class: "tabs", role: "tablist", "aria-label": "views" }, shown.map(([name, title]) =>
    el("button", { role: "tab", "aria-selected": String(state.tab === name), id: `tab-${name}`, onclick: () => go({ tab: name }) }, title)));
}

function tableBar() {
  const by = (name, title) => el("button", { "aria-pressed": String(state.by === name), disabled: state.by === name,
    onclick: () => go({ by: name, sort: "", sel: "", pin: "", top: "0" }) }, title);
  const field = el("input", { class: "filter", id: "filter", type: "search", placeholder: "filter: lr>0.001 & state=completed", "aria-label": "filter",
    "aria-describedby": "gridnote", spellcheck: "false", autocomplete: "off", value: state.filter,
    oninput: (event) => { state.filter = event.target.value; state.top = "0"; writeAddress(false); grid.isHeld = false; fillGrid(); drawSoon(); } });
  return el("div", { class: "bar", id: "tablebar" }, by("trials", "Trials"), by("runs", "Runs"), field,
    el("span", { id: "gridnote", class: "faint", role: "status" }), selectionBar());
}
/// What can be done with the selected rows.
function selectionBar() {
  const selected = listed(state.sel);
  return el("span", { class: "bar" },
    selected.length ? el("button", { onclick: () => retable({ sel: "" }) }, "clear selection") : null,
    selected.length > 1 ? el("button", { onclick: () => go({ tab: "compare", compare: comparedRuns(selected).join(",") }) }, `compare ${Math.min(8, selected.length)}`) : null,
    state.brush ? el("button", { onclick: () => go({ brush: "" }, false) }, "clear ranges") : null);
}
/// Of trials, the best run of each.
function comparedRuns(selected) {
  return selected.slice(0, 8).map((key) => {
    if (state.by === "runs") return key;
    const trial = trials.find((t) => String(t.trial) === key);
    const sign = study.goal === "maximize" ? -1 : 1;
    // A run without a value comes last.
    const place = (row) => typeof row[column.best] === "number" ? sign * row[column.best] : Infinity;
    const order = [...(trial?.runs ?? [])].sort((a, b) => place(a) === place(b) ? 0 : place(a) - place(b));
    return order[0]?.[column.id];
  }).filter(Boolean);
}

/// Trials whose curves are drawn: the selected ones, else the first of the table.
function drawnTrials(limit) {
  const selected = listed(state.sel);
  if (selected.length) {
    const numbers = state.by === "trials" ? selected.map(Number) : selected.map((id) => runs.get(id)?.[column.trial]);
    return [...new Set(numbers.filter(Boolean))].slice(0, 40);
  }
  const items = grid?.items ?? [];
  if (state.by === "runs") return [...new Set(drawnRuns(limit).map((id) => runs.get(id)?.[column.trial]).filter(Boolean))];
  const numbers = items.filter((item) => item.last != null).map((trial) => trial.trial);
  const pins = listed(state.pin).map(Number);
  return [...new Set([...pins.filter(Boolean), ...numbers])].slice(0, limit);
}

/// Runs whose curves are drawn while none is selected: pinned ones, then the first of the table.
function drawnRuns(limit) {
  const withValues = (grid?.items ?? []).filter((row) => row[column.last] != null).slice(0, limit);
  return [...new Set([...listed(state.pin), ...withValues.map((row) => row[column.id])])].slice(0, limit);
}

async function drawMain() {
  const turn = ++drawing;
  const place = $("mainchart");
  if (!place || !grid) return;
  const wanted = drawnTrials(8);
  let curves = [];
  try { curves = await curvesOf(study.metric, wanted); } catch (error) { lost(error); return; }
  if (turn !== drawing || !place.isConnected) return;
  if (place.matches(":hover")) { setTimeout(drawSoon, 700); return; }
  const names = new Map(trials.map((trial) => [trial.trial, labelOf(trial)]));
  const series = lines(curves, names, false);
  chartColours = new Map(series.map((line) => [line.id, line.colour]));
  const width = Math.max(320, Math.min(1600, place.clientWidth || 640));
  chart = lineChart({ title: `${study.metric} by ${axisName()}`, series, isLog: false, xName: "epoch", width,
    height: innerWidth < 720 ? 200 : 240, onhover: lightRow });
  const [drawn, all] = state.by === "trials" ? [wanted.length, trials.length] : [series.length, runs.size];
  const text = listed(state.sel).length ? "the selected" : all > drawn ? `the first ${drawn} of the table` : "all";
  place.replaceChildren(chart, el("p", { class: "faint" }, state.by === "trials" ? `Mean over seeds, with the range of the seeds: ${text}.` : `Single runs: ${text}.`));
  paintRows();
}
function lightRow(id) {
  for (const { node } of grid.shown.values()) node.classList.toggle("hover", id != null && node.dataset.key === String(id));
}
let drawTimer = 0;
function drawSoon() {
  clearTimeout(drawTimer);
  drawTimer = setTimeout(() => { if (state.tab === "results") drawMain(); else if (state.tab === "curves") drawCurves(); }, 60);
}

function results() {
  makeGrid();
  const view = [el("div", { id: "mainchart" }), tableBar(), grid.holder];
  queueMicrotask(() => {
    fillGrid();
    grid.holder.scrollTop = Number(state.top) * rowHeight;
    drawMain();
  });
  return view;
}

function curvesView() {
  const chosen = new Set(chosenMetrics());
  const toggle = (name) => {
    const next = study.metrics.filter((metric) => metric === name ? !chosen.has(name) : chosen.has(metric));
    go({ metrics: next.join("\u001f") }, false);
  };
  const boxes = study.metrics.map((name) => {
    const box = el("input", { type: "checkbox", onchange: () => toggle(name) });
    box.checked = chosen.has(name);
    return el("label", {}, box, " ", name);
  });
  const x = el("select", { "aria-label": "horizontal axis", onchange: (event) => go({ x: event.target.value }, false) },
    el("option", { value: "epoch" }, `by ${axisName()}`), el("option", { value: "time" }, "by time"));
  x.value = state.x;
  const log = el("input", { type: "checkbox", onchange: (event) => go({ log: event.target.checked ? "1" : "" }, false) });
  log.checked = state.log === "1";
  const smooth = el("input", { type: "range", min: 0, max: 0.95, step: 0.05, value: state.smooth, "aria-label": "smoothing",
    oninput: (event) => { state.smooth = event.target.value; writeAddress(false); label.textContent = words(); drawSoon(); } });
  const words = () => Number(state.smooth) ? `smoothed: moving average with weight ${state.smooth}` : "not smoothed";
  const label = el("span", { class: Number(state.smooth) ? "bad" : "faint" }, words());
  makeGrid();
  grid.items = sortItems(trialsOf(filtered()));
  queueMicrotask(drawCurves);
  return [el("div", { class: "bar" }, ...boxes), el("div", { class: "bar" }, x, el("label", {}, log, " log scale"), smooth, label),
    el("div", { class: "charts", id: "charts" })];
}
function trialsOf(rows) {
  if (state.by === "runs") return rows;
  const wanted = new Set(rows.map((row) => row[column.trial]));
  return trials.filter((trial) => wanted.has(trial.trial));
}
function chosenMetrics() {
  const chosen = state.metrics ? state.metrics.split("\u001f").filter((name) => study.metrics.includes(name)) : [];
  return chosen.length ? chosen : study.metrics.slice(0, 4);
}
async function drawCurves() {
  const turn = ++drawing;
  const place = $("charts");
  if (!place || place.matches(":hover") && place.childElementCount) { if (place) setTimeout(drawSoon, 700); return; }
  const wanted = drawnTrials(8);
  const names = new Map(trials.map((trial) => [trial.trial, labelOf(trial)]));
  const made = [];
  try {
    for (const metric of chosenMetrics()) {
      const curves = await curvesOf(metric, wanted);
      made.push(lineChart({ title: metric, series: lines(curves, names, state.x === "time"), isLog: state.log === "1", xName: state.x,
        onhover: (id) => made.forEach((other) => other.light?.(id)) }));
    }
  } catch (error) { lost(error); return; }
  if (turn !== drawing || !place.isConnected) return;
  const entries = state.by === "runs"
    ? (listed(state.sel).length ? listed(state.sel) : drawnRuns(8)).map((id) => runs.has(id) ? runLabel(runs.get(id)) : id)
    : wanted.map((trial) => names.get(trial) ?? "");
  const legend = el("p", {}, entries.map((label, at) => el("span", { class: "tag" },
    el("span", { class: "swatch", css: { background: look(at).colour } }), label)));
  const cut = saved && trials.length > saved.trialsWithCurves
    ? [el("p", { class: "faint" }, `This file has the curves of the best ${saved.trialsWithCurves} of ${trials.length} trials.`)] : [];
  const all = state.by === "runs" ? runs.size : trials.length;
  const shown = all > entries.length && !listed(state.sel).length
    ? el("p", { class: "faint" }, `The first ${entries.length} of ${all} ${state.by} in the order of the table; select others under Results.`) : null;
  place.replaceChildren(...made);
  place.nextElementSibling?.remove();
  place.after(el("div", {}, legend, shown, ...cut));
}

function isInBrush(item) {
  return state.brush.split(";").every((part) => {
    const [name, low, high] = part.split(":");
    const value = numericPlace(cellValue(item, decodeURIComponent(name)), decodeURIComponent(name));
    return !(value < Number(low) || value > Number(high)) && !Number.isNaN(value);
  });
}
/// Texts take the places 0, 1, … of an axis.
function numericPlace(value, name) {
  if (typeof value === "number") return value;
  const levels = levelsOf(name);
  return levels.indexOf(String(value)) < 0 ? NaN : levels.indexOf(String(value));
}
function levelsOf(name) {
  return [...new Set(trials.map((trial) => String(valueOfTrial(trial, name))))].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
}

/// A line for each trial over one axis for each key; a drag along an axis keeps what is in its range.
function parallel() {
  const names = [...trialKeys().map((key) => key.name), "best"];
  if (names.length < 3) return null;
  const known = trials.filter((trial) => trial.best != null);
  if (!known.length) return null;
  const [width, height, top, bottom] = [Math.max(app.clientWidth - 48, names.length * 130), 300, 34, 18];
  const px = (at) => 50 + at * (width - 100) / (names.length - 1);
  const axes = names.map((name) => {
    const key = study.keys.find((own) => own.name === name);
    const isText = key && !key.isNumber;
    const values = known.map((trial) => numericPlace(valueOfTrial(trial, name), name));
    let [low, high] = [Infinity, -Infinity];
    for (const v of values) { if (v < low) low = v; if (v > high) high = v; }
    const isLog = !isText && low > 0 && high / low >= 50;
    if (low === high) { low -= 0.5; high += 0.5; }
    const scale = isLog ? Math.log10 : (v) => v;
    const py = (v) => height - bottom - (scale(v) - scale(low)) / (scale(high) - scale(low)) * (height - top - bottom);
    const back = (y) => {
      const share = (height - bottom - y) / (height - top - bottom);
      const v = scale(low) + share * (scale(high) - scale(low));
      return isLog ? 10 ** v : v;
    };
    return { name, values, low, high, py, back, isText };
  });
  const svg = el("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", css: { "min-width": `${width}px` },
    "aria-label": `parallel coordinates of ${known.length} trials over ${names.join(", ")}` });
  const brushes = new Map(state.brush ? state.brush.split(";").map((part) => {
    const [name, low, high] = part.split(":");
    return [decodeURIComponent(name), [Number(low), Number(high)]];
  }) : []);
  const sorted = [...known.keys()].sort((a, b) => known[a].best - known[b].best);
  const rank = new Map(sorted.map((index, at) => [index, known.length > 1 ? at / (known.length - 1) : 1]));
  known.slice(0, 2000).forEach((trial, index) => {
    const isIn = [...brushes].every(([name, [low, high]]) => {
      const v = axes.find((axis) => axis.name === name)?.values[index];
      return v >= low && v <= high;
    });
    const share = study.goal === "maximize" ? rank.get(index) : 1 - rank.get(index);
    svg.append(el("polyline", { points: axes.map((axis, at) => `${px(at).toFixed(1)},${axis.py(axis.values[index]).toFixed(1)}`).join(" "),
      fill: "none", stroke: isIn ? colours[0] : colours[7], "stroke-opacity": isIn ? 0.15 + 0.85 * share ** 3 : 0.08, "stroke-width": 1.2 },
      el("title", {}, `${labelOf(trial)}: ${number(trial.best)}`)));
  });
  axes.forEach((axis, at) => {
    svg.append(el("line", { class: "axis", x1: px(at), x2: px(at), y1: top, y2: height - bottom }),
      el("text", { x: px(at), y: 14, "text-anchor": "middle" }, axis.name === "best" ? `best ${study.metric}` : axis.name));
    const marks = axis.isText ? levelsOf(axis.name).slice(0, 12).map((text, place) => [place, text]) : [[axis.low, String(+axis.low.toPrecision(3))], [axis.high, String(+axis.high.toPrecision(3))]];
    for (const [v, text] of marks) svg.append(el("text", { x: px(at) + 5, y: Math.min(axis.py(v) + 4, height - 4) }, text));
    const range = brushes.get(axis.name);
    if (range) svg.append(el("rect", { x: px(at) - 7, width: 14, y: axis.py(range[1]), height: Math.max(3, axis.py(range[0]) - axis.py(range[1])), fill: colours[4], "fill-opacity": 0.35 }));
    const handle = el("rect", { x: px(at) - 14, width: 28, y: top, height: height - top - bottom, fill: "transparent", css: { cursor: "ns-resize", "touch-action": "none" } },
      el("title", {}, "drag to keep a range; click to clear"));
    handle.addEventListener("pointerdown", (event) => {
      handle.setPointerCapture(event.pointerId);
      const y = (e) => { const box = svg.getBoundingClientRect(); return Math.min(height - bottom, Math.max(top, (e.clientY - box.top) * height / box.height)); };
      const start = y(event);
      const mark = el("rect", { x: px(at) - 7, width: 14, y: start, height: 1, fill: colours[4], "fill-opacity": 0.35 });
      svg.append(mark);
      handle.onpointermove = (e) => { mark.setAttribute("y", Math.min(start, y(e))); mark.setAttribute("height", Math.abs(start - y(e))); };
      handle.onpointerup = (e) => {
        const end = y(e);
        if (Math.abs(end - start) < 3) brushes.delete(axis.name);
        else brushes.set(axis.name, [axis.back(Math.max(start, end)), axis.back(Math.min(start, end))].map((v) => +v.toPrecision(6)));
        go({ brush: [...brushes].map(([name, [low, high]]) => `${encodeURIComponent(name)}:${low}:${high}`).join(";") }, false);
      };
    });
    svg.append(handle);
  });
  return el("section", {}, el("h2", {}, "Parallel coordinates"),
    el("p", { class: "faint" }, "A line for each trial; the better, the darker. Drag along an axis to keep a range: it filters the table too."),
    el("div", { class: "wide chart" }, svg));
}

async function effects(place) {
  let figures;
  try { figures = saved ? saved.figures : await get(`${base}/figures`); } catch (error) { lost(error); return; }
  if (!place.isConnected) return;
  const revision = study.revision;
  place.replaceChildren(...figures.map((figure) => {
    const narrow = innerWidth < 720 ? "&narrow=1" : "";
    const source = figure.svg ? `data:image/svg+xml;charset=utf-8,${encodeURIComponent(figure.svg)}`
      : `${base}/figure/${encodeURIComponent(figure.name)}?r=${revision}${narrow}`;
    return el("figure", {}, el("img", { src: source, alt: figure.caption }), el("figcaption", {}, figure.caption));
  }));
  if (!figures.length) place.replaceChildren(el("p", { class: "empty" }, "Figures appear when runs are stored."));
}
function effectsView() {
  const place = el("div", { class: "figures" }, el("p", { class: "loading" }, "Drawing…"));
  queueMicrotask(() => effects(place));
  makeGrid();
  const bar = tableBar();
  queueMicrotask(fillGrid);
  const brushed = parallel();
  return [brushed, brushed && state.brush ? [bar, grid.holder] : null, el("h2", {}, "Figures of the report"), place].flat();
}

function failures() {
  const groups = new Map();
  for (const row of runs.values()) {
    if (row[column.state] !== "failed") continue;
    const reason = row[column.reason] ?? "";
    if (!groups.has(reason)) groups.set(reason, []);
    groups.get(reason).push(row);
  }
  if (!groups.size) return [el("p", { class: "empty" }, "No run has failed.")];
  return [...groups].sort((a, b) => b[1].length - a[1].length).map(([reason, rows]) => el("section", {},
    el("h2", { class: "bad" }, `${plural(rows.length, "run")}: ${reason}`),
    el("p", {}, rows.slice(0, 12).map((row) => [el("a", { href: `#tab=run&run=${row[column.id]}` }, runLabel(row)), " "]),
      rows.length > 12 ? `and ${rows.length - 12} more` : ""),
    rows[0][column.output] ? [el("p", { class: "faint" }, `last lines of ${runLabel(rows[0])}`), el("pre", {}, rows[0][column.output])] : null));
}

async function details(id) {
  if (saved) return saved.runs[id] ?? null;
  return get(`${base}/run/${encodeURIComponent(id)}`);
}
function runView() {
  const place = el("div", {}, el("p", { class: "loading" }, "Reading…"));
  queueMicrotask(() => fillRun(place));
  return [place];
}
async function fillRun(place) {
  const row = runs.get(state.run);
  let found;
  try { found = await details(state.run); } catch (error) { place.replaceChildren(el("p", { class: "bad" }, `This run can't be shown: ${error.message}`)); return; }
  if (!place.isConnected) return;
  if (!found) {
    place.replaceChildren(el("p", { class: "empty" }, `This file has the details of ${saved.runsWithDetails} of ${saved.runCount} runs, and not of this one.`));
    return;
  }
  const settings = found.settings ?? [];
  const setting = (own) => el("tr", {}, el("td", {}, el("code", {}, own.key)), el("td", {}, own.value));
  const changed = settings.filter((own) => !own.isDefault);
  const usual = settings.filter((own) => own.isDefault);
  const charts = (found.histories ?? []).map((history, at) => lineChart({ title: history.name, xName: "epoch", height: 200,
    series: [{ id: history.name, label: history.name, colour: colours[at % colours.length], x: history.x, y: history.y }] }));
  const facts = [["state", found.outcome && found.outcome !== "trained" ? `${found.state}, ${found.outcome}` : found.state],
    ["best", found.best != null ? `${study.metric} ${number(found.best)} at ${axisName()} ${found.bestEpoch}` : null],
    ["test", found.testAccuracy != null ? `accuracy ${number(found.testAccuracy)}, loss ${number(found.testLoss)}` : null],
    ["reason", found.reason], ["stale", found.stale], ["content digest", found.digest], ["file", found.file], ["run id", found.id]]
    .filter(([, text]) => text != null);
  place.replaceChildren(...[
    el("h2", {}, `Run ${found.number}: ${found.label}`),
    table([], facts.map(([name, text]) => el("tr", {}, el("td", { class: "faint" }, name), el("td", { class: name === "reason" ? "bad" : "" }, text)))),
    notesToken && row ? notesForm(row) : row && (row[column.note] || row[column.tags].length)
      ? el("p", {}, row[column.tags].map((tag) => el("span", { class: "tag" }, tag)), row[column.note]) : null,
    charts.length ? el("div", { class: "charts" }, charts) : null,
    el("h2", {}, "Settings"),
    changed.length ? table(["key", "value"], changed.map(setting)) : el("p", { class: "faint" }, "All settings are the defaults."),
    usual.length ? el("details", {}, el("summary", {}, `${plural(usual.length, "setting")} with the default`), table(["key", "value"], usual.map(setting))) : null,
    !saved && found.figures?.length ? el("div", { class: "figures" }, found.figures.map((figure) => el("figure", {},
      el("img", { src: `${base}/run/${found.id}/figure/${figure.name}${innerWidth < 720 ? "?narrow=1" : ""}`, alt: figure.caption }), el("figcaption", {}, figure.caption)))) : null,
    found.tries?.length ? [el("h2", {}, "Earlier tries"), el("ul", {}, found.tries.map((text) => el("li", {}, text)))] : null,
    found.output ? [el("h2", {}, "Last output"), el("pre", {}, found.output)] : null,
    found.provenance?.length ? [el("h2", {}, "Provenance"), table([], found.provenance.map(([name, text]) => el("tr", {}, el("td", { class: "faint" }, name), el("td", {}, text))))] : null,
  ].flat().filter(Boolean));
}

function notesForm(row) {
  const text = el("textarea", { "aria-label": "note", placeholder: "note" });
  text.value = row[column.note] ?? "";
  const tags = el("input", { "aria-label": "tags", placeholder: "tags, by spaces", value: row[column.tags].join(" ") });
  const answer = el("span", { class: "faint", role: "status" });
  async function send(change) {
    answer.textContent = "saving…";
    const reply = await fetch(`${base}/notes`, { method: "POST", headers: { "X-Viseme-Notes": notesToken }, body: JSON.stringify({ run: row[column.id], ...change }) })
      .catch((error) => ({ ok: false, text: async () => error.message }));
    answer.textContent = reply.ok ? "saved" : `not saved: ${await reply.text()}`;
    if (reply.ok) update();
  }
  const mark = (name, on, off) => el("button", { onclick: () => send({ [name]: !runs.get(row[column.id])[column[name]] }) }, row[column[name]] ? off : on);
  return el("section", {}, el("h2", {}, "Note"), text, el("div", { class: "bar" }, tags,
    el("button", { onclick: () => send({ text: text.value, tags: tags.value.split(/\s+/).filter(Boolean) }) }, "save"),
    mark("star", "☆ star", "★ unstar"), mark("hidden", "hide", "show again"), answer));
}

function compareView() {
  const place = el("div", {}, el("p", { class: "loading" }, "Reading…"));
  queueMicrotask(() => fillComparison(place));
  return [place];
}
async function fillComparison(place) {
  const ids = listed(state.compare).slice(0, 8);
  let all;
  try { all = (await Promise.all(ids.map(details))).filter(Boolean); } catch (error) { place.replaceChildren(el("p", { class: "bad" }, `These runs can't be compared: ${error.message}`)); return; }
  if (!place.isConnected) return;
  const keys = [...new Set(all.flatMap((run) => (run.settings ?? []).map((own) => own.key)))];
  const rows = [];
  const value = (run, key) => run.settings?.find((own) => own.key === key)?.value ?? "–";
  const facts = ["program", "commit", "command", "data", "inputs", "processor", "system", "node"];
  for (const key of keys) rows.push([key, all.map((run) => value(run, key))]);
  for (const name of facts) rows.push([name, all.map((run) => run.provenance?.find(([own]) => own === name)?.[1] ?? "–")]);
  const differs = ([, cells]) => cells.some((cell) => cell !== cells[0]);
  const line = (row) => el("tr", { class: differs(row) ? "differs" : "" }, el("td", {}, el("code", {}, row[0])), row[1].map((cell) => el("td", {}, cell)));
  const head = ["", ...all.map((run) => `${run.number}: ${run.label}`)];
  const results = [["best", all.map((run) => number(run.best))], [`at ${axisName()}`, all.map((run) => String(run.bestEpoch ?? "–"))],
    ["test accuracy", all.map((run) => number(run.testAccuracy))]].filter(([, cells]) => cells.some((cell) => cell !== "–"))
    .map(([name, cells]) => el("tr", {}, el("td", {}, name), cells.map((cell) => el("td", { class: "number" }, cell))));
  const names = [...new Set(all.flatMap((run) => (run.histories ?? []).map((history) => history.name)))];
  const charts = names.map((name) => lineChart({ title: name, xName: "epoch", height: 220, series: all.map((run, at) => {
    const history = run.histories?.find((own) => own.name === name);
    return { id: run.id, label: `${run.number}: ${run.label}`, ...look(at), x: history?.x ?? [], y: history?.y ?? [] };
  }) }));
  place.replaceChildren(el("h2", {}, `${plural(all.length, "run")} side by side`),
    el("p", {}, all.map((run, at) => el("span", { class: "tag" }, el("span", { class: "swatch", css: { background: look(at).colour } }), `${run.number}: ${run.label}`))),
    table(head, [...results, ...rows.filter(differs).map(line)]), el("div", { class: "charts" }, charts),
    el("details", {}, el("summary", {}, `${plural(rows.filter((row) => !differs(row)).length, "value")} that they share`), table(head, rows.filter((row) => !differs(row)).map(line))));
}

const views = { results, curves: curvesView, effects: effectsView, failures, run: runView, compare: compareView };
/// The state that the shown run had when it was drawn, with its epoch.
let held = "";
const stateOfRun = () => `${runs.get(state.run)?.[column.state]} ${runs.get(state.run)?.[column.epoch]}`;
function render() {
  if (!study) return;
  held = stateOfRun();
  const view = views[state.tab] ?? results;
  const focused = document.activeElement?.id;
  const caret = focused === "filter" ? document.activeElement.selectionStart : null;
  const top = document.scrollingElement.scrollTop;
  app.replaceChildren(...[...header(), tabBar(), ...[view()].flat()].filter(Boolean));
  if (focused && $(focused)) {
    $(focused).focus({ preventScroll: true });
    if (caret !== null) $(focused).setSelectionRange(caret, caret);
  }
  document.scrollingElement.scrollTop = top;
  document.title = `${study.counts.running ? `${study.counts.completed}/${runs.size} ` : ""}${study.name} · Viseme`;
  showLive();
  tick();
}

/// New numbers into what is shown, without building it again.
function refresh() {
  const scroll = grid?.holder.isConnected ? grid.holder.scrollTop : 0;
  const old = app.querySelector(".facts");
  if (!old) return render();
  const top = header();
  app.querySelector(".progress").replaceWith(top[3]);
  old.replaceWith(top[4]);
  app.querySelector("nav.tabs").replaceWith(tabBar());
  if (state.tab === "results") { fillGrid(); grid.holder.scrollTop = scroll; drawSoon(); }
  else if (state.tab === "curves") { grid.items = sortItems(trialsOf(filtered())); drawSoon(); }
  else if (state.tab === "failures") render();
  // A note that is being written stays.
  else if (state.tab === "run" && stateOfRun() !== held && !document.activeElement?.matches("textarea, input")) render();
  tick();
}
function tick() {
  const left = $("left");
  if (!left || saved) return;
  const seconds = study.endsAt - Date.now() / 1000;
  left.textContent = study.counts.running && study.endsAt ? (seconds > 0 ? `${duration(seconds)} left` : "about to end") : "";
}
setInterval(tick, 1000);

let listSign = "";
async function listView() {
  const found = await get("/api/studies");
  boot = found.boot;
  listRevision = found.revision;
  const rows = found.studies.map((one) => {
    const total = one.completed + one.running + one.failed + one.planned;
    return el("tr", {}, el("td", {}, el("a", { href: `/s/${encodeURIComponent(one.id)}` }, one.name), one.question ? el("div", { class: "faint" }, one.question) : null),
      el("td", { class: "number" }, one.problem ? "" : `${one.completed} of ${total}`), el("td", { class: "number" }, String(one.running || "")),
      el("td", { class: "number bad" }, String(one.failed || "")),
      el("td", {}, one.problem ? el("span", { class: "bad" }, one.problem) : one.best ? `${one.best}: ${one.metric} ${number(one.mean)}` : "–"),
      el("td", {}, one.changed ? new Date(one.changed * 1000).toLocaleString() : "–"));
  });
  document.title = "Studies · Viseme";
  const sign = JSON.stringify(found.studies);
  if (sign === listSign) return;
  listSign = sign;
  app.replaceChildren(el("div", { class: "top" }, el("span"), el("span", { id: "live", role: "status" })), el("h1", {}, "Studies"),
    rows.length ? table(["study", "runs stored", "running", "failed", "best so far", "last change"], rows)
      : el("p", { class: "empty" }, "There is no study yet. It appears here when a sweep begins."));
  showLive();
}

// ---- Keys
function showHelp() {
  const keys = [["j, k", "next and previous row"], ["Enter", "open the row"], ["x", "select the row"], ["p", "pin the row"], ["c", "compare what is selected"],
    ["/", "filter"], ["1 … 4", "views"], ["Esc", "close; clear the filter, then the selection"], ["?", "this help"]];
  const dialog = el("dialog", { "aria-label": "keys and filters" }, el("h2", {}, "Keys"),
    table([], keys.map(([key, text]) => el("tr", {}, el("td", {}, el("kbd", {}, key)), el("td", {}, text)))),
    el("h2", {}, "Filters"), el("p", {}, el("code", {}, "lr>0.001 & (state=running | tag=good) & !note~slow")),
    el("p", {}, "Names: keys of the study, best, last, epoch, state, seed, trial, number, tag, note, reason, seconds, star, hidden, stale. A word alone is looked for everywhere."),
    el("button", { onclick: () => dialog.close(), autofocus: true }, "close"));
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.showModal();
}
document.addEventListener("keydown", (event) => {
  if (!study || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog")) return;
  const isTyping = event.target.matches?.("input:not([type=checkbox]):not([type=range]), textarea, select");
  if (event.key === "Escape") {
    if (isTyping) return event.target.blur();
    if (state.tab !== "results") return go({ tab: "results" });
    if (state.filter) return retable({ filter: "" });
    if (state.sel) return retable({ sel: "" });
    return;
  }
  if (isTyping) return;
  const order = { 1: "results", 2: "curves", 3: "effects", 4: "failures" };
  if (order[event.key]) return go({ tab: order[event.key] });
  if (event.key === "?") return showHelp();
  if (event.key === "/") {
    event.preventDefault();
    if (state.tab !== "results") go({ tab: "results" });
    return $("filter")?.focus();
  }
  if (state.tab !== "results" || !grid?.items.length) return;
  const move = (by) => {
    grid.cursor = Math.min(grid.items.length - 1, Math.max(0, grid.cursor + by));
    const top = grid.cursor * rowHeight;
    if (top < grid.holder.scrollTop) grid.holder.scrollTop = top;
    if (top + rowHeight * 3 > grid.holder.scrollTop + grid.holder.clientHeight) grid.holder.scrollTop = top + rowHeight * 3 - grid.holder.clientHeight;
    paintRows();
    chart?.light?.(grid.order[grid.cursor]);
  };
  const item = grid.items[grid.cursor];
  if (event.key === "j" || event.key === "ArrowDown") { event.preventDefault(); return move(1); }
  if (event.key === "k" || event.key === "ArrowUp") { event.preventDefault(); return move(-1); }
  if (event.key === "c" && listed(state.sel).length > 1) return go({ tab: "compare", compare: comparedRuns(listed(state.sel)).join(",") });
  if (!item) return;
  if (event.key === "Enter" && !event.target.matches?.("button, a, input")) return open(item);
  if (event.key === "x") return select(keyOf(item));
  if (event.key === "p") return pin(keyOf(item));
});

// ---- Start, and news. One tab of a browser holds the stream of events for all of them.
let isLive = false;
let listRevision = 0;
let lostReason = "";
function showLive() {
  const place = $("live");
  if (!place) return;
  place.className = isLive ? "live" : "lost";
  place.textContent = isLive ? "live" : lostReason || "not connected: trying again";
}
function lost(error) {
  lostReason = /403/.test(error.message) ? "the server wants its address with the token again" : "not connected: trying again";
  isLive = false;
  showLive();
  return null;
}
let isUpdating = false, isWanted = false;
async function update() {
  if (isUpdating) { isWanted = true; return; }
  isUpdating = true;
  try {
    if (studyId === null) await listView();
    else {
      const since = study ? `?since=${study.revision}&boot=${boot}` : "";
      const found = await get(base + since);
      boot = found.boot;
      const isFirst = !study;
      if (isFirst || found.study.isWhole || found.study.rows.length || found.study.revision !== study.revision) {
        take(found.study);
        if (isFirst) render(); else refresh();
      }
    }
    isLive = true;
    showLive();
  } catch (error) {
    if (!study && studyId !== null) app.replaceChildren(el("p", {}, el("a", { href: "/" }, "All studies")), el("p", { class: "bad" }, `The study ${studyId} can't be shown: ${error.message}.`));
    lost(error);
  }
  isUpdating = false;
  if (isWanted) { isWanted = false; update(); }
}
function news(data) {
  isLive = true;
  showLive();
  const own = studyId === null ? data.list !== listRevision : data.studies[studyId] !== study?.revision;
  if (data.boot !== boot || own) update();
}
function listen() {
  const channel = "BroadcastChannel" in window ? new BroadcastChannel("viseme") : null;
  channel?.addEventListener("message", (event) => event.data === "lost" ? lost({ message: "" }) : news(event.data));
  const hold = () => new Promise(() => {
    let source = null;
    const open = () => {
      source = new EventSource("/events");
      source.addEventListener("change", (event) => {
        const data = JSON.parse(event.data);
        channel?.postMessage(data);
        news(data);
      });
      source.onerror = () => {
        lost({ message: "" });
        channel?.postMessage("lost");
        // A browser does not try again after an answer that is no stream.
        if (source.readyState === EventSource.CLOSED) setTimeout(open, 2000);
      };
    };
    open();
  });
  if (navigator.locks && channel) navigator.locks.request("viseme-events", hold);
  else hold();
  // A computer that slept, and a study that nobody has asked for in a while.
  document.addEventListener("visibilitychange", () => { if (!document.hidden) update(); });
  addEventListener("online", update);
  setInterval(update, 60000);
}
if (saved) { take(saved.study); render(); }
else update().then(listen);
// A width that changes draws curves anew.
let widthTimer = 0;
addEventListener("resize", () => { clearTimeout(widthTimer); widthTimer = setTimeout(drawSoon, 200); });
})();
