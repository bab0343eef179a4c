// See gpu_peer.h.
#include "tools/tilebench/gpu_peer.h"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "runtime/device/error.h"

namespace bench::gpu {

Peer::Peer(const std::string& command) {
  if (command.empty()) return;
  int to_peer[2], from_peer[2];
  if (pipe(to_peer) != 0 || pipe(from_peer) != 0) throw pg::Error("tilebench: no pipe to a peer");
  std::signal(SIGPIPE, SIG_IGN);
  process_ = fork();
  if (process_ < 0) throw pg::Error("tilebench: cannot start a peer");
  if (process_ == 0) {
    dup2(to_peer[0], STDIN_FILENO);
    dup2(from_peer[1], STDOUT_FILENO);
    for (int end : {to_peer[0], to_peer[1], from_peer[0], from_peer[1]}) close(end);
    execl("/bin/sh", "sh", "-c", ("exec " + command).c_str(), nullptr);
    _exit(127);
  }
  close(to_peer[0]);
  close(from_peer[1]);
  requests_ = fdopen(to_peer[1], "w");
  answers_ = fdopen(from_peer[0], "r");
  if (read_line() != "ready") throw pg::Error("tilebench: the peer does not start: " + command);
}

Peer::~Peer() {
  if (process_ < 0) return;
  std::fclose(requests_);  // the peer ends at the end of its input
  std::fclose(answers_);
  int status = 0;
  waitpid(process_, &status, 0);
}

std::string Peer::read_line() {
  std::string line;
  for (int next; (next = std::fgetc(answers_)) != EOF && next != '\n';) {
    line.push_back(static_cast<char>(next));
  }
  return line;
}

std::string Peer::ask(const std::string& request) {
  if (process_ < 0) return {};
  fmt::print(requests_, "{}\n", request);
  std::fflush(requests_);
  const std::string answer = read_line();
  if (answer.starts_with("ms ")) return answer.substr(3);
  fmt::print(stderr, "peer: {}: {}\n", request, answer.empty() ? "no answer" : answer);
  return {};
}

std::optional<double> Peer::seconds(const std::string& request) {
  const std::string answer = ask(request);
  if (answer.empty()) return std::nullopt;
  return std::strtod(answer.c_str(), nullptr) * 1e-3;
}

}  // namespace bench::gpu
