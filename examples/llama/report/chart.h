// Line charts as SVG text: one or more series over training steps, axes with round numbers, and the
// points as data attributes for the page's script (page.h).
#pragma once

#include <string>
#include <vector>

namespace llama {

struct Point {
  double step = 0;
  double value = 0;
};

struct Series {
  std::string name;
  int color = 0;  // the page's style sheet has a palette
  std::vector<Point> points = {};
  bool is_dotted = false;  // few points: dots on a line
};

struct Chart {
  std::string title;
  std::string unit = {};
  std::vector<Series> series = {};
  bool starts_at_zero = false;
  bool is_wide = false;
};

/// At most `most` points: means of equal parts of the list. Values that are not finite are left
/// out.
std::vector<Point> thin_out(const std::vector<Point>& points, std::size_t most);

/// An <svg> element; empty when no series has a point.
std::string to_svg(const Chart& chart);

}  // namespace llama
