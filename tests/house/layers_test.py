"""The include order between folders holds, and the checker catches planted breaches.

SPDX-License-Identifier: Apache-2.0
"""
import unittest

import layers

FILES = {
    "engine/base/coding.h", "engine/base/include/kv/status.h", "engine/wal/segment_writer.h",
    "engine/memtable/memtable.h", "engine/db/read_view.h", "engine/include/kv/db.h",
    "engine/include/kv/surprise.h", "protocol/frame.h", "server/listener.h", "config/config.h",
    "client/include/kv/client.h", "engine/include/kv/options.h",
}


def check(path, line):
    found = layers.check_file(path, line + "\n", lambda name: name in FILES)
    return next(iter(found.values()), "")


class TheTree(unittest.TestCase):
    def test_keeps_the_order(self):
        found = layers.breaches()
        self.assertEqual(found, [], "\n" + "\n".join(found))


class TheChecker(unittest.TestCase):
    def test_passes_what_goes_downwards(self):
        for path, line in [
                ("engine/db/db.cc", '#include "wal/segment_writer.h"'),
                ("engine/wal/writer.cc", '#include "base/coding.h"'),
                ("protocol/frame.cc", '#include "kv/status.h"'),
                ("server/main.cc", '#include "kv/db.h"'),
                ("config/loader.h", '#include "kv/options.h"'),
                ("client/cli/main.cc", '#include "kv/client.h"'),
                ("tests/wal/writer_test.cc", '#include "wal/segment_writer.h"')]:
            self.assertEqual(check(path, line), "", path)

    def test_names_file_line_and_rule_of_a_planted_breach(self):
        message = check("engine/base/hash.cc", '#include "wal/segment_writer.h"')
        self.assertIn("engine/base/hash.cc:1: includes wal/segment_writer.h", message)
        self.assertIn("engine/base comes before engine/wal", message)

    def test_catches_siblings_and_outsiders(self):
        for path, line in [
                ("engine/memtable/memtable.cc", '#include "wal/segment_writer.h"'),
                ("engine/db/db.cc", '#include "protocol/frame.h"'),
                ("protocol/frame.cc", '#include "base/coding.h"'),
                ("protocol/frame.cc", '#include "kv/db.h"'),
                ("server/main.cc", '#include "db/read_view.h"'),
                ("server/main.cc", '#include "kv/client.h"'),
                ("client/session/session.cc", '#include "kv/db.h"'),
                ("client/cli/main.cc", '#include "server/listener.h"'),
                ("config/loader.cc", '#include "kv/db.h"'),
                ("engine/db/db.cc", '#include "no/such.h"'),
                ("server/main.cc", '#include <kv/surprise.h>')]:
            self.assertNotEqual(check(path, line), "", f"{path} {line}")

    def test_keeps_libraries_and_the_system_in_their_places(self):
        for path, line in [
                ("engine/db/db.cc", "#include <boost/asio.hpp>"),
                ("protocol/frame.cc", "#include <boost/asio.hpp>"),
                ("client/include/kv/client.h", "#include <boost/asio.hpp>"),
                ("engine/wal/writer.cc", "#include <unistd.h>"),
                ("engine/db/db.cc", "#include <thread>"),
                ("engine/db/db.cc", "#include <nlohmann/json.hpp>"),
                ("config/loader.cc", "#include <spdlog/spdlog.h>")]:
            self.assertNotEqual(check(path, line), "", f"{path} {line}")
        self.assertEqual(check("server/main.cc", "#include <boost/asio.hpp>"), "")
        self.assertEqual(check("engine/io/posix.cc", "#include <unistd.h>"), "")


if __name__ == "__main__":
    unittest.main()
