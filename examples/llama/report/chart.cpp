// See chart.h.
#include "examples/llama/report/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace llama {

namespace {

constexpr double left = 64, right = 16, top = 34, bottom = 34, height = 260;
constexpr std::size_t most_points = 1200;

struct Range {
  double low = INFINITY, high = -INFINITY;

  void include(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  bool is_empty() const { return low > high; }
};

/// Maps data to the drawing's pixels; a logarithmic axis maps the logarithms.
struct Axes {
  Range steps = {}, values = {};
  double width = 0;
  bool is_logarithmic = false;

  double scaled(double value) const { return is_logarithmic ? std::log10(value) : value; }
  double x(double step) const {
    return left +
           (step - steps.low) / std::max(steps.high - steps.low, 1.0) * (width - left - right);
  }
  double y(double value) const {
    const double low = scaled(values.low), span = scaled(values.high) - low;
    return height - bottom - (scaled(value) - low) / span * (height - top - bottom);
  }
};

/// 1, 2 or 5 times a power of ten that gives about `count` ticks.
double tick_step(double span, int count) {
  const double raw = span / count;
  const double power = std::pow(10, std::floor(std::log10(raw)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (raw <= factor * power) return factor * power;
  }
  return 10 * power;
}

std::string tick_text(double value) {
  const double shown = value + 0.0;  // no -0
  return std::abs(shown) >= 10000 ? fmt::format("{:.4g}K", shown / 1000)
                                  : fmt::format("{:.4g}", shown);
}

/// The multiples of `step` from `low` to `high`. They are counted: to a large number a small step
/// adds nothing.
std::vector<double> multiples(double step, double low, double high) {
  constexpr int most = 100;
  std::vector<double> values;
  const double first = std::ceil(low / step - 1e-9);
  for (int i = 0; i < most && (first + i) * step <= high; ++i) {
    const double value = (first + i) * step;
    if (values.empty() || value != values.back()) values.push_back(value);
  }
  return values;
}

std::vector<double> ticks(const Axes& axes) {
  if (axes.is_logarithmic) {
    std::vector<double> values;
    const double low = std::ceil(std::log10(axes.values.low) - 1e-9);
    for (double power = low; std::pow(10, power) <= axes.values.high * (1 + 1e-9); power += 1) {
      values.push_back(std::pow(10, power));
    }
    return values;
  }
  const double step = tick_step(axes.values.high - axes.values.low, 5);
  return multiples(step, axes.values.low, axes.values.high);
}

std::string grid(const Axes& axes) {
  std::string out;
  for (const double value : ticks(axes)) {
    const double y = axes.y(value);
    out += fmt::format(
        "<line class=\"grid\" x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>"
        "<text x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>\n",
        left, axes.width - right, y, y, left - 8, y + 4, tick_text(value));
  }
  const double span = std::max(axes.steps.high - axes.steps.low, 1.0);
  const double step = std::max(1.0, tick_step(span, axes.width > 800 ? 10 : 5));
  for (const double v : multiples(step, axes.steps.low, axes.steps.high)) {
    out += fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n", axes.x(v),
                       height - bottom + 18, tick_text(v));
  }
  return out;
}

/// The line, and the same numbers for the script: "step,value step,value".
std::string line(const Series& series, const Axes& axes) {
  std::string path, data, dots;
  for (const Point& point : series.points) {
    const double x = axes.x(point.step), y = axes.y(point.value);
    path += fmt::format("{:.1f},{:.1f} ", x, y);
    data += fmt::format("{:g},{:.6g} ", point.step, point.value);
    if (series.is_dotted) {
      dots += fmt::format("<circle class=\"c{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\"/>",
                          series.color, x, y);
    }
  }
  return fmt::format(
      "<polyline class=\"c{}{}\" data-name=\"{}\" data-points=\"{}\" points=\"{}\"/>{}\n",
      series.color, series.is_dotted ? " few" : "", series.name, data, path, dots);
}

/// Logarithmic when the values are positive and span more than a factor of fifty.
Axes fit(const Chart& chart, double width) {
  Axes axes{.width = width};
  for (const Series& series : chart.series) {
    for (const Point& point : series.points) {
      axes.steps.include(point.step);
      axes.values.include(point.value);
    }
  }
  Range& values = axes.values;
  if (values.is_empty()) return axes;
  axes.is_logarithmic = !chart.starts_at_zero && values.low > 0 && values.high / values.low > 50;
  if (axes.is_logarithmic) return axes;
  if (chart.starts_at_zero) values.include(0);
  const double margin = 0.05 * (values.high - values.low);
  const double least = std::max(1e-3 * std::abs(values.high), 1e-12);  // a constant series
  values.high += std::max(margin, least);
  if (!chart.starts_at_zero) values.low -= std::max(margin, least);
  return axes;
}

}  // namespace

std::vector<Point> thin_out(const std::vector<Point>& points, std::size_t most) {
  std::vector<Point> finite;
  for (const Point& point : points) {
    if (std::isfinite(point.value)) finite.push_back(point);
  }
  if (finite.size() <= most) return finite;
  std::vector<Point> means;
  for (std::size_t i = 0; i < most; ++i) {
    const std::size_t begin = i * finite.size() / most, end = (i + 1) * finite.size() / most;
    Point mean;
    for (std::size_t j = begin; j < end; ++j) mean.value += finite[j].value;
    mean.value /= static_cast<double>(end - begin);
    mean.step = finite[end - 1].step;
    means.push_back(mean);
  }
  return means;
}

std::string to_svg(const Chart& given) {
  Chart chart = given;
  for (Series& series : chart.series) series.points = thin_out(series.points, most_points);
  const double width = chart.is_wide ? 1120 : 552;
  const Axes axes = fit(chart, width);
  if (axes.values.is_empty()) return {};
  std::string body = grid(axes);
  for (const Series& series : chart.series) body += line(series, axes);
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart{}\" viewBox=\"0 0 {} {}\" "
      "data-left=\"{}\" data-right=\"{}\" data-first=\"{:g}\" data-last=\"{:g}\">\n"
      "<text class=\"title\" x=\"{}\" y=\"18\">{}<tspan class=\"unit\"> {}{}</tspan></text>\n{}"
      "<line class=\"cursor\" y1=\"{}\" y2=\"{}\"/>\n</svg>\n",
      chart.is_wide ? " wide" : "", width, height, left, width - right, axes.steps.low,
      std::max(axes.steps.high, axes.steps.low + 1), left, chart.title, chart.unit,
      axes.is_logarithmic ? ", logarithmic" : "", body, top, height - bottom);
}

}  // namespace llama
