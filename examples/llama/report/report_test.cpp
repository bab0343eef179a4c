// What a run shows, as far as it needs no run.
#include "examples/llama/report/report.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace llama;

TEST_CASE("report: the curve holds every point and stands alone") {
  std::string html = loss_curve_html({{1, 4.0}, {2, 3.0}, {3, 2.0}}, {{2, 3.5}});
  CHECK(html.find("<svg") != std::string::npos);
  CHECK(html.find("http://") == html.find("http://www.w3.org/2000/svg"));  // nothing is fetched
  CHECK(html.find("step 2: 3.5000") != std::string::npos);
  CHECK(std::count(html.begin(), html.end(), ',') >= 4);
}
