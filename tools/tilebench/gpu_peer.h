// A peer that measures on the same GPU in a process of its own (tools/gpu_peer.py): one request and
// one answer a line, so that its rounds and ours take turns.
#pragma once

#include <cstdio>
#include <optional>
#include <string>

namespace bench::gpu {

class Peer {
 public:
  /// Starts `command` and waits until it says "ready"; an empty command is a peer that never
  /// answers.
  explicit Peer(const std::string& command);
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  /// Seconds of one call; nothing when the peer cannot do that (said on stderr).
  std::optional<double> seconds(const std::string& request);
  /// The numbers of an answer, milliseconds first; empty when there is none.
  std::string ask(const std::string& request);

 private:
  std::string read_line();

  int process_ = -1;
  std::FILE* requests_ = nullptr;
  std::FILE* answers_ = nullptr;
};

}  // namespace bench::gpu
