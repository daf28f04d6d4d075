#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Runs a command that boots a machine with its console on stdin and stdout, shows that, and answers MokManager.

MokManager is what the machine's firmware shows after `mokutil --import`: its menus are gone through to enroll
the key, with the password `cofs`. Ends with the command's status.
"""

import os
import re
import subprocess
import sys
import time

DOWN, ENTER = b"\x1b[B", b"\r"
# What appears, and the keys that answer it.
STEPS = [
    (rb"Press any key to perform MOK management", [ENTER]),
    (rb"Enroll MOK", [DOWN, ENTER]),
    (rb"View key 0", [DOWN, ENTER]),
    (rb"Enroll the key", [DOWN, ENTER]),
    (rb"Password", [b"c", b"o", b"f", b"s", ENTER]),
    (rb"Reboot", [ENTER]),
]
ESCAPES = re.compile(rb"\x1b\[[0-9;=]*[A-Za-z]")


def main():
    machine = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    steps = list(STEPS)
    seen = b""
    while data := os.read(machine.stdout.fileno(), 65536):
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        if not steps:
            continue
        seen = (seen + data)[-65536:]
        text = ESCAPES.sub(b"", seen)
        if not re.search(steps[0][0], text):
            continue
        # It drops keys that come before it has drawn its menu.
        time.sleep(2)
        for key in steps.pop(0)[1]:
            machine.stdin.write(key)
            machine.stdin.flush()
            time.sleep(0.5)
        seen = b""
    sys.exit(machine.wait())


if __name__ == "__main__":
    main()
