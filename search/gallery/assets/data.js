// The page's data, read once; curves are unpacked when they are first drawn.

const data = JSON.parse(byId("data").textContent);
const candidates = data.candidates;
const byTrial = new Map(candidates.map((candidate) => [candidate.trial, candidate]));
const references = new Map(data.references.map((reference) => [reference.name, reference]));
const grid = Array.from({ length: data.grid.points }, (_, i) => data.grid.left + (i * (data.grid.right - data.grid.left)) / (data.grid.points - 1));

const unpacked = new Map();
function values(packed) {
  if (!unpacked.has(packed)) {
    const bytes = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
    const view = new DataView(bytes.buffer);
    const steps = grid.map((_, i) => view.getInt16(2 * i, true));
    unpacked.set(packed, steps.map((step) => (step === data.grid.gap ? NaN : step * data.grid.step)));
  }
  return unpacked.get(packed);
}

const percent = (fraction, digits = 2) => `${(100 * fraction).toFixed(digits)} %`;
const points = (fraction) => `${fraction < 0 ? "−" : "+"}${Math.abs(100 * fraction).toFixed(2)}`;
const times = (cost) => `${cost < 10 ? cost.toFixed(2) : cost.toFixed(1)}×`;
const number = (value, digits = 3) => value === null ? "no number" : String(Number(value.toPrecision(digits))).replace("-", "−");
const plural = (count, word) => `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;

const lastEpoch = (candidate) => (candidate.rungs.length ? candidate.rungs.at(-1)[0] : 0);
const costText = (candidate) =>
  candidate.cost !== undefined ? `${times(candidate.cost)} ReLU` : candidate.operations !== undefined ? plural(candidate.operations, "op") : "";
const SMOOTH = { null: "smooth", curvature: "once differentiable", slope: "kinks", value: "jumps" }; // by what jumps
const isMonotone = (candidate) => candidate.direction === "increasing" || candidate.direction === "decreasing";
const traitsOf = (candidate) =>
  [SMOOTH[candidate.jump], isMonotone(candidate) && candidate.direction, candidate.bounded && "bounded"].filter(Boolean);
const nameOf = (candidate) => (candidate.same_as ? candidate.same_as : candidate.known_as || "");
