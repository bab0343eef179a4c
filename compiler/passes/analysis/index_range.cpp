// See index_range.h. The prover replaces the highest atom of a form by a bound, which mentions
// lower atoms only, until a constant is left; where there are several bounds it tries them in turn,
// within a budget. Scaling keeps it exact on integers: F >= 0 iff s F + (s - 1) >= 0, for s >= 1.
#include "compiler/passes/analysis/index_range.h"

#include <algorithm>

namespace tile::passes {

namespace {

constexpr int proof_budget = 120;  // steps; real proofs take fewer than 20

/// Terms with positive factors, and terms with negative ones.
void separate(const Form& form, Form& positive, Form& negative) {
  for (const Term& term : form.terms()) {
    Form& side = term.factor > 0 ? positive : negative;
    side = side + Form::of(term);
  }
}

}  // namespace

Atom IndexFacts::add_atom(AtomInfo info) {
  TILE_CHECK(atoms_.size() < 60000, "too many atoms");
  atoms_.push_back(std::move(info));
  return static_cast<Atom>(atoms_.size());
}

void IndexFacts::bound(Atom id, bool above, const Form& scale, const Form& form) {
  // Rounded here, where it is still exact: 256 a <= 1023 becomes a <= 3.
  const int sign = above ? -1 : 1;
  const Form difference = ((scale * Form::of(id) - form) * sign).reduced();
  Form rest;
  const Form coefficient = difference.coefficient_of(id, rest);
  if (!difference.is_valid() || coefficient.mentions(id) || rest.mentions(id)) return;
  (above ? atom(id).upper : atom(id).lower).push_back({coefficient * sign, rest * -sign});
}

void IndexFacts::learn(Atom id, bool above, const Form& scale, const Form& form) {
  std::vector<Bound>& bounds = above ? atom(id).upper : atom(id).lower;
  const std::size_t before = bounds.size();
  bound(id, above, scale, form);
  if (!is_scoped_ || bounds.size() == before) return;
  bounds.back().is_scoped = true;
  added_.emplace_back(id, above);
}

void IndexFacts::forget_after(std::size_t mark) {
  while (added_.size() > mark) {
    const auto [id, above] = added_.back();
    added_.pop_back();
    AtomInfo& info = atom(id);
    (above ? info.upper : info.lower).pop_back();
  }
}

Form IndexFacts::resolved(const Form& form) const {
  if (!has_splits_) return form;
  Form result = form;
  for (std::size_t at = 0; at < result.terms().size();) {
    Atom split = 0;
    for (Monomial m = result.terms()[at].product; m != 0; m = divide(m, highest_atom(m))) {
      if (atom(highest_atom(m)).replaced_by) split = highest_atom(m);
    }
    if (split == 0) {
      ++at;
      continue;
    }
    Form rest;
    const Form coefficient = result.coefficient_of(split, rest);
    result = coefficient * *atom(split).replaced_by + rest;
    at = 0;
  }
  return result;
}

bool IndexFacts::atom_is_never_negative(Atom id, int& budget) {
  const AtomInfo& info = atom(id);
  for (std::size_t index = info.lower.size(); index-- > 0;) {
    const Form& form = info.lower[index].form;
    if (info.lower[index].is_scoped && !uses_scoped_) continue;
    if (const auto constant = form.constant()) {
      if (*constant >= 0) return true;
    } else if (prove(form, budget)) {
      return true;
    }
  }
  if (info.kind != Kind::Min && info.kind != Kind::Max && info.kind != Kind::Either) return false;
  return prove(info.first, budget) && prove(info.second, budget);
}

/// Every product in the form is of atoms that are never negative.
bool IndexFacts::has_no_negative_factor(const Form& form, int& budget) {
  for (const Term& term : form.terms()) {
    for (Monomial m = term.product; m != 0; m = divide(m, highest_atom(m))) {
      if (!atom_is_never_negative(highest_atom(m), budget)) return false;
    }
  }
  return true;
}

bool IndexFacts::prove_choice(const AtomInfo& info, const Form& coefficient, const Form& rest,
                              int& budget) {
  const Form first = coefficient * info.first + rest;
  const Form second = coefficient * info.second + rest;
  const bool only_positive = coefficient.terms()[0].factor > 0;
  const bool is_bound_by_each =
      (info.kind == Kind::Min && !only_positive) || (info.kind == Kind::Max && only_positive);
  const bool is_single = coefficient.terms().size() == 1;
  if (is_bound_by_each && is_single) return prove(first, budget) || prove(second, budget);
  return prove(first, budget) && prove(second, budget);
}

bool IndexFacts::prove(Form form, int& budget) {
  form = resolved(form).reduced();
  if (!form.is_valid()) return false;
  if (const auto constant = form.constant()) return *constant >= 0;
  if (--budget < 0) return false;
  const Atom top = form.highest();
  Form rest;
  const Form coefficient = form.coefficient_of(top, rest);
  if (coefficient.mentions(top) || !has_no_negative_factor(coefficient, budget)) return false;
  const AtomInfo& info = atom(top);
  if (info.kind == Kind::Min || info.kind == Kind::Max || info.kind == Kind::Either) {
    if (prove_choice(info, coefficient, rest, budget)) return true;
  }
  Form positive, negative;
  separate(coefficient, positive, negative);
  const bool needs_lower = !positive.terms().empty();
  const std::vector<Bound>& bounds = needs_lower ? info.lower : info.upper;
  const Form& replaced = needs_lower ? positive : negative;
  const Form kept = needs_lower ? negative * Form::of(top) + rest : rest;
  for (auto bound = bounds.rbegin(); bound != bounds.rend(); ++bound) {
    if (bound->is_scoped && !uses_scoped_) continue;
    if (prove(kept * bound->scale + replaced * bound->form + (bound->scale - 1), budget))
      return true;
  }
  return false;
}

bool IndexFacts::is_never_negative(const Form& form) {
  int budget = proof_budget;
  return prove(form, budget);
}

bool IndexFacts::is_inside(const Form& form, const Form& size) {
  return is_never_negative(form) && is_never_negative(size - form - 1);
}

void IndexFacts::add_never_negative(const Form& unresolved) {
  const Form form = resolved(unresolved);
  const Atom top = form.highest();
  if (top == 0) return;
  Form rest;
  const Form coefficient = form.coefficient_of(top, rest);
  if (const auto factor = coefficient.constant()) {
    if (*factor > 0) learn(top, false, Form(*factor), rest * -1);
    if (*factor < 0) learn(top, true, Form(-*factor), rest);
    const AtomInfo info = atom(top);
    const bool is_min = info.kind == Kind::Min && *factor > 0;
    const bool is_max = info.kind == Kind::Max && *factor < 0;
    if (is_min || is_max) {
      add_never_negative(info.first * *factor + rest);
      add_never_negative(info.second * *factor + rest);
    }
    // floor(e / d) >= m says e >= m d.
    if (info.kind == Kind::Quotient && *factor == 1 && rest.constant()) {
      add_never_negative(info.first + info.second * rest);
    }
    return;
  }
  // A product of sizes that is at least 1 has no factor 0.
  const bool is_product = form.terms().size() == 2 && form.terms()[0].factor > 0;
  int budget = proof_budget;
  if (!is_product || form.constant_part() >= 0 || !has_no_negative_factor(form, budget)) return;
  for (Monomial m = form.terms()[0].product; m != 0; m = divide(m, highest_atom(m))) {
    learn(highest_atom(m), false, Form(1), Form(1));
  }
}

std::optional<std::int64_t> IndexFacts::known_constant(Atom id) {
  for (std::size_t index = 0; index < atom(id).upper.size(); ++index) {
    const Bound bound = atom(id).upper[index];
    const auto scale = bound.scale.constant(), form = resolved(bound.form).constant();
    if (!scale || !form || *form < 0) continue;
    const std::int64_t value = *form / *scale;
    if (is_never_negative(Form::of(id) - value)) return value;
  }
  return std::nullopt;
}

bool IndexFacts::is_varying(const Form& form) const { return !is_shared(form, {}); }

bool IndexFacts::is_shared(const Form& form, std::span<const Atom> shared) const {
  for (const Term& term : form.terms()) {
    for (Monomial m = term.product; m != 0; m = divide(m, highest_atom(m))) {
      const Atom id = highest_atom(m);
      if (!atom(id).varies || std::find(shared.begin(), shared.end(), id) != shared.end()) continue;
      const bool is_computed = atom(id).kind == Kind::Quotient || atom(id).kind == Kind::Min ||
                               atom(id).kind == Kind::Max;
      if (!is_computed) return false;
      if (!is_shared(atom(id).first, shared) || !is_shared(atom(id).second, shared)) return false;
    }
  }
  return true;
}

bool IndexFacts::depends_on(const Form& form, Atom looked_for) const {
  for (const Term& term : form.terms()) {
    for (Monomial m = term.product; m != 0; m = divide(m, highest_atom(m))) {
      const Atom id = highest_atom(m);
      if (id == looked_for) return true;
      if (depends_on(resolved(atom(id).first), looked_for)) return true;
      if (depends_on(resolved(atom(id).second), looked_for)) return true;
    }
  }
  return false;
}

bool IndexFacts::has_unknown(const Form& form) const {
  for (const Term& term : form.terms()) {
    for (Monomial m = term.product; m != 0; m = divide(m, highest_atom(m))) {
      const AtomInfo& info = atom(highest_atom(m));
      if (info.kind == Kind::Value && info.varies) return true;
      if (has_unknown(info.first) || has_unknown(info.second)) return true;
    }
  }
  return false;
}

std::vector<Atom> IndexFacts::program_parts(int axis) {
  const Atom whole = program(axis).as_atom();
  std::vector<Atom> parts = {whole};
  for (std::size_t at = 0; at < parts.size();) {
    const AtomInfo& info = atom(parts[at]);
    if (!info.replaced_by) {
      ++at;
      continue;
    }
    const Atom quotient = info.quotient, remainder = info.remainder;
    parts[at] = quotient;
    if (remainder != 0) parts.push_back(remainder);
  }
  return parts;
}

/// The atom's counterpart, with numbers above those of the counterparts in its bounds. What is
/// learned of an atom may mention others that are computed from it: where that comes full circle
/// the form is invalid, and the bound that asked for it is left out.
Form IndexFacts::rename(Atom id, std::span<const Atom> shared) {
  if (is_shared(Form::of(id), shared)) return Form::of(id);
  if (atom(id).renamed != 0) return Form::of(atom(id).renamed);
  if (atom(id).is_being_renamed) return Form::invalid();
  atom(id).is_being_renamed = true;
  AtomInfo copy = atom(id);
  copy.first = in_other_program(copy.first, shared);
  copy.second = in_other_program(copy.second, shared);
  for (std::vector<Bound>* bounds : {&copy.lower, &copy.upper}) {
    for (Bound& bound : *bounds) {
      bound.scale = in_other_program(bound.scale, shared);
      bound.form = in_other_program(bound.form, shared);
    }
    std::erase_if(*bounds,
                  [](const Bound& b) { return !b.scale.is_valid() || !b.form.is_valid(); });
  }
  atom(id).is_being_renamed = false;
  if (!copy.first.is_valid() || !copy.second.is_valid()) return Form::invalid();
  copy.is_being_renamed = false;
  const Atom renamed = add_atom(std::move(copy));
  if (first_renamed_ == 0) first_renamed_ = renamed - 1u;
  atom(id).renamed = renamed;
  return Form::of(renamed);
}

Form IndexFacts::in_other_program(const Form& unresolved, std::span<const Atom> shared) {
  const Form form = resolved(unresolved);
  if (!form.is_valid()) return form;
  Form result;
  for (const Term& term : form.terms()) {
    Form product(term.factor);
    for (Monomial m = term.product; m != 0; m = divide(m, highest_atom(m))) {
      product = product * rename(highest_atom(m), shared);
    }
    result = result + product;
  }
  return result;
}

void IndexFacts::drop_renamed() {
  if (first_renamed_ == 0) return;
  for (AtomInfo& info : atoms_) info.renamed = 0;
  atoms_.resize(first_renamed_);
  first_renamed_ = 0;
}

}  // namespace tile::passes
