// See page.h. The charts are plain SVG, readable without the script, which only adds the values
// under the pointer.
#include "examples/llama/report/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "examples/llama/base/units.h"
#include "examples/llama/report/chart.h"

namespace llama {

namespace {

constexpr int palette_size = 8;

// Colours that differ for readers who do not see red and green apart, on light and on dark.
constexpr const char* style = R"(
:root { --ink: #1c2330; --faint: #6b7484; --line: #e3e6eb; --back: #fff; --panel: #fafbfc; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e7ec; --faint: #98a1b1; --line: #2c3340; --back: #12161d; --panel: #181d26; }
}
body { margin: 24px auto; max-width: 1160px; padding: 0 16px; background: var(--back);
       color: var(--ink); font: 14px/1.45 system-ui, sans-serif; }
h1 { font-size: 20px; margin: 0 0 12px; }
table { border-collapse: collapse; margin-bottom: 16px; }
th, td { padding: 3px 16px 3px 0; text-align: right; font-variant-numeric: tabular-nums; }
th:first-child, td:first-child { text-align: left; }
th { color: var(--faint); font-weight: normal; border-bottom: 1px solid var(--line); }
.swatch { display: inline-block; width: 12px; height: 12px; border-radius: 3px;
          margin-right: 8px; vertical-align: -1px; }
.charts { display: grid; grid-template-columns: 1fr 1fr; gap: 16px; }
.chart { width: 100%; background: var(--panel); border: 1px solid var(--line);
         border-radius: 8px; font-size: 11px; }
.wide { grid-column: 1 / 3; }
.chart text { fill: var(--faint); } .chart .title { fill: var(--ink); font-size: 14px; }
.chart .unit { fill: var(--faint); font-size: 11px; }
.grid { stroke: var(--line); } .cursor { stroke: var(--faint); visibility: hidden; }
polyline { fill: none; stroke-width: 1.2; stroke-linejoin: round; }
polyline.few { stroke-width: 2; stroke-dasharray: 5 3; }
#tip { position: fixed; display: none; pointer-events: none; padding: 6px 10px; font-size: 12px;
       background: var(--back); border: 1px solid var(--line); border-radius: 6px;
       box-shadow: 0 2px 8px #0003; white-space: pre; font-variant-numeric: tabular-nums; }
)";

constexpr const char* colors[palette_size] = {"#3b76c4", "#d9722e", "#2f9e77", "#a054b0",
                                              "#c8991f", "#4fa8c9", "#c0486a", "#7a7f8a"};

constexpr const char* script = R"(
const tip = document.getElementById('tip');
for (const chart of document.querySelectorAll('.chart')) {
  const lines = [...chart.querySelectorAll('polyline')].map(line => ({
    name: line.dataset.name,
    points: line.dataset.points.trim().split(' ').map(pair => pair.split(',').map(Number))}));
  const {left, right, first, last} = Object.fromEntries(
      Object.entries(chart.dataset).map(([key, text]) => [key, Number(text)]));
  const cursor = chart.querySelector('.cursor');
  chart.addEventListener('mousemove', event => {
    const box = chart.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width * chart.viewBox.baseVal.width;
    const step = first + (Math.min(Math.max(x, left), right) - left) / (right - left) * (last - first);
    const text = lines.map(({name, points}) => {
      const near = points.reduce(
          (best, point) => Math.abs(point[0] - step) < Math.abs(best[0] - step) ? point : best);
      return name + '  ' + near[1] + '  (step ' + near[0] + ')';
    });
    tip.textContent = text.join('\n');
    tip.style.display = 'block';
    tip.style.left = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8) + 'px';
    tip.style.top = event.clientY + 14 + 'px';
    const place = left + (step - first) / (last - first) * (right - left);
    cursor.setAttribute('x1', place);
    cursor.setAttribute('x2', place);
    cursor.style.visibility = 'visible';
  });
  chart.addEventListener('mouseleave', () => {
    tip.style.display = 'none';
    cursor.style.visibility = 'hidden';
  });
}
)";

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

template <class Value>
Series series_of(const std::vector<RunMetrics>& runs, std::size_t i, Value&& value) {
  Series series{.name = escaped(runs[i].name), .color = static_cast<int>(i) % palette_size};
  for (const StepMetrics& step : runs[i].steps) {
    series.points.push_back({static_cast<double>(step.step), value(step)});
  }
  return series;
}

template <class Value>
Chart chart_of(const std::vector<RunMetrics>& runs, std::string title, std::string unit,
               bool starts_at_zero, Value&& value) {
  Chart chart{.title = std::move(title), .unit = std::move(unit), .starts_at_zero = starts_at_zero};
  for (std::size_t i = 0; i < runs.size(); ++i) chart.series.push_back(series_of(runs, i, value));
  return chart;
}

Chart loss_chart(const std::vector<RunMetrics>& runs) {
  Chart chart = chart_of(runs, "Loss", "nats per token; dashed: validation", false,
                         [](const StepMetrics& m) { return m.loss; });
  chart.is_wide = true;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    Series validation{.name = escaped(runs[i].name) + ", validation",
                      .color = static_cast<int>(i) % palette_size,
                      .is_dotted = true};
    for (const Evaluation& evaluation : runs[i].evaluations) {
      validation.points.push_back({static_cast<double>(evaluation.step), evaluation.loss});
    }
    if (!validation.points.empty()) chart.series.push_back(std::move(validation));
  }
  return chart;
}

std::string charts(const std::vector<RunMetrics>& runs) {
  // Unknown shares are not drawn.
  const auto percent = [](double share) { return share > 0 ? 100 * share : NAN; };
  std::string html = to_svg(loss_chart(runs));
  html += to_svg(chart_of(runs, "Gradient norm", "before clipping", false,
                          [](const StepMetrics& m) { return m.gradient_norm; }));
  html += to_svg(chart_of(runs, "Learning rate", "", true,
                          [](const StepMetrics& m) { return m.learning_rate; }));
  html += to_svg(chart_of(runs, "Throughput", "tokens per second", true,
                          [](const StepMetrics& m) { return m.tokens_per_second; }));
  html += to_svg(chart_of(
      runs, "Memory", "MiB of live tensors at their peak", true,
      [](const StepMetrics& m) { return static_cast<double>(m.memory_bytes) / (1 << 20); }));
  html += to_svg(chart_of(runs, "Arithmetic", "% of the device's peak", true,
                          [&](const StepMetrics& m) { return percent(m.flops_share); }));
  html += to_svg(chart_of(runs, "Bandwidth", "% of the device's peak", true,
                          [&](const StepMetrics& m) { return percent(m.bandwidth_share); }));
  return html;
}

double median_throughput(const RunMetrics& run) {
  std::vector<double> values;
  for (const StepMetrics& m : run.steps) {
    if (std::isfinite(m.tokens_per_second)) values.push_back(m.tokens_per_second);
  }
  if (values.empty()) return NAN;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

std::string row(const RunMetrics& run, std::size_t i) {
  double best = INFINITY;
  for (const Evaluation& evaluation : run.evaluations) best = std::min(best, evaluation.loss);
  std::int64_t memory = 0;
  for (const StepMetrics& m : run.steps) memory = std::max(memory, m.memory_bytes);
  const auto number = [](double value) {
    return std::isfinite(value) ? fmt::format("{:.4f}", value) : std::string("-");
  };
  const double throughput = median_throughput(run);
  return fmt::format(
      "<tr><td><span class=\"swatch\" style=\"background: {}\"></span>{}</td><td>{}</td><td>{}</td>"
      "<td>{}</td><td>{}</td><td>{}</td></tr>\n",
      colors[i % palette_size], escaped(run.name), run.steps.empty() ? 0 : run.steps.back().step,
      run.steps.empty() ? "-" : number(run.steps.back().loss), number(best),
      std::isfinite(throughput) ? count_text(throughput) : "-", bytes_text(memory));
}

}  // namespace

std::string report_page(const std::vector<RunMetrics>& runs) {
  std::string palette, rows;
  for (int i = 0; i < palette_size; ++i) {
    palette += fmt::format("polyline.c{0} {{ stroke: {1}; }} circle.c{0} {{ fill: {1}; }}\n", i,
                           colors[i]);
  }
  for (std::size_t i = 0; i < runs.size(); ++i) rows += row(runs[i], i);
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<title>training report</title><style>{}{}</style></head>\n<body>\n<h1>Training report</h1>\n"
      "<table><tr><th>run</th><th>steps</th><th>last loss</th><th>best validation loss</th>"
      "<th>tokens/s (median)</th><th>memory</th></tr>\n{}</table>\n<div "
      "class=\"charts\">\n{}</div>\n"
      "<div id=\"tip\"></div>\n<script>{}</script>\n</body></html>\n",
      style, palette, rows, charts(runs), script);
}

}  // namespace llama
