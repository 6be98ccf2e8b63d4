#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Random programs of socket calls, asked of the library under its virtual
clock; what a kernel answered is kept, so that neither it nor the machine's
business matters. `make walk SEEDS=1..1000` asks a kernel, and catenet run."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "walk"))
import compare
import programs
import states

FOLDER = os.path.join(HERE, "walk")
walker = compare.Side([os.path.join(os.environ.get("BUILD", "build"),
                                    "test/interop/walker"), "linked"])
number = failed = 0


def told(good, title, lines=()):
    global number, failed
    number += 1
    failed += not good
    print("ok" if good else "not ok", number, "-", title)
    for line in () if good else lines:
        print("#  ", line)
    sys.stdout.flush()


for lines, answers in compare.read(os.path.join(FOLDER, "found.txt")):
    ours = walker.ask(lines, compare.PACES[1])
    told(ours == answers, "; ".join(lines[-2:]),
         [f"{line:32} {want} {'' if want == got else '  ours: ' + got}"
          for line, want, got in zip(lines, answers, ours)])

table = compare.table(os.path.join(FOLDER, "states.txt"))
wrong = {state: [] for state in states.STATES}
for state, verb, lines, n in states.cells():
    want = table[state, verb]
    got = walker.ask(lines, compare.PACES[0])[-n:]
    del got[1]  # the wait's
    wrong[state] += [f"{verb}: {asked}: {a}, ours {b}" for asked, a, b in
                     zip([verb] + states.AFTER, want, got)
                     if a != b and a != "None"]
for state, rows in wrong.items():
    told(not rows, f"{state}: {len(states.VERBS)} calls", rows)

wrong, n = [], 0
for seed, want in compare.kept(os.path.join(FOLDER, "kept.txt")):
    lines = programs.program(seed)
    n += 1
    if compare.sum_of(lines, walker.ask(lines, compare.PACES[0])) != want:
        wrong.append(seed)
told(not wrong, f"{n} random programs are answered as a kernel did",
     [f"make walk SEEDS={seed}" for seed in wrong])
walker.stop()
print(f"1..{number}")
sys.exit(failed != 0)
