# SPDX-License-Identifier: MIT
"""Runs a program on the kernel and on ours, lays the answers side by side, and
cuts one that differs down to what is needed for it."""
import concurrent.futures
import hashlib
import os
import select
import subprocess

import known
import programs
import states

# How long sides are given after each call, and calls may wait. What differs is
# asked again, slower; only what differs at every pace does.
PACES = [(2, 30), (60, 250), (230, 900)]
RUN_PACES = [(12, 120), (60, 300), (230, 900)]
HANG_S = 60


def read(path):
    """The programs of a file, with the answers written beside them:
    [(lines, answers)], one program after the other with empty lines between;
    an answer that is not there is None."""
    blocks = []
    with open(path) as f:
        for block in f.read().split("\n\n"):
            rows = [line.split("|", 1) for line in block.splitlines()
                    if line.strip() and line[0] != "#"]
            if rows:
                blocks.append(([row[0].strip() for row in rows],
                               [row[1].strip() if len(row) > 1 else None
                                for row in rows]))
    return blocks


def sum_of(lines, answers):
    """What is kept of a program and its answers."""
    text = "\n".join(lines + answers)
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def kept(path):
    """[(seed, sum)]"""
    with open(path) as f:
        return [(int(seed), told) for seed, told in
                (line.split() for line in f if line[0] != "#")]


def keep(walker, path, seeds):
    """Writes what the kernel says to those programs in which it agrees with
    itself, and we with it."""
    with open(path, "w") as f:
        f.write("# SPDX-License-Identifier: MIT\n# Seeds, and the sum of the "
                "program and what Linux answers; tools/walk --keep.\n")
        for seed in seeds:
            lines = programs.program(seed)
            native = walker.natively(lines, PACES[0])
            if None not in native and (
                    native == walker.sides["linked"].ask(lines, PACES[0])):
                f.write(f"{seed} {sum_of(lines, native)}\n")


def table(path):
    """{(state, verb): answers}"""
    cells = {}
    with open(path) as f:
        for line in f:
            if line[0] != "#":
                state, verb, *answers = line.rstrip("\n").split("\t")
                cells[state, verb] = answers
    return cells


def write_table(walkers, path):
    """What the kernel says to each verb in each state; each walker has its
    share."""
    cells = list(states.cells())

    def ask(i):
        told = []
        for _, _, lines, n in cells[i::len(walkers)]:
            answers = [None]
            for pace in PACES:
                if None in answers:
                    answers = walkers[i].natively(lines, pace)[-n:]
            told.append([str(a) for a in answers])
        return told

    with concurrent.futures.ThreadPoolExecutor() as pool:
        shares = list(pool.map(ask, range(len(walkers))))
    with open(path, "w") as f:
        f.write("# SPDX-License-Identifier: MIT\n# What Linux answers in each "
                "state (states.py); tools/walk --states.\n# state, verb, its "
                "answer, and then " + ", ".join(states.AFTER) + "\n")
        for i, (state, verb, _, _) in enumerate(cells):
            told = shares[i % len(walkers)][i // len(walkers)]
            f.write("\t".join([state, verb, told[0], *told[2:]]) + "\n")


class Side:
    """A process that answers programs; it is started anew where it ends."""

    def __init__(self, command):
        self.command, self.process = command, None

    def start(self):
        self.stop()
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL)
        self.rest = b""

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process.stdin.close()
            self.process.stdout.close()
            self.process = None

    def line(self):
        while b"\n" not in self.rest:
            if not select.select([self.process.stdout], [], [], HANG_S)[0]:
                return "HANGS"
            more = os.read(self.process.stdout.fileno(), 65536)
            if not more:
                return "DIES"
            self.rest += more
        line, self.rest = self.rest.split(b"\n", 1)
        return line.decode(errors="replace")

    def ask(self, lines, pace):
        """Its answers, one for each line."""
        if not self.process or self.process.poll() is not None:
            self.start()
        text = "settle %d %d\n" % pace + "".join(
            line + "\n" for line in lines) + ".\n"
        try:
            self.process.stdin.write(text.encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        answers = []
        while True:
            line = self.line()
            if line == ".":
                break
            answers.append(line)
            if line in ("HANGS", "DIES"):
                self.stop()
                break
        return (answers + ["nothing"] * len(lines))[:len(lines)]


class Walker:
    def __init__(self, build, sides):
        walker = os.path.join(build, "test/interop/walker")
        self.kernel = Side([walker, "kernel"])
        commands = {
            "linked": [walker, "linked"],
            "run": [os.path.join(build, "catenet"), "run", "-q", "--",
                    walker, "kernel"]}
        self.sides = {name: Side(commands[name]) for name in sides}
        self.unsure = 0

    def stop(self):
        for side in (self.kernel, *self.sides.values()):
            side.stop()

    def natively(self, lines, pace):
        """What the kernel says each time; None for what it does not."""
        first = self.kernel.ask(lines, pace)
        second = self.kernel.ask(lines, pace)
        return [a if a == b else None for a, b in zip(first, second)]

    def differs(self, name, lines, paces=None):
        """(step, kernel's answer, ours), or None; and what is known."""
        told = None
        reasons = []
        for at in range(len(PACES)) if paces is None else paces:
            pace = RUN_PACES[at] if name == "run" else PACES[at]
            native = self.natively(lines, PACES[at])
            other = self.sides[name].ask(lines, pace)
            self.unsure += native.count(None)
            told, reasons = judge(name, lines, native, other)
            if told is None:
                break
        return told, reasons

    def shrink(self, name, lines, told):
        """The fewest lines that still differ alike: in the same verb."""
        want = kind(lines, told)

        def fails(lines, at):
            told, _ = self.differs(name, lines, [at])
            return told is not None and kind(lines, told) == want

        lines = lines[:told[0] + 1]
        at = next((at for at in (0, 1) if fails(lines, at)), None)
        if at is None:
            return lines
        size = max(1, len(lines) // 3)
        while size:
            again = False
            for end in range(len(lines) - 1, 0, -size):
                fewer = lines[:max(0, end - size)] + lines[end:]
                if fails(fewer, at):
                    lines, again = fewer, True
            if not again or size > 1:
                size //= 2
        return lines


def kind(lines, told):
    """What is taken for the same difference."""
    return lines[told[0]].split()[0], told[1], told[2]


def judge(name, lines, native, other):
    reasons = []
    for i, (a, b) in enumerate(zip(native, other)):
        if a is None:
            continue
        if a == b:
            continue
        why = known.reason(name, lines, i, native, other)
        if not why:
            return (i, a, b), reasons
        reasons.append(why.lstrip("!"))
        if why.startswith("!"):
            break
    return None, reasons
