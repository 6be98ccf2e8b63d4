# SPDX-License-Identifier: MIT
"""redis-server with redis-benchmark, 50 clients."""
import csv
import os

from work.pair import Bad, Pair, noise, sha


class Redis(Pair):
    name = "redis, redis-benchmark"
    needs = ("redis-server", "redis-benchmark", "redis-cli")
    rows = {"SET": "requests/s", "GET": "requests/s",
            "SET, 16 at once": "requests/s", "GET, 16 at once": "requests/s",
            "GET, one connection a request": "requests/s"}

    octets = 50_000_000

    def prepare(self):
        self.digest = noise(self.path("value"), self.octets)

    def server(self, port):
        return ["redis-server", "--port", str(port), "--bind", "127.0.0.1",
                "--save", "", "--appendonly", "no", "--dir", self.folder,
                "--logfile", self.path("redis.log")]

    def bench(self, wrap, port, n, *words):
        said = self.call(wrap, "redis-benchmark", "-p", port, "-c", 50, "-n",
                         n, "-t", "set,get", "--csv", *words)
        if "rror" in self.stderr + said:
            raise Bad(self.stderr + said)
        return {r["test"]: float(r["rps"])
                for r in csv.DictReader(said.splitlines())}

    def drive(self, wrap, port):
        n = 15_000 * self.seconds
        single = self.bench(wrap, port, n)
        sixteen = self.bench(wrap, port, 8 * n, "-P", "16")
        short = self.bench(wrap, port, n // 4, "-k", "0")
        self.value(wrap, port)
        return dict(zip(self.rows, (single["SET"], single["GET"],
                                    sixteen["SET"], sixteen["GET"],
                                    short["GET"])))

    def value(self, wrap, port):
        """One large value, there and back."""
        with open(self.path("value"), "rb") as f:
            said = self.call(wrap, "redis-cli", "-p", port, "-x", "set", "big",
                             stdin=f)
        if said.strip() != "OK":
            raise Bad(said)
        got = self.path("back")
        self.call(wrap, "sh", "-c",
                  f"redis-cli -p {port} get big >{got}")
        with open(got, "r+b") as f:  # redis-cli ends it with a newline
            f.truncate(os.path.getsize(got) - 1)
        if sha(got) != self.digest:
            raise Bad("the value came back otherwise")
        os.unlink(got)
