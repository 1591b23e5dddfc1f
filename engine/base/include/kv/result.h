// Result<T>: a value or the Status that says why there is none. Dropping one is a compile error.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tl/expected.hpp>
#include <utility>

#include "kv/status.h"

namespace kv {

/// Either a T or a Status that is not ok. Never throws; `*r` without a value is undefined, so test
/// first or use KV_ASSIGN_OR_RETURN.
template <class T>
class [[nodiscard]] Result : public tl::expected<T, Status> {
  public:
    using Base = tl::expected<T, Status>;
    using Base::Base;
    Result(Status status) : Base(tl::unexpected<Status>(std::move(status))) {}  // NOLINT: implicit

    bool is_ok() const { return this->has_value(); }
    /// The error, or ok when there is a value.
    Status status() const { return this->has_value() ? Status::ok() : this->error(); }
};

}  // namespace kv

#define KV_CONCAT_INNER(a, b) a##b
#define KV_CONCAT(a, b) KV_CONCAT_INNER(a, b)

/// Returns the Status of `expr` from the enclosing function unless it is ok.
#define KV_RETURN_IF_ERROR(expr)                                                      \
    do {                                                                              \
        if (::kv::Status kv_status_ = (expr); !kv_status_.is_ok()) return kv_status_; \
    } while (false)

#define KV_ASSIGN_OR_RETURN_INNER(tmp, lhs, expr) \
    auto tmp = (expr);                            \
    if (!tmp.has_value()) return tmp.error();     \
    lhs = std::move(*tmp)

/// `KV_ASSIGN_OR_RETURN(auto file, fs.open(path));` declares or assigns on success and returns the
/// Status otherwise.
#define KV_ASSIGN_OR_RETURN(lhs, expr) \
    KV_ASSIGN_OR_RETURN_INNER(KV_CONCAT(kv_result_, __LINE__), lhs, expr)
