// Curves of a slice beside those of the whole set, candidate and baseline, and the confusion matrix at a threshold.

const CURVE = { wide: 300, tall: 240, left: 38, foot: 34, top: 8, right: 10 };
const SPREAD = 20;

/** The elements, and `show(at)`, which draws the slice at that position of the model if its curves are kept. */
function curves({ curves: kept, names, models }) {
  const state = { at: 0, threshold: 50 };
  const name = (at) => names[kept.slices[at]] || "overall";
  const note = h("span", { class: "quiet", role: "status" });
  const select = choice("Slice", kept.slices.map((_, at) => [String(at), name(at)]), "0", (value) => { state.at = Number(value); note.textContent = ""; draw(); });
  const told = h("output", {});
  const slider = h("input", { type: "range", min: 0, max: 100, step: 1, value: state.threshold, input: () => { state.threshold = Number(slider.value); draw(); } });
  const legend = h("p", { class: "tools legend" }), charts = h("div", { class: "curves" });
  const table = h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Rates" });

  const draw = () => {
    const shown = [...new Set([state.at, 0])].flatMap((at) => models.filter((model) => model in kept.models).map((model) => ({ at, model })))
      .map((one, place) => ({ ...one, place, name: `${name(one.at)}, ${one.model}`, ...summed(kept.models[one.model][one.at]) }));
    const own = shown.filter((one) => one.at === state.at);
    const at = state.threshold;
    told.textContent = (at / 100).toFixed(2);
    slider.setAttribute("aria-valuetext", told.textContent);
    legend.replaceChildren(...shown.map((one) => h("span", {}, swatch(one.place), " ", h("bdi", {}, one.name))));
    charts.replaceChildren(
      plot("ROC curve", "false positive rate", "recall", shown, (one) => one.points.map((point) => [point.fpr, point.recall]), at),
      plot("Precision and recall", "recall", "precision", shown, (one) => one.points.map((point) => [point.recall, point.precision]), at),
      plot("Calibration", "mean prediction", "share of positive labels", shown, (one) => one.calibration, null),
      distribution(own, at / 100), ...own.map((one) => confusion(one, at)));
    table.replaceChildren(rates(shown, at));
  };
  draw();
  const show = (at) => {
    const place = kept.slices.indexOf(at);
    note.textContent = place < 0 ? `There are no curves of ${names[at]}: they are kept of the largest slices.` : "";
    if (place < 0) return;
    state.at = place;
    select.querySelector("select").value = String(place);
    draw();
  };
  const tools = h("div", { class: "tools" }, select, h("label", {}, "Threshold", slider, told), note);
  return { parts: [h("section", { "aria-label": "Curves" }, h("h2", {}, "Curves"), tools, legend, charts, table)], show };
}

/** From the counts by score: the confusion matrix and its ratios at each threshold, from which on scores are positive. */
function summed([weight, label, prediction]) {
  const points = [];
  let tp = 0, fp = 0;
  const positives = label.reduce((sum, one) => sum + one, 0), negatives = Math.max(0, weight.reduce((sum, one) => sum + one, 0) - positives);
  for (let at = weight.length; at >= 0; at -= 1) {
    if (at < weight.length) { tp += label[at]; fp += Math.max(0, weight[at] - label[at]); }
    const fn = Math.max(0, positives - tp), tn = Math.max(0, negatives - fp);
    points[at] = { tp, fp, fn, tn, recall: share(tp, positives), fpr: share(fp, negatives), precision: share(tp, tp + fp),
      accuracy: share(tp + tn, positives + negatives), positive: share(tp + fp, positives + negatives) };
  }
  const tens = prediction.map((sum, ten) => {
    const wide = weight.length / prediction.length, of = (values) => values.slice(ten * wide, (ten + 1) * wide).reduce((all, one) => all + one, 0);
    return [share(sum, of(weight)), share(of(label), of(weight))];
  });
  return { weight, label, points, calibration: tens, positives, negatives };
}

function share(part, whole) {
  return whole > 0 ? part / whole : null;
}

function swatch(place) {
  return svg("svg", { class: "swatch", viewBox: "0 0 18 12", "aria-hidden": "true" }, svg("path", { class: `series-${place} lined`, d: "M0 6h18" }));
}

const across = (value) => CURVE.left + value * (CURVE.wide - CURVE.left - CURVE.right);
const upward = (value) => CURVE.tall - CURVE.foot - value * (CURVE.tall - CURVE.foot - CURVE.top);

/** Axes from 0 to 1 with their names; `top` is what the upper end of the vertical axis stands for. */
function axes(below, beside, top = "1") {
  const middle = (CURVE.tall - CURVE.foot + CURVE.top) / 2;
  return [svg("path", { class: "axis", fill: "none", d: `M${across(0)} ${upward(1)}V${upward(0)}H${across(1)}` }),
    [0, 0.5, 1].map((value) => svg("text", { x: across(value), y: upward(0) + 14, "text-anchor": "middle" }, String(value))),
    svg("text", { x: across(0) - 5, y: upward(0) + 2, "text-anchor": "end" }, "0"), svg("text", { x: across(0) - 5, y: upward(1) + 6, "text-anchor": "end" }, top),
    svg("text", { x: across(0.5), y: CURVE.tall - 4, "text-anchor": "middle" }, below),
    svg("text", { transform: `translate(11 ${middle}) rotate(-90)`, "text-anchor": "middle" }, beside)];
}

function figure(title, says, ...children) {
  return h("figure", {}, h("figcaption", {}, title), svg("svg", { class: "chart", viewBox: `0 0 ${CURVE.wide} ${CURVE.tall}`, role: "img", "aria-label": `${title}. ${says}` }, children));
}

/** A line for each series; where it stands at the threshold is a mark. */
function plot(title, below, beside, series, pointsOf, threshold) {
  const known = (point) => point && point[0] !== null && point[1] !== null;
  const drawn = series.map((one) => {
    const all = pointsOf(one), points = all.filter(known), mark = threshold === null ? null : all[threshold];
    if (!points.length) return null;
    return svg("g", { class: `series-${one.place}` }, svg("title", {}, one.name),
      svg("path", { class: `series-${one.place} lined`, d: points.map(([x, y], nth) => `${nth ? "L" : "M"}${across(x).toFixed(1)} ${upward(y).toFixed(1)}`).join("") }),
      threshold === null ? points.map(([x, y]) => svg("circle", { class: "dot", cx: across(x), cy: upward(y), r: 2.5 })) : null,
      known(mark) ? svg("circle", { class: "dot", cx: across(mark[0]), cy: upward(mark[1]), r: 4.5 }) : null);
  });
  const says = series.map((one) => {
    const points = pointsOf(one);
    if (!points.some(known)) return `${one.name}: undefined`;
    const told = threshold === null ? points.filter(known) : [points[threshold]].filter(known);
    return `${one.name}: ${told.map(([x, y]) => `${below} ${number(x)}, ${beside} ${number(y)}`).join("; ") || "undefined at the threshold"}`;
  }).join(". ");
  const none = drawn.every((one) => one === null) ? svg("text", { x: across(0.5), y: upward(0.5), "text-anchor": "middle" }, "undefined: only one class") : null;
  return figure(title, says, axes(below, beside), beside === "precision" ? null : svg("path", { class: "whole", d: `M${across(0)} ${upward(0)}L${across(1)} ${upward(1)}` }), drawn, none);
}

/** How scores lie, those of positive and of negative labels apart, each as a share of all of its own. */
function distribution(series, threshold) {
  const sides = series.flatMap((one) => [["positive", one.label, one.positives], ["negative", one.weight.map((all, at) => all - one.label[at]), one.negatives]]
    .map(([side, counts, all], nth) => {
      const wide = counts.length / SPREAD;
      const shares = Array.from({ length: SPREAD }, (_, bin) => share(counts.slice(bin * wide, (bin + 1) * wide).reduce((sum, value) => sum + value, 0), all) ?? 0);
      return { side, shares, base: one.model !== "candidate", look: nth ? "negative" : one.model === "candidate" ? "series-0" : "series-1", all, name: `${one.model}, labels ${side}` };
    })).filter(({ all }) => all > 0);
  const most = Math.max(...sides.flatMap(({ shares }) => shares), 0.01);
  const drawn = sides.map(({ shares, base, look, name }) => {
    const top = shares.map((value, bin) => `${bin ? "L" : "M"}${across(bin / SPREAD).toFixed(1)} ${upward(value / most).toFixed(1)}H${across((bin + 1) / SPREAD).toFixed(1)}`).join("");
    return svg("path", { class: `${look} ${base ? "lined thin" : "filled"}`, d: base ? top : `${top}V${upward(0)}H${across(0)}Z` }, svg("title", {}, name));
  });
  const says = sides.map(({ name, shares }) => `${name}: ${percent(shares.reduce((sum, value, bin) => sum + (bin / SPREAD >= threshold ? value : 0), 0))} from about ${threshold.toFixed(2)} on`).join(". ");
  const key = [...new Set(sides.map(({ side }) => side))].map((side) => h("span", {}, " ", svg("svg", { class: "swatch", viewBox: "0 0 18 12", "aria-hidden": "true" },
    svg("rect", { class: `${side === "positive" ? "series-0" : "negative"} filled`, x: 1, y: 1, width: 16, height: 10 })), ` ${side} labels`));
  const made = figure("Scores", says, axes("score", "share of its labels", percent(most)), drawn,
    svg("path", { class: "whole", d: `M${across(threshold)} ${upward(0)}V${upward(1)}` }));
  made.querySelector("figcaption").append(...key, sides.some(({ base }) => base) ? h("span", { class: "quiet" }, " (thin lines: baseline)") : "");
  return made;
}

/** Four fields, the darker the larger the share of the label's rows that is in it. */
function confusion(one, at) {
  const { tp, fp, fn, tn } = one.points[at];
  const wide = (CURVE.wide - CURVE.left - CURVE.right) / 2, tall = (CURVE.tall - CURVE.foot - CURVE.top) / 2;
  const fields = [["true positives", tp, one.positives, 0, 0], ["false negatives", fn, one.positives, 1, 0], ["false positives", fp, one.negatives, 0, 1], ["true negatives", tn, one.negatives, 1, 1]];
  const drawn = fields.map(([words, count, all, column, row]) => {
    const x = CURVE.left + column * wide, y = CURVE.top + row * tall, part = share(count, all);
    return [svg("rect", { class: `field series-${one.place}`, "fill-opacity": (0.04 + 0.3 * (part ?? 0)).toFixed(3), x: x + 1, y: y + 1, width: wide - 2, height: tall - 2, rx: 4 }),
      svg("text", { class: "count", x: x + wide / 2, y: y + tall / 2 - 6, "text-anchor": "middle" }, number(count)),
      svg("text", { class: "label", x: x + wide / 2, y: y + tall / 2 + 10, "text-anchor": "middle" }, part === null ? "" : `${percent(part)} of label`),
      svg("text", { x: x + wide / 2, y: y + tall / 2 + 26, "text-anchor": "middle" }, words)];
  });
  const beside = ["label positive", "label negative"].map((words, row) =>
    svg("text", { transform: `translate(24 ${CURVE.top + (row + 0.5) * tall}) rotate(-90)`, "text-anchor": "middle" }, words));
  const below = ["predicted positive", "predicted negative"].map((words, column) =>
    svg("text", { x: CURVE.left + (column + 0.5) * wide, y: upward(0) + 16, "text-anchor": "middle" }, words));
  return figure(`Confusion matrix of the ${one.model}`, fields.map(([words, count]) => `${words} ${number(count)}`).join(", "), drawn, beside, below);
}

function rates(series, at) {
  const columns = [["precision", "precision"], ["recall", "recall"], ["false positive rate", "fpr"], ["accuracy", "accuracy"], ["predicted positive", "positive"]];
  return h("table", {}, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, `from ${(at / 100).toFixed(2)} on positive`), columns.map(([title]) => h("th", { scope: "col", class: "right" }, title)))),
    h("tbody", {}, series.map((one) => h("tr", {}, h("th", { scope: "row" }, swatch(one.place), " ", h("bdi", {}, one.name)),
      columns.map(([, key]) => h("td", { class: "right" }, one.points[at][key] === null ? h("span", { class: "quiet" }, "undefined") : number(one.points[at][key])))))));
}
