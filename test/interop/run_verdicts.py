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

from beyond import ACK, FIN, RST, SYN, Beyond, answer, own_network, unreachable
from held import SYN_SENT, Held, connecting, state
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


def status(pid):
    with open(f"/proc/{pid}/stat") as f:
        return f.read().rsplit(")", 1)[1].split()[0]


def until(what, why):
    end = time.monotonic() + 60
    while not what():
        check(time.monotonic() < end, why)
        time.sleep(0.01)


class Program:
    """A Python program, natively or under catenet run."""

    def __init__(self, inside, script, *words):
        before = [lab.catenet, "run", "-q", "--"] if inside else []
        self.p = lab.spawn([*before, "python3", "-c", script, *words],
                           stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, text=True)
        self.inside = inside

    def kernel(self):
        """Who has the kernel's sockets: the supervisor, or itself."""
        end = time.monotonic() + 60
        while self.inside:
            below = children(self.p.pid)
            if below:
                return below[0]
            check(time.monotonic() < end, "no supervisor")
            time.sleep(0.01)
        return self.p.pid

    def pid(self):
        return children(self.kernel())[0] if self.inside else self.p.pid

    def says(self):
        return self.p.stdout.readline().strip()

    def ends(self):
        out, err = self.p.communicate(timeout=100)
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
            end = time.monotonic() + 60
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


LIMITED = r"""
import ctypes, errno, os, select, signal, socket, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
addr = struct.pack('=HH4s8x', socket.AF_INET, socket.htons(9),
                   socket.inet_aton(sys.argv[1]))
def connect():
    got = libc.connect(s.fileno(), addr, len(addr))
    return errno.errorcode[ctypes.get_errno()] if got else 'connected'
signal.signal(signal.SIGUSR1, lambda *_: None)
signal.siginterrupt(signal.SIGUSR1, 'told' in sys.argv)
s = socket.socket()
if 'limited' in sys.argv:
    s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack('ll', 90, 0))
said = connect()
print(said, flush=True)
if said == 'EINTR' and 'again' in sys.argv:
    print(connect())
elif said == 'EINTR':
    p = select.poll()
    p.register(s, select.POLLOUT)
    p.poll(100000)
    got = s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    print(errno.errorcode.get(got, 'no error'))
"""


def over(program, addr, verdict):
    """The program ends, and the peer of its connection knows nothing of it."""
    if verdict & SYN:
        beyond.say(answer(beyond.next(addr, FIN), RST | ACK, 1001))
    return program.ends()


def interrupted(verdict, *words):
    """A signal comes while connect() waits, then the answer."""
    def one(inside, addr):
        program = Program(inside, LIMITED, addr, *words)
        beyond.next(addr)
        os.kill(program.pid(), signal.SIGUSR1)
        beyond.say(answer(beyond.next(addr), verdict))
        return over(program, addr, verdict)
    return one


def stopped(verdict, *words):
    """The answer comes while the program is stopped in connect()."""
    def one(inside, addr):
        program = Program(inside, LIMITED, addr, *words)
        beyond.next(addr)
        pid = program.pid()
        os.kill(pid, signal.SIGSTOP)
        until(lambda: status(pid) == "T", "it does not stop")
        with connecting(program.kernel()) as sock:
            beyond.say(answer(beyond.next(addr), verdict))
            until(lambda: state(sock) != SYN_SENT, "no answer")
        # What stops inside stops catenet run as well, a while after.
        until(lambda: status(program.p.pid) == "T", "it does not stop")
        os.kill(pid, signal.SIGCONT)
        os.kill(program.p.pid, signal.SIGCONT)
        return over(program, addr, verdict)
    return one


CHILD = r"""
import os, socket, sys
child = os.fork()
if not child:
    s = socket.socket()
    if 'blocking' not in sys.argv:
        s.setblocking(False)
    s.connect_ex((sys.argv[1], 9))
    os.read(0, 1)
print(child, flush=True)
os.waitpid(child, 0)
print('dead', flush=True)
os.read(0, 1)
"""


def dies(*words):
    """The caller dies before there is an answer: nobody asks any more."""
    def one(inside, addr):
        program = Program(inside, CHILD, addr, *words)
        program.says()
        beyond.next(addr)
        with connecting(program.kernel() if inside else
                        children(program.p.pid)[0]) as sock:
            name = sock.getsockname()
        os.kill(children(program.pid())[0], signal.SIGKILL)
        same(program.says(), "dead")
        until(lambda: not known(name), "the kernel still asks")
        return program.ends()
    return one


def known(name):
    """Whether the kernel has a TCP socket of that name."""
    want = f"{name[1]:04X}"
    with open("/proc/net/tcp") as f:
        return any(line.split()[1].endswith(want) for line in f)


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
            end = time.monotonic() + 60
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
number = 4
for stage, what, verdict, name, *words in [
        (interrupted, "a signal", RST | ACK, "RST"),
        (interrupted, "a signal", SYN | ACK, "SYN-ACK"),
        (interrupted, "a signal", RST | ACK, "RST", "told"),
        (interrupted, "a signal", RST | ACK, "RST", "limited"),
        (interrupted, "a signal", SYN | ACK, "SYN-ACK", "limited"),
        (interrupted, "a signal", RST | ACK, "RST", "limited", "told",
         "again"),
        (stopped, "stopped", RST | ACK, "RST"),
        (stopped, "stopped", SYN | ACK, "SYN-ACK"),
        (stopped, "stopped", RST | ACK, "RST", "limited")]:
    lab.case(" ".join([what + ", then", name, *words]), both,
             stage(verdict, *words), number)
    number += 1
lab.case("the caller dies, blocking", both, dies("blocking"), number)
lab.case("the caller dies, non-blocking", both, dies(), number + 1)
lab.end()
