"""Files and functions stay within the sizes of the house, and the measure itself is right.

SPDX-License-Identifier: Apache-2.0
"""
import unittest

import sizes

SAMPLE = '''// A comment with a brace {
#define KV_X(a) { a }
namespace kv {
enum class Kind { kPut };
template <typename T>
struct Pair { T first; };
constexpr int kTable[] = {f(1), 2};
Reader::Reader(int a)
    : a_{a},
      b_(1'000) {
    const char* text = "}{";
    if (a) {
        run([&](int x) {
            return '{';
        });
    }
}
int Pair::size() const { return 2; }
class Holder {
    int inner() const {
        return 1;
    }
};
}  // namespace kv
'''


class TheTree(unittest.TestCase):
    def test_keeps_the_sizes(self):
        found = sizes.offenders()
        self.assertEqual(found, [], "\n" + "\n".join(found))


class TheMeasure(unittest.TestCase):
    def test_finds_functions_and_their_length(self):
        found = {name: length for name, _, length in sizes.functions(SAMPLE)}
        self.assertEqual(found["Pair::size"], 1)
        self.assertEqual(found["inner"], 3)
        self.assertNotIn("Pair", found)
        self.assertNotIn("f", found)
        self.assertTrue(any(length >= 8 for length in found.values()), found)

    def test_names_a_planted_offender(self):
        body = "    x();\n" * 80
        found = sizes.offences_of("engine/a.cc", "void kv::long_one() {\n" + body + "}\n")
        self.assertEqual(list(found), [("engine/a.cc", "kv::long_one")])
        self.assertIn("engine/a.cc:1: kv::long_one has 82 lines, the limit is 70",
                      found[("engine/a.cc", "kv::long_one")])
        self.assertIn(("a.h", "lines"), sizes.offences_of("a.h", "\n" * 201))
        self.assertEqual(sizes.offences_of("a.h", "\n" * 200), {})


if __name__ == "__main__":
    unittest.main()
