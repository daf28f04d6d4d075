#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Reads KTAP streams, prints what failed and, last, `N passed, N failed, N skipped`.

Leaf tests count. A stream without a plan, with fewer or more results than planned, with a
wrong number or a bail-out has failed even when each of its lines says ok.
"""

import re
import sys

RESULT = re.compile(r"(not )?ok\b *(\d*) *(?:- )?(.*)$")
PLAN = re.compile(r"1\.\.(\d+)( *# *SKIP.*)?$")
SKIP = re.compile(r"# *SKIP\b", re.IGNORECASE)


class Level:
    """One plan and its results: the stream, or one subtest in it."""

    def __init__(self, indent):
        self.indent = indent
        self.name = None
        self.plan = None
        self.seen = 0
        self.notes = []


class Report:
    """Totals over all streams."""

    def __init__(self):
        self.passed = 0
        self.failures = []
        self.skipped = 0

    def fail(self, path, why, notes=()):
        self.failures.append((path, why, list(notes)[-12:]))

    def close(self, level, path):
        """Checks a level's plan; returns how many failures that adds."""
        before = len(self.failures)
        if level.plan is None:
            self.fail(path, "no plan", level.notes)
        elif level.seen < level.plan:
            missing = level.plan - level.seen
            self.fail(path, f"{missing} of {level.plan} planned tests gave no result", level.notes)
        elif level.seen > level.plan:
            self.fail(path, f"{level.seen} results, {level.plan} planned")
        return len(self.failures) - before

    def parse(self, lines, label):
        """Adds one stream."""
        stack = [Level(0)]
        child = None  # outcome of the subtests since the last result: (failures, leaves)
        for raw in lines:
            line = raw.rstrip("\r\n")
            text = line.lstrip(" ")
            indent = len(line) - len(text)
            if text.startswith("# Subtest:"):
                name = text[len("# Subtest:"):].strip()
                top = stack[0]
                if indent == 0 and top.name is None and top.plan is None and not top.seen:
                    # One test file's own stream.
                    top.name = name
                    continue
                stack.append(Level(indent))
                stack[-1].name = name
                stack[-1].before = len(self.failures)
                continue
            while len(stack) > 1 and indent < stack[-1].indent:
                level = stack.pop()
                self.close(level, "/".join([label] + [s.name for s in stack[1:]] + [level.name]))
                child = (len(self.failures) - level.before, level.seen)
            level = stack[-1]
            path = "/".join([label] + [s.name for s in stack[1:]])
            if text.startswith("Bail out!"):
                self.fail(path, text)
                continue
            if text.startswith("#"):
                level.notes.append(text)
                continue
            plan = PLAN.match(text)
            if plan and indent == level.indent:
                if level.plan is not None:
                    self.fail(path, "a second plan")
                level.plan = int(plan.group(1))
                if plan.group(2) and level.plan == 0:
                    self.skipped += 1
                continue
            result = RESULT.match(text)
            if not result or indent != level.indent:
                continue
            self.result(level, path, result, child)
            child = None
            level.notes = []
        while stack:
            level = stack.pop()
            self.close(level, "/".join([label] + [s.name for s in stack[1:]] + ([level.name] if level.name else [])))

    def result(self, level, path, match, child):
        """Counts one result line."""
        bad, number, name = match.groups()
        level.seen += 1
        path = f"{path}/{name}"
        if number and int(number) != level.seen:
            self.fail(path, f"number {number}, expected {level.seen}")
        if child is not None and child[1] > 0:
            # Its subtests are counted already; it may only add a failure that they did not show.
            if bad and child[0] == 0:
                self.fail(path, "failed although its subtests passed", level.notes)
        elif bad:
            self.fail(path, "failed", level.notes)
        elif SKIP.search(name):
            self.skipped += 1
        else:
            self.passed += 1

    def totals(self):
        return f"{self.passed} passed, {len(self.failures)} failed, {self.skipped} skipped"


def main():
    if len(sys.argv) < 2:
        sys.exit("usage: ktap.py STREAM...")
    report = Report()
    for name in sys.argv[1:]:
        label = name.rsplit("/", 1)[-1].removesuffix(".ktap")
        try:
            with open(name, encoding="utf-8", errors="replace") as stream:
                report.parse(stream, label)
        except OSError as error:
            report.fail(label, f"no stream: {error.strerror}")
    for path, why, notes in report.failures:
        print(f"FAILED {path}: {why}")
        for note in notes:
            print(f"    {note}")
    print(report.totals())
    sys.exit(1 if report.failures or not report.passed else 0)


if __name__ == "__main__":
    main()
