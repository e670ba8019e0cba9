// Metrics of slices: pick a metric, sort and filter the slices, open a slice to see those within it.

const MOST_ROWS = 200, BINS = 24;
const CANDIDATE = "candidate", BASELINE = "baseline";

export function render({ model, el, select }) {
  const drawn = model.curves ? curves(model) : { parts: [], show() {} };
  const view = new Evaluation(model, (chosen, at) => { drawn.show(at); select?.(chosen); });
  const verdicts = [...el.querySelectorAll(':scope > section[data-table="Verdicts"]')].map((one) => folded(one, model.verdicts));
  const notes = [...el.querySelectorAll(":scope > .note")];
  const flips = el.querySelectorAll(':scope > section[data-table="Counterfactuals"]');
  el.replaceChildren(...notes, ...verdicts, ...view.parts, ...drawn.parts, ...(model.task_plots ? taskPlots(model.task_plots) : []), ...(model.fairness?.sets.length ? fairness(model.fairness) : []), ...flips);
  view.update();
}

/** What failed is seen at once; what came out otherwise is opened. */
function folded(section, verdicts) {
  if (verdicts.some((one) => one.outcome === "fail")) {
    section.querySelector(".scroll").classList.add("low");
    return section;
  }
  const counts = ["undefined", "pass"].map((outcome) => [outcome, verdicts.filter((one) => one.outcome === outcome).length]);
  const told = counts.filter(([, count]) => count).map(([outcome, count]) => `${count} ${outcome}`).join(", ");
  return h("details", { class: "verdicts" }, h("summary", {}, `Verdicts: ${told}`), section);
}

class Evaluation {
  constructor(model, select) {
    Object.assign(this, { model, select });
    const metrics = model.metrics.filter((name) => name !== "example_count");
    this.metrics = metrics.length ? metrics : model.metrics;
    this.compared = model.models.includes(BASELINE);
    this.failing = new Map();
    for (const one of model.verdicts) {
      if (one.outcome !== "pass" && one.subject) this.failing.set(one.subject, [...(this.failing.get(one.subject) ?? []), one]);
    }
    this.keys = model.slices.map((key) => new Map(key.map(([name, value]) => [name, String(value)])));
    this.state = { metric: this.metrics[0], open: 0, by: "", least: 0, text: "", range: null, most: MOST_ROWS,
      sort: "n", up: false, fitted: false, chosen: null };
    this.path = h("nav", { class: "tools path", "aria-label": "Slice" });
    this.tools = h("div", { class: "tools" });
    this.overview = h("figure", { class: "overview" });
    this.table = h("div", { class: "scroll low", tabindex: "0", role: "region", "aria-label": "Slices" });
    this.more = h("p", { class: "note" });
    this.status = h("span", { class: "quiet", role: "status" });
    this.by = h("span", {});
    this.makeTools();
    this.parts = [h("h2", {}, "Slices"), this.path, this.tools, this.overview, this.table, this.more];
  }

  makeTools() {
    const set = (member) => (value) => { this.state[member] = value; this.state.range = null; this.update(); };
    const most = Math.max(1, ...this.model.n);
    const told = h("output", {}, "1");
    const slider = h("input", { type: "range", min: 0, max: 100, value: 0, step: 1, input: () => {
      const least = slider.value === "0" ? 0 : Math.round(most ** (slider.value / 100));
      told.textContent = number(Math.max(1, least));
      slider.setAttribute("aria-valuetext", `${Math.max(1, least)} examples`);
      set("least")(least);
    } });
    this.tools.append(
      choice("Metric", this.metrics.map((name) => [name, name]), this.state.metric, set("metric")), this.by,
      h("label", {}, "At least", slider, told, "examples"),
      search("Filter", set("text")),
      h("label", {}, h("input", { type: "checkbox", change: (event) => set("fitted")(event.target.checked) }), "Fit scale"),
      this.status);
  }

  value(at, model = CANDIDATE, metric = this.state.metric) {
    const found = this.model.values[model]?.[metric]?.[at];
    return typeof found === "number" ? found : null;
  }

  interval(at, model = CANDIDATE) {
    const [low, high] = this.model.intervals[model]?.[this.state.metric]?.[at] ?? [];
    return typeof low === "number" && typeof high === "number" ? [low, high] : null;
  }

  change(at) {
    const [one, other] = [this.value(at), this.value(at, BASELINE)];
    return one === null || other === null ? null : one - other;
  }

  changeInterval(at) {
    const [low, high] = this.model.change_intervals?.[this.state.metric]?.[at] ?? [];
    return typeof low === "number" && typeof high === "number" ? [low, high] : null;
  }

  /** The slices within the one that is open: those that hold all of its features' values, and more. */
  within(open) {
    const held = [...this.keys[open]];
    return this.keys.flatMap((key, at) => (key.size > held.length && held.every(([name, value]) => key.get(name) === value) ? [at] : []));
  }

  /** What a slice adds to the one that is open, as the features' names. */
  added(at, open = this.state.open) {
    return [...this.keys[at].keys()].filter((name) => !this.keys[open].has(name)).join(" × ");
  }

  open(at) {
    Object.assign(this.state, { open: at, by: "", range: null, chosen: at, most: MOST_ROWS });
    this.update();
    this.path.querySelector("[aria-current]")?.focus();
    this.tell(at);
  }

  choose(at) {
    this.state.chosen = at;
    this.update();
    this.tell(at);
  }

  tell(at) {
    this.select({ slice: Object.fromEntries(this.model.slices[at]), name: this.model.names[at], metric: this.state.metric, n: this.model.n[at] }, at);
  }

  update() {
    const { open, least, text, metric } = this.state;
    const inside = this.within(open);
    const groups = [...new Set(inside.map((at) => this.added(at)))].sort((one, other) => one.split(" × ").length - other.split(" × ").length || one.localeCompare(other));
    if (this.state.by && !groups.includes(this.state.by)) this.state.by = "";
    this.by.replaceChildren(choice("Slices by", [["", "all"], ...groups.map((name) => [name, name])], this.state.by,
      (value) => { this.state.by = value; this.state.range = null; this.update(); this.by.querySelector("select").focus(); }));
    const fitting = inside.filter((at) => this.model.n[at] >= least && (!this.state.by || this.added(at) === this.state.by)
      && this.model.names[at].toLowerCase().includes(text));
    const shown = fitting.filter((at) => !this.state.range || (this.value(at) !== null && this.value(at) >= this.state.range[0] && this.value(at) <= this.state.range[1]));
    this.status.textContent = `${number(shown.length)} of ${number(inside.length)} slices`;
    this.drawPath();
    this.drawOverview(fitting, metric);
    this.drawTable(shown);
  }

  /** From the whole set to the open slice, one feature after the other where those slices are known. */
  drawPath() {
    const steps = [0];
    const held = new Map();
    for (const [name, value] of this.keys[this.state.open]) {
      held.set(name, value);
      const at = this.keys.findIndex((key) => key.size === held.size && [...held].every(([one, of]) => key.get(one) === of));
      if (at > 0 && at !== this.state.open) steps.push(at);
    }
    if (this.state.open) steps.push(this.state.open);
    this.path.replaceChildren(...steps.flatMap((at, place) => [
      place ? h("span", { class: "quiet", "aria-hidden": "true" }, "›") : null,
      h("button", { type: "button", class: "link", "aria-current": at === this.state.open ? "true" : null, click: () => this.open(at) },
        h("bdi", {}, at ? this.model.names[at] : "overall"), h("span", { class: "quiet" }, ` ${number(this.model.n[at])}`)),
    ].filter(Boolean)));
  }

  /** How many slices lie where along the metric; a bar shows only its slices when it is pressed. */
  drawOverview(fitting, metric) {
    const known = fitting.filter((at) => this.value(at) !== null);
    const values = known.map((at) => this.value(at));
    if (values.length < 3 || Math.min(...values) === Math.max(...values)) return this.overview.replaceChildren();
    const low = Math.min(...values), high = Math.max(...values), width = (high - low) / BINS;
    const counts = Array(BINS).fill(0);
    for (const value of values) counts[Math.min(BINS - 1, Math.floor((value - low) / width))] += 1;
    const tall = 56, wide = 620, most = Math.max(...counts), step = wide / BINS;
    const whole = this.value(this.state.open);
    const x = (value) => ((value - low) / (high - low)) * wide;
    const bars = counts.map((count, bin) => {
      if (!count) return null;
      const range = [low + bin * width, bin === BINS - 1 ? high : low + (bin + 1) * width];
      const pressed = this.state.range?.[0] === range[0];
      const press = () => {
        this.state.range = pressed ? null : range;
        this.update();
        this.overview.querySelector(`[data-bin="${bin}"]`)?.focus();
      };
      const text = `${count} ${count === 1 ? "slice" : "slices"} with ${metric} of ${number(range[0])} to ${number(range[1])}`;
      return svg("g", { class: "bin", role: "button", tabindex: "0", "data-bin": bin, "aria-label": text, "aria-pressed": String(pressed), click: press,
        keydown: (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); press(); } } },
        svg("title", {}, text),
        svg("rect", { class: "room", x: bin * step, y: 0, width: step, height: tall }),
        svg("rect", { class: `series-0 ${pressed || !this.state.range ? "filled" : "faint"}`, x: bin * step + 1, width: step - 2, y: tall - Math.max(2, (tall * count) / most), height: Math.max(2, (tall * count) / most) }));
    });
    this.overview.replaceChildren(h("figcaption", { class: "quiet" }, `${metric} of ${number(values.length)} slices`),
      svg("svg", { class: "chart", viewBox: `-2 -2 ${wide + 4} ${tall + 20}` },
        bars, svg("path", { class: "axis", d: `M0 ${tall}H${wide}` }),
        whole !== null && whole >= low && whole <= high ? svg("path", { class: "whole", d: `M${x(whole)} -2V${tall}` }, svg("title", {}, `${this.state.open ? this.model.names[this.state.open] : "overall"}: ${number(whole)}`)) : null,
        svg("text", { x: 0, y: tall + 14 }, number(low)), svg("text", { x: wide, y: tall + 14, "text-anchor": "end" }, number(high))));
  }

  drawTable(shown) {
    const { metric, open } = this.state;
    const columns = [
      ["slice", "slice", (at) => this.model.names[at]],
      ["n", "n", (at) => this.model.n[at]],
      [metric, metric, (at) => this.value(at)],
      ...(this.compared ? [[BASELINE, BASELINE, (at) => this.value(at, BASELINE)], ["change", "change", (at) => this.change(at)]] : []),
      ...this.metrics.filter((name) => name !== metric).map((name) => [`of ${name}`, name, (at) => this.value(at, CANDIDATE, name)]),
    ];
    const key = (columns.find(([id]) => id === this.state.sort) ?? columns[1])[2];
    const order = (one, other) => {
      const [a, b] = [key(one), key(other)];
      if (a === null || b === null) return (a === null) - (b === null) || one - other;
      return (this.state.up ? 1 : -1) * (typeof a === "number" ? a - b : a.localeCompare(b, "en", { numeric: true })) || one - other;
    };
    const rows = [...shown].sort(order).slice(0, this.state.most);
    const scale = this.scale([open, ...rows]);
    const sorted = (id) => (this.state.sort === id ? (this.state.up ? "ascending" : "descending") : null);
    const head = columns.map(([id, title], column) => h("th", { scope: "col", class: column ? "right" : null, "aria-sort": sorted(id) },
      h("button", { type: "button", "data-sort": id, click: () => {
        this.state.up = this.state.sort === id ? !this.state.up : id === "slice";
        this.state.sort = id;
        this.update();
        this.table.querySelector(`[data-sort="${CSS.escape(id)}"]`)?.focus();
      } }, title)));
    head.splice(3, 0, h("th", { scope: "col" }, scale ? h("span", { class: "ends" }, h("span", {}, number(scale.low)), h("span", {}, number(scale.high))) : ""));
    this.table.replaceChildren(h("table", { class: "slices" }, h("thead", {}, h("tr", {}, head)),
      h("tbody", {}, [this.row(open, columns, scale, true), ...rows.map((at) => this.row(at, columns, scale, false))])));
    const rest = shown.length - rows.length;
    this.more.replaceChildren(...(rest > 0 ? [`and ${number(rest)} more `, h("button", { type: "button", class: "link", click: () => { this.state.most += MOST_ROWS; this.update(); } }, "show more")] : []),
      ...(this.model.left_out ? [` ${number(this.model.left_out)} smaller slices are left out.`] : []));
  }

  row(at, columns, scale, whole) {
    const inner = this.within(at).length;
    const name = h("bdi", {}, at ? this.model.names[at] : "overall");
    const failing = (this.failing.get(this.model.names[at]) ?? []).map((one) =>
      h("div", { class: `tone-${one.outcome === "fail" ? "bad" : "held"}`, title: one.message ?? "" }, `${one.outcome}: ${one.check}`));
    const cells = columns.slice(1).map(([id, , value]) => {
      const bounds = id === this.state.metric ? this.interval(at) : id === "change" ? this.changeInterval(at) : null;
      const found = value(at);
      return h("td", { class: "right" }, found === null ? h("span", { class: "quiet" }, "undefined") : (id === "change" && found > 0 ? "+" : "") + number(found),
        bounds ? h("div", { class: "quiet" }, `${number(bounds[0])} to ${number(bounds[1])}`) : null);
    });
    cells.splice(2, 0, h("td", {}, scale ? this.bar(at, scale) : ""));
    return h("tr", { class: whole ? "reference" : at === this.state.chosen ? "chosen" : null, "data-slice": this.model.names[at] },
      h("th", { scope: "row" },
        inner && !whole ? h("button", { type: "button", class: "link", title: `${inner} slices within`, click: () => this.open(at) }, name, h("span", { "aria-hidden": "true" }, "\u00a0›"))
          : !whole ? h("button", { type: "button", class: "plain", click: () => this.choose(at) }, name) : name, failing), cells);
  }

  /** From 0 to the greatest, for bars; from the least to the greatest where the scale is fitted, for marks. */
  scale(rows) {
    const ends = rows.flatMap((at) => [this.value(at), this.value(at, BASELINE), ...(this.interval(at) ?? [])]).filter((one) => one !== null);
    if (!ends.length) return null;
    let low = Math.min(...ends), high = Math.max(...ends);
    if (!this.state.fitted) [low, high] = [Math.min(0, low), Math.max(0, high)];
    return scaled(low, high);
  }

  bar(at, scale) {
    return drawnBar(scale, this.value(at), this.interval(at), { fitted: this.state.fitted, baseline: this.value(at, BASELINE),
      whole: at === this.state.open ? null : this.value(this.state.open) });
  }
}
