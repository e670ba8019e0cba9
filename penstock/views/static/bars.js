// Values of slices as bars with intervals, on a scale that the rows of a table share.

const BAR = 150, ROW = 18;

function scaled(low, high) {
  if (low === high) high = low + 1;
  return { low, high, x: (value) => 4 + ((value - low) / (high - low)) * (BAR - 8) };
}

/** A bar from 0, or a mark where the scale is fitted; the interval, the baseline's value, and the whole's. */
function drawnBar({ low, high, x }, value, bounds, { fitted = false, baseline = null, whole = null } = {}) {
  if (value === null) return "";
  const middle = ROW / 2, zero = x(Math.min(Math.max(0, low), high));
  const label = `${number(value)}${bounds ? `, ${number(bounds[0])} to ${number(bounds[1])}` : ""}${baseline === null ? "" : `, baseline ${number(baseline)}`}`;
  return svg("svg", { class: "slicebar", viewBox: `0 0 ${BAR} ${ROW}`, width: BAR, height: ROW, role: "img", "aria-label": label }, svg("title", {}, label),
    fitted ? null : svg("rect", { class: "series-0 filled", x: Math.min(zero, x(value)), width: Math.max(1, Math.abs(x(value) - zero)), y: 3, height: ROW - 6 }),
    whole === null ? null : svg("path", { class: "whole", d: `M${x(whole)} 0V${ROW}` }),
    bounds ? svg("path", { class: "whisker", d: `M${x(bounds[0])} ${middle - 4}v8M${x(bounds[0])} ${middle}H${x(bounds[1])}M${x(bounds[1])} ${middle - 4}v8` }) : null,
    baseline === null ? null : svg("path", { class: "series-1 baseline", d: `M${x(baseline)} ${middle - 7}l6 7l-6 7l-6 -7z` }),
    fitted ? svg("circle", { class: "dot series-0", cx: x(value), cy: middle, r: 3.5 }) : null);
}
