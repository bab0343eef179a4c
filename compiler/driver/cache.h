// The disk cache of compiled kernels: one file per entry, so that a reader never sees parts of two
// writers. An entry says for which key it was made and carries a checksum; whatever does not fit is
// thrown away and made again. The cache is an optimisation: no fault of it ever fails a
// compilation.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tile {

/// The BLAKE3 hash as 64 hexadecimal digits.
std::string content_hash(std::string_view bytes);

/// Everything that decides an object's bytes.
struct CacheKey {
  std::string_view text;           // generated C++
  std::string_view target;         // "znver5"
  std::vector<std::string> flags;  // of the C++ compiler
  std::string_view compiler;       // its version

  /// One line per ingredient, the text by its hash; what an entry's header repeats.
  std::string describe() const;
};

/// Version of the entry's layout and of what its payload means.
inline constexpr std::uint32_t cache_format = 1;

/// Where entries go by the environment: $TILEC_CACHE_DIR, else $XDG_CACHE_HOME/tilec, else
/// ~/.cache/tilec. Empty when there is no home. TILEC_CACHE_DIR= (set, empty) turns the cache off.
std::string default_cache_directory();

class Cache {
 public:
  using Warn = std::function<void(const std::string& message)>;

  /// An empty directory means none. The directory is made at the first use, for its owner alone;
  /// one that belongs to somebody else, or that others may write to, is not used. Warnings go to
  /// `warn`, at most one about the directory and one about damaged entries.
  Cache(std::string directory, Warn warn);

  /// The payload stored under this key (CacheKey::describe()), if there is a sound entry.
  std::optional<std::string> load(std::string_view key);
  void store(std::string_view key, std::string_view payload);

  /// Path of the entry for a key.
  std::string entry_path(std::string_view key) const;

 private:
  bool usable();
  void prepare_directory();
  void warn_directory(const std::string& message);

  std::string directory_;
  Warn warn_;
  std::mutex mutex_;
  bool prepared_ = false;
  bool usable_ = false;
  bool warned_directory_ = false;
  bool warned_entry_ = false;
};

}  // namespace tile
