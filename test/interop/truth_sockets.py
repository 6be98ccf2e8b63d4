# SPDX-License-Identifier: MIT
"""Questions to a TCP socket. Prints the answers as JSON: run natively and
under catenet run they are to be the same. Each question is a function; what
it returns is its answer. Nothing in an answer may depend on time or chance."""
import array
import ctypes
import errno
import fcntl
import json
import os
import select
import signal
import socket
import struct
import sys
import termios
import threading
import time

SOL, TCP = socket.SOL_SOCKET, socket.IPPROTO_TCP
BITS = [("IN", 1), ("PRI", 2), ("OUT", 4), ("ERR", 8), ("HUP", 16),
        ("RDNORM", 64), ("WRNORM", 256), ("RDHUP", 0x2000)]
QUESTIONS = {}
signal.signal(signal.SIGPIPE, signal.SIG_IGN)


def question(function):
    QUESTIONS[function.__name__] = function
    return function


def name(err):
    return errno.errorcode.get(err, str(err))


def attempt(function, *args):
    """The result of a call, or the name of its errno."""
    try:
        return function(*args)
    except OSError as err:
        return name(err.errno) if err.errno else type(err).__name__


def text(value):
    return value.decode() if isinstance(value, bytes) else value


_bell = []


def settle():
    """What was done has arrived. Whoever carries the octets does so in turn:
    what is sent now, over a connection of its own, comes after all that."""
    time.sleep(0.03)
    if not _bell:
        _bell.extend(pair())
    for a, b in [_bell, _bell[::-1]] * 3:
        a.sendall(b"!")
        assert b.recv(1) == b"!"


def fresh(family=socket.AF_INET):
    return socket.socket(family)


def listener(backlog=8, host="127.0.0.1", *options):
    s = fresh(socket.AF_INET6 if ":" in host else socket.AF_INET)
    for option in options:
        s.setsockopt(*option)
    s.bind((host, 0))
    s.listen(backlog)
    return s


def pair(host="127.0.0.1"):
    with listener(8, host) as lst:
        c = fresh(lst.family)
        c.connect(lst.getsockname()[:2])
        a, _ = lst.accept()
    return c, a


def dead_port():
    with fresh() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def events(s, wanted=0x2147):
    p = select.poll()
    p.register(s, wanted)
    got = p.poll(0)
    return "|".join(n for n, b in BITS if got and got[0][1] & b) or "-"


def error_of(s):
    return name(s.getsockopt(SOL, socket.SO_ERROR)).replace("0", "none")


def reset(s):
    s.setsockopt(SOL, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()
    settle()


# ---------------------------------------------------------------- the fresh --

@question
def fresh_socket_says():
    s = fresh()
    s.setblocking(False)
    return [events(s), attempt(s.recv, 1), attempt(s.send, b"x"),
            attempt(s.accept), attempt(s.getpeername),
            attempt(s.shutdown, socket.SHUT_RDWR), attempt(s.getsockname),
            attempt(s.recv, 1, socket.MSG_PEEK), error_of(s)]


@question
def fresh_socket_may_listen():
    s = fresh()
    s.listen()
    port = s.getsockname()[1]
    c = fresh()
    c.connect(("127.0.0.1", port))
    return [s.getsockname()[0], port > 1023]


@question
def bound_socket_says():
    s = fresh()
    s.bind(("127.0.0.1", 0))
    s.setblocking(False)
    return [events(s), attempt(s.recv, 1), attempt(s.send, b"x"),
            attempt(s.accept), attempt(s.bind, ("127.0.0.1", 0))]


@question
def listener_says():
    s = listener()
    s.setblocking(False)
    before = events(s)
    c = fresh()
    c.connect(s.getsockname())
    settle()
    waiting = events(s)
    said = [before, waiting, attempt(s.recv, 1), attempt(s.send, b"x"),
            attempt(s.connect, s.getsockname()),
            attempt(s.bind, ("127.0.0.1", 0)), attempt(s.listen, 3),
            s.getsockopt(SOL, socket.SO_ACCEPTCONN), attempt(s.getpeername)]
    s.accept()
    return said + [events(s), attempt(s.accept)]


@question
def types_of_a_socket():
    """Row 101."""
    s = fresh()
    return [s.getsockopt(SOL, n) for n in (
        socket.SO_TYPE, socket.SO_DOMAIN, socket.SO_PROTOCOL,
        socket.SO_ACCEPTCONN, socket.SO_KEEPALIVE, socket.SO_REUSEADDR,
        socket.SO_BROADCAST, socket.SO_OOBINLINE, socket.SO_DONTROUTE)]


@question
def sockets_that_do_not_exist():
    return [attempt(lambda f=f, t=t, p=p: socket.socket(f, t, p).close())
            for f, t, p in [
                (2, 1, 17), (2, 1, 1), (2, 2, 6), (2, 1, 255), (2, 5, 0),
                (10, 1, 17), (2, 99, 0), (99, 1, 0)]]


# -------------------------------------------------------------- the bind --

@question
def wrong_arguments():
    """What Linux finds wrong before it looks at the socket."""
    libc = ctypes.CDLL(None, use_errno=True)

    def call(function, *args):
        got = function(*args)
        return got if got >= 0 else name(ctypes.get_errno())
    out = [call(libc.socket, 2, kind, 0) for kind in (75, 11, 0x100001, 0)]
    c, a = pair()
    a.sendall(b"taken")
    c.sendall(b"taken")
    buf, room = ctypes.create_string_buffer(64), ctypes.c_int(-1)
    for s in c, a:
        settle()
        out.append(call(libc.recvfrom, s.fileno(), buf, 5, 0, buf,
                        ctypes.byref(room)))
        out.append(attempt(s.recv, 9, socket.MSG_DONTWAIT))
    return out + [call(libc.recvmsg, c.fileno(), None, 0x2000),
                  call(libc.recvmsg, c.fileno(), None, -1)]


@question
def bind_refuses():
    out = []
    for addr in [("203.0.113.5", 0), ("255.255.255.255", 0),
                 ("224.0.0.1", 0), ("127.9.8.7", 0), ("0.0.0.0", 0)]:
        with fresh() as s:
            out.append(attempt(s.bind, addr))
    with fresh(socket.AF_INET6) as s:
        out.append(attempt(s.bind, ("2001:db8::1", 0)))
    with fresh() as s:
        out.append(attempt(s.bind, ("127.0.0.1", 0)))
        out.append(attempt(s.bind, ("127.0.0.2", 0)))
    return out


def free_port():
    """One that nobody has at any address: what is bound to a single address,
    or for IPv6 alone, may be given a port that a stranger has at another."""
    with fresh() as s:
        s.bind(("0.0.0.0", 0))
        return s.getsockname()[1]


@question
def bind_conflicts():
    """Two sockets, one port: addresses, options, and whether one listens.
    Rows 102, 109."""
    out = {}
    ways = {"none": [], "addr": [socket.SO_REUSEADDR],
            "port": [socket.SO_REUSEPORT],
            "both": [socket.SO_REUSEADDR, socket.SO_REUSEPORT]}
    for one in ways:
        for two in ways:
            for hosts in [("127.0.0.1", "127.0.0.1"),
                          ("0.0.0.0", "127.0.0.1"),
                          ("127.0.0.1", "0.0.0.0"),
                          ("127.0.0.1", "127.0.0.2")]:
                for listens in (False, True):
                    a, b = fresh(), fresh()
                    for o in ways[one]:
                        a.setsockopt(SOL, o, 1)
                    for o in ways[two]:
                        b.setsockopt(SOL, o, 1)
                    a.bind((hosts[0], free_port()))
                    if listens:
                        a.listen()
                    got = attempt(b.bind, (hosts[1], a.getsockname()[1]))
                    also = attempt(b.listen) if got is None else "-"
                    out[f"{one} {two} {hosts} {listens}"] = [got, also]
                    a.close()
                    b.close()
    return out


@question
def bind_across_families():
    out = []
    for only, host4 in [(0, "127.0.0.1"), (1, "127.0.0.1"), (0, "0.0.0.0"),
                        (1, "0.0.0.0")]:
        with fresh(socket.AF_INET6) as a, fresh() as b:
            a.setsockopt(41, socket.IPV6_V6ONLY, only)
            a.bind(("::", free_port()))
            a.listen()
            out.append(attempt(b.bind, (host4, a.getsockname()[1])))
    return out


@question
def two_sockets_bound_then_both_listen():
    a, b = fresh(), fresh()
    for s in (a, b):
        s.setsockopt(SOL, socket.SO_REUSEADDR, 1)
    a.bind(("127.0.0.1", 0))
    bound = attempt(b.bind, a.getsockname())
    return [bound, attempt(a.listen), attempt(b.listen)]


@question
def restart_in_time_wait():
    """Rows 32, 39, 48, 51, 102, 105, 106."""
    out = []
    for closer in ("server", "client"):
        for one in (0, 1):
            for two in (0, 1):
                lst = fresh()
                lst.setsockopt(SOL, socket.SO_REUSEADDR, one)
                lst.bind(("127.0.0.1", 0))
                lst.listen()
                at = lst.getsockname()
                c = fresh()
                c.connect(at)
                a, _ = lst.accept()
                first, second = (a, c) if closer == "server" else (c, a)
                first.close()
                second.recv(1)
                second.close()
                lst.close()
                settle()
                with fresh() as again:
                    again.setsockopt(SOL, socket.SO_REUSEADDR, two)
                    out.append([closer, one, two, attempt(again.bind, at)])
    return out


@question
def same_pair_again():
    """The client's port is bound again at once, whoever is in TIME-WAIT.
    Rows 48, 50."""
    out = []
    for closer in ("server", "client"):
        lst = listener(8, "127.0.0.1", (SOL, socket.SO_REUSEADDR, 1))
        c = fresh()
        c.setsockopt(SOL, socket.SO_REUSEADDR, 1)
        c.bind(("127.0.0.1", 0))
        me = c.getsockname()
        c.connect(lst.getsockname())
        a, _ = lst.accept()
        first, second = (a, c) if closer == "server" else (c, a)
        first.close()
        second.recv(1)
        second.close()
        settle()
        with fresh() as again:
            again.setsockopt(SOL, socket.SO_REUSEADDR, 1)
            out.append([closer, attempt(again.bind, me),
                        attempt(again.connect, lst.getsockname())])
    return out


# ------------------------------------------------------------ the connect --

@question
def connect_refused():
    port = dead_port()
    out = []
    s = fresh()
    out.append(attempt(s.connect, ("127.0.0.1", port)))
    out += [events(s), error_of(s), attempt(s.connect, ("127.0.0.1", port))]
    lst = listener()
    out.append(attempt(s.connect, lst.getsockname()))
    out.append(events(s))
    return out


@question
def connect_refused_nonblocking():
    s = fresh()
    s.setblocking(False)
    out = [attempt(s.connect, ("127.0.0.1", dead_port()))]
    settle()
    out += [events(s), error_of(s), error_of(s), events(s),
            attempt(s.send, b"x"), attempt(s.recv, 1)]
    return out


@question
def connect_refused_then_read():
    s = fresh()
    s.setblocking(False)
    s.connect_ex(("127.0.0.1", dead_port()))
    settle()
    return [attempt(s.recv, 1), attempt(s.recv, 1), error_of(s)]


def refused():
    """One whose connect failed, and nobody has been told."""
    s = fresh()
    s.setblocking(False)
    s.connect_ex(("127.0.0.1", dead_port()))
    settle()
    return s


def dissolve(s):
    ctypes.CDLL(None).connect(s.fileno(), struct.pack("H14x", 0), 16)


NOWHERE = ("127.0.0.1", 9)
TELL = {"SO_ERROR": error_of,
        "connect": lambda s: attempt(s.connect, NOWHERE),
        "recvfrom": lambda s: attempt(s.recvfrom, 1),
        "sendto": lambda s: attempt(s.sendto, b"x", NOWHERE)}


@question
def error_is_told_once():
    """Whichever call tells it, the others do not tell it again."""
    out = {}
    for first, tell in TELL.items():
        for then, again in TELL.items():
            if "connect" not in (first, then) or then == "SO_ERROR":
                s = refused()
                out[f"{first}, {then}"] = [tell(s), again(s)]
    return out


@question
def urgent_of_nobody():
    s = fresh()
    out = [attempt(s.recvfrom, 1, socket.MSG_OOB),
           attempt(s.recvfrom, 1, socket.MSG_OOB | socket.MSG_TRUNC)]
    s = refused()
    out += [attempt(s.recvfrom, 1, socket.MSG_OOB), error_of(s)]
    return out + [attempt(listener().recvfrom, 1, socket.MSG_OOB)]


@question
def dissolving_leaves_an_error():
    """connect to AF_UNSPEC, and shutdown of a connect on its way."""
    out = {}
    for key in ("SO_ERROR", "recvfrom", "sendto"):
        c, a = pair()
        dissolve(c)
        out[key] = [TELL[key](c), error_of(c), TELL["recvfrom"](c)]
    s = refused()
    dissolve(s)
    out["refused"] = [error_of(s), error_of(s)]
    s = refused()
    out["refused and told"] = [TELL["connect"](s), dissolve(s), events(s),
                               error_of(s), TELL["recvfrom"](s)]
    c, a = pair()
    c.shutdown(socket.SHUT_WR)
    a.recv(1)
    a.shutdown(socket.SHUT_WR)
    settle()
    dissolve(c)
    out["ended"] = [error_of(c), events(c)]
    lst = listener(0)
    keep = [fresh() for _ in range(4)]
    for s in keep:
        s.setblocking(False)
        s.connect_ex(lst.getsockname())
    settle()
    dissolve(keep[2])
    keep[3].shutdown(socket.SHUT_RDWR)
    out["on its way"] = [[error_of(s), error_of(s)] for s in keep[2:]]
    s = fresh()
    said = []
    thread = threading.Thread(
        target=lambda: said.append(attempt(s.connect, lst.getsockname())))
    thread.start()
    while s.getsockname()[1] == 0:
        time.sleep(0.01)
    s.shutdown(socket.SHUT_RDWR)
    thread.join(60)
    out["of another thread"] = [said, error_of(s)]
    return out


@question
def connect_while_connected():
    """Row 91."""
    c, a = pair()
    lst = listener()
    return [attempt(c.connect, lst.getsockname()),
            attempt(a.connect, lst.getsockname()), attempt(c.listen),
            attempt(c.bind, ("127.0.0.1", 0))]


@question
def connect_nonblocking_twice():
    lst = listener()
    s = fresh()
    s.setblocking(False)
    out = [attempt(s.connect, lst.getsockname())]
    settle()
    return out + [events(s), attempt(s.connect, lst.getsockname()),
                  attempt(s.connect, lst.getsockname()), error_of(s)]


@question
def connect_again_in_epoll():
    """The registration of a socket outlives a connect that failed."""
    lst = listener()
    free = dead_port()
    c = fresh()
    c.setblocking(False)
    poll = select.epoll()
    out = [attempt(c.connect, ("127.0.0.1", free))]
    poll.register(c, select.EPOLLOUT)
    settle()
    out += [[[e for _, e in poll.poll(20)], error_of(c)]]
    out += [attempt(c.connect, lst.getsockname())]
    out += [attempt(c.connect, lst.getsockname())]
    out += [[e for fd, e in poll.poll(20) if fd == c.fileno()], error_of(c)]
    poll.modify(c, select.EPOLLIN)
    a, _ = lst.accept()
    a.sendall(b"x")
    return out + [[e for _, e in poll.poll(20)], attempt(poll.unregister, c),
                  text(c.recv(3))]


@question
def connect_in_progress():
    """To a full queue: nothing is decided yet."""
    lst = listener(0)
    keep = [fresh() for _ in range(2)]
    for s in keep:
        s.setblocking(False)
        s.connect_ex(lst.getsockname())
    settle()
    s = fresh()
    s.setblocking(False)
    out = [attempt(s.connect, lst.getsockname()), events(s),
           attempt(s.connect, lst.getsockname()), attempt(s.send, b"x"),
           attempt(s.recv, 1), attempt(s.getpeername), error_of(s),
           s.getsockname()[1] > 0, attempt(s.listen)]
    return out + [attempt(s.shutdown, socket.SHUT_RDWR), events(s)]


@question
def connect_time_limit():
    lst = listener(0)
    keep = []
    for _ in range(2):
        s = fresh()
        s.setblocking(False)
        s.connect_ex(lst.getsockname())
        keep.append(s)
    settle()
    s = fresh()
    s.setsockopt(SOL, socket.SO_SNDTIMEO, struct.pack("ll", 0, 200000))
    begun = time.monotonic()
    return [attempt(s.connect, lst.getsockname()),
            0.15 < time.monotonic() - begun]


@question
def connect_addresses():
    out = []
    lst = listener()
    port = lst.getsockname()[1]
    for host in ("127.0.0.1", "127.0.0.2", "0.0.0.0", "::1",
                 "::ffff:127.0.0.1"):
        with fresh(socket.AF_INET6 if ":" in host else 2) as s:
            out.append([host, attempt(s.connect, (host, port)),
                        attempt(lambda: s.getpeername()[0]),
                        attempt(lambda: s.getsockname()[0])])
    return out


@question
def connect_itself():
    """Row 27."""
    s = fresh()
    s.bind(("127.0.0.1", 0))
    s.connect(s.getsockname())
    s.sendall(b"me")
    return [text(s.recv(9)), s.getsockname() == s.getpeername(), events(s)]


@question
def connect_from_a_bound_port():
    """Rows 92, 95."""
    lst = listener()
    s = fresh()
    s.bind(("127.0.0.1", 0))
    me = s.getsockname()
    s.connect(lst.getsockname())
    a, peer = lst.accept()
    return [me == s.getsockname(), peer == me, a.getpeername() == me,
            a.getsockname() == lst.getsockname()]


@question
def connect_dissolved():
    """connect to AF_UNSPEC undoes; few do it."""
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    c, a = pair()
    rc = libc.connect(c.fileno(), struct.pack("H14x", 0), 16)
    settle()
    return [rc or name(ctypes.get_errno()), attempt(a.recv, 1)]


# ---------------------------------------------------------------- the data --

@question
def stream_has_no_boundaries():
    """Row 4."""
    c, a = pair()
    for n in (1024, 2048, 3072):
        c.sendall(b"x" * n)
    settle()
    return [len(a.recv(6144)), attempt(a.recv, 1, socket.MSG_DONTWAIT)]


@question
def empty_send():
    """Row 54."""
    c, a = pair()
    n = c.send(b"")
    settle()
    return [n, events(a), attempt(a.recv, 1, socket.MSG_DONTWAIT)]


@question
def empty_recv():
    c, a = pair()
    c.sendall(b"data")
    settle()
    return [text(a.recv(0)), text(a.recv(9))]


@question
def peek_and_waitall():
    """Row 82."""
    c, a = pair()
    c.sendall(b"abcdef")
    settle()
    out = [text(a.recv(3, socket.MSG_PEEK)), text(a.recv(3))]
    threading.Timer(0.1, c.sendall, (b"ghi",)).start()
    return out + [text(a.recv(6, socket.MSG_WAITALL))]


@question
def waitall_cut_by_fin():
    """Row 53."""
    c, a = pair()
    c.sendall(b"abc")
    threading.Timer(0.1, c.close).start()
    return text(a.recv(6, socket.MSG_WAITALL))


@question
def bytes_waiting():
    """Row 122."""
    c, a = pair()
    c.sendall(b"12345")
    settle()
    n = array.array("i", [0])
    fcntl.ioctl(a, termios.FIONREAD, n)
    out = [n[0]]
    fcntl.ioctl(c, termios.TIOCOUTQ, n)
    return out + [n[0]]


@question
def discard_by_trunc():
    c, a = pair()
    c.sendall(b"abcdef")
    settle()
    buf = bytearray(b"......")
    n = a.recv_into(buf, 3, socket.MSG_TRUNC)
    return [n, text(bytes(buf)), text(a.recv(9))]


def held_back(c, a, send):
    """What is held goes after 200 ms all the same: where so much time has
    passed, it is asked anew."""
    while True:
        begun = time.monotonic()
        out = [send(b"one", socket.MSG_MORE), send(b"two", socket.MSG_MORE)]
        settle()
        out.append(text(attempt(a.recv, 9, socket.MSG_DONTWAIT)))
        send(b"end", 0)
        if time.monotonic() - begun < 0.15:
            return out + [text(a.recv(99))]
        part = out.pop()
        rest = 9 - (len(part) if part != "EAGAIN" else 0)
        a.recv(rest, socket.MSG_WAITALL)


@question
def more_to_come():
    """MSG_MORE holds a small piece back until a send without it, or a FIN."""
    c, a = pair()
    out = []
    for _ in range(2):
        out += held_back(c, a, lambda piece, flags: c.send(piece, flags))
    c.send(b"last", socket.MSG_MORE)
    c.shutdown(socket.SHUT_WR)
    return out + [text(a.recv(9)), text(a.recv(9)),
                  attempt(c.send, b"x", socket.MSG_MORE)]


@question
def more_to_come_by_sendmsg():
    """The same by sendmsg, in pieces."""
    c, a = pair()
    out = []
    for _ in range(2):
        out += held_back(c, a, lambda piece, flags: c.sendmsg(
            [piece[:1], b"", piece[1:]], [], flags))
    c.sendmsg([b"last"], [], socket.MSG_MORE)
    c.shutdown(socket.SHUT_WR)
    return out + [text(a.recv(9)), text(a.recv(9)),
                  attempt(c.sendmsg, [b"x"], [], socket.MSG_MORE)]


@question
def sendto_connected():
    c, a = pair()
    lst = listener()
    return [attempt(c.sendto, b"x", lst.getsockname()), text(a.recv(1)),
            attempt(lambda: a.sendmsg([b"a", b"b"])), text(c.recv(9))]


@question
def recvfrom_says_nobody():
    """Row 83."""
    c, a = pair()
    c.sendall(b"xy")
    data, addr = a.recvfrom(1)
    rest, ancillary, flags, peer = a.recvmsg(9)
    return [text(data), addr, text(rest), ancillary, flags, peer]


@question
def send_until_full():
    """Rows 63, 81, 113, 136, 138."""
    c, a = pair()
    c.setblocking(False)
    n, before = 0, -1
    # What is on its way makes room, until the reader's is full as well.
    while n > before:
        before = n
        while isinstance(sent := attempt(c.send, b"x" * 65536), int):
            n += sent
        settle()
    out = [sent, n > 50000, events(c)]
    c.shutdown(socket.SHUT_WR)
    got = 0
    while data := a.recv(1 << 20):
        got += len(data)
    return out + [got == n, events(c)]


@question
def send_blocks_until_read():
    """Rows 12, 81."""
    c, a = pair()
    c.settimeout(None)
    done = []

    def send():
        c.sendall(b"x" * 20_000_000)
        done.append(True)
    t = threading.Thread(target=send)
    t.start()
    time.sleep(0.2)
    before = bool(done)
    got = 0
    while got < 20_000_000:
        got += len(a.recv(1 << 20))
    t.join(60)
    return [before, bool(done)]


@question
def time_limits():
    c, a = pair()
    out = []
    a.setsockopt(SOL, socket.SO_RCVTIMEO, struct.pack("ll", 0, 100000))
    begun = time.monotonic()
    out += [attempt(a.recv, 1), 0.08 < time.monotonic() - begun]
    c.setsockopt(SOL, socket.SO_SNDTIMEO, struct.pack("ll", 0, 100000))
    while isinstance(sent := attempt(c.send, b"x" * 1000000), int):
        pass
    out.append(sent)
    lst = listener()
    lst.setsockopt(SOL, socket.SO_RCVTIMEO, struct.pack("ll", 0, 100000))
    return out + [attempt(lst.accept)]


@question
def urgent_octet():
    c, a = pair()
    c.sendall(b"ab")
    c.send(b"!", socket.MSG_OOB)
    c.sendall(b"cd")
    settle()
    out = [events(a), text(a.recv(9)),
           text(attempt(a.recv, 1, socket.MSG_OOB)),
           attempt(a.recv, 1, socket.MSG_OOB), text(a.recv(9))]
    return out + [events(a)]


@question
def urgent_inline():
    c, a = pair()
    a.setsockopt(SOL, socket.SO_OOBINLINE, 1)
    c.sendall(b"ab")
    c.send(b"!", socket.MSG_OOB)
    settle()
    n = array.array("i", [0])
    out = [text(a.recv(9))]
    fcntl.ioctl(a, 0x8905, n)
    return out + [n[0], text(a.recv(9)),
                  attempt(a.recv, 1, socket.MSG_OOB)]


@question
def no_urgent():
    c, a = pair()
    return [attempt(a.recv, 1, socket.MSG_OOB),
            attempt(a.recv, 1, socket.MSG_OOB | socket.MSG_DONTWAIT)]


@question
def sendfile_and_splice():
    c, a = pair()
    with open("/proc/self/exe", "rb") as f:
        n = os.sendfile(c.fileno(), f.fileno(), 0, 10000)
        f.seek(0)
        want = f.read(10000)
    got = a.recv(10000, socket.MSG_WAITALL)
    r, w = os.pipe()
    c.sendall(b"spliced")
    settle()
    m = os.splice(a.fileno(), w, 100)
    return [n, got == want, m, text(os.read(r, 100))]


# --------------------------------------------------------------- the close --

@question
def events_of_every_state():
    """Rows 117, 118."""
    out = {}
    c, a = pair()
    out["idle"] = events(a)
    c.sendall(b"x")
    settle()
    out["data"] = events(a)
    c.shutdown(socket.SHUT_WR)
    settle()
    out["data and FIN"] = events(a)
    a.recv(1)
    out["FIN"] = events(a)
    a.shutdown(socket.SHUT_WR)
    settle()
    out["FIN and own SHUT_WR"] = events(a)
    out["the other's view"] = events(c)
    c, a = pair()
    a.shutdown(socket.SHUT_RD)
    out["own SHUT_RD"] = events(a)
    c, a = pair()
    a.shutdown(socket.SHUT_WR)
    settle()
    out["own SHUT_WR"] = events(a)
    c, a = pair()
    a.shutdown(socket.SHUT_RDWR)
    settle()
    out["own SHUT_RDWR"] = events(a)
    out["peer of SHUT_RDWR"] = events(c)
    c, a = pair()
    reset(c)
    out["RST"] = events(a)
    c, a = pair()
    c.sendall(b"x")
    settle()
    reset(c)
    out["data and RST"] = events(a)
    c, a = pair()
    c.close()
    settle()
    out["peer closed"] = events(a)
    return out


@question
def reset_reads():
    """Row 142."""
    c, a = pair()
    reset(c)
    return [text(attempt(a.recv, 9)), text(attempt(a.recv, 9)), error_of(a),
            attempt(a.send, b"x"), attempt(a.getpeername), events(a)]


@question
def accept_after_reset():
    """It is accepted, and its peer told, although it has ended."""
    out = []
    for sent in b"", b"before":
        with listener() as lst:
            c = fresh()
            c.connect(lst.getsockname())
            own = c.getsockname()
            c.send(sent)
            settle()
            reset(c)
            a, peer = lst.accept()
        out += [peer == own, events(a), attempt(a.getpeername),
                text(attempt(a.recv, 9)), text(attempt(a.recv, 9)),
                text(attempt(a.recv, 9))]
    return out


@question
def reset_error():
    c, a = pair()
    reset(c)
    return [error_of(a), error_of(a), text(attempt(a.recv, 9))]


@question
def send_after_shutdown():
    """Rows 35, 113, 117."""
    c, a = pair()
    c.shutdown(socket.SHUT_WR)
    out = [attempt(c.send, b"x"), attempt(c.shutdown, socket.SHUT_WR)]
    a.sendall(b"reply")
    return out + [text(c.recv(9)), text(a.recv(9)), text(a.recv(9))]


@question
def recv_after_shutdown():
    """Rows 111, 116."""
    c, a = pair()
    c.sendall(b"before")
    settle()
    a.shutdown(socket.SHUT_RD)
    return [text(a.recv(3)), text(a.recv(9)), text(a.recv(9)),
            attempt(a.send, b"still"), text(c.recv(9))]


@question
def shutdown_both_then_data():
    """Row 114."""
    c, a = pair()
    c.shutdown(socket.SHUT_RDWR)
    settle()
    out = [text(a.recv(9)), attempt(a.send, b"x")]
    settle()
    return out + [attempt(a.send, b"x"), text(attempt(c.recv, 9))]


@question
def close_with_unread_data():
    """Row 52."""
    c, a = pair()
    c.sendall(b"unread")
    settle()
    a.close()
    settle()
    return [events(c), text(attempt(c.recv, 1)), attempt(c.send, b"x")]


@question
def close_then_peer_sends():
    c, a = pair()
    a.close()
    settle()
    out = [events(c), attempt(c.send, b"x")]
    settle()
    return out + [events(c), attempt(c.send, b"x"), text(attempt(c.recv, 1))]


@question
def close_then_reset_then_read():
    c, a = pair()
    a.sendall(b"last words")
    a.close()
    settle()
    c.send(b"x")
    settle()
    return [text(c.recv(99)), text(attempt(c.recv, 1)),
            error_of(c),
            error_of(c),
            text(attempt(c.recv, 1)), attempt(c.send, b"x")]


@question
def shutdown_both_then_peer_ends():
    c, a = pair()
    c.shutdown(socket.SHUT_RDWR)
    settle()
    out = [text(a.recv(9)), events(c)]
    a.close()
    settle()
    return out + [text(attempt(c.recv, 9)), attempt(c.send, b"x"),
                  error_of(c), events(c)]


@question
def data_then_close():
    """Row 52."""
    c, a = pair()
    c.sendall(b"y" * 200000)
    c.close()
    got = 0
    while data := a.recv(65536):
        got += len(data)
    return got


@question
def data_then_reset_by_linger():
    """Rows 2, 52, 139."""
    c, a = pair()
    c.sendall(b"data")
    settle()
    reset(c)
    return [text(attempt(a.recv, 9)), text(attempt(a.recv, 9))]


@question
def reset_by_linger_is_known_at_once():
    """Whoever looks right after the close sees it, and the data before it."""
    out = []
    for _ in range(5):
        c, a = pair()
        a.sendall(b"before")
        a.setsockopt(SOL, socket.SO_LINGER, struct.pack("ii", 1, 0))
        a.close()
        out.append([attempt(c.getpeername), text(c.recv(9)),
                    attempt(c.recv, 9)])
    return out


@question
def peer_name_of_every_state():
    def told(*socks):
        settle()
        return [text(attempt(lambda: s.getpeername()[0])) for s in socks]
    out = {}
    c, a = pair()
    c.shutdown(socket.SHUT_WR)
    out["FIN-WAIT-2 and CLOSE-WAIT"] = told(c, a)
    a.sendall(b"x")
    a.shutdown(socket.SHUT_WR)
    out["TIME-WAIT and CLOSED"] = told(c, a)
    c, a = pair()
    c.sendall(b"x")
    settle()
    a.close()
    out["reset"] = told(c)
    return out


@question
def linger_waits():
    c, a = pair()
    c.setsockopt(SOL, socket.SO_LINGER, struct.pack("ii", 1, 5))
    c.sendall(b"data")
    c.close()
    return text(a.recv(9))


@question
def one_of_two_closed():
    """Rows 98, 119, 121."""
    c, a = pair()
    other = os.dup(c.fileno())
    c.close()
    settle()
    out = [events(a)]
    os.write(other, b"dup")
    out.append(text(a.recv(9)))
    os.close(other)
    return out + [text(a.recv(9))]


@question
def fork_shares():
    """Rows 98, 119, 121."""
    c, a = pair()
    told, tells = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.read(told, 1)
        os.write(c.fileno(), b"child")
        os._exit(0)
    c.close()
    settle()
    out = [events(a)]
    os.write(tells, b"x")
    os.close(told)
    os.close(tells)
    os.waitpid(pid, 0)
    settle()
    return out + [text(a.recv(9)), text(a.recv(9))]


@question
def shutdown_is_for_all():
    """Rows 120, 121."""
    c, a = pair()
    other = socket.socket(fileno=os.dup(c.fileno()))
    c.shutdown(socket.SHUT_WR)
    return [text(a.recv(9)), attempt(other.send, b"x")]


@question
def close_a_listener():
    """Row 97."""
    lst = listener()
    at = lst.getsockname()
    c1, c2 = fresh(), fresh()
    c1.connect(at)
    a1, _ = lst.accept()
    c2.connect(at)
    lst.close()
    settle()
    c1.sendall(b"on")
    c3 = fresh()
    return [text(a1.recv(9)), text(attempt(c2.recv, 1)),
            attempt(c3.connect, at)]


@question
def shutdown_wakes_accept():
    lst = listener()
    threading.Timer(0.1, lst.shutdown, (socket.SHUT_RD,)).start()
    out = [attempt(lst.accept), events(lst)]
    return out + [attempt(fresh().connect, lst.getsockname()),
                  attempt(lst.listen)]


@question
def close_while_another_reads():
    """A thread in recv is not woken by close, but by shutdown."""
    c, a = pair()
    got = []
    t = threading.Thread(target=lambda: got.append(text(attempt(a.recv, 9))))
    t.start()
    settle()
    a.shutdown(socket.SHUT_RD)
    t.join(60)
    return got


@question
def backlog_bounds_the_queue():
    """Rows 85, 86, 88."""
    lst = listener(1)
    out = []
    keep = []
    for limit in (20, 20, 0.4, 0.4):
        s = fresh()
        s.settimeout(limit)
        keep.append(s)
        out.append(attempt(s.connect, lst.getsockname()))
    return [out[:2], [w is None for w in out[2:]]]


@question
def reuseport_shares():
    """Row 110."""
    a = listener(64, "127.0.0.1", (SOL, socket.SO_REUSEPORT, 1))
    b = fresh()
    b.setsockopt(SOL, socket.SO_REUSEPORT, 1)
    b.bind(a.getsockname())
    b.listen(64)
    for s in (a, b):
        s.setblocking(False)
    keep = [socket.create_connection(a.getsockname()) for _ in range(60)]
    settle()
    n = [0, 0]
    for i, s in enumerate((a, b)):
        while not isinstance(attempt(lambda: keep.append(s.accept()[0])),
                             str):
            n[i] += 1
    return [sum(n), min(n) > 5]


# ------------------------------------------------------------- the options --

@question
def options_set_and_read():
    out = {}
    for level, opt, value, what in [
            (TCP, socket.TCP_NODELAY, 1, "nodelay"),
            (TCP, socket.TCP_CORK, 1, "cork"),
            (TCP, socket.TCP_KEEPIDLE, 33, "keepidle"),
            (TCP, socket.TCP_KEEPINTVL, 7, "keepintvl"),
            (TCP, socket.TCP_KEEPCNT, 5, "keepcnt"),
            (TCP, socket.TCP_SYNCNT, 3, "syncnt"),
            (TCP, socket.TCP_LINGER2, 20, "linger2"),
            (TCP, socket.TCP_DEFER_ACCEPT, 0, "defer"),
            (TCP, socket.TCP_QUICKACK, 1, "quickack"),
            (TCP, socket.TCP_USER_TIMEOUT, 4000, "user timeout"),
            (TCP, socket.TCP_MAXSEG, 1000, "maxseg"),
            (TCP, socket.TCP_KEEPIDLE, 0, "keepidle 0"),
            (TCP, socket.TCP_KEEPCNT, 128, "keepcnt 128"),
            (TCP, socket.TCP_MAXSEG, 10, "maxseg 10"),
            (TCP, 9999, 1, "unknown"),
            (SOL, socket.SO_KEEPALIVE, 5, "keepalive"),
            (SOL, socket.SO_REUSEADDR, 7, "reuseaddr"),
            (SOL, socket.SO_REUSEPORT, 1, "reuseport"),
            (SOL, socket.SO_OOBINLINE, 1, "oobinline"),
            (SOL, socket.SO_BROADCAST, 1, "broadcast"),
            (SOL, socket.SO_SNDBUF, 50000, "sndbuf"),
            (SOL, socket.SO_RCVBUF, 50000, "rcvbuf"),
            (SOL, socket.SO_SNDBUF, 1, "sndbuf 1"),
            (SOL, socket.SO_RCVBUF, 1, "rcvbuf 1"),
            (SOL, socket.SO_RCVLOWAT, 10, "rcvlowat"),
            (SOL, socket.SO_PRIORITY, 3, "priority"),
            (SOL, socket.SO_TYPE, 1, "type"),
            (SOL, socket.SO_ERROR, 1, "error"),
            (SOL, socket.SO_ACCEPTCONN, 1, "acceptconn"),
            (SOL, 9999, 1, "unknown of SOL"),
            (0, socket.IP_TOS, 0x10, "tos"),
            (0, socket.IP_TTL, 30, "ttl"),
            (0, socket.IP_TTL, 300, "ttl 300")]:
        with fresh() as s:
            out[what] = [attempt(s.setsockopt, level, opt, value),
                         attempt(s.getsockopt, level, opt)]
    return out


@question
def options_of_a_child():
    lst = listener()
    for level, opt, value in [(TCP, socket.TCP_NODELAY, 1),
                              (SOL, socket.SO_KEEPALIVE, 1),
                              (TCP, socket.TCP_KEEPIDLE, 44)]:
        lst.setsockopt(level, opt, value)
    c = fresh()
    c.connect(lst.getsockname())
    a, _ = lst.accept()
    return [a.getsockopt(TCP, socket.TCP_NODELAY),
            a.getsockopt(SOL, socket.SO_KEEPALIVE),
            a.getsockopt(TCP, socket.TCP_KEEPIDLE),
            a.getsockopt(SOL, socket.SO_REUSEADDR), a.getblocking()]


@question
def option_lengths():
    s = fresh()
    out = []
    for value in (b"", b"\1", b"\1\0", b"\1\0\0", struct.pack("i", 1),
                  struct.pack("ii", 1, 1)):
        out.append(attempt(s.setsockopt, TCP, socket.TCP_NODELAY, value))
    for value in (b"", struct.pack("i", 1), struct.pack("ii", 1, 3)):
        out.append(attempt(s.setsockopt, SOL, socket.SO_LINGER, value))
    out.append(struct.unpack("ii", s.getsockopt(SOL, socket.SO_LINGER, 8)))
    for length in (0, 1, 2, 4, 8):
        got = attempt(s.getsockopt, TCP, socket.TCP_NODELAY, length)
        out.append(got if isinstance(got, (str, int)) else list(got))
    return out


@question
def default_options():
    s = fresh()
    c, a = pair()
    return [s.getsockopt(TCP, o) for o in (
        socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT,
        socket.TCP_SYNCNT, socket.TCP_LINGER2, socket.TCP_DEFER_ACCEPT,
        socket.TCP_USER_TIMEOUT, socket.TCP_MAXSEG)] + [
        s.getsockopt(SOL, socket.SO_RCVLOWAT),
        s.getsockopt(SOL, socket.SO_LINGER, 8).hex(),
        s.getsockopt(0, socket.IP_TTL), s.getsockopt(0, socket.IP_TOS)]


@question
def info_of_a_connection():
    c, a = pair()
    out = [c.getsockopt(TCP, socket.TCP_INFO, 1)[0],
           fresh().getsockopt(TCP, socket.TCP_INFO, 1)[0],
           listener().getsockopt(TCP, socket.TCP_INFO, 1)[0]]
    c.shutdown(socket.SHUT_WR)
    settle()
    out += [c.getsockopt(TCP, socket.TCP_INFO, 1)[0],
            a.getsockopt(TCP, socket.TCP_INFO, 1)[0]]
    a.close()
    settle()
    return out + [c.getsockopt(TCP, socket.TCP_INFO, 1)[0]]


@question
def congestion_names():
    s = fresh()
    return [attempt(s.setsockopt, TCP, socket.TCP_CONGESTION, b"reno"),
            s.getsockopt(TCP, socket.TCP_CONGESTION, 16).rstrip(
                b"\0").decode(),
            attempt(s.setsockopt, TCP, socket.TCP_CONGESTION, b"no-such")]


# ------------------------------------------------------ epoll, signals, fds --

@question
def epoll_edges():
    c, a = pair()
    e = select.epoll()
    e.register(a, select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP |
               select.EPOLLET)
    out = [[x[1] for x in e.poll(0)], [x[1] for x in e.poll(0)]]
    c.sendall(b"1")
    settle()
    out += [[x[1] & 1 for x in e.poll(0)], e.poll(0) == []]
    c.sendall(b"2")
    settle()
    out += [[x[1] & 1 for x in e.poll(0)]]
    c.close()
    settle()
    return out + [[x[1] & 0x2001 for x in e.poll(0)]]


@question
def epoll_of_a_connect():
    lst = listener()
    s = fresh()
    s.setblocking(False)
    e = select.epoll()
    s.connect_ex(lst.getsockname())
    e.register(s, select.EPOLLOUT | select.EPOLLET)
    got = e.poll(20)
    return [[x[1] for x in got], error_of(s)]


@question
def epoll_of_a_listener():
    lst = listener()
    e = select.epoll()
    e.register(lst, select.EPOLLIN | select.EPOLLET)
    keep = [fresh(), fresh()]
    out = [e.poll(0) == []]
    for s in keep:
        s.connect(lst.getsockname())
        settle()
        out.append([x[1] for x in e.poll(0)])
    return out


@question
def select_agrees():
    c, a = pair()
    c.sendall(b"x")
    settle()
    r, w, x = select.select([a, c], [a, c], [a, c], 0)
    return [a in r, c in r, a in w, c in w, len(x)]


@question
def interrupted_calls():
    out = []
    signal.signal(signal.SIGALRM, lambda *_: 1 / 0)
    lst = listener()
    c, a = pair()
    for call in (lst.accept, lambda: a.recv(1)):
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            call()
            out.append("returned")
        except ZeroDivisionError:
            out.append("interrupted")
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    c.sendall(b"whole")
    return out + [text(a.recv(9))]


@question
def broken_pipe_signal():
    """Row 113."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    out = []
    for flags in (0, socket.MSG_NOSIGNAL):
        pid = os.fork()
        if pid == 0:
            c, a = pair()
            c.shutdown(socket.SHUT_WR)
            attempt(c.send, b"x", flags)
            os._exit(3)
        out.append(os.waitpid(pid, 0)[1])
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    return out


@question
def passed_to_another_process():
    c, a = pair()
    left, right = socket.socketpair(socket.AF_UNIX)
    pid = os.fork()
    if pid == 0:
        left.close()
        c.close()
        a.close()
        _, fds, _, _ = socket.recv_fds(right, 9, 1)
        s = socket.socket(fileno=fds[0])
        s.sendall(b"passed %d" % s.getsockopt(SOL, socket.SO_DOMAIN))
        os._exit(0)
    socket.send_fds(left, [b"x"], [a.fileno()])
    a.close()
    os.waitpid(pid, 0)
    return [text(c.recv(20)), text(c.recv(20))]


@question
def descriptor_flags():
    out = []
    for flags in (0, socket.SOCK_NONBLOCK, socket.SOCK_CLOEXEC):
        with socket.socket(2, 1 | flags) as s:
            fd = s.fileno()
            out.append([fcntl.fcntl(fd, fcntl.F_GETFL) & 0o4003,
                        fcntl.fcntl(fd, fcntl.F_GETFD)])
    lst = listener()
    c = fresh()
    c.connect(lst.getsockname())
    fd, _ = lst._accept()
    out.append(fcntl.fcntl(fd, fcntl.F_GETFL) & 0o4003)
    os.close(fd)
    s = fresh()
    return out + [os.fstat(s.fileno()).st_mode >> 12,
                  os.readlink(f"/proc/self/fd/{s.fileno()}")[:8]]


@question
def lowest_descriptor():
    low = os.dup(0)
    os.close(low)
    with fresh() as s:
        return s.fileno() == low


@question
def out_of_descriptors():
    import resource
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
    keep = []
    try:
        while True:
            got = attempt(fresh)
            if isinstance(got, str):
                break
            keep.append(got)
        return [got, len(keep) > 20]
    finally:
        for s in keep:
            s.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@question
def bad_arguments():
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)

    def call(function, *args):
        ctypes.set_errno(0)
        rc = getattr(libc, function)(*args)
        return name(ctypes.get_errno()) if rc < 0 else rc
    s = fresh()
    f = s.fileno()
    c, a = pair()
    addr = struct.pack("!HH4s8x", 0, 9, bytes([127, 0, 0, 1]))
    good = b"\x02\x00" + addr[2:]
    return [call("connect", f, good, 4), call("connect", f, None, 16),
            call("connect", 999, good, 16), call("connect", 0, good, 16),
            call("bind", f, good, 4), call("bind", f, b"\x0a\0" + good[2:],
                                           16),
            call("bind", f, None, 16), call("listen", 999, 1),
            call("accept", f, None, None), call("accept", 999, None, None),
            call("getsockname", f, None, None),
            call("setsockopt", f, 6, 1, None, 4),
            call("getsockopt", f, 6, 1, None, None),
            call("shutdown", c.fileno(), 3), call("shutdown", f, 1),
            call("connect", f, b"\x0a\0" + bytes(30), 28),
            call("connect", f, b"\x63\0" + bytes(30), 16)]


@question
def names_cut_short():
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    c, a = pair()
    out = []
    for length in (0, 2, 8, 16, 100):
        buf = ctypes.create_string_buffer(128)
        n = ctypes.c_uint(length)
        rc = libc.getpeername(c.fileno(), buf, ctypes.byref(n))
        out.append([rc, n.value, buf.raw[:2].hex(), buf.raw[4:8].hex()])
    return out


@question
def ipv6_pair():
    c, a = pair("::1")
    c.sendall(b"six")
    return [text(a.recv(9)), c.getpeername()[0], a.getsockname()[0],
            c.getsockopt(SOL, socket.SO_DOMAIN),
            len(c.getsockname()), c.getsockopt(41, socket.IPV6_V6ONLY)]


@question
def dual_stack():
    lst = fresh(socket.AF_INET6)
    lst.setsockopt(41, socket.IPV6_V6ONLY, 0)
    lst.bind(("::", 0))
    lst.listen()
    port = lst.getsockname()[1]
    c = fresh()
    c.connect(("127.0.0.1", port))
    a, peer = lst.accept()
    lst.setblocking(False)
    only = fresh(socket.AF_INET6)
    only.setsockopt(41, socket.IPV6_V6ONLY, 1)
    only.bind(("::", 0))
    only.listen()
    return [peer[0], a.getsockname()[0], a.family, c.getpeername()[0],
            attempt(fresh().connect, ("127.0.0.1", only.getsockname()[1])),
            attempt(lst.setsockopt, 41, socket.IPV6_V6ONLY, 1)]


ADDRFORM = 1  # ipv6(7)


@question
def becomes_ipv4():
    lst = listener(8, "::")
    port = lst.getsockname()[1]
    c = socket.create_connection(("127.0.0.1", port))
    a, _ = lst.accept()
    told = [attempt(lst.setsockopt, 41, ADDRFORM, socket.AF_INET),
            attempt(fresh(socket.AF_INET6).getsockopt, 41, ADDRFORM),
            a.getsockopt(41, ADDRFORM), a.getsockname()[0],
            attempt(a.setsockopt, 41, ADDRFORM, socket.AF_INET6),
            attempt(a.setsockopt, 41, ADDRFORM, b"\2"),
            attempt(a.setsockopt, 41, ADDRFORM, socket.AF_INET),
            a.getsockopt(SOL, socket.SO_DOMAIN)]
    a = socket.socket(fileno=a.detach())
    c.send(b"x")
    told += [a.family, a.getsockname()[0], a.getpeername()[0], text(a.recv(9)),
             attempt(a.setsockopt, 41, ADDRFORM, socket.AF_INET),
             attempt(a.getsockopt, 41, ADDRFORM),
             attempt(a.setsockopt, 41, socket.IPV6_V6ONLY, 1)]
    six = socket.create_connection(("::1", port))
    b, _ = lst.accept()
    told += [attempt(b.setsockopt, 41, ADDRFORM, socket.AF_INET)]
    return told + [six.family]


JOIN, LEAVE = 42, 45  # MCAST_JOIN_GROUP ...


def group(text, interface):
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    raw = socket.inet_pton(family, text)
    where = struct.pack("=HHI" if len(raw) == 16 else "=HH",
                        *[family, 0, 0][:3 if len(raw) == 16 else 2])
    return struct.pack("=II", interface, 0) + (where + raw).ljust(128, b"\0")


@question
def stream_in_a_group():
    lo = socket.if_nametoindex("lo")
    four, six = group("224.0.0.5", lo), group("ff02::5", lo)
    told = []
    with listener() as lst:
        told += [attempt(lst.setsockopt, 0, JOIN, four),
                 attempt(lst.setsockopt, 0, JOIN, four)]
        c = fresh()
        c.connect(lst.getsockname())
        a, _ = lst.accept()
        told += [attempt(a.setsockopt, 0, LEAVE, four),
                 attempt(c.setsockopt, 0, JOIN, four),
                 attempt(lst.setsockopt, 0, LEAVE, four),
                 attempt(lst.setsockopt, 0, LEAVE, four),
                 attempt(c.setsockopt, 0, LEAVE, four)]
    for family in socket.AF_INET, socket.AF_INET6:
        s = fresh(family)
        old = socket.inet_aton("224.0.0.5") + bytes(4)
        told += [attempt(s.setsockopt, 0, socket.IP_ADD_MEMBERSHIP, old),
                 attempt(s.setsockopt, 0, JOIN, group("10.0.0.1", lo)),
                 attempt(s.setsockopt, 0, JOIN, group("224.0.0.5", 9999)),
                 attempt(s.setsockopt, 0, JOIN, b"short"),
                 attempt(s.setsockopt, 41, JOIN, six),
                 attempt(s.setsockopt, 41, LEAVE, six),
                 attempt(s.setsockopt, 41, LEAVE, six),
                 attempt(s.setsockopt, 0, socket.IP_MULTICAST_TTL, 3),
                 attempt(s.setsockopt, 0, socket.IP_MULTICAST_LOOP, 0),
                 attempt(s.getsockopt, 0, socket.IP_MULTICAST_LOOP)]
    return told


@question
def called_twice():
    """The very same call again: same arguments, same pointers."""
    libc = ctypes.CDLL(None, use_errno=True)

    def again(call, *args):
        told = []
        for _ in range(3):
            ctypes.set_errno(0)
            told += [call(*args), name(ctypes.get_errno())]
        return told

    def address(to):
        raw = struct.pack("=H", socket.AF_INET) + struct.pack(
            "!H4s8x", to[1], socket.inet_aton(to[0]))
        return ctypes.create_string_buffer(raw, 16), 16

    was = signal.signal(signal.SIGUSR1, lambda *_: None)
    lst, s = listener(), fresh()
    told = [again(libc.bind, s.fileno(), *address(("127.0.0.1", 0))),
            again(libc.connect, s.fileno(), *address(lst.getsockname()))]
    a, _ = lst.accept()
    a.setsockopt(SOL, socket.SO_LINGER, struct.pack("ii", 1, 0))
    a.close()
    settle()
    value = ctypes.c_int(-1)
    length = ctypes.c_uint(4)
    for _ in range(3):
        libc.getsockopt(s.fileno(), SOL, socket.SO_ERROR, ctypes.byref(value),
                        ctypes.byref(length))
        told.append(value.value)
        value.value = -1
    signal.signal(signal.SIGUSR1, was)
    return told


@question
def threads_accept():
    lst = listener(64)
    got = []

    def one():
        for _ in range(5):
            s, _ = lst.accept()
            got.append(s.recv(9))
            s.close()
    ts = [threading.Thread(target=one) for _ in range(8)]
    for t in ts:
        t.start()
    for _ in range(40):
        with socket.create_connection(lst.getsockname()) as s:
            s.sendall(b"hi")
    for t in ts:
        t.join(60)
    return len(got)


if __name__ == "__main__":
    answers = {}
    for key, function in QUESTIONS.items():
        if len(sys.argv) > 1 and key not in sys.argv[1:]:
            continue
        try:
            answers[key] = function()
        except Exception as err:
            answers[key] = f"{type(err).__name__}: {err}"
    print(json.dumps(answers, default=str))
