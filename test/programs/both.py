# SPDX-License-Identifier: MIT
"""What the parts of test-programs share: where things are, the list of known
differences, the end of a tree of processes."""
import glob
import os
import signal

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(TOP, os.environ.get("BUILD") or "build")
CATENET = os.path.join(BUILD, "catenet")


def kin(root):
    """Every process below this one, and it."""
    parents, found = {}, [root]
    for stat in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(stat, encoding="latin-1") as f:
                parents[int(stat.split("/")[2])] = int(
                    f.read().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            pass
    for one in found:
        found += [pid for pid, parent in parents.items() if parent == one]
    return found


def end(child):
    for pid in kin(child.pid):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    child.wait()


def known(part):
    """{case: reason} out of known.txt."""
    reasons = {}
    with open(os.path.join(HERE, "known.txt")) as f:
        for line in f:
            word, _, rest = line.strip().partition(" ")
            if word == part:
                case, _, reason = rest.strip().partition(" ")
                reasons[case] = reason.strip()
    return reasons


def report(what, rows, listed, reasons, bad, total):
    """The table (name, cases, pass natively, of those under run), what
    differs, and the code to end with."""
    print(f"| {what} | cases | pass natively | of those under run |\n"
          "|---|---:|---:|---:|")
    for row in rows:
        print("| " + " | ".join(map(str, row)) + " |")
    for case in listed:
        print(f"# known: {case}: {reasons[case]}")
    for case, why in bad:
        print(f"# DIFFERS: {case}: {why}")
    differ = len(bad) + len(listed)
    print(f"{total} cases pass natively, {differ} of them not under run "
          f"({100 * differ / max(total, 1):.2f} %), {len(bad)} not in "
          "known.txt", flush=True)
    return 1 if bad else 0
