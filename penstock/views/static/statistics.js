// Statistics of columns: sorted, filtered, split over split. What is out of sight is drawn when it is scrolled to.

const WIDTH = 420, HEIGHT = 104, FOOT = 16, TOP_VALUES = 8, LABEL = 150, BAR = 12;

export function render({ model, el }) {
  const state = { filter: "", type: "", sort: "order", log: false, kind: "standard", slice: "", weighted: false, splits: firstShown(model.datasets) };
  const slices = [...new Set(model.datasets.filter((one) => one.slice).map((one) => one.slice))];
  const weighted = model.columns.some((column) => column.stats.some((stats) => stats?.weighted));
  const show = () => {
    const parts = state.splits.filter((place) => !state.slice || model.datasets.some((one) => one.slice === state.slice && one.base === place));
    state.shown = model.datasets.map((_, place) => place).filter((place) => parts.includes(place)
      || (state.slice && model.datasets[place].slice === state.slice && parts.includes(model.datasets[place].base)));
  };
  show();
  const cards = model.columns.map((column, order) => new Card(column, order, model, state));
  const list = h("div", { class: "columns-list" });
  const count = h("span", { class: "quiet", role: "status" });
  const watch = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      const card = cards[Number(entry.target.dataset.order)];
      card.inSight = entry.isIntersecting;
      if (card.inSight) card.draw();
    }
  }, { rootMargin: "200px" });
  for (const card of cards) watch.observe(card.root);

  const arrange = () => {
    const seen = cards.filter((card) => card.fits());
    seen.sort(orders[state.sort]);
    list.replaceChildren(...seen.map((card) => card.root));
    count.textContent = seen.length === cards.length ? `${cards.length} columns` : `${seen.length} of ${cards.length} columns`;
  };
  const redraw = () => {
    for (const card of cards) {
      card.stale = true;
      if (card.inSight) card.draw();
    }
  };
  const shownDistance = (card) => Math.max(-1, ...state.shown.map((place) => card.column.distances[place]?.drift ?? -1));
  const shownMissing = (card) => Math.max(...state.shown.map((place) => card.column.stats[place]?.share_missing ?? 1));
  const orders = {
    order: (one, other) => one.order - other.order,
    name: (one, other) => one.column.name.localeCompare(other.column.name, "en", { numeric: true }),
    missing: (one, other) => shownMissing(other) - shownMissing(one) || one.order - other.order,
    drift: (one, other) => shownDistance(other) - shownDistance(one) || one.order - other.order,
  };
  const compared = model.datasets.some((one) => one.base !== null);
  const types = [...new Set(model.columns.map((column) => column.type))].sort();
  const change = (member, then) => (value) => { state[member] = value; then(); };
  const tools = h("div", { class: "tools" },
    search("Name", change("filter", arrange)),
    choice("Type", [["", "all"], ...types.map((type) => [type, type])], "", change("type", arrange)),
    choice("Sort by", [["order", "given order"], ["name", "name"], ["missing", "most missing"], ...(compared ? [["drift", "most drifted"]] : [])],
      "order", change("sort", arrange)),
    choice("Histogram", [["standard", "equal widths"], ["quantiles", "quantiles"]], "standard", change("kind", redraw)),
    slices.length ? choice("Slice", [["", "all examples"], ...slices.map((name) => [name, name])], "", change("slice", () => { show(); redraw(); arrange(); })) : null,
    h("label", {}, h("input", { type: "checkbox", change: (event) => change("log", redraw)(event.target.checked) }), "Log scale"),
    weighted ? h("label", {}, h("input", { type: "checkbox", change: (event) => change("weighted", redraw)(event.target.checked) }), "Weighted") : null,
    count);
  const wholes = model.datasets.filter((one) => !one.slice);
  const legend = wholes.length < 2 ? null : h("div", { class: "tools", role: "group", "aria-label": "Shown" },
    wholes.map((one, place) => h("label", {},
      h("input", { type: "checkbox", checked: state.splits.includes(place), change: (event) => {
        state.splits = wholes.map((_, at) => at).filter((at) => (at === place ? event.target.checked : state.splits.includes(at)));
        show();
        redraw();
        arrange();
      } }),
      swatch(place), h("bdi", {}, one.name), h("span", { class: "quiet" }, `${number(one.examples)} examples`))));
  const left = model.left_out ? h("p", { class: "note" }, `and ${number(model.left_out)} more columns`) : null;
  // What no card says: slices at a glance, pairs of columns.
  const kept = [...el.querySelectorAll(":scope > section")].filter((section) => ["Slices", "Pairs of columns"].includes(section.querySelector("h2").textContent));
  el.replaceChildren(...[...el.querySelectorAll(":scope > .note")], tools, ...(legend ? [legend] : []), list, ...(left ? [left] : []), ...kept);
  arrange();

  const find = () => {
    const name = /^#column=(.*)$/.exec(location.hash)?.[1];
    for (const card of cards) card.root.classList.toggle("found", name !== undefined && card.column.name === decodeURIComponent(name));
    const found = cards.find((card) => card.root.classList.contains("found"));
    found?.draw();
    found?.root.scrollIntoView({ block: "center" });
  };
  addEventListener("hashchange", find);
  addEventListener("beforeprint", () => cards.forEach((card) => card.draw()));
  find();
}

/** At first the datasets that are compared with the first one, and that one; all of them if they are few. */
function firstShown(datasets) {
  const all = datasets.map((_, place) => place).filter((place) => !datasets[place].slice);
  return all.length <= 3 ? all : all.filter((place) => place === 0 || datasets[place].base === 0).slice(0, 4);
}

class Card {
  constructor(column, order, model, state) {
    Object.assign(this, { column, order, model, state, stale: true, inSight: false });
    this.body = h("div", {});
    this.figure = h("div", {});
    this.drift = h("span", { class: "quiet" });
    this.root = h("article", { class: "column", "data-order": order, "aria-label": column.name },
      h("header", {}, h("h3", {}, h("bdi", {}, column.name)), h("span", { class: "kind" }, column.type),
        column.notes.map((note) => h("span", { class: "quiet" }, note)), this.drift,
        model.schema ? h("a", { href: `${model.schema}#column=${encodeURIComponent(column.name)}` }, "schema") : null),
      this.body, this.figure);
  }

  fits() {
    const { filter, type } = this.state;
    return (!type || this.column.type === type) && this.column.name.toLowerCase().includes(filter);
  }

  draw() {
    if (!this.stale) return;
    this.stale = false;
    const parts = this.state.shown
      .filter((place) => this.column.stats[place])
      .map((place) => ({ place: this.tint(place), name: this.model.datasets[place].name, ...counted(this.column.stats[place], this.state.weighted) }));
    const moved = this.state.shown.map((place) => [place, this.column.distances[place]]).filter(([, found]) => found);
    this.drift.replaceChildren(...moved.map(([place, found], nth) => h("span", {}, nth ? "· " : "", distanceText(found, this.model.datasets, place))));
    this.body.replaceChildren(facts(this.column.name, parts, this.model.datasets.length > 1, this.state.weighted), this.exact(parts));
    const numbers = parts.filter((part) => part.numbers);
    const strings = parts.filter((part) => part.strings);
    const chart = numbers.length ? numbersChart(numbers, this.column.name, this.state)
      : strings.length ? stringsChart(strings, this.column.name, this.state.log) : null;
    this.figure.replaceChildren(...(chart ? [chart] : [h("p", { class: "quiet" }, parts.length ? "No values to draw." : "Nothing is shown.")]));
  }

  /** Splits keep their look; a slice has the next one, so that it differs from its split's. */
  tint(place) {
    const { slice, base } = this.model.datasets[place];
    return slice ? this.model.datasets.filter((one) => !one.slice).length + base : place;
  }

  /** What the chart shows as numbers, made when it is opened. */
  exact(parts) {
    const details = h("details", { toggle: () => {
      if (details.open && details.children.length === 1) details.append(...parts.map((part) => exactTable(part, this.state.kind)));
    } }, h("summary", {}, "Values"));
    return parts.some((part) => part.numbers || part.strings) ? details : "";
  }
}

/** Statistics without the weights of examples, or with them. */
function counted(stats, weighted) {
  if (!weighted || !stats.weighted) return stats;
  const merged = { ...stats, ...stats.weighted };
  for (const kind of ["numbers", "strings"]) {
    if (stats[kind]) merged[kind] = { ...stats[kind], ...stats.weighted[kind] };
  }
  if (merged.strings) merged.strings.of = stats.weighted.values;
  return merged;
}

function distanceText(found, datasets, place) {
  const told = [];
  if (found.linf !== null) told.push(`L∞ ${number(found.linf)}`);
  if (found.jensen_shannon !== null) told.push(`JS ${number(found.jensen_shannon)}`);
  const against = datasets.length > 2 ? `${datasets[place].name}: ` : "";
  return `${against}${told.join(", ")}${found.message ? `${told.length ? "; " : ""}${found.message}` : ""} `;
}

function facts(name, parts, several, weighted) {
  const columns = [[weighted ? "weight" : "count", (part) => number(part.count)], ["missing", (part) => percent(part.share_missing)]];
  if (parts.some((part) => part.most_values > 1)) {
    columns.push(["values each", (part) => `${number(part.least_values)} to ${number(part.most_values)}`]);
  }
  if (parts.some((part) => part.numbers)) {
    for (const [title, member] of [["mean", "mean"], ["std dev", "std_dev"], ["zeros", "zeros"], ["min", "min"], ["median", "median"], ["max", "max"]]) {
      columns.push([title, (part) => number(part.numbers?.[member])]);
    }
    for (const [title, member] of [["NaN", "nan"], ["infinite", "infinite"]]) {
      if (parts.some((part) => part.numbers?.[member])) columns.push([title, (part) => number(part.numbers?.[member])]);
    }
  }
  if (parts.some((part) => part.strings)) {
    columns.push(["unique", (part) => number(part.strings?.unique)], ["length", (part) => number(part.strings?.average_length)]);
    if (parts.some((part) => part.strings?.invalid_utf8)) columns.push(["not UTF-8", (part) => number(part.strings?.invalid_utf8)]);
  }
  if (parts.some((part) => part.bytes)) {
    columns.push(["unique", (part) => number(part.bytes?.unique)], ["bytes", (part) => number(part.bytes?.average)]);
  }
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `Figures of ${name}` }, h("table", {},
    h("thead", {}, h("tr", {}, several ? h("th", { scope: "col" }, "split") : null, columns.map(([title]) => h("th", { scope: "col", class: "right" }, title)))),
    h("tbody", {}, parts.map((part) => h("tr", {},
      several ? h("th", { scope: "row" }, swatch(part.place), " ", h("bdi", {}, part.name)) : null,
      columns.map(([, text]) => h("td", { class: "right" }, text(part))))))));
}

function exactTable(part, kind) {
  const rows = part.numbers
    ? part.numbers[kind].map(([low, high, count]) => [`${number(low)} to ${number(high)}`, count])
    : (part.strings?.top ?? []);
  return h("table", {},
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, part.name), h("th", { scope: "col", class: "right" }, "count"), h("th", { scope: "col", class: "right" }, "share"))),
    h("tbody", {}, rows.map(([label, count]) => h("tr", {}, h("td", {}, h("bdi", {}, label === "" ? "(empty)" : label)),
      h("td", { class: "right" }, number(Math.round(count))), h("td", { class: "right" }, percent(part.values ? count / part.values : 0))))));
}

/** How a series is drawn wherever it is: filled, and then by lines that differ in more than colour. */
function look(place, first) {
  return `series-${place % 4} ${first ? "filled" : "lined"}`;
}

function swatch(place) {
  return svg("svg", { class: "swatch", viewBox: "0 0 18 12", "aria-hidden": "true" },
    place === 0 ? svg("rect", { class: look(place, true), x: 1, y: 2, width: 16, height: 9 })
      : svg("path", { class: look(place, false), d: "M1 7h16" }));
}

function numbersChart(parts, name, { kind, log }) {
  const histograms = parts.map((part) => ({ place: part.place, name: part.name, buckets: part.numbers[kind], n: part.values }));
  const drawn = histograms.filter((one) => one.buckets.length);
  if (!drawn.length) return null;
  let low = Math.min(...drawn.map((one) => one.buckets[0][0]));
  let high = Math.max(...drawn.map((one) => one.buckets.at(-1)[1]));
  const ends = [low, high];
  if (low === high) [low, high] = [low - 0.5, high + 0.5];
  const x = (value) => Math.min(WIDTH, Math.max(0, WIDTH * ((value / 2 - low / 2) / (high / 2 - low / 2))));
  const text = drawn.map((one) => `${one.name}: ${one.buckets.map(([, , count]) => number(Math.round(count))).join(", ")}`).join("; ");
  const shapes = kind === "quantiles" ? quantileMarks(drawn, x) : outlines(drawn, x, low, high, log);
  return svg("svg", { class: "chart", viewBox: `-1 -4 ${WIDTH + 2} ${HEIGHT + FOOT + 6}`, role: "img", "aria-label": `Histogram of ${name}. ${text}` },
    shapes,
    svg("path", { class: "axis", d: `M0 ${HEIGHT}H${WIDTH}` }),
    svg("text", { x: 0, y: HEIGHT + FOOT - 2 }, number(ends[0])),
    svg("text", { x: WIDTH, y: HEIGHT + FOOT - 2, "text-anchor": "end" }, number(ends[1])));
}

/** Heights are shares by width, so that histograms over different ranges and of different sizes can be compared. */
function outlines(drawn, x, low, high, log) {
  const dense = drawn.map((one) => one.buckets.map(([from, to, count]) => {
    const width = Math.max(to / 2 - from / 2, (high / 2 - low / 2) / 200) / (high / 2 - low / 2);
    return { from, to, height: count / Math.max(one.n, 1) / width, count };
  }));
  const most = Math.max(...dense.flat().map((one) => one.height), Number.MIN_VALUE);
  const least = Math.min(...dense.flat().filter((one) => one.height > 0).map((one) => one.height), most);
  const tall = (height) => {
    if (height <= 0) return 0;
    if (!log) return Math.max(1, HEIGHT * (height / most));
    return HEIGHT * (0.08 + 0.92 * (most === least ? 1 : Math.log(height / least) / Math.log(most / least)));
  };
  return drawn.map((one, at) => {
    const buckets = dense[at];
    const title = svg("title", {}, one.name);
    if (one.place === 0) {
      return svg("g", {}, title, buckets.map(({ from, to, height, count }) => svg("rect", {
        class: look(one.place, true), x: x(from), width: Math.max(x(to) - x(from), 2), y: HEIGHT - tall(height), height: tall(height),
      }, svg("title", {}, `${one.name}, ${number(from)} to ${number(to)}: ${number(Math.round(count))}`))));
    }
    const steps = buckets.map(({ from, to, height }) => `V${HEIGHT - tall(height)}H${Math.max(x(to), x(from) + 2)}`);
    return svg("path", { class: look(one.place, false), d: `M${x(buckets[0].from)} ${HEIGHT}${steps.join("")}V${HEIGHT}` }, title);
  });
}

/** A line for each dataset with a mark at each quantile: where the marks are close, the values are. */
function quantileMarks(drawn, x) {
  const room = HEIGHT / drawn.length;
  return drawn.map((one, at) => {
    const middle = room * (at + 0.5), reach = Math.min(14, room / 2 - 3);
    const bounds = [one.buckets[0][0], ...one.buckets.map(([, to]) => to)];
    const half = Math.floor(bounds.length / 2);
    return svg("g", {}, svg("title", {}, `${one.name}: ${bounds.map(number).join(", ")}`),
      svg("path", { class: `${look(one.place, false)} thin`, d: `M${x(bounds[0])} ${middle}H${x(bounds.at(-1))}` }),
      bounds.map((bound, nth) => svg("rect", {
        class: look(one.place, true), x: x(bound) - 1, width: nth === half ? 3 : 1.5,
        y: middle - (nth === half ? reach : reach * 0.7), height: 2 * (nth === half ? reach : reach * 0.7),
      })));
  });
}

function stringsChart(parts, name, log) {
  const shares = new Map();
  for (const part of parts) {
    for (const [value, count] of part.strings.top) shares.set(value, Math.max(shares.get(value) ?? 0, count / Math.max(part.values, 1)));
  }
  const values = [...shares].sort((one, other) => other[1] - one[1]).slice(0, TOP_VALUES).map(([value]) => value);
  if (!values.length) return null;
  const share = (part, value) => {
    const found = part.strings.top.find(([other]) => other === value);
    return found ? found[1] / Math.max(part.values, 1) : 0;
  };
  const all = parts.flatMap((part) => values.map((value) => share(part, value)));
  const most = Math.max(...all), least = Math.min(...all.filter((one) => one > 0), most);
  const room = WIDTH - LABEL - 10 - 42 * Math.min(parts.length, 3);
  const wide = (one) => {
    if (one <= 0) return 0;
    return Math.max(1, room * (log && most > least ? 0.05 + 0.95 * (Math.log(one / least) / Math.log(most / least)) : one / most));
  };
  const pitch = Math.max(16, (parts.length * BAR) / 1.5 + 6);
  const thick = (pitch - 4) / parts.length;
  const text = parts.map((part) => `${part.name}: ${values.map((value) => `${value} ${percent(share(part, value))}`).join(", ")}`).join("; ");
  return svg("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${values.length * pitch}`, role: "img", "aria-label": `Most frequent values of ${name}. ${text}` },
    values.map((value, row) => svg("g", {},
      svg("title", {}, parts.map((part) => `${part.name}: ${value} ${percent(share(part, value))}`).join("\n")),
      svg("text", { class: "label", x: LABEL - 8, y: row * pitch + pitch / 2 + 4, "text-anchor": "end" }, clipped(value)),
      parts.map((part, at) => svg("rect", {
        class: look(part.place, part.place === 0), x: LABEL, y: row * pitch + 2 + at * thick + 0.5, width: wide(share(part, value)), height: Math.max(thick - 1, 2),
      })),
      svg("text", { x: LABEL + 6 + Math.max(...parts.map((part) => wide(share(part, value)))), y: row * pitch + pitch / 2 + 4 }, parts.length <= 3 ? parts.map((part) => percent(share(part, value))).join(" · ") : percent(share(parts[0], value))))));
}

function clipped(value) {
  if (value === "") return "(empty)";
  const letters = [...value];
  return letters.length <= 22 ? value : `${letters.slice(0, 21).join("")}…`;
}
