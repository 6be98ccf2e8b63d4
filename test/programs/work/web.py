# SPDX-License-Identifier: MIT
"""nginx with wrk, and with a hundred transfers of curl at once."""
import os

from work.pair import Bad, Pair, noise, same

CONF = """daemon off;
worker_processes 2;
{user}
pid {folder}/nginx.pid;
error_log {folder}/nginx.log warn;
events {{ worker_connections 4096; }}
http {{
	access_log off;
	sendfile on;
	tcp_nopush on;
	keepalive_requests 100000000;
	client_body_temp_path {folder}/body;
	proxy_temp_path {folder}/proxy;
	fastcgi_temp_path {folder}/fastcgi;
	uwsgi_temp_path {folder}/uwsgi;
	scgi_temp_path {folder}/scgi;
	server {{
		listen 127.0.0.1:{port} backlog=1024;
		root {folder}/www;
	}}
}}
"""
# Every answer is looked at, octet by octet, in runs that are not measured.
PROOF = """local f = io.open("{folder}/www/page", "rb")
local want = f:read("*a")
function response(status, headers, body)
	if status ~= 200 or body ~= want then
		io.stderr:write("a wrong answer, status " .. status .. "\\n")
		os.exit(3)
	end
end
"""


class Nginx(Pair):
    needs = ("nginx", "curl")

    def prepare(self):
        os.mkdir(self.path("www"))
        noise(self.path("www", "page"), 1000)
        self.write("proof.lua", PROOF.format(folder=self.folder))

    def server(self, port):
        user = "user root;" if os.getuid() == 0 else ""
        conf = self.write("nginx.conf", CONF.format(
            folder=self.folder, port=port, user=user))
        return ["nginx", "-e", self.path("nginx.log"), "-p", self.folder,
                "-c", conf]


class Wrk(Nginx):
    name = "nginx, wrk"
    needs = ("nginx", "wrk")
    # Its own is 2 s; a SYN that is lost twice takes three.
    patience = ("--timeout", "20s")
    rows = {"50 connections kept": "requests/s",
            "one connection a request": "requests/s"}

    def drive(self, wrap, port):
        found = {}
        for row, header in zip(self.rows, ("Accept: */*",
                                           "Connection: close")):
            for proof in (["-s", self.path("proof.lua"), "-d", "1s"],
                          ["-d", f"{self.seconds}s"]):
                said = self.call(wrap, "wrk", "-t", 2, "-c", 50,
                                 *self.patience, *proof, "-H", header,
                                 f"http://127.0.0.1:{port}/page")
                if "Socket errors" in said or "Non-2xx" in said:
                    raise Bad(said)
            found[row] = self.number(r"Requests/sec: *([0-9.]+)", said)
        return found


class Curl(Nginx):
    name = "nginx, curl"
    rows = {"100 transfers at once, 4 MB each": "MB/s"}
    files, octets = 100, 4_000_000

    def prepare(self):
        super().prepare()
        self.digests = [noise(self.path("www", f"f{i}"), self.octets)
                        for i in range(self.files)]

    def drive(self, wrap, port):
        words = []
        for i in range(self.files):
            words += ["-o", self.path(f"got{i}"),
                      f"http://127.0.0.1:{port}/f{i}"]
        self.call(wrap, "curl", "-sS", "--fail", "--parallel",
                  "--parallel-immediate", "--parallel-max", self.files, *words)
        took = self.took
        for i, digest in enumerate(self.digests):
            same(self.path(f"got{i}"), digest)
            os.unlink(self.path(f"got{i}"))
        return {next(iter(self.rows)): self.files * self.octets / took / 1e6}
