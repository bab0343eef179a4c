// Times of kernels on a GPU: an event on the stream before and behind each launch, read when the
// profile is (profile.h), so that measuring does not make the host wait.
#pragma once

#include <string>

#include "runtime/device/cuda_device.h"
#include "runtime/device/profile.h"

namespace pg::cuda {

/// Lives around one launch; does nothing unless profiling is on.
class ProfiledLaunch {
 public:
  ProfiledLaunch(const std::string& label, const Gpu& gpu, const tile::KernelWork& work = {});
  ~ProfiledLaunch();
  ProfiledLaunch(const ProfiledLaunch&) = delete;
  ProfiledLaunch& operator=(const ProfiledLaunch&) = delete;

 private:
  const std::string& label_;
  const Gpu& gpu_;
  tile::KernelWork work_;
  Event start_ = nullptr;  // null: not profiled
};

/// Waits for the launches measured so far and adds their times to the profile.
void resolve_profile() noexcept;

}  // namespace pg::cuda
