// Saving under a system that fails: the process is killed at each system call of a save, each call
// fails once, fails for good, or does less than it says (strace injects all that into
// tests/faults/checkpoint_probe). Whatever happens, the old checkpoint or the new one loads. And
// reading what was damaged later: one error that names the file.
#include <doctest/doctest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>

#include "examples/llama/base/exit_code.h"
#include "examples/llama/base/files.h"
#include "examples/llama/base/test_support.h"
#include "examples/llama/train/checkpoint.h"

using namespace llama;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t limit = 1 << 20;

struct Ending {
  int code = 0;  // 128 + n: killed by signal n
  std::string errors;
};

// Runs the probe in `folder`; `tracer` comes before it on the command line.
Ending run_probe(const fs::path& folder, int step, const std::string& tracer = "") {
  const fs::path errors = folder.string() + ".errors";
  const int status =
      std::system(fmt::format("ASAN_OPTIONS=detect_leaks=0 {} {} {} {} 2> {}", tracer,
                              PICOGRAD_CHECKPOINT_PROBE, folder.string(), step, errors.string())
                      .c_str());
  return {WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status),
          read_file(errors, limit)};
}

std::string injecting(const std::string& call, const std::string& fault) {
  return fmt::format("strace -f -q -o /dev/null -e trace={0} -e inject={0}:{1}", call, fault);
}

// The probe runs on the CPU whatever device the tests are for: once is enough.
bool is_skipped() {
  if (pg::default_device() != pg::cpu_device) return true;
  if (std::system("strace -e trace=none true 2> /dev/null") == 0) return false;
  std::printf("SKIP checkpoint faults: strace may not trace here\n");
  return true;
}

// The system calls of a save: how often each was made before it began, and within.
struct CallCount {
  int before = 0, within = 0;
};

std::map<std::string, CallCount> calls_of_a_save(const fs::path& folder) {
  const std::string log = folder.string() + ".strace";
  REQUIRE(run_probe(folder, 2, "strace -f -o " + log).code == 0);
  std::map<std::string, CallCount> calls;
  std::ifstream in(log);
  bool begun = false, ended = false;
  for (std::string line; std::getline(in, line);) {
    const std::size_t name = line.find_first_not_of("0123456789 ");
    const std::size_t bracket = line.find('(', name);
    if (name == std::string::npos || bracket == std::string::npos) continue;
    if (line.find("/save begins") != std::string::npos) {
      begun = true;
    } else if (line.find("/save ends") != std::string::npos) {
      ended = true;
    } else if (!ended) {
      CallCount& count = calls[line.substr(name, bracket - name)];
      ++(begun ? count.within : count.before);
    }
  }
  REQUIRE(ended);
  return calls;
}

// A folder with the checkpoint of step 1, made anew for each try.
class SavedOnce {
 public:
  explicit SavedOnce(const char* name) : folder_(name) {
    REQUIRE(run_probe(path(), 1).code == 0);
    fs::copy(path(), folder_.path / "original", fs::copy_options::recursive);
    old_ = Checkpoints(path()).latest(false).manifest.weights_hash;
    REQUIRE(run_probe(path(), 2).code == 0);
    new_ = Checkpoints(path()).latest(false).manifest.weights_hash;
    REQUIRE(old_ != new_);
  }
  fs::path path() const { return folder_.path / "checkpoints"; }
  void renew() const {
    fs::remove_all(path());
    fs::copy(folder_.path / "original", path(), fs::copy_options::recursive);
  }
  /// The step that a resumed run would begin from; its files are the right ones.
  std::int64_t loadable_step() const {
    const Manifest manifest = Checkpoints(path()).latest(false).manifest;
    CHECK(manifest.weights_hash == (manifest.step == 1 ? old_ : new_));
    return manifest.step;
  }

 private:
  TestFolder folder_;
  std::string old_, new_;
};

// Calls check(ending) for a fault at every call named in `names` (all, when empty).
template <class Check>
int at_every_call(const SavedOnce& saved, const std::set<std::string>& names, const char* fault,
                  const char* from_there_on, Check&& check) {
  saved.renew();
  int count = 0;
  for (const auto& [name, calls] : calls_of_a_save(saved.path())) {
    if (!names.empty() && !names.contains(name)) continue;
    for (int n = calls.before + 1; n <= calls.before + calls.within; ++n) {
      CAPTURE(name);
      CAPTURE(n);
      saved.renew();
      const Ending ending = run_probe(
          saved.path(), 2, injecting(name, fmt::format("{}:when={}{}", fault, n, from_there_on)));
      CAPTURE(ending.errors);
      check(ending);
      ++count;
    }
  }
  return count;
}

}  // namespace

TEST_CASE("checkpoint: killed at every system call of a save, the old or the new one loads") {
  if (is_skipped()) return;
  const SavedOnce saved("kill");
  int with_old = 0, with_new = 0;
  const int count = at_every_call(saved, {}, "signal=KILL", "", [&](const Ending& ending) {
    CHECK(ending.code == 128 + SIGKILL);
    const std::int64_t step = saved.loadable_step();
    ++(step == 1 ? with_old : with_new);
    // The next trainer clears away what is left, and saves as if nothing had been.
    CHECK(run_probe(saved.path(), static_cast<int>(step) + 1).code == 0);
    CHECK(Checkpoints(saved.path()).steps() == std::vector<std::int64_t>{step + 1});
    CHECK(std::distance(fs::directory_iterator(saved.path()), {}) == 1);
  });
  MESSAGE(count << " calls: " << with_old << " times the old one, " << with_new << " the new");
  CHECK(with_old > 50);
  CHECK(with_new > 5);
}

TEST_CASE("checkpoint: a call that fails once costs nothing") {
  if (is_skipped()) return;
  const SavedOnce saved("once");
  const auto is_harmless = [&](const Ending& ending) {
    const std::int64_t step = saved.loadable_step();
    if (ending.code == exit_io && step == 1) {  // the run did not even start
      CHECK(ending.errors.find("cannot be cleared of unfinished checkpoints") != std::string::npos);
      return;
    }
    CHECK(ending.code == 0);
    CHECK(step == 2);
  };
  at_every_call(saved, {"mkdir", "openat", "close", "rename"}, "error=EIO", "", is_harmless);
  at_every_call(saved, {"mkdir", "openat", "write"}, "error=ENOSPC", "", is_harmless);
  at_every_call(saved, {"write"}, "error=EINTR", "", is_harmless);
  // Written anew: a file whose sync failed is not synced again.
  const int syncs = at_every_call(saved, {"fsync"}, "error=EIO", "", [&](const Ending& ending) {
    is_harmless(ending);
    CHECK(ending.errors.find("cannot sync") != std::string::npos);
    CHECK(ending.errors.find("the checkpoint is written once more") != std::string::npos);
  });
  CHECK(syncs > 5);
}

TEST_CASE("checkpoint: calls that go on failing end the run, the old one loads") {
  if (is_skipped()) return;
  const SavedOnce saved("forever");
  int failed = 0;
  const auto ends_the_run = [&](const Ending& ending) {
    const std::int64_t step = saved.loadable_step();
    if (ending.code == 0) {  // only the removal of the old one failed
      CHECK(step == 2);
      return;
    }
    CHECK(ending.code == exit_io);
    CHECK(ending.errors.find("step-000002: cannot be saved, older checkpoints are kept: ") !=
          std::string::npos);
    CHECK(ending.errors.find("No space left on device") != std::string::npos);
    ++failed;
  };
  at_every_call(saved, {"fsync", "rename"}, "error=ENOSPC", "+", ends_the_run);
  CHECK(failed > 10);
  at_every_call(saved, {"write"}, "error=ENOSPC", "+", [&](const Ending& ending) {
    CHECK(ending.code == exit_io);  // its message could not be written either
    CHECK(saved.loadable_step() == 1);
  });
}

TEST_CASE("checkpoint: a write that did less than it said is found by reading back") {
  if (is_skipped()) return;
  const SavedOnce saved("lie");
  const int writes = at_every_call(saved, {"write"}, "retval=1", "", [&](const Ending& ending) {
    CHECK(ending.code == 0);
    CHECK(ending.errors.find("the checkpoint is written once more") != std::string::npos);
    CHECK(saved.loadable_step() == 2);
  });
  CHECK(writes > 4);
}
