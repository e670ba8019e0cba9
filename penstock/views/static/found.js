// Slices that were found: a bar for the metric inside, with its interval, and a line for the metric outside.

export function render({ model, el }) {
  const table = el.querySelector('section[data-table="Slices found"] table');
  if (!table) return;
  table.classList.add("slices");
  const ends = model.slices.flatMap(({ inside, outside }) => [0, ...inside.interval, inside.value, outside.value]);
  const scale = scaled(Math.min(...ends), Math.max(...ends));
  const head = table.tHead.rows[0];
  head.insertBefore(h("th", { scope: "col" }, h("span", { class: "ends" }, h("span", {}, number(scale.low)), h("span", {}, number(scale.high)))), head.cells[3]);
  [...table.tBodies[0].rows].forEach((row, at) => {
    const { inside, outside } = model.slices[at];
    row.insertBefore(h("td", {}, drawnBar(scale, inside.value, inside.interval, { whole: outside.value })), row.cells[3]);
  });
  table.closest(".scroll").after(h("p", { class: "note" }, "A bar is the metric inside the slice, its whisker the 95 % interval, the dashed line the metric outside."));
}
