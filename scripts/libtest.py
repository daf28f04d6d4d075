#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Turns the output of `cargo test` into KTAP, one subtest for each test binary:

    cargo test ... >LOG 2>&1; libtest.py STATUS LOG
"""

import re
import sys

RUNNING = re.compile(r"\s*(?:Running|Doc-tests) (.*)")
COUNT = re.compile(r"running (\d+) tests?$")
TEST = re.compile(r"test (.+?) \.\.\. (ok|FAILED|ignored)(?:, .*)?$")


def binaries(lines):
    """Yields (name, planned, [(test, outcome)])."""
    name, planned, tests = "tests", None, []
    for line in lines:
        line = line.rstrip("\n")
        if match := RUNNING.match(line):
            if planned is not None:
                yield name, planned, tests
            name, planned, tests = match.group(1).split(" (")[0], None, []
        elif match := COUNT.match(line):
            planned = int(match.group(1))
        elif match := TEST.match(line):
            tests.append(match.groups())
    if planned is not None:
        yield name, planned, tests


def main():
    status = int(sys.argv[1])
    with open(sys.argv[2], encoding="utf-8", errors="replace") as log:
        found = [entry for entry in binaries(log) if entry[1] > 0]
    print("KTAP version 1")
    print(f"1..{len(found) + 1}")
    for number, (name, planned, tests) in enumerate(found, 1):
        print(f"    # Subtest: {name}")
        print(f"    1..{planned}")
        for index, (test, outcome) in enumerate(tests, 1):
            bad = "not " if outcome == "FAILED" else ""
            skip = " # SKIP ignored" if outcome == "ignored" else ""
            print(f"    {bad}ok {index} {test}{skip}")
        failed = len(tests) != planned or any(outcome == "FAILED" for _, outcome in tests)
        print(f"{'not ' if failed else ''}ok {number} {name}")
    # A crate that does not compile shows no test at all.
    bad = "not " if status or not found else ""
    print(f"{bad}ok {len(found) + 1} cargo test ended with status {status}")


if __name__ == "__main__":
    main()
