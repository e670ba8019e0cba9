// Groups of fairness, one spec and one rate at a time.

/** Groups held against one another: pick their spec and a rate; the baseline group first, then the widest gaps. */
function fairness(found) {
  const state = { set: 0, rate: "" };
  const tools = h("div", { class: "tools" }), table = h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Fairness" });
  const estimate = (of, name) => of?.[name] ?? [null, null, null];
  const update = () => {
    const { groups, baseline } = found.sets[state.set];
    const names = [...new Set(["gaps", "rates"].flatMap((of) => groups.flatMap((group) => Object.keys(group[of]))))];
    if (!names.includes(state.rate)) state.rate = names[0] ?? "";
    tools.replaceChildren(
      choice("Groups by", found.sets.map((one, at) => [String(at), one.spec]), String(state.set), (value) => { state.set = Number(value); update(); }),
      choice("Rate or gap", names.map((name) => [name, name]), state.rate, (value) => { state.rate = value; update(); }));
    const same = JSON.stringify(baseline);
    const isBase = (group) => baseline !== null && JSON.stringify(group.slice) === same;
    const rows = [...groups].sort((one, other) => isBase(other) - isBase(one)
      || Math.abs(estimate(other.gaps, state.rate)[0] ?? 0) - Math.abs(estimate(one.gaps, state.rate)[0] ?? 0) || other.n - one.n);
    const known = rows.flatMap((group) => estimate(group.gaps, state.rate)).filter((one) => one !== null);
    const scale = known.length ? scaled(Math.min(0, ...known), Math.max(0, ...known)) : null;
    const cell = ([value, low, high]) => h("td", { class: "right" }, value === null ? h("span", { class: "quiet" }, "undefined") : number(value),
      low === null || high === null ? null : h("div", { class: "quiet" }, `${number(low)} to ${number(high)}`));
    table.replaceChildren(h("table", { class: "slices" },
      h("thead", {}, h("tr", {}, ["group", "n", "rate", "gap", ""].map((title, column) => h("th", { scope: "col", class: column && title ? "right" : null }, title)))),
      h("tbody", {}, rows.map((group) => {
        const gap = estimate(group.gaps, state.rate), rate = group.rates[state.rate];
        return h("tr", { class: isBase(group) ? "reference" : null }, h("th", { scope: "row" }, h("bdi", {}, group.name), isBase(group) ? h("div", { class: "quiet" }, "baseline group") : null),
          h("td", { class: "right" }, number(group.n)), rate ? cell(rate) : h("td", {}), isBase(group) ? h("td", {}) : cell(gap),
          h("td", {}, scale && gap[0] !== null ? drawnBar(scale, gap[0], gap[1] === null ? null : [gap[1], gap[2]]) : ""));
      }))));
  };
  update();
  return [h("h2", {}, "Fairness"), tools, table];
}
