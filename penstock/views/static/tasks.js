// Plots of models that are not binary: residuals of a regression; of several classes their confusion, and curves of one.

/** The elements for what ``task_plots`` of the model holds. */
function taskPlots(found) {
  const models = Object.keys(found.models), state = { at: 0, name: 0 };
  const charts = h("div", { class: "curves" }), of = h("div", {}), tools = h("div", { class: "tools" });
  const draw = () => {
    if (found.task === "regression") charts.replaceChildren(...models.map((model, place) => joint(found, model, place, state.at)), residuals(found, models, state.at));
    else charts.replaceChildren(...(found.task === "multiclass" ? models.map((model) => confusions(found, model, state.at)) : []));
  };
  const drawClass = () => {
    if (!found.classes.length) return;
    const each = (model) => found.models[model].map(({ buckets }) => {
      const [weight, label, prediction] = buckets[state.name];
      return [weight, label, Array.from({ length: 10 }, (_, ten) => prediction.slice(10 * ten, 10 * ten + 10).reduce((sum, one) => sum + one, 0))];
    });
    const kept = { slices: found.names.map((_, at) => at), models: Object.fromEntries(models.map((model) => [model, each(model)])) };
    of.replaceChildren(...curves({ curves: kept, names: found.names, models }).parts);
  };
  tools.append(choice("Slice", found.names.map((name, at) => [String(at), name]), "0", (value) => { state.at = Number(value); draw(); }));
  const one = found.classes.length ? choice("Class against the rest", found.classes.map((name, at) => [String(at), name]), "0", (value) => { state.name = Number(value); drawClass(); }) : null;
  draw();
  drawClass();
  const first = found.task === "multilabel" ? [] : [h("h2", {}, found.task === "regression" ? "Residuals" : "Confusion of classes"), tools, charts];
  return [...first, ...(one ? [h("div", { class: "tools classes" }, one), of] : [])];
}

/** Rows are the labels, columns the predictions; a field is the darker the larger its share of the label. */
function confusions(found, model, at) {
  const matrix = found.models[model][at].confusion;
  const rows = matrix.map((counts, label) => {
    const all = counts.reduce((sum, one) => sum + one, 0);
    return h("tr", {}, h("th", { scope: "row" }, h("bdi", {}, found.classes[label])), counts.map((count) => {
      const cell = h("td", { class: "right" }, number(count), h("div", {}, all ? percent(count / all) : ""));
      cell.style.backgroundColor = `color-mix(in srgb, var(--v-0) ${all ? Math.round((30 * count) / all) : 0}%, transparent)`;
      return cell;
    }));
  });
  const title = `Confusion matrix of the ${model}`;
  return h("figure", { class: "wide" }, h("figcaption", {}, title), h("div", { class: "scroll low", tabindex: "0", role: "region", "aria-label": title }, h("table", { class: "slices" },
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "label \\ predicted"), found.classes.map((name) => h("th", { scope: "col", class: "right" }, h("bdi", {}, name))))), h("tbody", {}, rows))));
}

/** Where labels lie by prediction: a square is the darker the more rows it holds. */
function joint(found, model, place, at) {
  const { joint: matrix } = found.models[model][at], size = matrix.length, edges = found.edges.value;
  const most = Math.max(...matrix.flat(), 1e-9);
  const squares = matrix.flatMap((row, predicted) => row.map((count, actual) => (count ? svg("rect", { class: `field series-${place} plain`, "fill-opacity": (0.08 + 0.9 * Math.sqrt(count / most)).toFixed(3),
    x: across(predicted / size), y: upward((actual + 1) / size), width: across(1 / size) - across(0), height: upward(0) - upward(1 / size) },
    svg("title", {}, `predicted ${number(edges[predicted])} to ${number(edges[predicted + 1])}, label ${number(edges[actual])} to ${number(edges[actual + 1])}: ${number(count)}`)) : null)));
  const near = matrix.reduce((sum, row, predicted) => sum + row.reduce((all, count, actual) => all + (Math.abs(actual - predicted) < 2 ? count : 0), 0), 0);
  const all = matrix.flat().reduce((sum, one) => sum + one, 0);
  return figure(`Labels by prediction, ${model}`, `${all ? percent(near / all) : "0 %"} of the weight lies next to the diagonal`, spanned(edges, "prediction", "label", true), squares,
    svg("path", { class: "whole", d: `M${across(0)} ${upward(0)}L${across(1)} ${upward(1)}` }));
}

function residuals(found, models, at) {
  const edges = found.edges.residual;
  const shares = models.map((model) => found.models[model][at].residuals).map((counts) => { const all = counts.reduce((sum, one) => sum + one, 0); return counts.map((one) => (all ? one / all : 0)); });
  const most = Math.max(...shares.flat(), 1e-9);
  const drawn = shares.map((counts, place) => {
    const top = counts.map((value, bin) => `${bin ? "L" : "M"}${across(bin / counts.length).toFixed(1)} ${upward(value / most).toFixed(1)}H${across((bin + 1) / counts.length).toFixed(1)}`).join("");
    return svg("path", { class: `series-${place} ${place ? "lined" : "filled"}`, d: place ? top : `${top}V${upward(0)}H${across(0)}Z` }, svg("title", {}, models[place]));
  });
  const says = models.map((model, place) => `${model}: ${percent(shares[place].slice(0, shares[place].length / 2).reduce((sum, one) => sum + one, 0))} below 0`).join(". ");
  const made = figure("Label less prediction", says, spanned(edges, "residual", `share, at most ${percent(most)}`, false), drawn, svg("path", { class: "whole", d: `M${across(0.5)} ${upward(0)}V${upward(1)}` }));
  made.querySelector("figcaption").append(...models.map((model, place) => h("span", {}, " ", swatch(place), ` ${model}`)));
  return made;
}

/** Axes that begin and end at the outermost edges; `both` where the vertical one has the same. */
function spanned(edges, below, beside, both) {
  const middle = (CURVE.tall - CURVE.foot + CURVE.top) / 2, low = number(edges[0]), high = number(edges.at(-1));
  return [svg("path", { class: "axis", fill: "none", d: `M${across(0)} ${upward(1)}V${upward(0)}H${across(1)}` }),
    svg("text", { x: across(0), y: upward(0) + 14 }, low), svg("text", { x: across(1), y: upward(0) + 14, "text-anchor": "end" }, high),
    both ? [svg("text", { x: across(0) - 4, y: upward(1) + 8, "text-anchor": "end" }, high)] : [],
    svg("text", { x: across(0.5), y: CURVE.tall - 4, "text-anchor": "middle" }, below),
    svg("text", { transform: `translate(${both ? 30 : 11} ${middle}) rotate(-90)`, "text-anchor": "middle" }, beside)];
}
