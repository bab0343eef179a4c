// The subcommands that work on files alone (commands.h).
#include <fmt/format.h>

#include <memory>

#include "examples/llama/base/exit_code.h"
#include "examples/llama/base/say.h"
#include "examples/llama/commands.h"
#include "examples/llama/info.h"
#include "examples/llama/report/page.h"
#include "examples/llama/weights/convert.h"
#include "runtime/nn/file.h"

namespace llama {

Command add_info(CLI::App& app) {
  struct Options {
    InfoOptions info;
    bool json = false;
  };
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand(
      "info", "Shape, parameters, memory and arithmetic of a model, without loading it");
  command
      ->add_option("model", options->info.model,
                   "preset, Hugging Face folder, config.json or llama2.c .bin file")
      ->required();
  command->add_option("--vocab-size", options->info.vocab_size, "of a preset; 0: its own, or 256")
      ->capture_default_str()
      ->check(CLI::Range(0, 1 << 20));
  command->add_option("--seq", options->info.seq, "tokens a sequence; 0: the model's context")
      ->capture_default_str()
      ->check(CLI::Range(0, 1 << 20));
  command->add_flag("--json", options->json, "print a JSON object");
  return [options] {
    const auto info = model_info(options->info);
    write_out("{}", options->json ? info.dump(2) + "\n" : to_text(info));
    return exit_ok;
  };
}

Command add_convert(CLI::App& app) {
  auto options = std::make_shared<ConvertOptions>();
  auto* command = app.add_subcommand(
      "convert",
      "Write weights in another form: Hugging Face folder or llama2.c .bin file, in f32");
  command->add_option("from", options->from, "llama2.c .bin file or Hugging Face folder")
      ->required();
  command->add_option("to", options->to, "what must not exist yet: NAME.bin, else a folder")
      ->required();
  command
      ->add_option("--llama2c-version", options->llama2c_version,
                   "layout of a .bin file: 0, which run.c reads, or 1")
      ->capture_default_str()
      ->check(CLI::Range(0, 1));
  command
      ->add_option("--shard-size", options->shard_bytes,
                   "most bytes of a folder's safetensors file, such as 5GB; otherwise one file")
      ->transform(CLI::AsSizeValue(true))
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 50));
  return [options] {
    convert(*options);
    return exit_ok;
  };
}

Command add_report(CLI::App& app) {
  struct Options {
    std::vector<std::string> runs;
    std::string out = "report.html";
  };
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("report", "Curves of training runs over each other, as HTML");
  command->add_option("runs", options->runs, "folders of `llama train`, or their metrics.jsonl")
      ->required();
  command->add_option("--out", options->out, "file to write")->capture_default_str();
  return [options] {
    std::vector<RunMetrics> runs;
    for (const std::string& run : options->runs) {
      runs.push_back(read_metrics(run));
      if (runs.back().steps.empty()) throw pg::Error(run + ": holds no step of a training run");
      if (runs.back().skipped_lines == 0) continue;
      warn("{}: {} lines are torn or foreign and left out", run, runs.back().skipped_lines);
    }
    pg::nn::write_whole_file("report", options->out, report_page(runs));
    write_out("{}\n", options->out);
    return exit_ok;
  };
}

}  // namespace llama
