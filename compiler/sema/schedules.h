// Schedules and instances: which settings a kernel is compiled with. Nothing here changes what a
// kernel computes; a schedule sets `tune` parameters and machine choices only.
#pragma once

#include "compiler/sema/check.h"
#include "compiler/sema/instantiate.h"

namespace tile::sema {

/// Default of a compile-time parameter, evaluated where possible.
std::string default_text(Unit& unit, const KernelDecl& decl, const GenericParameter& parameter);

/// The `const` arguments of an `instantiate` line; reports unknown, doubled and `tune` ones.
Settings instantiation_settings(Unit& unit, const KernelDecl& decl, const Instantiation& line);

/// Does every `const` have a value or a default? Reports at `span`.
bool require_all_constants(Unit& unit, const KernelDecl& decl, const Settings& settings, Span span);

/// Reports settings that name no compile-time parameter of the kernel.
void require_known_settings(Unit& unit, const KernelDecl& decl, const Settings& settings);

/// The schedules that apply to the target (its own and its ancestors'), then the default arm.
std::vector<ScheduleArm> arms_for(Unit& unit, const KernelDecl& decl, std::string_view target,
                                  const Settings& settings);

/// All schedules of the kernel, whatever their target, checked.
std::vector<ScheduleArm> check_schedules(Unit& unit, const KernelDecl& decl,
                                         const Settings& settings);

}  // namespace tile::sema
