# SPDX-License-Identifier: MIT
"""A pair's server, running."""
import signal
import socket
import subprocess
import tempfile
import time

from both import end
from work.pair import Bad


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """Runs while a with block does."""

    def __init__(self, pair, wrap):
        self.pair, self.port = pair, free_port()
        self.log = tempfile.TemporaryFile("w+", errors="replace")
        self.p = subprocess.Popen(
            [*wrap, *pair.server(self.port)], stdin=subprocess.DEVNULL,
            stdout=self.log, stderr=subprocess.STDOUT, start_new_session=True,
            cwd="/")

    def said(self):
        self.log.seek(0)
        return self.log.read()[-1500:]

    def listens(self):
        """Whatever the client of a pair meets must be the server itself."""
        until = time.monotonic() + 20
        while time.monotonic() < until:
            if self.p.poll() is not None:
                raise Bad(f"the server ended: {self.said()}")
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(.05)
        raise Bad(f"the server does not listen: {self.said()}")

    def __enter__(self):
        try:
            self.listens()
            self.pair.began(self.port)
        except BaseException:
            end(self.p)
            raise
        return self

    def __exit__(self, kind, why, _):
        ended = self.p.poll()
        self.p.send_signal(signal.SIGTERM)
        try:
            self.p.wait(30)
        except subprocess.TimeoutExpired:
            if not kind:
                raise Bad(f"the server does not end: {self.said()}") from None
        finally:
            end(self.p)
        if ended is not None or kind:
            print(f"# the server, code {self.p.returncode}: {self.said()}")
        if ended is not None and not kind:
            raise Bad("the server ended by itself")
