// See checkpoint.h.
#include "examples/llama/train/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "examples/llama/base/exit_code.h"
#include "examples/llama/base/say.h"
#include "examples/llama/weights/hf_config.h"
#include "runtime/nn/safetensors.h"

namespace llama {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view prefix = "step-", temporary_ending = ".tmp";
constexpr const char* op = "checkpoint";
constexpr const char* optimizer_name = "optimizer.safetensors";

std::optional<std::int64_t> step_of(const std::string& name) {
  if (!name.starts_with(prefix)) return std::nullopt;
  std::int64_t step = 0;
  const char* end = name.data() + name.size();
  const auto parsed = std::from_chars(name.data() + prefix.size(), end, step);
  if (parsed.ec != std::errc() || parsed.ptr != end || step < 0) return std::nullopt;
  return step;
}

void rename_folder(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::rename(from, to, error);
  if (error)
    pg::fail(op, "{}: cannot rename to {}: {}", from.string(), to.string(), error.message());
}

fs::path with_ending(fs::path path, std::string_view ending) { return path += ending; }

// The new name first: what is left by an interrupted removal is not taken for a checkpoint.
void remove_folder(const fs::path& path) {
  if (!fs::exists(path)) return;
  const fs::path doomed = with_ending(path, std::string(".old") += temporary_ending);
  rename_folder(path, doomed);
  fs::remove_all(doomed);
}

Manifest read_manifest(const fs::path& checkpoint) {
  const pg::nn::InputFile file(op, (checkpoint / manifest_name).string());
  if (file.size() > max_manifest_bytes) {
    file.reject(
        fmt::format("{} bytes, a manifest has at most {}", file.size(), max_manifest_bytes));
  }
  std::string text(file.size(), '\0');
  file.read(0, std::as_writable_bytes(std::span(text)));
  return parse_manifest(text, fmt::format("{}: {}", op, file.path()));
}

}  // namespace

Manifest check_checkpoint(const fs::path& path) {
  Manifest manifest = read_manifest(path);
  for (const auto& [name, expected] : manifest.files) {
    const pg::nn::InputFile file(op, (path / name).string());
    if (file.size() != expected.bytes) {
      file.reject(fmt::format("{} bytes, {} were written", file.size(), expected.bytes));
    }
    if (pg::nn::seal_of(file) != expected) {
      file.reject("damaged: its hash is not the one in the manifest");
    }
  }
  return manifest;
}

void write_checkpoint(const fs::path& path, const Snapshot& snapshot) try {
  const fs::path folder = path.parent_path();
  const fs::path temporary = with_ending(path, temporary_ending);
  const auto file = [&](const std::string& name) { return (temporary / name).string(); };
  remove_folder(path);  // renamed by a first attempt whose last sync failed
  fs::remove_all(temporary);
  if (fs::create_directories(folder)) pg::nn::sync_folder(op, folder.parent_path());
  fs::create_directory(temporary);

  Manifest manifest = snapshot.manifest;
  const std::string config = to_hf_json(snapshot.model.config());
  manifest.files["config.json"] = pg::nn::write_whole_file(op, file("config.json"), config);
  const KeptFile& tokenizer = snapshot.tokenizer;
  manifest.files[tokenizer.name] =
      pg::nn::write_whole_file(op, file(tokenizer.name), tokenizer.bytes);
  manifest.files["model.safetensors"] = pg::nn::save_safetensors(
      file("model.safetensors"), snapshot.model.parameters(), {{"format", "pt"}});
  manifest.files[optimizer_name] =
      pg::nn::save_safetensors(file(optimizer_name), snapshot.optimizer.state_dict());
  if (!snapshot.batch.empty()) {
    manifest.files[batch_name] = pg::nn::save_safetensors(file(batch_name), snapshot.batch);
  }
  pg::nn::write_whole_file(op, file(manifest_name), to_text(manifest));

  if (check_checkpoint(temporary) != manifest) {
    pg::fail(op, "{}: does not hold what was written", file(manifest_name));
  }
  rename_folder(temporary, path);
  pg::nn::sync_folder(op, folder.string());
} catch (const fs::filesystem_error& error) {
  pg::fail(op, "{}", error.what());
}

std::vector<std::int64_t> Checkpoints::steps() const {
  std::vector<std::int64_t> steps;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder_, error)) {
    if (const auto step = step_of(entry.path().filename())) steps.push_back(*step);
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    pg::fail(op, "{}: {}", folder_.string(), error.message());
  }
  std::ranges::sort(steps);
  return steps;
}

fs::path Checkpoints::path_of(std::int64_t step) const {
  return folder_ / fmt::format("{}{:06}", prefix, step);
}

void Checkpoints::require_some() const {
  if (steps().empty()) pg::fail(op, "{}: there is none to resume from", folder_.string());
}

FoundCheckpoint Checkpoints::latest(bool allow_older) const {
  require_some();
  std::vector<std::int64_t> found = steps();
  for (; !found.empty(); found.pop_back()) {
    const fs::path path = path_of(found.back());
    try {
      FoundCheckpoint checkpoint{path, check_checkpoint(path)};
      if (checkpoint.manifest.step == found.back()) return checkpoint;
      pg::fail(op, "{}: is that of step {}", (path / manifest_name).string(),
               checkpoint.manifest.step);
    } catch (const pg::Error& error) {
      if (!allow_older) {
        throw pg::Error(
            fmt::format("{}; --allow-older goes on from an older checkpoint", error.what()));
      }
      warn("{}", error.what());
    }
  }
  pg::fail(op, "{}: all are damaged", folder_.string());
}

void Checkpoints::clean_up(std::int64_t last_step) const try {
  if (!fs::exists(folder_)) return;
  for (const std::int64_t step : steps()) {
    if (step > last_step) rename_folder(path_of(step), with_ending(path_of(step), ".damaged"));
  }
  std::vector<fs::path> leftovers;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    const std::string name = entry.path().filename();
    if (name.starts_with(prefix) && name.ends_with(temporary_ending)) leftovers.push_back(entry);
  }
  for (const fs::path& path : leftovers) fs::remove_all(path);
} catch (const std::exception& error) {
  throw Failure(exit_io, fmt::format("{}: cannot be cleared of unfinished checkpoints: {}",
                                     folder_.string(), error.what()));
}

void Checkpoints::save(const Snapshot& snapshot) const {
  const fs::path path = path_of(snapshot.manifest.step);
  try {
    write_checkpoint(path, snapshot);
    return;
  } catch (const pg::Error& error) {
    warn("{}; the checkpoint is written once more", error.what());
  }
  try {
    write_checkpoint(path, snapshot);
  } catch (const pg::Error& error) {
    std::error_code ignored;
    fs::remove_all(with_ending(path, temporary_ending), ignored);
    throw Failure(exit_io, fmt::format("{}: cannot be saved, older checkpoints are kept: {}",
                                       path.string(), error.what()));
  }
}

std::int64_t Checkpoints::best() const {
  std::int64_t best = -1;
  double lowest = INFINITY;
  for (const std::int64_t step : steps()) {
    try {
      const double loss = read_manifest(path_of(step)).validation_loss.value_or(INFINITY);
      if (loss >= lowest) continue;
      lowest = loss;
      best = step;
    } catch (const pg::Error& error) {
      warn("{}", error.what());
    }
  }
  return best;
}

void Checkpoints::keep_last(std::int64_t keep) const try {
  std::vector<std::int64_t> found = steps();
  found.resize(static_cast<std::size_t>(std::max<std::int64_t>(std::ssize(found) - keep, 0)));
  std::erase(found, best());
  for (const std::int64_t step : found) remove_folder(path_of(step));
} catch (const std::exception& error) {
  warn("old checkpoints are not all removed: {}", error.what());
}

void load_optimizer(const fs::path& checkpoint, pg::nn::Optimizer& optimizer) {
  optimizer.load_state_dict(pg::nn::load_safetensors((checkpoint / optimizer_name).string()));
}

}  // namespace llama
