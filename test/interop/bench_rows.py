#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bench/run writes what its documentation says: of one row that is the same on
every machine, and of rows that cannot be run. No time is looked at."""
import json
import os
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
KEYS = ["name", "value", "unit", "against", "ratio"]
count = failed = 0


def ok(good, what):
    global count, failed
    count += 1
    failed += not good
    print(f"{'' if good else 'not '}ok {count} - {what}", flush=True)


def run(names, **env):
    with tempfile.TemporaryDirectory(prefix="catenet-bench.") as folder:
        out = os.path.join(folder, "bench.json")
        table = os.path.join(folder, "table.md")
        with open(table, "w", encoding="utf-8") as f:
            f.write("before\n<!-- table -->\nold\n<!-- /table -->\nafter\n")
        p = subprocess.run(
            [os.path.join(TOP, "bench", "run"), "--quick", "--only", names,
             "--json", out, "--write", table], stdout=subprocess.PIPE,
            text=True, check=False, timeout=300, env={**os.environ, **env})
        with open(out, encoding="utf-8") as f, \
                open(table, encoding="utf-8") as g:
            return p, json.load(f), g.read()


p, rows, text = run("bdp_100m_100ms")
ok(p.returncode == 0, "one row is measured")
ok(len(rows) == 1 and list(rows[0]) == KEYS, "its JSON has the five keys")
ok(rows[0]["ratio"] >= .9, "100 Mbit/s at 100 ms: nine tenths of the rate")
ok(" yes" in p.stdout.splitlines()[1], "the table says that the floor is met")
ok(text.startswith("before\n<!-- table -->\n") and "\nold\n" not in text and
   "| bdp_100m_100ms | " in text and
   text.endswith("|\n<!-- /table -->\nafter\n"), "--write replaces the table")

# Without the programs there is nothing to run: each row says so.
p, rows, text = run("tun_rr", BUILD="no/such/build")
ok(rows and all(row["value"] is None and row["ratio"] is None and
                row["reason"].startswith("not run: ") for row in rows),
   "a row that cannot be run is null and has a reason")
print(f"1..{count}")
sys.exit(bool(failed))
