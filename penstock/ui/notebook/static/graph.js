// A graph whose places are known: boxes with a state in words, lines between them; the tables below stay.
export function render({ model, el }) {
  const { graph } = model;
  if (!graph) return;
  const picture = svg("svg", { class: "graph", viewBox: `0 0 ${graph.width} ${graph.height}`, width: graph.width, height: graph.height, role: "img", "aria-label": graph.says },
    graph.edges.map((path) => svg("path", { class: "axis", d: path, fill: "none" })),
    graph.nodes.map((node) => svg("g", { class: `node tone-${node.tone || "none"}` }, svg("title", {}, node.says),
      svg("rect", { class: "box", x: node.x, y: node.y, width: node.width, height: node.height, rx: 6 }),
      svg("text", { class: "name", x: node.x + 10, y: node.y + 19 }, node.title),
      svg("text", { class: "under", x: node.x + 10, y: node.y + 35 }, node.under))));
  const place = h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Graph" }, picture);
  const first = el.querySelector(":scope > section:not([data-table='Verdicts']):not([data-table='Errors'])");
  if (first) first.before(place);
  else el.append(place);
}
