// Plots of functions and of series: axes, lines, what stands under the pointer.

function ticks(low, high, most) {
  const rough = (high - low) / Math.max(1, most);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough - 1e-12);
  const marks = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) marks.push(k * step);
  return marks;
}

// The window of heights in which functions are seen: what they do for |x| up to 3, 0 among it.
function heights(curves) {
  const seen = curves.flatMap((curve) => curve.filter((v, i) => Math.abs(grid[i]) <= 3 && Number.isFinite(v)));
  let low = Math.max(-4, Math.min(-0.3, ...seen)), high = Math.min(5, Math.max(0.3, ...seen));
  if (high - low < 2) { const middle = (high + low) / 2; low = middle - 1; high = middle + 1; }
  const pad = 0.08 * (high - low);
  return [low - pad, high + pad];
}

// A path that leaves out what is no number, and breaks where a function jumps through the window.
function pathOf(xs, ys, X, Y, [low, high] = [-Infinity, Infinity]) {
  const reach = (high - low) * 2;
  let text = "", pen = false, before = NaN;
  for (let i = 0; i < xs.length; i++) {
    const y = ys[i];
    if (!Number.isFinite(y) || (pen && Math.abs(y - before) > high - low)) pen = false;
    if (Number.isFinite(y)) {
      const shown = Math.min(high + reach, Math.max(low - reach, y));
      text += `${pen ? "L" : "M"}${X(xs[i]).toFixed(1)} ${Y(shown).toFixed(1)}`;
      pen = true;
    }
    before = y;
  }
  return text;
}

let clips = 0;
function frame(width, height, margin, [left, right], [low, high]) {
  const X = (x) => margin.left + ((x - left) / (right - left)) * (width - margin.left - margin.right);
  const Y = (y) => height - margin.bottom - ((y - low) / (high - low)) * (height - margin.top - margin.bottom);
  const clip = `clip${++clips}`;
  const inside = { x: margin.left, y: margin.top, width: width - margin.left - margin.right, height: height - margin.top - margin.bottom };
  const image = draw("svg", { viewBox: `0 0 ${width} ${height}`, width, height },
    draw("defs", {}, draw("clipPath", { id: clip }, draw("rect", inside))));
  const back = draw("g"), front = draw("g", { "clip-path": `url(#${clip})` });
  image.append(back, front);
  return { X, Y, image, back, front, margin, width, height, inside };
}

function axes(plot, { xs = [], ys = [], xText = String, yText = String, xLabel, yLabel, zero = false }) {
  const { X, Y, back, margin, width, height } = plot;
  const bottom = height - margin.bottom, right = width - margin.right;
  for (const y of ys) {
    back.append(draw("line", { class: zero && Math.abs(y) < 1e-9 ? "axis" : "grid", x1: margin.left, x2: right, y1: Y(y), y2: Y(y) }));
    if (yText) back.append(draw("text", { x: margin.left - 7, y: Y(y) + 4, "text-anchor": "end" }, yText(y)));
  }
  for (const x of xs) {
    back.append(draw("line", { class: zero && Math.abs(x) < 1e-9 ? "axis" : "grid", x1: X(x), x2: X(x), y1: margin.top, y2: bottom }));
    if (xText) back.append(draw("text", { x: X(x), y: bottom + 16, "text-anchor": "middle" }, xText(x)));
  }
  if (xLabel) back.append(draw("text", { x: right, y: height - 3, "text-anchor": "end" }, xLabel));
  if (yLabel) back.append(draw("text", { x: 0, y: 10 }, yLabel));
}

const whole = (low, high, step = 1) => ticks(low, high, (high - low) / step);
const readable = (value) => number(value, 3);

// Curves [{y, class, name}] over x, in one window, with a reading of all of them at the pointer.
function functionPlot(width, height, curves, label) {
  const [low, high] = heights(curves.filter((curve) => !curve.background).map((curve) => curve.y));
  const plot = frame(width, height, { left: 30, right: 8, top: 8, bottom: 24 }, [data.grid.left, data.grid.right], [low, high]);
  axes(plot, { xs: whole(data.grid.left, data.grid.right), ys: ticks(low, high, 7), xText: readable, yText: readable, zero: true });
  for (const curve of curves)
    plot.front.append(draw("path", { class: `line ${curve.class}`, d: pathOf(grid, curve.y, plot.X, plot.Y, [low, high]) }));
  plot.image.setAttribute("role", "img");
  plot.image.setAttribute("aria-label", label);
  const hair = draw("line", { class: "axis", y1: plot.inside.y, y2: plot.inside.y + plot.inside.height, visibility: "hidden" });
  plot.back.append(hair);
  plot.image.addEventListener("pointermove", (event) => {
    const box = plot.image.getBoundingClientRect();
    const share = (event.clientX - box.left - plot.inside.x) / plot.inside.width;
    const i = Math.round(Math.min(1, Math.max(0, share)) * (grid.length - 1));
    hair.setAttribute("x1", plot.X(grid[i])); hair.setAttribute("x2", plot.X(grid[i])); hair.setAttribute("visibility", "visible");
    showTip(event, [`x = ${number(grid[i], 4)}`, ...curves.map((curve) => `${curve.name}: ${Number.isFinite(curve.y[i]) ? number(curve.y[i]) : "no number"}`)]);
  });
  plot.image.addEventListener("pointerleave", () => { hair.setAttribute("visibility", "hidden"); hideTip(); });
  return plot.image;
}

// The small plot of a card: no text, a line for each unit.
function thumbnail(candidate) {
  const f = values(candidate.curve.f), slope = values(candidate.curve.slope);
  const [low, high] = heights([f]);
  const plot = frame(256, 144, { left: 0, right: 0, top: 2, bottom: 2 }, [data.grid.left, data.grid.right], [low, high]);
  axes(plot, { xs: whole(-4, 4), ys: whole(low, high, high - low > 12 ? 5 : 1), xText: null, yText: null, zero: true });
  plot.front.append(
    draw("path", { class: "line slope", d: pathOf(grid, slope, plot.X, plot.Y, [low, high]) }),
    draw("path", { class: "line f", d: pathOf(grid, f, plot.X, plot.Y, [low, high]) }));
  plot.image.setAttribute("aria-hidden", "true");
  plot.image.removeAttribute("width"); plot.image.removeAttribute("height");
  return plot.image;
}

// Series [{points: [[x, y]], class, dot, name}] over epochs.
function seriesPlot(width, height, series, { yText, yLabel, label, dots }) {
  const all = series.flatMap((s) => s.points).filter(([, y]) => Number.isFinite(y));
  const last = Math.max(1, ...all.map(([x]) => x));
  let low = Math.min(...all.map(([, y]) => y)), high = Math.max(...all.map(([, y]) => y));
  if (high - low < 1e-9) { low -= 0.01; high += 0.01; }
  const pad = 0.06 * (high - low);
  const plot = frame(width, height, { left: 46, right: 10, top: 20, bottom: 34 }, [Math.min(1, last - 1), last], [low - pad, high + pad]);
  axes(plot, { xs: ticks(1, last, 6).filter(Number.isInteger), ys: ticks(low, high, 4), xText: String, yText, xLabel: "epoch", yLabel });
  plot.front.removeAttribute("clip-path");
  for (const s of series) {
    plot.front.append(draw("path", { class: `line ${s.class}`, d: pathOf(s.points.map(([x]) => x), s.points.map(([, y]) => y), plot.X, plot.Y) }));
    if (dots || s.points.length === 1)
      for (const [x, y] of s.points) if (Number.isFinite(y)) plot.front.append(draw("circle", { class: `dot ${s.dot}`, cx: plot.X(x), cy: plot.Y(y), r: 3.5 }));
  }
  plot.image.setAttribute("role", "img");
  plot.image.setAttribute("aria-label", label);
  return plot.image;
}

function legend(entries) {
  return el("ul", { class: "legend" }, entries.map(([style, text]) =>
    el("li", {}, draw("svg", { viewBox: "0 0 26 10", "aria-hidden": "true" }, draw("path", { class: `line ${style}`, d: "M1 5H25" })), typeof text === "string" ? el("span", {}, text) : text)));
}

function showTip(event, lines) {
  const tip = byId("tip");
  const open = document.querySelector("dialog[open]");
  (open || document.body).append(tip); // what is in the top layer covers the rest of the page
  tip.replaceChildren(...lines.map((line) => el("div", {}, line)));
  tip.hidden = false;
  const box = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(6, Math.min(event.clientX + 14, innerWidth - box.width - 8))}px`;
  tip.style.top = `${event.clientY + 18 + box.height > innerHeight ? event.clientY - box.height - 12 : event.clientY + 18}px`;
}

function hideTip() { byId("tip").hidden = true; }
