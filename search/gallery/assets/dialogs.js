// One candidate in full, and two to four of them in one plot.

const closeButton = (dialog) => el("button", { type: "button", class: "quiet", onclick: () => dialog.close() }, "Close");

function openDetail(candidate) {
  const dialog = byId("detail");
  const place = shownCandidates.indexOf(candidate);
  const move = (by) => {
    const next = shownCandidates[place + by];
    if (next) openDetail(next);
  };
  dialog.onkeydown = (event) => {
    if (event.target.matches("select, input") || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "ArrowRight") move(1);
    if (event.key === "ArrowLeft") move(-1);
  };
  const rank = `${candidate.rank}. on the leaderboard, trial ${candidate.trial}`;
  const step = (by, text) => el("button", { type: "button", class: "quiet", "aria-disabled": shownCandidates[place + by] && place >= 0 ? "false" : "true", onclick: () => move(by) }, text);
  const stepping = place < 0 ? [] : [step(-1, "Previous"), step(1, "Next")];
  const close = closeButton(dialog);
  dialog.replaceChildren(
    el("div", { class: "sheet-head" }, el("div", {}, el("h2", { id: "detail-title", class: "formula" }, candidate.formula), el("p", {}, rank)), el("div", { class: "tags" }, stepping, close)),
    el("div", { class: "sheet-body" }, functionFigure(candidate), el("div", {}, el("h3", {}, "Numbers"), factsOf(candidate)), ...learningFigures([candidate]), ...kinOf(candidate), useOf(candidate)));
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
  close.focus();
}

function functionFigure(candidate) {
  if (!candidate.curve) return el("p", {}, `This version cannot draw it: ${candidate.unread}`);
  const reference = references.get(data.reference);
  const curves = [
    reference && { y: values(reference.curve.f), class: "ref", name: reference.name, background: true },
    candidate.curve.initial && { y: values(candidate.curve.initial), class: "initial", name: "f at first" },
    { y: values(candidate.curve.slope), class: "slope", name: "slope", background: true },
    { y: values(candidate.curve.f), class: "f", name: "f" },
  ].filter(Boolean);
  return el("figure", {}, responsive(el("div"), (width) => functionPlot(width, 300, curves, `${candidate.formula} and its slope from −5 to 5, beside ${data.reference}`)),
    legend([["f", candidate.curve.initial ? "f, as learned" : "f"], ...(candidate.curve.initial ? [["initial", "f as training began"]] : []), ["slope", "slope"], ...(reference ? [["ref", reference.name]] : [])]));
}

function facts(pairs) {
  return el("dl", { class: "facts" }, pairs.filter(([, value]) => value).map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
}

function factsOf(candidate) {
  const c = candidate, t = c.test;
  return facts([
    ["State", c.state === "stopped early" ? `stopped early, after ${plural(lastEpoch(c), "epoch")}` : c.state],
    ["Reason", c.reason],
    ["Validation", c.accuracy !== undefined && `${percent(c.accuracy)} ± ${(100 * c.error).toFixed(2)}${c.tie ? ", a tie with the best" : ""}`],
    ["Test", t && t.mean !== undefined && `${percent(t.mean)}${t.sd === undefined ? "" : ` ± ${(100 * t.sd).toFixed(2)}`} over ${plural(t.n, "seed")}`],
    [`To ${data.reference}`, t && t.difference !== undefined && `${points(t.difference)} points${t.interval ? ` [${t.interval.map(points).join(", ")}]` : ""}`],
    ["Verdict", c.verdict],
    ["Cost", c.cost !== undefined && `${times(c.cost)} ReLU’s time (quartiles ${c.quartiles.map(times).join(" to ")}, on ${c.device})`],
    ["Operations", c.operations !== undefined && `${c.operations} for each element`],
    ["Known as", c.known_as], ["Says", c.same_as && `nothing new: ${c.same_as}`],
    ["Shape", traitsOf(c).join(", ") || (c.curve && "neither monotone nor bounded")],
    ["Step size", c.lr !== undefined && `${c.lr} times the recipe’s`],
    ...(c.parameters || []).map((p) => [p.name, `from ${number(p.initial)}${p.learned.length ? ` to ${p.learned.map((v) => number(v)).join(", ")}` : ""}, one per ${p.per}`]),
    ["Training", c.seconds > 0 && `${number(c.seconds)} s`],
  ]);
}

function learningFigures(list) {
  const label = (what) => `${what} by epoch: ${list.map((c) => c.formula).join("; ")}`;
  const figure = (title, read, options) => {
    const series = list.map((candidate, i) => ({ points: read(candidate), class: list.length > 1 ? `of s${i}` : "f", dot: list.length > 1 ? `of s${i}` : "" })).filter((s) => s.points.length);
    if (!series.length) return null;
    return el("figure", {}, el("h3", {}, title), responsive(el("div"), (width) => seriesPlot(width, 220, series, { ...options, label: label(title) })));
  };
  return [
    figure("Validation accuracy", (c) => c.rungs, { yText: percents, dots: true }),
    figure("Training loss", (c) => c.losses, { yText: readable, dots: list.every((c) => c.losses.length < 4) }),
  ].filter(Boolean);
}

function kinOf(candidate) {
  const parents = (candidate.parents || []).map((n) => byTrial.get(n)).filter(Boolean), children = childrenOf.get(candidate.trial) || [];
  const lines = [...parents.map((kin) => ["from", kin]), ...children.map((kin) => ["to", kin])];
  if (!lines.length) return [];
  return [el("div", { class: "wide" }, el("h3", {}, "Lineage"), el("ul", { class: "tree" }, lines.map(([word, kin]) => el("li", {}, `${word} `, kinLine(kin)))))];
}

function useOf(candidate) {
  const python = `from actsearch.space import parse\nactivation = parse(${JSON.stringify(candidate.formula)}).module()`;
  const shell = `actsearch export ${data.search.name} --trial ${candidate.trial} -o activation/${data.search.home}`;
  return el("div", { class: "wide" }, el("h3", {}, "Use it"), el("pre", { tabindex: "0", "aria-label": "In Python, and as a command" }, `${python}\n\n# or as a file that needs only torch:\n# ${shell}`));
}

let beside = null; // name of the baseline that is drawn beside those compared

function openCompare() {
  const dialog = byId("compare"), list = [...chosen].map((trial) => byTrial.get(trial)).sort((a, b) => [...chosen].indexOf(a.trial) - [...chosen].indexOf(b.trial));
  if (list.length < 2) return announce("Choose at least two to compare: c, or the box on a card.");
  if (beside === null) beside = data.reference;
  const reference = references.get(beside);
  const drawn = list.filter((candidate) => candidate.curve);
  const curves = (part) => [
    ...(reference ? [{ y: values(reference.curve[part]), class: "ref", name: reference.name, background: true }] : []),
    ...drawn.map((candidate) => ({ y: values(candidate.curve[part]), class: `of s${list.indexOf(candidate)}`, name: candidate.formula })),
  ];
  const figure = (title, part) => el("figure", {}, el("h3", {}, title), responsive(el("div"), (width) => functionPlot(width, 290, curves(part), `${title}: ${drawn.map((c) => c.formula).join("; ")}`)));
  const pick = el("select", { "aria-label": "Baseline beside them", onchange: (event) => { beside = event.target.value; openCompare(); dialog.querySelector("select").focus(); } },
    ["none", ...references.keys()].map((name) => el("option", { value: name, selected: name === beside }, name === "none" ? "no baseline" : name)));
  const close = closeButton(dialog);
  dialog.replaceChildren(
    el("div", { class: "sheet-head" }, el("div", {}, el("h2", { id: "compare-title" }, `${list.length} compared`), legend([...list.map((c, i) => [`of s${i}`, formulaText(c.formula)]), ...(reference ? [["ref", reference.name]] : [])])), el("div", { class: "lines" }, pick, close)),
    el("div", { class: "sheet-body" }, figure("Functions", "f"), figure("Slopes", "slope"), ...learningFigures(list), compareTable(list)));
  if (!dialog.open) dialog.showModal();
  close.focus();
}

function compareTable(list) {
  const row = (c, i) => el("tr", { class: `s${i}` },
    el("th", { scope: "row" }, el("span", { class: "lines" }, el("i", { class: "swatch" }), formulaText(c.formula))),
    el("td", {}, c.accuracy === undefined ? c.state : `${percent(c.accuracy)} ± ${(100 * c.error).toFixed(2)}`),
    el("td", {}, c.rungs.length ? String(lastEpoch(c)) : "–"), el("td", {}, costText(c)), el("td", {}, traitsOf(c).join(", ")), el("td", {}, nameOf(c)), el("td", {}, c.verdict || "–"));
  const unequal = new Set(list.filter((c) => c.rungs.length).map(lastEpoch)).size > 1;
  return el("div", { class: "wide" }, el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Numbers of those compared" }, el("table", { class: "table" },
    el("thead", {}, el("tr", {}, ["Function", "Score", "Epochs", "Cost", "Shape", "Known as", "Verdict"].map((text) => el("th", { scope: "col" }, text)))),
    el("tbody", {}, list.map(row)))), unequal ? el("p", { class: "count" }, "Scores are after different numbers of epochs: they do not compare.") : null);
}
