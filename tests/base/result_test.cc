// Result and its macros.
// SPDX-License-Identifier: Apache-2.0
#include "kv/result.h"

#include <catch2/catch.hpp>
#include <memory>

using kv::Code;
using kv::Result;
using kv::Status;

namespace {

Result<std::unique_ptr<int>> make(bool good) {
    if (!good) return Status::not_found("nothing there");
    return std::make_unique<int>(7);
}

Status check(bool good) { return good ? Status::ok() : Status::io_error("broken"); }

Result<int> use(bool made, bool checked) {
    KV_ASSIGN_OR_RETURN(const std::unique_ptr<int> value, make(made));
    KV_RETURN_IF_ERROR(check(checked));
    return *value;
}

}  // namespace

TEST_CASE("result: the macros pass values on and return the first error") {
    CHECK(*use(true, true) == 7);
    CHECK(use(true, true).status().is_ok());
    CHECK(use(false, false).status().is(Code::kNotFound));
    CHECK(use(true, false).status().to_string() == "io_error: broken");
    CHECK_FALSE(use(true, false).is_ok());
}
