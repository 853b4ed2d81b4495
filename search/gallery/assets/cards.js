// A card for each candidate; its curve is drawn when it comes near the view.

const cards = new Map();
const chosen = new Set();

const near = new IntersectionObserver((entries) => {
  for (const entry of entries) if (entry.isIntersecting) drawThumbnail(entry.target);
}, { rootMargin: "600px 0px" });

function drawThumbnail(box) {
  near.unobserve(box);
  const candidate = byTrial.get(Number(box.dataset.trial));
  if (!box.firstChild && candidate.curve) box.append(thumbnail(candidate));
}

function scoreLine(candidate) {
  const cost = el("span", { class: "cost" }, costText(candidate));
  if (candidate.accuracy === undefined) return [el("span", {}, candidate.reason || "no score"), cost];
  return [el("b", {}, percent(candidate.accuracy)), el("span", {}, `± ${(100 * candidate.error).toFixed(2)}`), cost];
}

function tagsOf(candidate) {
  const tags = [];
  if (candidate.verdict) tags.push(el("span", { class: `tag ${candidate.verdict}` }, candidate.verdict));
  else if (candidate.tie) tags.push(el("span", { class: "tag" }, "~ tie"));
  if (candidate.state !== "complete") tags.push(el("span", { class: `tag ${candidate.state.replace(" ", "-")}` }, candidate.state === "stopped early" ? `stopped at epoch ${lastEpoch(candidate)}` : candidate.state));
  return tags;
}

function cardOf(candidate) {
  if (cards.has(candidate.trial)) return cards.get(candidate.trial);
  const id = `t${candidate.trial}`;
  const thumb = el("div", { class: "thumb", "data-trial": candidate.trial });
  const pick = el("input", { type: "checkbox", "aria-label": `Compare ${candidate.formula}`, onchange: (event) => choose(candidate, event.target.checked) });
  const card = el("li", { class: "card", "data-trial": candidate.trial },
    el("header", {}, el("span", {}, `${candidate.rank}.`, el("span", { class: "unseen" }, " on the leaderboard,"), ` trial ${candidate.trial}`), el("span", { class: "tags" }, tagsOf(candidate))),
    thumb,
    el("h3", {}, el("button", { type: "button", class: "open", id, title: candidate.formula, onclick: () => openDetail(candidate) }, candidate.formula)),
    el("p", { class: "score" }, scoreLine(candidate)),
    el("p", { class: "known", title: nameOf(candidate) }, nameOf(candidate)),
    el("footer", {}, el("span", {}, traitsOf(candidate).join(" · ")), el("label", { class: "pick" }, pick, "compare")));
  near.observe(thumb);
  cards.set(candidate.trial, card);
  return card;
}

// At most four are compared: more lines in one plot are not told apart.
function choose(candidate, wanted) {
  if (wanted && chosen.size === 4) announce("Four are chosen, which is as many as one plot shows. Take one out first.");
  else if (wanted) chosen.add(candidate.trial);
  else chosen.delete(candidate.trial);
  const card = cardOf(candidate), picked = chosen.has(candidate.trial);
  card.classList.toggle("chosen", picked);
  card.querySelector(".pick input").checked = picked;
  showTray();
}

function showTray() {
  const tray = byId("tray"), list = [...chosen].map((trial) => byTrial.get(trial));
  tray.hidden = list.length === 0;
  const isReady = list.length > 1;
  tray.replaceChildren(
    el("ul", {}, list.map((candidate, i) => el("li", { class: `s${i}` }, el("button", { type: "button", class: "quiet", "aria-label": `Take ${candidate.formula} out`, onclick: () => choose(candidate, false) }, el("i", { class: "swatch" }), el("span", {}, candidate.formula), "×")))),
    isReady ? "" : el("p", {}, "choose one more"),
    el("button", { type: "button", "aria-disabled": isReady ? "false" : "true", onclick: () => isReady && openCompare() }, "Compare"));
}
