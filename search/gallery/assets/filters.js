// Text, operator, chips and order: which candidates are shown, and how many that are.

let shownCandidates = candidates;

const ORDERS = {
  "best first": (a, b) => a.rank - b.rank,
  "cheapest first": (a, b) => (a.cost ?? Infinity) - (b.cost ?? Infinity) || (a.operations ?? Infinity) - (b.operations ?? Infinity) || a.rank - b.rank,
  "fewest operations first": (a, b) => (a.operations ?? Infinity) - (b.operations ?? Infinity) || a.rank - b.rank,
  "newest first": (a, b) => b.trial - a.trial,
  "in the order of the search": (a, b) => a.trial - b.trial,
};

const GROUPS = [ // within State any that is marked is shown; in the others all must hold
  ["State", [...new Set(candidates.map((c) => c.state))].map((state) => [state, (c) => c.state === state])],
  ["Shape", [["smooth", (c) => c.jump === null], ["monotone", isMonotone], ["bounded", (c) => c.bounded]]],
  ["Standing", [
    ["winner", (c) => c.verdict === "winner"], ["tie on test", (c) => c.verdict === "tie"], ["worse on test", (c) => c.verdict === "worse"],
    ["ties with the best", (c) => c.tie], ["on the front", (c) => c.front], ["says something new", (c) => c.curve && !c.known && !c.same_as],
  ]],
];

const haystacks = new Map();
function haystack(c) {
  if (!haystacks.has(c.trial))
    haystacks.set(c.trial, [c.formula, c.known_as, c.same_as, c.state, c.verdict, c.reason, ...c.operators, `#${c.trial}`, `trial ${c.trial}`].filter(Boolean).join("\n").toLowerCase());
  return haystacks.get(c.trial);
}

function announce(text) { byId("count").textContent = text; }

function buildToolbar() {
  byId("sort").append(...Object.keys(ORDERS).map((name) => el("option", { value: name }, name)));
  const counts = new Map();
  for (const c of candidates) for (const name of c.operators) counts.set(name, (counts.get(name) || 0) + 1);
  byId("operator").append(el("option", { value: "" }, "any"), ...[...counts].sort(([a], [b]) => a.localeCompare(b)).map(([name, count]) => el("option", { value: name }, `${name} (${count})`)));
  byId("chips").append(...GROUPS.map(([title, options], g) => {
    const present = options.map(([name, holds], i) => [name, i, candidates.filter(holds).length]).filter(([, , count]) => count > 0);
    return present.length ? el("fieldset", {}, el("legend", {}, title), present.map(([name, i, count]) =>
      el("label", { class: "chip" }, el("input", { type: "checkbox", "data-group": g, "data-option": i }), el("span", {}, `${name} ${count}`)))) : "";
  }));
  const toolbar = byId("toolbar");
  toolbar.hidden = candidates.length === 0;
  toolbar.addEventListener("submit", (event) => event.preventDefault());
  toolbar.addEventListener("input", apply);
  toolbar.addEventListener("reset", () => setTimeout(apply));
}

function apply() {
  const words = byId("text").value.toLowerCase().split(/\s+/).filter(Boolean);
  const operator = byId("operator").value;
  const marked = [...document.querySelectorAll("#chips input:checked")].map((box) => [Number(box.dataset.group), GROUPS[box.dataset.group][1][box.dataset.option][1]]);
  const states = marked.filter(([group]) => group === 0), others = marked.filter(([group]) => group > 0);
  shownCandidates = candidates
    .filter((c) => words.every((word) => haystack(c).includes(word)) && (!operator || c.operators.includes(operator)) &&
      (!states.length || states.some(([, holds]) => holds(c))) && others.every(([, holds]) => holds(c)))
    .sort(ORDERS[byId("sort").value]);
  showCards();
  const all = candidates.length;
  const text = shownCandidates.length === all ? `${plural(all, "candidate")}, ${byId("sort").value}` : `${shownCandidates.length.toLocaleString("en")} of ${plural(all, "candidate")}, ${byId("sort").value}`;
  announce(text + (data.left_out ? `; ${data.left_out.toLocaleString("en")} more, lower on the leaderboard, are not on this page` : ""));
}

const FIRST = 48, CHUNK = 150; // cards that are made at once, and then whenever the browser rests
let round = 0;
function showCards() {
  const list = byId("cards"), mine = ++round;
  list.replaceChildren(...shownCandidates.slice(0, FIRST).map(cardOf));
  const rest = (from) => {
    if (mine !== round || from >= shownCandidates.length) return;
    list.append(...shownCandidates.slice(from, from + CHUNK).map(cardOf));
    setTimeout(() => rest(from + CHUNK), 16);
  };
  setTimeout(() => rest(FIRST), 60);
  const empty = byId("empty");
  empty.hidden = shownCandidates.length > 0;
  list.hidden = shownCandidates.length === 0;
  empty.textContent = candidates.length ? "No candidate is like that. Clear the filters to see all of them." : "No candidate has trained yet.";
}
