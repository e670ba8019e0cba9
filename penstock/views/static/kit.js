// What views are built from. Stands before a view's own module, so that the two together are one module.

const SVG = "http://www.w3.org/2000/svg";

/** An element; members of `attributes` that are functions listen to events, null and false are left out. */
function h(tag, attributes, ...children) {
  return made(document.createElement(tag), attributes, children);
}

/** The same for SVG. */
function svg(tag, attributes, ...children) {
  return made(document.createElementNS(SVG, tag), attributes, children);
}

function made(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** A number with four significant digits, a count whole; texts (NaN, infinities) as they are. */
function number(value) {
  if (value === null || value === undefined) return "";
  if (typeof value !== "number") return { nan: "NaN", inf: "∞", "-inf": "-∞" }[value] ?? String(value);
  const size = Math.abs(value);
  if (Number.isInteger(value) || size >= 10000) return size < 1e15 ? Math.round(value).toLocaleString("en") : value.toPrecision(4);
  if (size < 1e-4) return value.toExponential(3);
  return String(Number(value.toPrecision(4)));
}

/** A share as a percentage. */
function percent(share) {
  if (share === 0 || share === 1) return `${100 * share} %`;
  return share < 0.001 ? "< 0.1 %" : `${(100 * share).toFixed(1)} %`;
}

/** A labelled choice. */
function choice(label, options, value, change) {
  const select = h("select", { change: () => change(select.value) },
    options.map(([key, text]) => h("option", { value: key, selected: key === value }, text)));
  return h("label", {}, label, select);
}

/** A labelled search field. */
function search(label, change) {
  const field = h("input", { type: "search", input: () => change(field.value.trim().toLowerCase()), spellcheck: "false" });
  return h("label", {}, label, field);
}

/** Draws each view of that name on the page whose model stands beside it. */
function mount(render, name) {
  for (const model of document.querySelectorAll("script.penstock-model")) {
    const el = model.previousElementSibling;
    if (model.dataset.view !== name || el.dataset.drawn) continue;
    render({ model: JSON.parse(model.textContent), el });
    el.dataset.drawn = "yes";
  }
  if (parent !== self && location.href === "about:srcdoc") framed();
}

/** In a frame of a notebook: tells the page around how high this one is, and takes on its colours. */
function framed() {
  const root = document.documentElement;
  root.dataset.framed = "yes";
  const tell = () => {
    const { width, height } = root.getBoundingClientRect();
    if (width && height) parent.postMessage({ penstockHeight: Math.ceil(height) }, "*"); // a frame out of sight has none
  };
  addEventListener("message", (event) => {
    if (event.source !== parent || !event.data || !("penstockScheme" in event.data)) return;
    if (["light", "dark"].includes(event.data.penstockScheme)) root.dataset.scheme = event.data.penstockScheme;
    tell();
  });
  new ResizeObserver(tell).observe(root);
}
