// Puts the page together, and listens to the keyboard.

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const typing = event.target.matches("input:not([type=checkbox]), select, textarea");
  if (event.key === "Escape" && event.target.closest("#toolbar")) { byId("toolbar").reset(); return; }
  if (typing || byId("shortcuts")?.checked === false) return;
  const card = event.target.closest(".card");
  const act = { "/": () => byId("text").focus(), j: () => step(card, 1), k: () => step(card, -1), v: openCompare, c: () => card && flip(card) }[event.key];
  if (act) { event.preventDefault(); act(); }
}

function step(card, by) {
  const all = shownCandidates, here = card ? all.indexOf(byTrial.get(Number(card.dataset.trial))) : by > 0 ? -1 : 0;
  const next = all[Math.min(all.length - 1, Math.max(0, here + by))];
  const button = next && cardOf(next).querySelector(".open");
  button?.focus({ preventScroll: true });
  button?.closest(".card").scrollIntoView({ block: "nearest" });
}

function flip(card) {
  const trial = Number(card.dataset.trial);
  choose(byTrial.get(trial), !chosen.has(trial));
}

showHero();
showTiles();
showConfirmation();
buildToolbar();
apply();
listenToDots();
document.addEventListener("keydown", onKey);
for (const dialog of document.querySelectorAll("dialog"))
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
addEventListener("beforeprint", () => document.querySelectorAll(".thumb").forEach(drawThumbnail));
requestAnimationFrame(() => setTimeout(showCharts));
