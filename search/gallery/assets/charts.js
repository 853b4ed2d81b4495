// The head, the comparison with baselines, and the charts over all candidates.

const scored = candidates.filter((candidate) => candidate.accuracy !== undefined);

// Functions compare by accuracy only at one rung: the furthest that any of them reached.
const furthest = () => {
  const last = Math.max(0, ...scored.map(lastEpoch));
  return scored.filter((candidate) => lastEpoch(candidate) === last);
};

function chosenBest() {
  const best = data.search.best && candidates.find((candidate) => candidate.formula === data.search.best);
  return best || scored[0];
}

function showHero() {
  const best = chosenBest(), reference = references.get(data.reference);
  if (!best || !best.curve) return;
  const curves = [
    reference && { y: values(reference.curve.f), class: "ref", name: reference.name, background: true },
    { y: values(best.curve.slope), class: "slope", name: "slope", background: true },
    { y: values(best.curve.f), class: "f", name: "f" },
  ].filter(Boolean);
  const label = `${best.formula}, its slope, and ${data.reference} from −5 to 5`;
  byId("hero").replaceChildren(
    responsive(el("div"), (width) => functionPlot(width, 250, curves, label)),
    legend([["f", formulaText(best.formula)], ["slope", "its slope"], ...(reference ? [["ref", reference.name]] : [])]),
    el("figcaption", {}, data.search.best ? "The best finalist, as validation chose it" : "The best score so far", data.confirmation.length ? `, beside ${data.reference}, the best baseline.` : `, beside ${data.reference}.`));
  byId("hero").hidden = false;
}

function showTiles() {
  const search = data.search, best = chosenBest();
  const ties = candidates.filter((candidate) => candidate.tie).length;
  const first = data.confirmation[0];
  const row = first && first.rows.find((r) => r.name === search.best);
  const tiles = [
    best && best.accuracy !== undefined && [[percent(best.accuracy), ` ± ${(100 * best.error).toFixed(2)}`], data.search.best ? "best finalist on validation, one training" : "best on validation, one training"],
    row && row.mean !== undefined && [[percent(row.mean), row.sd === undefined ? "" : ` ± ${(100 * row.sd).toFixed(2)}`], `on the test set, ${plural(row.n, "seed")}`],
    row && row.difference !== undefined && [[points(row.difference), " points"], `to ${data.reference}: ${row.verdict}`],
    [[search.trained.toLocaleString("en"), ` of ${search.wanted.toLocaleString("en")}`], "candidates trained"],
    ties > 1 && [[ties.toLocaleString("en"), ""], "tie with the best score"],
    [[search.stopped.toLocaleString("en"), ""], "stopped early"],
    [[search.diverged.toLocaleString("en"), ""], "diverged"],
    (search.duplicates + search.screened > 0) && [[(search.duplicates + search.screened).toLocaleString("en"), ""], "rejected before training"],
  ].filter(Boolean);
  byId("tiles").replaceChildren(...tiles.map(([[value, small], text]) => el("li", {}, el("b", {}, value, el("small", {}, small)), el("span", {}, text))));
}

function showConfirmation() {
  if (!data.confirmation.length) return;
  byId("confirmation").hidden = byId("to-confirmation").hidden = false;
  byId("comparisons").replaceChildren(...data.confirmation.map(comparisonTable));
}

function comparisonTable(block) {
  const bounds = block.rows.flatMap((row) => [...(row.interval || []), row.difference ?? 0]);
  const reach = Math.max(0.002, ...bounds.map(Math.abs)) * 1.08;
  const held = block.rows.find((row) => !row.finalist && row.difference === undefined);
  const rows = block.rows.map((row) => el("tr", { class: row.finalist ? "finalist" : "" },
    el("th", { scope: "row" }, row.finalist ? formulaText(row.name) : row.name),
    el("td", { class: "num" }, row.mean === undefined ? "–" : `${percent(row.mean)}${row.sd === undefined ? "" : ` ± ${(100 * row.sd).toFixed(2)}`}`, el("span", { class: "unseen" }, ` over ${plural(row.n, "seed")}`)),
    el("td", { class: "span" }, row === held ? el("small", {}, "best baseline on validation") : whiskers(row, reach)),
    el("td", { class: "num" }, row.difference === undefined ? "" : `${points(row.difference)}${row.interval ? ` [${row.interval.map(points).join(", ")}]` : ""}`),
    el("td", {}, row.finalist ? el("span", { class: `tag ${row.verdict}` }, row.verdict) : "", row.diverged ? el("small", {}, ` failed on ${plural(row.diverged, "seed")}`) : "")));
  const n = Math.max(...block.rows.map((row) => row.n));
  return el("div", { class: "panel" }, el("table", { class: "forest" },
    el("caption", {}, `${block.where}, ${plural(n, "seed")}`),
    el("thead", {}, el("tr", {}, ["Function", "Test accuracy ± sd", `Difference to ${held ? held.name : "the best baseline"}`, "In points [95 % interval]", "Verdict"].map((text, i) => el("th", { scope: "col", class: i === 1 || i === 3 ? "num" : "" }, text)))),
    el("tbody", {}, rows)));
}

function whiskers(row, reach) {
  if (row.difference === undefined) return "";
  const X = (v) => 150 + (v / reach) * 145;
  const [low, high] = row.interval || [row.difference, row.difference];
  return draw("svg", { viewBox: "0 0 300 22", preserveAspectRatio: "none", "aria-hidden": "true" },
    draw("line", { class: "axis", x1: 150, x2: 150, y1: 0, y2: 22 }),
    draw("line", { class: "whisker", x1: X(low), x2: X(high), y1: 11, y2: 11 }),
    draw("rect", { class: "whisker-dot", x: X(row.difference) - 3, y: 6, width: 6, height: 10, rx: 2 }));
}

function showCharts() {
  if (!scored.length) return;
  byId("search").hidden = byId("to-search").hidden = false;
  const panels = [progressPanel(), costPanel(), operatorsPanel(), lineagePanel()].filter(Boolean);
  byId("charts").replaceChildren(...panels);
}

function panel(title, text, ...content) {
  return el("div", { class: "panel" }, el("h3", {}, title), el("p", {}, text), ...content);
}

// Heights for accuracies: from the best down, four times as far as to the middle of those that went
// furthest; what is worse stands at the lower edge, so that the good ones are told apart.
function accuracies(shown) {
  const sorted = shown.map((candidate) => candidate.accuracy).sort((a, b) => b - a);
  const far = furthest().map((candidate) => candidate.accuracy).sort((a, b) => b - a);
  const best = sorted[0], median = far[Math.floor(far.length / 2)];
  const low = Math.max(sorted.at(-1), best - Math.max(0.02, 4 * (best - median)));
  const pad = Math.max(0.002, 0.05 * (best - low));
  return [low - pad, best + pad];
}

function dot(plot, candidate, x, low, kind) {
  const y = Math.max(candidate.accuracy, low);
  return draw("circle", { class: `dot ${kind}`, cx: plot.X(x).toFixed(1), cy: plot.Y(y).toFixed(1), r: kind === "member" ? 4.5 : 3.5, "data-trial": candidate.trial });
}

const percents = (y) => `${+(100 * y).toFixed(2)} %`;

function progressPanel() {
  const order = [...candidates].sort((a, b) => a.trial - b.trial);
  const shown = order.map((candidate, i) => [candidate, i + 1]).filter(([candidate]) => candidate.accuracy !== undefined);
  const last = Math.max(...scored.map(lastEpoch));
  const steps = [];
  let best = -1;
  for (const [candidate, i] of shown)
    if (lastEpoch(candidate) === last && candidate.accuracy > best) steps.push([i, (best = candidate.accuracy)]);
  const [low, high] = accuracies(scored);
  const below = shown.filter(([candidate]) => candidate.accuracy < low).length;
  const label = `Best so far: ${steps.map(([i, a]) => `${percent(a)} at candidate ${i}`).join(", ")}.`;
  const chart = responsive(el("div"), (width) => {
    const plot = frame(width, 290, { left: 50, right: 10, top: 12, bottom: 36 }, [0, order.length + 1], [low, high]);
    axes(plot, { xs: ticks(0, order.length, width / 90), ys: ticks(low, high, 5), yText: percents, xLabel: "candidates, as they were proposed" });
    plot.front.removeAttribute("clip-path");
    for (const [candidate, i] of shown) plot.front.append(dot(plot, candidate, i, low, lastEpoch(candidate) < last ? "hollow" : ""));
    if (steps.length) {
      const corners = steps.map(([i, a], k) => `${k ? `H${plot.X(i).toFixed(1)}V` : `M${plot.X(i).toFixed(1)} `}${plot.Y(a).toFixed(1)}`).join("");
      plot.front.append(draw("path", { class: "step", d: `${corners}H${plot.X(order.length + 1)}` }));
    }
    plot.image.setAttribute("role", "img"); plot.image.setAttribute("aria-label", label);
    return plot.image;
  });
  return panel("Best so far", `The line is the best after ${plural(last, "epoch")}; hollow points were stopped before.${below ? ` ${plural(below, "point")} at the lower edge ${below === 1 ? "is" : "are"} below it.` : ""}`, chart);
}

function costPanel() {
  const known = furthest().filter((candidate) => candidate.operations !== undefined);
  const measured = known.filter((candidate) => candidate.cost !== undefined);
  const isMeasured = measured.length >= known.length / 2;
  const shown = isMeasured ? measured : known;
  if (shown.length < 3) return null;
  const cost = (candidate) => Math.max(0.25, isMeasured ? candidate.cost : candidate.operations);
  const members = new Set(frontOf(shown, cost));
  const [low, high] = accuracies(shown);
  const all = shown.map(cost), left = Math.min(...all) / 1.15, right = Math.max(...all) * 1.15;
  const line = [...members].sort((a, b) => cost(a) - cost(b));
  const unit = (value) => (isMeasured ? `${number(value)}×` : number(value));
  const label = `On the front: ${line.map((candidate) => `${candidate.formula}, ${percent(candidate.accuracy)} at ${unit(cost(candidate))}`).join("; ")}.`;
  const chart = responsive(el("div"), (width) => {
    const log = Math.log10;
    const plot = frame(width, 290, { left: 50, right: 10, top: 12, bottom: 36 }, [log(left), log(right)], [low, high]);
    const marks = [0.5, 1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 500].filter((x) => x >= left && x <= right);
    axes(plot, { xs: marks.map(log), ys: ticks(low, high, 5), xText: (x) => unit(10 ** x), yText: percents, xLabel: isMeasured ? "time over ReLU’s, forward and backward" : "operations for each element" });
    plot.front.removeAttribute("clip-path");
    const inside = line.filter((candidate) => candidate.accuracy >= low);
    plot.front.append(draw("path", { class: "frontline", d: pathOf(inside.map((c) => log(cost(c))), inside.map((c) => c.accuracy), plot.X, plot.Y) }));
    for (const candidate of shown) if (!members.has(candidate)) plot.front.append(dot(plot, candidate, log(cost(candidate)), low, "hollow"));
    for (const candidate of line) plot.front.append(dot(plot, candidate, log(cost(candidate)), low, "member"));
    plot.image.setAttribute("role", "img"); plot.image.setAttribute("aria-label", label);
    return plot.image;
  });
  return panel("Score against cost", `On the front (filled) is what none beats in score or cost without losing in the other; ${plural(shown.length, "candidate")} with the most epochs.`, chart);
}

// What no other one beats in one and equals or beats in the other, by falling accuracy.
function frontOf(shown, cost) {
  const order = [...shown].sort((a, b) => b.accuracy - a.accuracy || cost(a) - cost(b));
  const members = [];
  let least = Infinity;
  for (const candidate of order) if (cost(candidate) < least) { members.push(candidate); least = cost(candidate); }
  return members;
}

function operatorsPanel() {
  const { good, all, counts } = data.operators;
  if (!counts.length || !good) return null;
  const shown = counts.slice(0, 10);
  const sure = counts.filter((count) => count.sure).length;
  const most = Math.max(...shown.map((count) => Math.max(count.good, count.expected)));
  const row = (count) => {
    const bar = el("i"), mark = el("u");
    bar.style.width = `${(100 * count.good) / most}%`;
    mark.style.left = `${(100 * count.expected) / most}%`;
    return el("tr", { class: count.sure ? "sure" : "" }, el("th", { scope: "row" }, count.name), el("td", { class: "bar" }, el("div", { class: "track", "aria-hidden": "true" }, bar, mark)),
      el("td", {}, `${count.good} of ${good}`), el("td", {}, `${count.all} of ${all}`), el("td", {}, count.expected.toFixed(1)));
  };
  const words = sure ? `${sure === 1 ? "One (dark bar) is" : `${sure} (dark bars) are`} more frequent than chance explains.` : "None is more frequent than chance explains.";
  return panel("Operators that the good ones share", `The first ${good} of the leaderboard beside all ${all} that trained; the mark is what chance alone would give. ${words}`,
    el("table", { class: "ops" }, el("thead", {}, el("tr", {}, ["Operator", "Among the good", "Of all", "By chance"].map((text, i) => el("th", { scope: "col", colspan: i === 1 ? 2 : null }, text)))), el("tbody", {}, shown.map(row))));
}

function listenToDots() {
  document.addEventListener("pointerover", (event) => {
    const trial = event.target.closest && event.target.closest(".dot[data-trial]")?.getAttribute("data-trial");
    if (trial === undefined || trial === null) return;
    const candidate = byTrial.get(Number(trial));
    showTip(event, [candidate.formula, `${percent(candidate.accuracy)} ± ${(100 * candidate.error).toFixed(2)}, trial ${candidate.trial}, ${costText(candidate)}`]);
  });
  document.addEventListener("pointerout", (event) => { if (event.target.matches?.(".dot[data-trial]")) hideTip(); });
  document.addEventListener("click", (event) => {
    const trial = event.target.closest?.(".dot[data-trial]")?.getAttribute("data-trial");
    if (trial) { hideTip(); openDetail(byTrial.get(Number(trial))); }
  });
}
