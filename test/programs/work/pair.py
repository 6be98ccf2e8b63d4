# SPDX-License-Identifier: MIT
"""What a pair is: one real server and the real clients that load it and prove
every octet.  Each of the two runs natively or after the words of a wrap."""
import hashlib
import os
import re
import shutil
import subprocess
import time

MISSING = "{} is not installed"


class Bad(Exception):
    """A program said that something went wrong, or an octet is wrong."""


class NotHere(Exception):
    """What this pair needs is not on this machine."""


class Pair:
    """name; the programs it needs; rows {row: unit}, of what drive measures."""
    name = ""
    needs = ()
    rows = {}

    def __init__(self, folder, seconds):
        self.folder, self.seconds = folder, seconds
        for program in self.needs:
            if not shutil.which(program):
                raise NotHere(MISSING.format(program))

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def write(self, name, text):
        mode = "wb" if isinstance(text, bytes) else "w"
        with open(self.path(name), mode) as f:
            f.write(text)
        return self.path(name)

    def prepare(self):
        """Once, before all runs."""

    def server(self, port):
        """The command of the server, in the foreground."""
        raise NotImplementedError

    def began(self, port):
        """The server listens."""

    def drive(self, wrap, port):
        """Runs clients until all is proven; {row: rate}."""
        raise NotImplementedError

    # ------------------------------------------------------------ clients

    def call(self, wrap, *argv, seconds=240, **more):
        """A client's standard output; Bad if it failed."""
        begun = time.monotonic()
        try:
            done = subprocess.run(
                [*wrap, *map(str, argv)], stdout=subprocess.PIPE, text=True,
                stderr=subprocess.PIPE, timeout=seconds, errors="replace",
                **{"stdin": subprocess.DEVNULL, **more})
        except subprocess.TimeoutExpired as e:
            raise Bad(f"{argv[0]} did not end in {seconds} s") from e
        self.took = time.monotonic() - begun
        self.stderr = done.stderr
        if done.returncode:
            raise Bad(f"{argv[0]} ended with {done.returncode}: "
                      f"{(done.stderr + done.stdout)[-1500:]}")
        return done.stdout

    @staticmethod
    def number(pattern, text):
        found = re.search(pattern, text)
        if not found:
            raise Bad(f"no {pattern!r} in {text[-1500:]!r}")
        return float(found.group(1))


def sha(path):
    all_of_it = hashlib.sha256()
    with open(path, "rb") as f:
        while piece := f.read(1 << 20):
            all_of_it.update(piece)
    return all_of_it.hexdigest()


def same(path, digest):
    if sha(path) != digest:
        raise Bad(f"{path} differs from what was sent")


def noise(path, octets):
    """A file of chance; its hash."""
    all_of_it = hashlib.sha256()
    with open(path, "wb") as f:
        while octets > 0:
            piece = os.urandom(min(octets, 1 << 20))
            all_of_it.update(piece)
            f.write(piece)
            octets -= len(piece)
    return all_of_it.hexdigest()
