// metrics.jsonl, torn and foreign lines included, and the page that is made of it.
#include "examples/llama/report/page.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto run = llama::parse_metrics(fuzz::as_text(data, size), "run");
  for (const llama::StepMetrics& step : run.steps) {
    fuzz::require(llama::parse_metrics(llama::to_line(step), "again").steps.size() == 1);
  }
  if (run.steps.empty() && run.evaluations.empty()) return 0;  // a page that a unit test sees
  fuzz::require(!llama::report_page({run}).empty());
  return 0;
}
