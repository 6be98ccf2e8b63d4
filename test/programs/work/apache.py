# SPDX-License-Identifier: MIT
"""apache2 (mpm event: threads in several processes) with ab, 50 clients."""
import os

from work.pair import Bad, NotHere, Pair, noise, same

APACHE = "/usr/sbin/apache2"
MODULES = "/usr/lib/apache2/modules"
# A process whose threads are all busy closes connections that are kept, whether
# a request is on its way there or not: each has more threads than clients.
CONF = """ServerName localhost
ServerRoot {folder}
PidFile {folder}/apache.pid
Listen 127.0.0.1:{port}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
{user}
DocumentRoot {folder}/www
EnableSendfile On
MaxKeepAliveRequests 0
ServerLimit 2
StartServers 2
ThreadLimit 128
ThreadsPerChild 128
MaxRequestWorkers 256
MaxSpareThreads 256
ErrorLog {folder}/apache.log
"""


class Apache(Pair):
    name = "apache2, ab"
    needs = ("ab", "curl")
    rows = {"1 kB, kept alive": "requests/s",
            "1 kB, one connection a request": "requests/s"}

    def prepare(self):
        if not os.access(APACHE, os.X_OK):
            raise NotHere("apache2 is not installed")
        os.mkdir(self.path("www"))
        noise(self.path("www", "page"), 1000)
        self.digest = noise(self.path("www", "large"), 50_000_000)

    def server(self, port):
        user = "User www-data\nGroup www-data" if os.getuid() == 0 else ""
        return [APACHE, "-DFOREGROUND", "-f", self.write(
            "apache.conf", CONF.format(folder=self.folder, port=port,
                                       user=user, modules=MODULES))]

    def load(self, wrap, port, n, *words):
        said = self.call(wrap, "ab", "-q", "-c", 50, "-n", n, *words,
                         f"http://127.0.0.1:{port}/page")
        if self.number(r"Failed requests: +(\d+)", said) or \
                self.number(r"Complete requests: +(\d+)", said) != n or \
                "Non-2xx" in said:
            raise Bad(said)
        return self.number(r"Requests per second: +([\d.]+)", said)

    def drive(self, wrap, port):
        self.call(wrap, "curl", "-sS", "-o", self.path("got"),
                  f"http://127.0.0.1:{port}/large")
        same(self.path("got"), self.digest)
        return dict(zip(self.rows, (
            self.load(wrap, port, 5000 * self.seconds, "-k"),
            self.load(wrap, port, 1500 * self.seconds))))
