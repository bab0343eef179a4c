// report.html: the curves of one or more runs over each other, one self-contained file.
#pragma once

#include <string>
#include <vector>

#include "examples/llama/report/metrics.h"

namespace llama {

std::string report_page(const std::vector<RunMetrics>& runs);

}  // namespace llama
