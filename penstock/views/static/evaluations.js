// Metrics over runs: pick a metric and up to four slices; a line for each, with intervals; the values are a table.

const PICKED = 4, WIDE = 680, TALL = 220, LEFT = 52, FOOT = 20;

export function render({ model, el }) {
  const state = { metric: model.metrics[0], picked: [0] };
  const figure = h("figure", { class: "overview" });
  const table = h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Values" });
  const picks = h("div", { class: "tools", role: "group", "aria-label": "Slices" });
  const known = new Map(model.slices.map((one, at) => [one.name, at]));
  const add = h("select", { change: () => { state.picked = [...new Set([...state.picked, Number(add.value)])].slice(-PICKED); add.value = ""; update(); } },
    h("option", { value: "" }, "add a slice"), model.slices.map((one, at) => h("option", { value: at }, one.name)));
  const update = () => {
    picks.replaceChildren(...state.picked.map((at, place) => h("label", {},
      h("input", { type: "checkbox", checked: true, change: () => { state.picked = state.picked.filter((one) => one !== at); update(); } }),
      svg("svg", { class: "swatch", viewBox: "0 0 18 12", "aria-hidden": "true" }, svg("path", { class: `series-${place} lined`, d: "M1 6h16" })),
      h("bdi", {}, model.slices[at].name))), ...(known.size > 1 ? [h("label", {}, "Slice", add)] : []));
    figure.replaceChildren(lines(model, state));
    table.replaceChildren(h("table", {},
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "run"), state.picked.map((at) => h("th", { scope: "col", class: "right" }, model.slices[at].name)))),
      h("tbody", {}, model.runs.map((run, nth) => h("tr", {}, h("th", { scope: "row" }, run), state.picked.map((at) => h("td", { class: "right" },
        number(model.slices[at].values[state.metric][nth]) || "undefined",
        h("div", { class: "quiet" }, `n ${number(model.slices[at].n[nth])}`))))))));
  };
  el.replaceChildren(...el.querySelectorAll(":scope > .note"),
    h("div", { class: "tools" }, choice("Metric", model.metrics.map((name) => [name, name]), state.metric, (value) => { state.metric = value; update(); })),
    picks, figure, table);
  update();
}

function lines(model, { metric, picked }) {
  const series = picked.map((at) => ({ ...model.slices[at], of: model.slices[at].values[metric], within: model.slices[at].intervals[metric] }));
  const ends = series.flatMap((one) => [...one.of, ...one.within.flat()]).filter((value) => typeof value === "number");
  if (!ends.length) return h("p", { class: "quiet" }, "No values to draw.");
  let low = Math.min(...ends), high = Math.max(...ends);
  if (low === high) [low, high] = [low - 0.5, high + 0.5];
  const x = (at) => LEFT + (model.runs.length === 1 ? (WIDE - LEFT) / 2 : 8 + ((WIDE - LEFT - 16) * at) / (model.runs.length - 1));
  const y = (value) => TALL - ((value - low) / (high - low)) * (TALL - 10) - 5;
  const drawn = series.map((one, place) => {
    const points = one.of.map((value, at) => [at, value]).filter(([, value]) => typeof value === "number");
    return svg("g", { class: `series-${place}` }, svg("path", { class: `series-${place} lined`, d: points.map(([at, value], nth) => `${nth ? "L" : "M"}${x(at)} ${y(value)}`).join("") }),
      points.map(([at, value]) => svg("g", {}, svg("title", {}, `${one.name}, ${model.runs[at]}: ${number(value)}`),
        typeof one.within[at]?.[0] === "number" ? svg("path", { class: `series-${place} lined thin`, d: `M${x(at) + 2 * place} ${y(one.within[at][0])}V${y(one.within[at][1])}` }) : null,
        svg("circle", { class: "dot", cx: x(at), cy: y(value), r: 4 }))));
  });
  const label = series.map((one) => `${one.name}: ${one.of.map((value) => number(value) || "undefined").join(", ")}`).join("; ");
  return svg("svg", { class: "chart", viewBox: `0 0 ${WIDE} ${TALL + FOOT}`, role: "img", "aria-label": `${metric} over runs. ${label}` },
    svg("path", { class: "axis", d: `M${LEFT} 0V${TALL}H${WIDE}`, fill: "none" }), drawn,
    svg("text", { x: LEFT - 6, y: y(low) + 4, "text-anchor": "end" }, number(low)), svg("text", { x: LEFT - 6, y: y(high) + 6, "text-anchor": "end" }, number(high)),
    svg("text", { x: LEFT, y: TALL + 15 }, model.runs[0]), model.runs.length > 1 ? svg("text", { x: WIDE, y: TALL + 15, "text-anchor": "end" }, model.runs.at(-1)) : null);
}
