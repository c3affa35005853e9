// The charts of the last minutes, by uPlot; the small ones are the server's own and need nothing.

const EVERY = 4000;        // milliseconds between two looks at a chart whose points do not come as events
const POINTS = 300;        // as admin/series.py has them
const HEIGHT = 120;
const BINARY = Array.from({ length: 41 }, (_, power) => 2 ** power);      // steps of an axis of octets
const plots = [];
let drawn = 0;

export function draw(root) {
  for (const group of root.querySelectorAll("[data-series]")) load(group);
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  scheme.addEventListener("change", () => plots.forEach(show));
  addEventListener("resize", () => plots.forEach(fit));
}

// The newest point of the charts of everything, as the events tell it.
export function extend(point) {
  for (const plot of plots.filter(each => each.group.dataset.series === "" && each.data)) {
    const [times] = plot.data;
    const passed = point.at - times.at(-1);
    if (passed < 0.5) continue;
    if (passed > 3 * plot.step) {
      load(plot.group);     // some were missed: the page was not in sight, or the connection was lost
      return;
    }
    const values = plot.figure.dataset.plot === "sessions" ? [point.sessions] : [point.in, point.out];
    [point.at, ...values].forEach((value, number) => {
      plot.data[number].push(value);
      if (plot.data[number].length > POINTS) plot.data[number].shift();
    });
    plot.span = [point.at - (POINTS - 1) * plot.step, point.at];
    if (plot.chart) plot.chart.setData(plot.data);
    else if (times.length > 1) show(plot);
  }
}

// Called with each event, for the charts of one thing.
export function advance() {
  if (Date.now() - drawn < EVERY) return;
  drawn = Date.now();
  for (const group of new Set(plots.map(each => each.group))) if (group.dataset.series) load(group);
}

async function load(group) {
  const of = group.dataset.series;
  let series = null;
  try {
    const answer = await fetch("/api/v1/series" + (of ? "?of=" + encodeURIComponent(of) : ""));
    if (answer.ok) series = await answer.json();
  } catch {
    // the events say that the server is away
  }
  if (!series) return;
  const count = series.sessions.length;
  const times = series.sessions.map((_, number) => series.at - (count - 1 - number) * series.step);
  for (const figure of group.querySelectorAll("[data-plot]")) {
    const lines = figure.dataset.plot === "sessions" ? [series.sessions] : [series.bytes_in, series.bytes_out];
    let plot = plots.find(each => each.figure === figure);
    if (!plot) {
      plot = { group, figure, chart: null };
      plots.push(plot);
    }
    plot.data = [[...times], ...lines];
    plot.step = series.step;
    plot.span = [series.at - (POINTS - 1) * series.step, series.at];
    if (plot.chart) plot.chart.setData(plot.data);
    else if (count > 1) show(plot);
  }
}

function show(plot) {
  if (!plot.data) return;
  plot.chart?.destroy();
  plot.figure.querySelector(".spark")?.setAttribute("hidden", "");
  const style = getComputedStyle(document.documentElement);
  const colour = name => style.getPropertyValue(name).trim();
  const axis = { stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, font: "11px system-ui" };
  const octets = plot.figure.dataset.plot === "octets";
  const line = (label, name) => ({ label, stroke: colour(name), fill: colour(name) + "22", width: 1.5, points: { show: false } });
  plot.chart = new uPlot({
    width: plot.figure.clientWidth - 2,
    height: HEIGHT,
    padding: [6, 20, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { time: true, range: () => plot.span }, y: { range: (_, low, high) => [0, Math.max(high, octets ? 1024 : 4) * 1.1] } },
    axes: [
      { ...axis, size: 22, space: 70, values: (_, ticks) => ticks.map(clock) },
      { ...axis, size: 48, space: 28, values: (_, ticks) => ticks.map(octets ? size : whole), incrs: octets ? BINARY : undefined },
    ],
    series: octets ? [{}, line("in", "--in"), line("out", "--out")] : [{}, line("sessions", "--in")],
  }, plot.data, plot.figure);
}

function fit(plot) {
  plot.chart?.setSize({ width: plot.figure.clientWidth - 2, height: HEIGHT });
}

function clock(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
}

function whole(value) {
  return Number.isInteger(value) ? value.toLocaleString() : "";
}

function size(octets) {
  let value = octets;
  for (const unit of ["B", "KB", "MB", "GB"]) {
    if (value < 1000) return (value < 10 && unit !== "B" ? value.toFixed(1) : value.toFixed(0)) + "\u202f" + unit;
    value /= 1024;
  }
  return value.toFixed(1) + "\u202fTB";
}
