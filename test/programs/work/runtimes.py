# SPDX-License-Identifier: MIT
"""Servers and clients of HTTP that node and Go bring, and connections of
asyncio by the thousand.  The clients compare every octet that comes back."""
import json
import os
import subprocess
import sys

from work.pair import Pair

HERE = os.path.dirname(os.path.abspath(__file__))


class Echo(Pair):
    """50 clients that POST 16 000 octets of chance and get them back."""
    rows = {"50 connections, POST of 16 kB": "requests/s"}

    def drive(self, wrap, port):
        said = self.call(wrap, *self.command, "drive", port, self.seconds)
        return {next(iter(self.rows)): float(said)}

    def server(self, port):
        return [*self.command, "serve", str(port)]


class Node(Echo):
    name = "node, node"
    needs = ("node",)
    command = ["node", os.path.join(HERE, "http.js")]


class Go(Echo):
    name = "Go, Go"
    needs = ("go",)

    def prepare(self):
        subprocess.run(
            ["go", "build", "-o", self.path("http"), "http.go"], cwd=HERE,
            check=True, env={**os.environ, "GO111MODULE": "off",
                             "CGO_ENABLED": "0", "GOPATH": self.path("go"),
                             "GOCACHE": self.path("cache")})
        self.command = [self.path("http")]


class Asyncio(Pair):
    name = "asyncio, asyncio"
    rows = {"5000 connections, opening": "connections/s",
            "5000 connections, echo": "exchanges/s"}
    count = 5000

    def server(self, port):
        return [sys.executable, os.path.join(HERE, "many.py"), "serve",
                str(port)]

    def drive(self, wrap, port):
        said = self.call(wrap, sys.executable, os.path.join(HERE, "many.py"),
                         "drive", port, self.count, self.seconds)
        return dict(zip(self.rows, json.loads(said)))
