#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Shows that the checks can fail: each rule gets an offender, each KTAP fault a stream."""

import sys
import unittest

sys.dont_write_bytecode = True
import border  # noqa: E402
import ktap  # noqa: E402


def totals(*lines):
    report = ktap.Report()
    report.parse(lines, "t")
    return report.passed, len(report.failures), report.skipped


class Ktap(unittest.TestCase):
    def test_counts(self):
        self.assertEqual(totals("KTAP version 1", "1..3", "ok 1 a", "not ok 2 b", "ok 3 c # SKIP x"), (1, 1, 1))

    def test_no_plan(self):
        self.assertEqual(totals("ok 1 a"), (1, 1, 0))
        self.assertEqual(totals(), (0, 1, 0))

    def test_too_few_too_many(self):
        self.assertEqual(totals("1..2", "ok 1 a"), (1, 1, 0))
        self.assertEqual(totals("1..1", "ok 1 a", "ok 2 b"), (2, 1, 0))

    def test_wrong_number(self):
        self.assertEqual(totals("1..2", "ok 1 a", "ok 3 b"), (2, 1, 0))

    def test_bail_out(self):
        self.assertEqual(totals("1..1", "ok 1 a", "Bail out! no"), (1, 1, 0))

    def test_subtests_count_once(self):
        nested = ["1..1", "  # Subtest: s", "  KTAP version 1", "  1..2", "  ok 1 a"]
        self.assertEqual(totals(*nested, "  ok 2 b", "ok 1 s"), (2, 0, 0))
        self.assertEqual(totals(*nested, "  not ok 2 b", "not ok 1 s"), (1, 1, 0))
        self.assertEqual(totals(*nested, "not ok 1 s"), (1, 1, 0))
        self.assertEqual(totals(*nested, "  ok 2 b", "not ok 1 s"), (2, 1, 0))

    def test_a_files_own_stream(self):
        own = ["KTAP version 1", "# Subtest: s", "1..2", "ok 1 a"]
        self.assertEqual(totals(*own, "ok 2 b"), (2, 0, 0))
        self.assertEqual(totals(*own, "not ok 2 b"), (1, 1, 0))
        self.assertEqual(totals(*own)[1], 1)

    def test_subtest_cut_off(self):
        self.assertEqual(totals("1..1", "  # Subtest: s", "  1..2", "  ok 1 a"), (1, 2, 0))

    def test_empty_subtest_result_counts(self):
        self.assertEqual(totals("1..1", "  # Subtest: s", "not ok 1 s")[1], 2)


def complaints(path, source):
    return [text for _, text in border.check_rust(path, source)]


class Border(unittest.TestCase):
    def test_unsafe_home(self):
        good = "// SAFETY: sound.\nunsafe { f() }\n"
        self.assertEqual(complaints("rust/module/vfs/a.rs", good), [])
        self.assertEqual(complaints("rust/module/sys.rs", good), [])
        self.assertEqual(len(complaints("rust/module/share/a.rs", good)), 1)
        self.assertEqual(len(complaints("rust/module/vfsx.rs", good)), 1)

    def test_unsafe_explained(self):
        path = "rust/module/vfs/a.rs"
        self.assertEqual(len(complaints(path, "unsafe { f() }\n")), 1)
        self.assertEqual(len(complaints(path, "// SAFETY: a.\nf();\nunsafe { f() }\n")), 1)
        self.assertEqual(complaints(path, "/// # Safety\n///\n/// Once.\npub unsafe fn f() {}\n"), [])
        self.assertEqual(len(complaints(path, "/// Doc.\nunsafe fn f() {}\n")), 1)
        self.assertEqual(len(complaints(path, "impl A {\n    unsafe fn f() {}\n}\n")), 1)
        self.assertEqual(complaints(path, "impl T for A {\n    unsafe fn f() {}\n}\n"), [])

    def test_unsafe_in_words(self):
        self.assertEqual(complaints("rust/module/a.rs", '// unsafe\nlet a = "unsafe {";\n'), [])
        self.assertEqual(complaints("rust/module/a.rs", "type F = unsafe extern \"C\" fn(u8);\n"), [])

    def test_core(self):
        path = "rust/core/a.rs"
        for bad in ("x.unwrap();", "panic!();", "a as u32;", "a[1];", "f()[..2];", "x.expect(m);"):
            self.assertEqual(len(complaints(path, bad)), 1, bad)
        for good in ("let a: [u8; 2] = [0; 2];", "#[inline]", "use a as b;", "<T as A>::f();", "// a[1]"):
            self.assertEqual(complaints(path, good), [], good)

    def test_core_tests_may(self):
        source = "#[cfg(test)]\nmod tests {\n    fn f() { a[1].unwrap(); }\n}\n"
        self.assertEqual(complaints("rust/core/a.rs", source), [])
        self.assertEqual(len(complaints("rust/core/a.rs", source + "fn f() { a[1]; }\n")), 1)

    def test_core_forbids(self):
        self.assertEqual(len(complaints("rust/core/cofs_core.rs", "//! Root.\n")), 1)


if __name__ == "__main__":
    unittest.main()
