// Tables that are there already, made sortable by each column and, where they are long, filterable.

const LONG = 12;

export function render({ el }) {
  for (const table of el.querySelectorAll("table")) {
    const rows = [...table.tBodies[0].rows];
    if (rows.length < 2) continue;
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => sortable(table, heads, head, column, rows));
    if (rows.length >= LONG) {
      const count = h("span", { class: "quiet", role: "status" });
      const field = search("Filter", (text) => {
        let seen = 0;
        for (const row of rows) {
          row.hidden = text !== "" && !row.textContent.toLowerCase().includes(text);
          seen += row.hidden ? 0 : 1;
        }
        count.textContent = text ? `${seen} of ${rows.length}` : "";
      });
      table.closest(".scroll").before(h("div", { class: "tools" }, field, count));
    }
  }
  showColumn(el);
  addEventListener("hashchange", () => showColumn(el));
}

function sortable(table, heads, head, column, rows) {
  if (rows.every((row) => row.cells[column].querySelector("svg"))) return;
  const numeric = rows.some((row) => row.cells[column].dataset.sort !== undefined);
  const key = (row) => {
    const cell = row.cells[column];
    if (!numeric) return cell.textContent;
    return cell.dataset.sort === undefined || Number.isNaN(Number(cell.dataset.sort)) ? null : Number(cell.dataset.sort);
  };
  const order = (one, other) => {
    if (one === null || other === null) return (one === null) - (other === null);
    return numeric ? one - other : one.localeCompare(other, "en", { numeric: true });
  };
  const button = h("button", {
    type: "button",
    click: () => {
      const up = numeric ? head.getAttribute("aria-sort") === "descending" : head.getAttribute("aria-sort") !== "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const known = rows.filter((row) => key(row) !== null);
      const unknown = rows.filter((row) => key(row) === null);
      known.sort((one, other) => (up ? 1 : -1) * order(key(one), key(other)));
      table.tBodies[0].append(...known, ...unknown);
    },
  }, ...head.childNodes);
  head.append(button);
}

/** Marks the row that the address names: #column=NAME. */
function showColumn(el) {
  const name = /^#column=(.*)$/.exec(location.hash)?.[1];
  for (const row of el.querySelectorAll("tr.found")) row.classList.remove("found");
  if (name === undefined) return;
  const wanted = decodeURIComponent(name);
  const row = [...el.querySelectorAll("tbody tr")].find((one) => (one.cells[0].firstChild?.textContent ?? "") === wanted);
  row?.classList.add("found");
  row?.scrollIntoView({ block: "center" });
}
