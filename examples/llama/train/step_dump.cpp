// See step_dump.h.
#include "examples/llama/train/step_dump.h"

#include <fmt/format.h>

#include "examples/llama/base/files.h"
#include "examples/llama/base/json.h"
#include "examples/llama/base/say.h"
#include "runtime/device/error.h"

namespace llama {

namespace {

constexpr const char* record_name = "record.json";
constexpr std::size_t max_record_bytes = 1 << 16;

// Calls visit(name, field) for each.
template <class Record, class Visit>
void each_field(Record& record, Visit&& visit) {
  visit("loss", record.loss);
  visit("grad_norm", record.gradient_norm);
  visit("updated", record.is_updated);
  visit("lr", record.learning_rate);
  visit("weights", record.weights_hash);
}

void warn_of(const pg::Error& error) { warn("a step could not be dumped: {}", error.what()); }

}  // namespace

StepRecord record_of(const StepGradients& gradients, bool is_updated, const Run& run) {
  return {fmt::format("{}", gradients.loss), fmt::format("{}", gradients.norm), is_updated,
          run.optimizer.lr(), run.weights_hash()};
}

std::filesystem::path dump_path(const std::filesystem::path& out, std::int64_t step) {
  return out / "dumps" / fmt::format("step-{:06}", step);
}

bool dump_inputs(const std::filesystem::path& path, const Run& run, const TrainOptions& options,
                 const Batch& batch) try {
  Snapshot snapshot = snapshot_of(run, options, {});
  snapshot.batch = {{"inputs", batch.inputs}, {"targets", batch.targets}};
  write_checkpoint(path, snapshot);
  return true;
} catch (const pg::Error& error) {
  warn_of(error);
  return false;
}

void dump_record(const std::filesystem::path& path, const StepRecord& record) try {
  nlohmann::json json;
  each_field(record, [&](const char* name, const auto& field) { json[name] = field; });
  pg::nn::write_whole_file("dump", (path / record_name).string(), json.dump(1) + "\n");
} catch (const pg::Error& error) {
  warn_of(error);
}

StepRecord read_record(const std::filesystem::path& path) {
  const std::string file = path / record_name;
  const nlohmann::json json = parse_json_object(read_file(file, max_record_bytes), file);
  StepRecord record;
  each_field(record,
             [&](const char* name, auto& field) { JsonField(json, file)[name].read_into(field); });
  return record;
}

}  // namespace llama
