// What a run logs and shows, as far as it needs no run.
#include "examples/llama/report/report.h"

#include <doctest/doctest.h>

#include <cmath>

#include "examples/llama/base/files.h"
#include "examples/llama/base/test_support.h"
#include "examples/llama/report/chart.h"
#include "examples/llama/report/page.h"

using namespace llama;

namespace {

std::size_t count_of(const std::string& text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

StepMetrics step(std::int64_t number, double loss) {
  return {.step = number,
          .loss = loss,
          .learning_rate = 1e-3,
          .gradient_norm = 0.5,
          .tokens_per_second = 1000,
          .milliseconds = 10,
          .memory_bytes = 1 << 20,
          .flops_share = 0.25,
          .bandwidth_share = 0.125};
}

}  // namespace

TEST_CASE("metrics: lines come back as they were; what is torn or foreign is skipped") {
  const std::string text = to_line(step(1, 4.5)) + "\n" + to_line(step(2, NAN)) + "\n" +
                           to_line(Evaluation{2, 3.25}) + "\nhello\n{\"step\":-1,\"loss\":1}\n" +
                           "{\"step\":1.5,\"loss\":1}\n{\"step\":3}\n[1]\n{\"step\":3,\"lo";
  const RunMetrics run = parse_metrics(text, "run");
  REQUIRE(run.steps.size() == 2);
  CHECK(run.steps[0].loss == 4.5);
  CHECK(run.steps[0].memory_bytes == 1 << 20);
  CHECK(run.steps[0].flops_share == 0.25);
  CHECK(run.steps[0].bandwidth_share == 0.125);
  CHECK(std::isnan(run.steps[1].loss));
  REQUIRE(run.evaluations.size() == 1);
  CHECK(run.evaluations[0].loss == 3.25);
  CHECK(run.skipped_lines == 6);
}

TEST_CASE("report: a resumed run keeps what was logged of the steps it goes on from") {
  const TestFolder folder("report");
  {
    Report report(folder.path, 5);
    for (int i = 1; i <= 3; ++i) report.step(step(i, i));
    report.evaluation({3, 9});
  }
  write_file(folder.path / "metrics.jsonl",
             read_file(folder.path / "metrics.jsonl", 1 << 20) + to_line(step(4, 4)).substr(0, 20));
  {
    Report report(folder.path, 5, 2);
    for (int i = 3; i <= 5; ++i) report.step(step(i, 10 * i));
    report.finish();
  }
  const RunMetrics run = read_metrics(folder.path.string());
  CHECK(run.skipped_lines == 0);
  REQUIRE(run.steps.size() == 5);
  CHECK(run.steps[1].loss == 2);
  CHECK(run.steps[2].loss == 30);
  CHECK(run.evaluations.empty());
  CHECK(read_file(folder.path / "report.html", 1 << 20).find("<svg") != std::string::npos);
}

TEST_CASE("report: a log that cannot be written does not stop training") {
  if (!std::filesystem::exists("/dev/full")) return;
  const TestFolder folder("report");
  std::filesystem::create_symlink("/dev/full", folder.path / "metrics.jsonl");
  Report report(folder.path, 2);
  CHECK_NOTHROW(report.step(step(1, 1)));
  CHECK_NOTHROW(report.step(step(2, 1)));
  std::filesystem::create_directories(folder.path / "report.html" / "x");
  CHECK_NOTHROW(report.finish());
}

TEST_CASE("chart: long series become means, gaps and infinities are left out") {
  std::vector<Point> points;
  for (int i = 0; i < 10; ++i) points.push_back({double(i), double(i)});
  points[4].value = NAN;
  points[5].value = INFINITY;
  CHECK(thin_out(points, 100).size() == 8);
  const auto means = thin_out(points, 4);
  REQUIRE(means.size() == 4);
  CHECK(means[0].value == 0.5);
  CHECK(means[0].step == 1);
  CHECK(means[3].value == 8.5);
  CHECK(means[3].step == 9);
  CHECK(to_svg({.title = "x", .series = {{.name = "a", .points = {{1, NAN}}}}}).empty());
}

TEST_CASE("chart: every shape of data gives numbers that can be drawn") {
  const auto svg = [](std::vector<Point> points, bool from_zero) {
    return to_svg({.title = "t",
                   .series = {{.name = "a", .points = std::move(points)}},
                   .starts_at_zero = from_zero});
  };
  for (const bool from_zero : {true, false}) {
    for (const auto& points : std::vector<std::vector<Point>>{{{1, 2}},
                                                              {{1, 0}, {2, 0}},
                                                              {{1, -5}, {2, -5}},
                                                              {{1, 1e-300}, {2, 1e300}},
                                                              {{1, 1e-3}, {2, 100}},
                                                              {{5, 1}, {1000000, 2}}}) {
      const std::string text = svg(points, from_zero);
      CHECK(count_of(text, "<polyline") == 1);
      CHECK(text.find("nan") == std::string::npos);
      CHECK(text.find("inf") == std::string::npos);
    }
  }
  CHECK(svg({{1, 1e-3}, {2, 100}}, false).find("logarithmic") != std::string::npos);
  CHECK(svg({{1, 1}, {2, 10}}, false).find("logarithmic") == std::string::npos);
}

TEST_CASE("chart: of steps so large that neighbours are one number") {
  const Series series{.name = "a", .points = {{4.4e18, 1}, {4.4e18 + 1, 2}}};
  const std::string text = to_svg({.title = "t", .series = {series}});
  CHECK(count_of(text, "text-anchor=\"middle\"") == 1);
}

TEST_CASE("page: all curves of all runs, names escaped, nothing fetched") {
  RunMetrics first{.name = "a<b>\"&"};
  for (int i = 1; i <= 30; ++i) first.steps.push_back(step(i, 4.0 - 0.1 * i));
  first.evaluations = {{10, 3.5}, {20, 2.5}};
  RunMetrics second = first;
  second.name = "second";
  const std::string html = report_page({first, second});
  CHECK(count_of(html, "<svg") == 7);
  CHECK(count_of(html, "<polyline") == 7 * 2 + 2);
  CHECK(count_of(html, "<circle") == 4);
  CHECK(html.find("a<b>") == std::string::npos);
  CHECK(html.find("a&lt;b&gt;&quot;&amp;") != std::string::npos);
  CHECK(count_of(html, "http") == count_of(html, "http://www.w3.org/2000/svg"));
  CHECK(html.find("2.5000</td>") != std::string::npos);  // the best validation loss
  CHECK(report_page({RunMetrics{.name = "none"}}).find("<svg") == std::string::npos);
}
