# SPDX-License-Identifier: MIT
"""sshd with scp of one gigabyte, there and back."""
import os
import pwd
import subprocess

from work.pair import NotHere, Pair, noise, same

SSHD = "/usr/sbin/sshd"
CONF = """Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host
AuthorizedKeysFile {folder}/user.pub
PidFile {folder}/sshd.pid
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin yes
Subsystem sftp internal-sftp
"""
EMPTY = "/run/sshd"  # where sshd as root wants an empty folder


class Scp(Pair):
    name = "sshd, scp"
    needs = ("scp", "ssh", "ssh-keygen")
    OCTETS = 1_000_000_000
    rows = {"1 GB to the server": "MB/s", "1 GB from the server": "MB/s"}

    def prepare(self):
        if not os.access(SSHD, os.X_OK):
            raise NotHere("sshd is not installed")
        if os.getuid() == 0:
            os.makedirs(EMPTY, 0o755, exist_ok=True)
        for name in ("host", "user"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "",
                            "-f", self.path(name)], check=True)
        self.digest = noise(self.path("large"), self.OCTETS)

    def server(self, port):
        conf = self.write("sshd.conf", CONF.format(port=port,
                                                   folder=self.folder))
        return [SSHD, "-D", "-e", "-f", conf]

    def copy(self, wrap, port, source, to):
        self.call(wrap, "scp", "-q", "-F", "none", "-P", port, "-i",
                  self.path("user"), "-o", "StrictHostKeyChecking=no", "-o",
                  "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
                  source, to)
        same(self.path("copy"), self.digest)
        os.unlink(self.path("copy"))
        return self.OCTETS / self.took / 1e6

    def drive(self, wrap, port):
        far = pwd.getpwuid(os.getuid()).pw_name + "@127.0.0.1:" + self.folder
        return dict(zip(self.rows, (
            self.copy(wrap, port, self.path("large"), far + "/copy"),
            self.copy(wrap, port, far + "/large", self.path("copy")))))
