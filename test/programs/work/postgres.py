# SPDX-License-Identifier: MIT
"""postgres with pgbench.  It refuses to be root: then its user runs it."""
import glob
import os
import pwd
import shutil
import subprocess

from work.pair import Bad, NotHere, Pair, sha


class Postgres(Pair):
    name = "postgres, pgbench"
    needs = ("pgbench", "psql")
    rows = {"10 clients, SELECT": "transactions/s",
            "10 clients, TPC-B": "transactions/s",
            "one connection a SELECT": "transactions/s",
            "COPY of a table to psql": "MB/s"}

    def prepare(self):
        homes = sorted(glob.glob("/usr/lib/postgresql/*/bin")) or \
            [os.path.dirname(shutil.which("postgres") or "")]
        if not os.path.exists(os.path.join(homes[-1], "initdb")):
            raise NotHere("postgres is not installed")
        self.bin = homes[-1]
        self.drop, self.user = [], pwd.getpwuid(os.getuid()).pw_name
        if os.getuid() == 0:
            self.user = "postgres"
            pwd.getpwnam(self.user)
            self.drop = ["setpriv", f"--reuid={self.user}", "--regid",
                         self.user, "--clear-groups"]
        os.mkdir(self.path("db"))
        os.mkdir(self.path("lock"))
        if self.drop:
            for name in ("db", "lock"):
                shutil.chown(self.path(name), self.user, self.user)
        subprocess.run([*self.drop, f"{self.bin}/initdb", "-D",
                        self.path("db"), "-A", "trust", "-N"], check=True,
                       cwd="/", stdout=subprocess.DEVNULL)
        self.filled = None

    def server(self, port):
        return [*self.drop, f"{self.bin}/postgres", "-D", self.path("db"),
                "-p", str(port), "-k", self.path("lock"), "-h", "127.0.0.1",
                "-c", "fsync=off", "-c", "synchronous_commit=off",
                "-c", "max_connections=50"]

    def began(self, port):
        """The tables are filled once, natively, through the Unix socket."""
        if self.filled:
            return
        at = ["-h", self.path("lock"), "-p", port, "-U", self.user, "postgres"]
        self.call([], "pgbench", "-i", "-q", "-s", 4, *at)
        self.call([], "psql", "-q", "-c", "create table text as select i, "
                  "md5(i::text) from generate_series(1, 1000000) as i", *at)
        self.copy([], at)
        self.filled = sha(self.path("text"))

    def copy(self, wrap, at):
        self.call(wrap, "psql", "-q", "-o", self.path("text"), "-c",
                  "copy text to stdout", *at)

    def drive(self, wrap, port):
        at = ["-h", "127.0.0.1", "-p", port, "-U", self.user, "postgres"]
        found = []
        for words in (["-S", "-c", 10], ["-c", 10], ["-S", "-C", "-c", 5]):
            said = self.call(wrap, "pgbench", "-n", "-j", 2, "-T",
                             self.seconds, *words, *at)
            if self.number(r"failed transactions: (\d+)", said) or \
                    "error" in self.stderr.lower():
                raise Bad(said + self.stderr)
            found.append(self.number(r"tps = ([0-9.]+)", said))
        self.copy(wrap, at)
        found.append(os.path.getsize(self.path("text")) / self.took / 1e6)
        if sha(self.path("text")) != self.filled:
            raise Bad("the table came otherwise")
        return dict(zip(self.rows, found))
