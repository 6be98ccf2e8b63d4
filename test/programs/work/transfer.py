# SPDX-License-Identifier: MIT
"""iperf3 with several streams and zero copies, and rsync's own daemon."""
import json
import os
import shutil
import time

from work.pair import Bad, Pair, noise, same


class Iperf3(Pair):
    name = "iperf3"
    needs = ("iperf3",)
    rows = {"4 streams": "Mbit/s", "from the server, zero copies": "Mbit/s",
            "both ways": "Mbit/s"}
    WORDS = (("-P", 4), ("-R", "-Z"), ("--bidir",))

    def server(self, port):
        return ["iperf3", "-s", "-B", "127.0.0.1", "-p", str(port)]

    def began(self, port):
        """Who only looked whether it listens was a client to it; it refuses
        others until it has got over that."""
        time.sleep(1)

    def drive(self, wrap, port):
        return {row: self.one(wrap, port, words)
                for row, words in zip(self.rows, self.WORDS)}

    def one(self, wrap, port, words):
        told = json.loads(self.call(
            wrap, "iperf3", "-c", "127.0.0.1", "-p", port, "-t", self.seconds,
            "--json", *words))
        if "error" in told:
            raise Bad(told["error"])
        return sum(part["bits_per_second"] for name, part in
                   told["end"].items()
                   if name.startswith("sum_received")) / 1e6


class Rsync(Pair):
    name = "rsync"
    needs = ("rsync",)
    OCTETS, FILES = 200_000_000, 500
    rows = {"200 MB and 500 files to the server": "MB/s",
            "200 MB and 500 files from the server": "MB/s"}

    def prepare(self):
        os.mkdir(self.path("from"))
        self.digests = {"large": noise(self.path("from", "large"),
                                       self.OCTETS)}
        for i in range(self.FILES):
            name = f"small{i}"
            self.digests[name] = noise(self.path("from", name), 100 + i)

    def server(self, port):
        who = "uid = root\ngid = root\n" if os.getuid() == 0 else ""
        conf = self.write("rsyncd.conf", f"use chroot = no\n{who}"
                          f"[m]\npath = {self.folder}\nread only = no\n")
        return ["rsync", "--daemon", "--no-detach", "--address=127.0.0.1",
                f"--port={port}", f"--config={conf}"]

    def copy(self, wrap, port, source, to):
        self.call(wrap, "rsync", "-a", "--whole-file", f"--port={port}",
                  source, to)
        for name, digest in self.digests.items():
            same(self.path("to", name), digest)
        shutil.rmtree(self.path("to"))
        return self.OCTETS / self.took / 1e6

    def drive(self, wrap, port):
        far = "rsync://127.0.0.1/m/"
        return dict(zip(self.rows, (
            self.copy(wrap, port, self.path("from") + "/", far + "to/"),
            self.copy(wrap, port, far + "from/", self.path("to") + "/"))))
