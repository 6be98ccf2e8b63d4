#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What becomes of connect() when its answer comes at an awkward moment,
natively and under catenet run: each moment is staged, none waited for."""
import errno
import os
import select
import signal
import socket
import subprocess
import time

from beyond import ACK, RST, SYN, Beyond, answer, own_network, unreachable
from held import Held, connecting
from lab import Lab, Skip, check, same

lab = Lab("verdicts")
HOST_UNREACHABLE = 1

CONNECT = r"""
import errno, os, socket, sys
s = socket.socket()
got = s.connect_ex((sys.argv[1], 9))
print(errno.errorcode.get(got, 'connected'), flush=True)
if not got:
    s.send(b'x')
    try:
        print(len(s.recv(1)), flush=True)
    except OSError as err:
        print(errno.errorcode[err.errno], flush=True)
"""


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as f:
        return [int(word) for word in f.read().split()]


class Program:
    """A Python program, natively or under catenet run."""

    def __init__(self, inside, script, *words):
        before = [lab.catenet, "run", "-q", "--"] if inside else []
        self.p = lab.spawn([*before, "python3", "-c", script, *words],
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           text=True)
        self.inside = inside

    def kernel(self):
        """Who has the kernel's sockets: the supervisor, or itself."""
        end = time.monotonic() + 10
        while self.inside:
            below = children(self.p.pid)
            if below:
                return below[0]
            check(time.monotonic() < end, "no supervisor")
            time.sleep(0.01)
        return self.p.pid

    def says(self):
        return self.p.stdout.readline().strip()

    def ends(self):
        out, err = self.p.communicate(timeout=30)
        check(not err, err)
        return out.split()


def both(function, number):
    """The same natively and under run; each has addresses of its own."""
    want = function(False, f"10.82.{number}.1")
    got = function(True, f"10.82.{number}.2")
    same(got, want)
    return " ".join(str(word) for word in want)


def polls(sock):
    p = select.poll()
    p.register(sock, select.POLLOUT)
    got = p.poll(0)
    return got[0][1] if got else 0


def hinted(program, addr):
    """ICMP says of the SYN that it cannot pass while the kernel's socket is
    held: a hint, of which the error queue tells, but no end."""
    syn = beyond.next(addr)
    with connecting(program.kernel()) as sock:
        with Held(sock):
            beyond.say(unreachable(syn, HOST_UNREACHABLE))
            end = time.monotonic() + 10
            while polls(sock) != select.POLLERR:
                check(time.monotonic() < end, "the hint has not come")
                time.sleep(0.001)


def connects_after(inside, addr):
    """The SYN is sent again, and answered."""
    program = Program(inside, CONNECT, addr)
    hinted(program, addr)
    beyond.say(answer(beyond.next(addr), SYN | ACK))
    said = [program.says()]
    data = beyond.next(addr, flags=8)
    check(data.endswith(b"x"), "not what was sent")
    beyond.say(answer(data, RST | ACK, 1001))
    return said + program.ends()


def fails_after(inside, addr):
    """The SYN is sent again, and refused."""
    program = Program(inside, CONNECT, addr)
    hinted(program, addr)
    beyond.say(answer(beyond.next(addr), RST | ACK))
    return program.ends()


def unsaid(inside, addr):
    """Between the two steps of the kernel, the error queue and the error, the
    supervisor looks: SO_ERROR says 0."""
    program = Program(inside, CONNECT, addr)
    syn = beyond.next(addr)
    kernel = program.kernel()
    with connecting(kernel) as sock:
        if inside:
            os.kill(kernel, signal.SIGSTOP)
        with Held(sock):
            beyond.say(unreachable(syn, HOST_UNREACHABLE))
            end = time.monotonic() + 10
            while not sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                check(time.monotonic() < end, "the hint has not come")
                time.sleep(0.001)
        same(polls(sock), select.POLLERR, "readiness")
        if inside:
            os.kill(kernel, signal.SIGCONT)
    beyond.say(unreachable(beyond.next(addr), HOST_UNREACHABLE))
    return program.ends()


try:
    own_network()
    os.system("ip link set lo up")
    beyond = Beyond()
except Skip as why:
    lab.case("verdicts", lambda why=why: (_ for _ in ()).throw(why))
    lab.end()
lab.case("ICMP finds the socket held, then SYN-ACK", both, connects_after, 1)
lab.case("ICMP finds the socket held, then RST", both, fails_after, 2)
lab.case("ICMP in two steps, looked at between them", both, unsaid, 3)
lab.end()
