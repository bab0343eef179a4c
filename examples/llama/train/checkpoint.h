// Checkpoints that cannot be lost. A checkpoint is a folder `step-000123`; it appears whole or not
// at all: its files are written into `step-000123.tmp`, synced, read back and compared with what
// they were given to hold, then the folder is renamed and its parent synced. Which is the latest is
// not stored but found by looking. A checkpoint's folder is also a model's: config.json,
// model.safetensors and the tokenizer are what `llama generate` loads.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "examples/llama/model/model.h"
#include "examples/llama/train/manifest.h"
#include "runtime/nn/optimizer.h"

namespace llama {

/// A file that is kept in memory and written into every checkpoint.
struct KeptFile {
  std::string name;
  std::string bytes;
};

inline constexpr const char* batch_name = "batch.safetensors";

/// What is saved: views of a running trainer.
struct Snapshot {
  Manifest manifest;  // its files are filled in by save
  const Model& model;
  const pg::nn::Optimizer& optimizer;
  const KeptFile& tokenizer;
  std::vector<NamedTensor> batch = {};  // of a dump (step_guard.h)
};

struct FoundCheckpoint {
  std::filesystem::path path;
  Manifest manifest;
};

class Checkpoints {
 public:
  /// Those in `folder`, which need not exist yet.
  explicit Checkpoints(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// Ascending; damaged ones too.
  std::vector<std::int64_t> steps() const;
  std::filesystem::path path_of(std::int64_t step) const;
  /// Throws pg::Error when there is none.
  void require_some() const;

  /// The newest one, all files checked. Throws pg::Error when there is none, or naming the file
  /// that is damaged; with `allow_older` damaged ones are passed over with a warning.
  FoundCheckpoint latest(bool allow_older) const;

  // For the one trainer that holds the run's lock.

  /// Removes what interrupted saves and removals left. Checkpoints after `last_step` are damaged
  /// (they were passed over) and get another name. Throws Failure(exit_io).
  void clean_up(std::int64_t last_step) const;
  /// Saves, and once more from the beginning if that fails. Throws Failure(exit_io) then; older
  /// checkpoints are as they were.
  void save(const Snapshot& snapshot) const;
  /// Removes all but the last `keep` and the one with the lowest validation loss, which a damaged
  /// one is not; a warning where that fails.
  void keep_last(std::int64_t keep) const;

 private:
  std::int64_t best() const;  // step with the lowest validation loss; -1: none was measured

  std::filesystem::path folder_;
};

/// Reads the manifest and every file it names. Throws pg::Error naming the file that is missing,
/// damaged or of another size.
Manifest check_checkpoint(const std::filesystem::path& path);

/// Writes one checkpoint as the folder `path`, in place of one that is there. Throws pg::Error.
void write_checkpoint(const std::filesystem::path& path, const Snapshot& snapshot);

/// Puts the optimizer's part of a checkpoint back.
void load_optimizer(const std::filesystem::path& checkpoint, pg::nn::Optimizer& optimizer);

}  // namespace llama
