// Views and the seqnos that go with them: db/read_view.h.
// SPDX-License-Identifier: Apache-2.0
#include "db/read_view.h"

#include <catch2/catch.hpp>

using namespace kv;
using namespace kv::db;

namespace {

std::unique_ptr<ReadView> new_view() {
    auto view = std::make_unique<ReadView>();
    view->active = std::make_shared<Memtable>();
    return view;
}

}  // namespace

TEST_CASE("view registry: a view pinned with a seqno was current when the seqno was read") {
    ViewRegistry views([](std::unique_ptr<const ReadView>) {});
    views.install(new_view());
    int reads = 0;
    {
        const auto [view, seqno] = views.pin_with([&] {
            // A memtable is frozen and written to before the seqno is read.
            if (++reads == 1) views.install(new_view());
            return static_cast<Seqno>(100 + reads);
        });
        CHECK(reads == 2);
        CHECK(seqno == 102);
        const ViewLease current = views.pin();
        CHECK(&*current == &*view);
    }
    views.clear();
}

TEST_CASE("view registry: a view that goes is retired once, when its last lease has gone") {
    int retired = 0;
    ViewRegistry views([&](std::unique_ptr<const ReadView>) { ++retired; });
    views.install(new_view());
    {
        const ViewLease lease = views.pin();
        views.install(new_view());
        CHECK(retired == 0);
    }
    CHECK(retired == 1);
    views.clear();
    CHECK(retired == 2);
}
