// Who came from whom: of strategies that say from which trials a candidate was made.

const childrenOf = new Map();
for (const candidate of candidates)
  for (const parent of candidate.parents || []) {
    if (!childrenOf.has(parent)) childrenOf.set(parent, []);
    childrenOf.get(parent).push(candidate);
  }

function lineagePanel() {
  const born = candidates.filter((candidate) => candidate.parents?.length);
  if (!born.length) return null;
  const gains = born.filter((candidate) => isBetter(candidate));
  const roots = candidates.filter((candidate) => !(candidate.parents || []).some((parent) => byTrial.has(parent)) && childrenOf.has(candidate.trial)).sort((a, b) => a.rank - b.rank);
  const [low, high] = accuracies(scored);
  const chart = responsive(el("div"), (width) => {
    const last = Math.max(...candidates.map((candidate) => candidate.trial));
    const plot = frame(width, 290, { left: 50, right: 10, top: 12, bottom: 36 }, [-1, last + 1], [low, high]);
    axes(plot, { xs: ticks(0, last, width / 90), ys: ticks(low, high, 5), yText: percents, xLabel: "trial" });
    const Y = (candidate) => plot.Y(Math.max(low, candidate.accuracy ?? low));
    plot.front.removeAttribute("clip-path");
    for (const child of born)
      for (const parent of child.parents.map((n) => byTrial.get(n)).filter(Boolean)) {
        const [x1, y1, x2, y2] = [plot.X(parent.trial), Y(parent), plot.X(child.trial), Y(child)].map((v) => v.toFixed(1));
        const middle = ((+x1 + +x2) / 2).toFixed(1);
        plot.front.append(draw("path", { class: isBetter(child) ? "kin up" : "kin", d: `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}` }));
      }
    for (const candidate of scored) plot.front.append(dot(plot, candidate, candidate.trial, low, candidate.parents?.length ? "" : "hollow"));
    plot.image.setAttribute("role", "img");
    plot.image.setAttribute("aria-label", `${plural(born.length, "candidate")} made from earlier ones; the list below has them as a tree.`);
    return plot.image;
  });
  return panel("Lineage", `${plural(born.length, "candidate")} came from earlier ones by mutation or crossing, ${gains.length} of them better than each parent (green). Hollow points have no parent.`, chart,
    el("details", {}, el("summary", {}, "As a tree"), el("ul", { class: "tree" }, roots.map((root) => branch(root, new Set())))));
}

// Better than each of its parents, at no lesser rung.
function isBetter(candidate) {
  const parents = (candidate.parents || []).map((n) => byTrial.get(n)).filter((parent) => parent && parent.accuracy !== undefined);
  return candidate.accuracy !== undefined && parents.length > 0 && parents.every((parent) => lastEpoch(candidate) >= lastEpoch(parent) && candidate.accuracy > parent.accuracy);
}

function branch(candidate, above) {
  const children = (childrenOf.get(candidate.trial) || []).filter((child) => child.parents[0] === candidate.trial && !above.has(child.trial));
  const here = new Set([...above, candidate.trial]);
  return el("li", {}, kinLine(candidate), children.length ? el("ul", {}, children.map((child) => branch(child, here))) : null);
}

function kinLine(candidate) {
  const score = candidate.accuracy === undefined ? candidate.state : percent(candidate.accuracy);
  const how = candidate.origin ? `${candidate.origin}${candidate.parents.length > 1 ? ` of ${candidate.parents.map((n) => `#${n}`).join(" and ")}` : ""}, ` : "";
  return [el("button", { type: "button", onclick: () => openDetail(candidate) }, candidate.formula), " ", el("small", { class: isBetter(candidate) ? "better" : "" }, `${how}${score}`)];
}
