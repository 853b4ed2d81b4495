// Elements are built here, and text only ever becomes a text node: nothing of a search is markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

const el = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
const draw = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);
const byId = (id) => document.getElementById(id);
const formulaText = (text) => el("span", { class: "formula" }, text);

// Draws at the width there is, and again when that changes: text in plots keeps its size.
function responsive(container, drawAt) {
  let width = 0;
  const redraw = () => {
    const now = Math.floor(container.clientWidth);
    if (now < 40 || now === width) return;
    width = now;
    container.replaceChildren(drawAt(width));
  };
  new ResizeObserver(redraw).observe(container);
  redraw();
  return container;
}
