# SPDX-License-Identifier: MIT
"""The tables of docs/benchmarks.md: each stands between two lines <!-- NAME -->
and <!-- /NAME -->, below the command that made it and where it ran."""
import datetime
import os
import platform
import shutil
import subprocess

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def first_line(path, key):
    try:
        with open(path, encoding="utf-8") as f:
            for line in f:
                if line.startswith(key):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return "unknown"


def where(command):
    """Command, date, commit, machine; to be asked before the measuring."""
    commit = "unknown"
    if shutil.which("git"):
        done = subprocess.run(["git", "-C", TOP, "describe", "--always"],
                              stdout=subprocess.PIPE, text=True, check=False,
                              stderr=subprocess.DEVNULL)
        commit = done.stdout.strip() or commit
    memory = int(first_line("/proc/meminfo", "MemTotal").split()[0]) >> 20
    under = os.environ.get("UNDER")
    under = f'UNDER="{under}" ' if under else ""
    return (f"`{under}{command}`, {datetime.date.today()}, "
            f"commit {commit}; "
            f"{first_line('/proc/cpuinfo', 'model name')}, "
            f"{len(os.sched_getaffinity(0))} cores, {memory} GiB, "
            f"{platform.system()} {platform.release()}, load average "
            f"{os.getloadavg()[0]:.1f} when it began.")


def write(path, name, about, columns, rows):
    """Puts it into the Markdown file, in the place of the last one."""
    with open(path, encoding="utf-8") as f:
        text = f.read()
    head, rest = text.split(f"<!-- {name} -->\n", 1)
    _, tail = rest.split(f"<!-- /{name} -->\n", 1)
    lines = [about, "", "| " + " | ".join(columns) + " |",
             "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    with open(path, "w", encoding="utf-8") as f:
        f.write(head + f"<!-- {name} -->\n" + "\n".join(lines) +
                f"\n<!-- /{name} -->\n" + tail)
