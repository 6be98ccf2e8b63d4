# SPDX-License-Identifier: MIT
"""What the tests of catenet run share: TAP lines, a folder of their own, free
ports, the program as this user or as an ordinary one, a watchdog."""
import atexit
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import signals
from ports import free_port

NOBODY = 65534
LONG = bool(os.environ.get("LONG"))
HERE = os.path.dirname(os.path.abspath(__file__))
signals.heed()


class Skip(Exception):
    """A case that cannot be run here, with the reason."""


class Lab:
    def __init__(self, name, seconds=60):
        self.count = self.failed = 0
        self.started = []
        self.dir = tempfile.mkdtemp(prefix=f"catenet-{name}.")
        os.chmod(self.dir, 0o777)
        atexit.register(self.clean)
        self.catenet = self.path("catenet")
        shutil.copy(os.environ.get("CATENET", "build/catenet"), self.catenet)
        os.chmod(self.catenet, 0o755)
        self.only = os.environ.get("CASE", "")
        self.deadline = time.monotonic() + (3000 if LONG else 10 * seconds)

    def path(self, name):
        return os.path.join(self.dir, name)

    def clean(self):
        for p in self.started:
            if p.poll() is None:
                p.kill()
                p.wait()
        if os.environ.get("KEEP"):
            print(f"# kept {self.dir}")
        else:
            shutil.rmtree(self.dir, ignore_errors=True)

    def users(self):
        """Who the cases run as: root also as nobody."""
        if os.geteuid() != 0:
            return [("user", [])]
        drop = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}",
                "--clear-groups"]
        who = os.environ.get("AS")
        every = [("root", []), ("user", drop)]
        return [u for u in every if who in (None, u[0])]

    def case(self, name, function, *args):
        if self.only not in name:
            return
        self.count += 1
        begun = time.monotonic()
        try:
            said = function(*args)
            took = f"{time.monotonic() - begun:.1f} s"
            print(f"ok {self.count} - {name} ({took}"
                  f"{', ' + said if said else ''})", flush=True)
        except Skip as why:
            print(f"ok {self.count} - {name} # SKIP {why}", flush=True)
        except Exception as err:  # every failure is told, the rest still runs
            self.failed += 1
            print(f"not ok {self.count} - {name}", flush=True)
            for line in f"{type(err).__name__}: {err}".splitlines()[:30]:
                print(f"# {line}", flush=True)

    def end(self):
        print(f"1..{self.count}")
        sys.exit(1 if self.failed else 0)

    def spawn(self, argv, **more):
        more.setdefault("stdin", subprocess.DEVNULL)
        more.setdefault("cwd", self.dir)
        p = subprocess.Popen(argv, **more)
        self.started.append(p)
        return p

    def run(self, argv, timeout=30, input=None, **more):
        """Runs to the end; what hangs is killed and is a failure."""
        more.setdefault("cwd", self.dir)
        more.setdefault("stderr", subprocess.PIPE)
        stdin = {"input": input} if input is not None else {
            "stdin": subprocess.DEVNULL}
        return subprocess.run(argv, timeout=timeout, stdout=subprocess.PIPE,
                              **stdin, **more)

    def need(self, program):
        if not shutil.which(program):
            raise Skip(f"no {program}")

    def file(self, name, size):
        path = self.path(name)
        with open(path, "wb") as f:
            while size > 0:
                f.write(os.urandom(min(size, 1 << 20)))
                size -= 1 << 20
        os.chmod(path, 0o644)
        return path

    def http(self, folder=None):
        """A python3 http.server natively; its port."""
        port = free_port()
        self.spawn(["python3", "-m", "http.server", "-d", folder or self.dir,
                    "--bind", "127.0.0.1", str(port)],
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_port(port)
        return port


def wait_port(port, host="127.0.0.1", seconds=30):
    """Until somebody accepts there."""
    end = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection((host, port), 1).close()
            return
        except OSError as err:
            if time.monotonic() > end:
                raise TimeoutError(f"nobody listens on {port}: {err}")
            time.sleep(0.02)


def sha(path):
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def check(what, said=""):
    if not what:
        raise AssertionError(said)


def same(got, want, what=""):
    if got != want:
        raise AssertionError(f"{what}: got {got!r}, want {want!r}")


def stop(p, sig=signal.SIGTERM, seconds=20):
    """Ends it and returns its code."""
    if p.poll() is None:
        p.send_signal(sig)
    try:
        return p.wait(seconds)
    except subprocess.TimeoutExpired:
        p.kill()
        p.wait()
        raise AssertionError(f"did not end within {seconds} s of {sig!r}")


class Echo:
    """Threads that echo, upper-cased, natively on loopback."""

    def __init__(self, family=socket.AF_INET):
        self.s = socket.socket(family)
        self.s.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
        self.s.listen(200)
        self.port = self.s.getsockname()[1]
        threading.Thread(target=self.loop, daemon=True).start()

    def loop(self):
        while True:
            try:
                c, _ = self.s.accept()
            except OSError:
                return
            threading.Thread(target=self.one, args=(c,), daemon=True).start()

    @staticmethod
    def one(c):
        with c:
            try:
                while data := c.recv(65536):
                    c.sendall(data.upper())
            except OSError:
                pass
