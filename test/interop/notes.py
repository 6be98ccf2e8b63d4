#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the notes claim of sockets and no other test asks: each row natively
and under catenet run, by assertions in a program of its own."""
import subprocess

from harness import PYTHON, Skip, both, main

PRELUDE = '''
import array, errno, fcntl, os, select, socket, struct, sys, termios
import threading, time
SOL, TCP = socket.SOL_SOCKET, socket.IPPROTO_TCP
ESTABLISHED, FIN_WAIT_2, CLOSE_WAIT, LISTEN = 1, 5, 8, 10

def fails(call, *args):
    try:
        call(*args)
    except OSError as error:
        return errno.errorcode[error.errno]

def listener(backlog=8, host="127.0.0.1", reuse=0):
    s = socket.socket()
    s.setsockopt(SOL, socket.SO_REUSEADDR, reuse)
    s.bind((host, 0))
    s.listen(backlog)
    return s

def pair():
    with listener() as lst:
        c = socket.create_connection(lst.getsockname())
        return c, lst.accept()[0]

def tcp_state(s):
    return s.getsockopt(TCP, socket.TCP_INFO, 1)[0]

def becomes(condition):
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)

def waiting(s):
    """Octets to read."""
    number = array.array("i", [0])
    fcntl.ioctl(s, termios.FIONREAD, number)
    return number[0]

def quiet(s):
    """Nothing to read, no end, no error."""
    return fails(s.recv, 1, socket.MSG_DONTWAIT) == "EAGAIN"
'''


def program(before, text):
    done = subprocess.run([*before, PYTHON, '-c', PRELUDE + text],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, (done.returncode, done.stdout, done.stderr)


@both('row 1: no octet before the connection')
def connect_first(before):
    program(before, '''
s = socket.socket()
s.setblocking(False)
assert fails(s.send, b"x") in ("EPIPE", "ENOTCONN")
lst = listener()
s = socket.create_connection(lst.getsockname())
assert s.send(b"x") == 1
''')


@both('rows 2, 3, 5, 141: two megabytes each way at once, octet for octet')
def both_directions(before):
    program(before, '''
ends = pair()
data = [os.urandom(2_000_000) for _ in ends]
got = [b"", b""]

def read(i):
    got[i] = ends[i].recv(2_000_000, socket.MSG_WAITALL)
threads = [threading.Thread(target=read, args=(i,)) for i in (0, 1)]
threads += [threading.Thread(target=ends[i].sendall, args=(data[i],))
            for i in (0, 1)]
for t in threads:
    t.start()
for t in threads:
    t.join()
assert got == data[::-1]
''')


@both('rows 6, 11: TCP is for two, UDP may be for all')
def unicast(before):
    program(before, '''
for to in "255.255.255.255", "224.0.0.1", "127.255.255.255":
    assert fails(socket.socket().connect, (to, 9)), to
hears = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
hears.settimeout(10)
hears.bind(("127.255.255.255", 0))
says = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
assert fails(says.sendto, b"all", hears.getsockname()) == "EACCES"
says.setsockopt(SOL, socket.SO_BROADCAST, 1)
says.sendto(b"all", hears.getsockname())
assert hears.recv(9) == b"all"
''')


@both('rows 12, 63: TCP waits for a slow reader, UDP loses')
def flow_control(before):
    program(before, '''
c, a = pair()
c.setblocking(False)
n = 0
while not (error := fails(
        lambda: globals().update(n=n + c.send(bytes(65536))))):
    pass
# Not asked again: what is on its way makes room until the reader's is full.
assert error == "EAGAIN"
c.setblocking(True)
threading.Thread(target=lambda: (c.sendall(b"x"), c.close())).start()
got = 0
while part := a.recv(1 << 20):
    got += len(part)
assert got == n + 1, (got, n)
slow = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
slow.setsockopt(SOL, socket.SO_RCVBUF, 4096)
slow.bind(("127.0.0.1", 0))
says = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(100):
    assert says.sendto(bytes(1000), slow.getsockname()) == 1000
# What is sent last arrives last: by now each has found room, or none.
last = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
last.settimeout(10)
last.bind(("127.0.0.1", 0))
says.sendto(b"x", last.getsockname())
assert last.recv(1) == b"x"
slow.setblocking(False)
got = 0
while fails(slow.recv, 1000) is None:
    got += 1
assert 0 < got < 100, got
''')


@both('rows 14, 95: one local port, many connections; a listener has no peer')
def four_tuple(before):
    program(before, '''
lst = listener()
assert fails(lst.getpeername) == "ENOTCONN"
one = socket.create_connection(lst.getsockname())
two = socket.create_connection(lst.getsockname())
a, b = lst.accept()[0], lst.accept()[0]
assert a.getsockname() == b.getsockname() == lst.getsockname()
assert a.getpeername() == one.getsockname()
assert b.getpeername() == two.getsockname()
one.send(b"1")
two.send(b"2")
assert (a.recv(9), b.recv(9)) == (b"1", b"2")
''')


@both('rows 15, 91: listen makes passive; what was accepted is connected')
def kinds(before):
    program(before, '''
s = socket.socket()
s.bind(("127.0.0.1", 0))
assert s.getsockopt(SOL, socket.SO_ACCEPTCONN) == 0
s.listen(8)
assert s.getsockopt(SOL, socket.SO_ACCEPTCONN) == 1
c = socket.create_connection(s.getsockname())
a, _ = s.accept()
assert a.getsockopt(SOL, socket.SO_ACCEPTCONN) == 0
assert fails(a.connect, listener().getsockname()) == "EISCONN"
''')


@both('rows 23, 90, 93: the listener stays, each client has a socket')
def listener_stays(before):
    program(before, '''
lst = listener()
ends = []
for _ in range(5):
    ends.append(socket.create_connection(lst.getsockname()))
    ends.append(lst.accept()[0])
    assert lst.getsockopt(SOL, socket.SO_ACCEPTCONN) == 1
    assert tcp_state(lst) == LISTEN
    assert tcp_state(ends[-1]) == ESTABLISHED
assert len({s.fileno() for s in [lst, *ends]}) == 11
''')


@both('rows 22, 35, 43, 117, 145: half-closed, for as long as nobody closes')
def half_closed(before):
    program(before, '''
c, a = pair()
assert (tcp_state(c), tcp_state(a)) == (ESTABLISHED, ESTABLISHED)
c.shutdown(socket.SHUT_WR)
becomes(lambda: (tcp_state(c), tcp_state(a)) == (FIN_WAIT_2, CLOSE_WAIT))
assert a.recv(1) == b""
assert fails(c.send, b"x") == "EPIPE"
for _ in range(3):
    a.sendall(b"more")
    assert c.recv(4, socket.MSG_WAITALL) == b"more"
assert (tcp_state(c), tcp_state(a)) == (FIN_WAIT_2, CLOSE_WAIT)
a.close()
assert c.recv(1) == b""
''')


@both('rows 24, 25: connected before anybody accepts')
def nobody_accepts(before):
    program(before, '''
lst = listener()
c = socket.create_connection(lst.getsockname())
c.sendall(b"early")
assert tcp_state(c) == ESTABLISHED
a, peer = lst.accept()
assert peer == c.getsockname() and a.recv(9) == b"early"
''')


@both('rows 24, 85, 86, 88: listen(n) leaves n + 1 waiting, refuses nobody')
def backlog(before):
    program(before, '''
for n in 0, 1, 3:
    lst = listener(n)
    keep = []
    for _ in range(n + 1):
        keep.append(socket.socket())
        keep[-1].settimeout(10)
        keep[-1].connect(lst.getsockname())
    late = socket.socket()
    late.setblocking(False)
    assert late.connect_ex(lst.getsockname()) == errno.EINPROGRESS
    time.sleep(0.2)
    assert late.getsockopt(SOL, socket.SO_ERROR) == 0
    assert not select.select([], [late], [], 0)[1], n
    # It would ask again in a second, and take the room of another.
    late.close()
    # And those accepted are not counted.
    more = [lst.accept()[0] for _ in keep]
    for _ in range(n + 1):
        keep.append(socket.create_connection(lst.getsockname(), 20))
''')


@both('row 49: a listener that lives keeps its port, whoever is in TIME-WAIT')
def open_listener(before):
    program(before, '''
lst = listener()
for _ in range(3):
    c = socket.create_connection(lst.getsockname())
    a, _ = lst.accept()
    a.close()  # the server first: TIME-WAIT is on its port
    assert c.recv(1) == b""
    c.close()
''')


@both('rows 52, 139: the option decides how a close is told')
def lingering(before):
    program(before, '''
for how, want in ((0, None), (1, "ECONNRESET")):
    c, a = pair()
    c.setsockopt(SOL, socket.SO_LINGER, struct.pack("ii", how, 0))
    c.close()
    assert fails(a.recv, 1) == want
c, a = pair()
a.sendall(b"unread")
assert c.recv(6, socket.MSG_PEEK)
c.close()
assert fails(a.recv, 1) == "ECONNRESET"
''')


@both('rows 53, 142: an end closes one direction, a reset both')
def directions(before):
    program(before, '''
c, a = pair()
c.shutdown(socket.SHUT_WR)
assert a.recv(1) == b"" and a.send(b"x") == 1 and c.recv(9) == b"x"
c, a = pair()
c.setsockopt(SOL, socket.SO_LINGER, struct.pack("ii", 1, 0))
c.close()
assert fails(a.recv, 1) == "ECONNRESET"
assert fails(a.send, b"x") == "EPIPE"
''')


@both('row 78: a short recv loses the rest of a datagram, not of a stream')
def message(before):
    program(before, '''
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.settimeout(10)
u.bind(("127.0.0.1", 0))
v = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
v.sendto(b"abcdef", u.getsockname())
v.sendto(b"next", u.getsockname())
data, _, flags, _ = u.recvmsg(3)
assert data == b"abc" and flags & socket.MSG_TRUNC
assert u.recv(9) == b"next"
c, a = pair()
c.sendall(b"abcdef")
assert a.recv(3, socket.MSG_WAITALL) == b"abc"
assert a.recv(3, socket.MSG_WAITALL) == b"def"
''')


@both('rows 79, 80, 82: sendall sends the whole, MSG_WAITALL waits for it')
def whole(before):
    program(before, '''
c, a = pair()
threading.Thread(target=c.sendall, args=(bytes(9_000_000),)).start()
n = 0
while n < 5_000_000:  # a recv gives what there is
    part = len(a.recv(5_000_000 - n))
    assert part > 0
    n += part
assert len(a.recv(4_000_000, socket.MSG_WAITALL)) == 4_000_000
''')


@both('rows 83, 95: recv gives octets, the address is asked for')
def octets_only(before):
    program(before, '''
c, a = pair()
c.send(b"z")
assert a.recv(9) == b"z"
assert a.getpeername() == c.getsockname()
''')


@both('row 84: listen returns at once, accept waits')
def accept_blocks(before):
    program(before, '''
lst = listener()
lst.settimeout(0.2)
try:
    lst.accept()
    raise AssertionError
except TimeoutError:
    pass
lst.settimeout(None)
got = []
t = threading.Thread(target=lambda: got.append(lst.accept()))
t.start()
assert not got
c = socket.create_connection(lst.getsockname())
t.join(10)
assert got
''')


@both('rows 92, 99, 100: what a wildcard and what one address are bound to')
def addresses(before):
    program(before, '''
for host, to, mine in (("127.0.0.1", "127.0.0.1", "127.0.0.1"),
                       ("127.0.0.1", "127.0.0.2", None),
                       ("0.0.0.0", "127.0.0.1", "127.0.0.1"),
                       ("0.0.0.0", "127.0.0.2", "127.0.0.2")):
    lst = listener(8, host)
    c = socket.socket()
    error = fails(c.connect, (to, lst.getsockname()[1]))
    assert error == (None if mine else "ECONNREFUSED"), (host, to, error)
    if mine:
        assert lst.accept()[0].getsockname() == (mine, lst.getsockname()[1])
''')


@both('row 94: UDP neither listens nor accepts, and goes both ways')
def datagrams(before):
    program(before, '''
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
v = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for s in u, v:
    s.bind(("127.0.0.1", 0))
refused = errno.errorcode[errno.EOPNOTSUPP]
assert fails(u.listen, 1) == refused
assert fails(u.accept) == refused
for s in u, v:
    s.settimeout(10)
v.sendto(b"ask", u.getsockname())
data, peer = u.recvfrom(9)
assert (data, peer) == (b"ask", v.getsockname())
u.sendto(b"answer", peer)
assert v.recv(9) == b"answer"
''')


@both('row 96: a port of its own for each client that binds none')
def ephemeral(before):
    program(before, '''
lst = listener(80)
low, high = map(int, open("/proc/sys/net/ipv4/ip_local_port_range").read()
                .split())
ends = [socket.create_connection(lst.getsockname()) for _ in range(60)]
ports = [s.getsockname()[1] for s in ends]
assert len(set(ports)) == 60 and all(low <= p <= high for p in ports)
# Linux has eight sizes of steps: of 19 steps one time in 300 were but five.
steps = {b - a for a, b in zip(ports, ports[1:])}
assert len(steps) > 5, ports  # they are not counted up
''')


@both('rows 101, 102, 104: SO_REUSEADDR is 0 unless set, and may be set late')
def reuse(before):
    program(before, '''
s = socket.socket()
assert s.getsockopt(SOL, socket.SO_REUSEADDR) == 0
s.setsockopt(SOL, socket.SO_REUSEADDR, 1)
assert s.getsockopt(SOL, socket.SO_REUSEADDR) == 1
for when in "before bind", "after bind", "after listen":
    lst = socket.socket()
    for step in "before bind", "after bind", "after listen":
        if step == when:
            lst.setsockopt(SOL, socket.SO_REUSEADDR, 1)
        if step == "before bind":
            lst.bind(("127.0.0.1", 0))
        elif step == "after bind":
            lst.listen()
    at = lst.getsockname()
    c = socket.create_connection(at)
    a, _ = lst.accept()
    a.close()
    assert c.recv(1) == b""
    c.close()
    again = socket.socket()
    again.setsockopt(SOL, socket.SO_REUSEADDR, 1)
    assert fails(again.bind, at) == "EADDRINUSE"  # a listener lives
    lst.close()
    time.sleep(0.1)
    # Bind fails without the option, and works once it is set.
    again = socket.socket()
    assert fails(again.bind, at) == "EADDRINUSE", when
    again.setsockopt(SOL, socket.SO_REUSEADDR, 1)
    assert fails(again.bind, at) is None, when
    assert fails(again.listen) is None, when
    again.close()
''')


@both('rows 111, 112: after SHUT_RD what comes later is still delivered')
def shut_rd(before):
    if before:
        raise Skip('what comes after SHUT_RD is not delivered: docs/limits.md')
    program(before, '''
c, a = pair()
c.sendall(b"before")
assert a.recv(6, socket.MSG_PEEK | socket.MSG_WAITALL) == b"before"
a.shutdown(socket.SHUT_RD)
assert a.recv(9) == b"before" and a.recv(9) == b""
c.sendall(b"after")
becomes(lambda: waiting(a) == 5)
assert a.recv(9) == b"after" and a.recv(9) == b""
''')


@both('row 116: SHUT_RD tells the peer nothing')
def shut_rd_is_silent(before):
    program(before, '''
c, a = pair()
a.shutdown(socket.SHUT_RD)
time.sleep(0.1)
assert quiet(c) and c.send(b"x") == 1
assert a.recv(0) == b""
assert a.send(b"y") == 1 and c.recv(9) == b"y"
''')


@both('rows 120, 121: shutdown is the connection\'s, close the descriptor\'s')
def shutdown_or_close(before):
    program(before, '''
c, a = pair()
copy = c.dup()
number = c.fileno()
c.shutdown(socket.SHUT_RDWR)
os.fstat(number)
assert c.getsockname() == copy.getsockname()
assert a.recv(1) == b"" and fails(copy.send, b"x") == "EPIPE"
c.close()
assert fails(os.fstat, number) == "EBADF"
c, a = pair()
copy = c.dup()
c.close()
assert quiet(a)
assert copy.send(b"x") == 1 and a.recv(9) == b"x"
copy.close()
assert a.recv(1) == b""
''')


@both('row 123: makefile() is for text and for reading, unless told otherwise')
def makefile(before):
    program(before, '''
c, a = pair()
try:
    c.makefile().write(b"octets")
    raise AssertionError
except (TypeError, OSError) as error:
    assert not isinstance(error, OSError) or str(error) == "not writable"
with c.makefile("rwb") as file:
    file.write(b"a line\\n")
    file.flush()
    assert a.makefile("rb").readline() == b"a line\\n"
''')


@both('row 132: HTTP keeps its connection since 1.1')
def keep_alive(before):
    program(before, '''
import http.client, http.server

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    peers = set()

    def do_GET(self):
        self.peers.add(self.client_address)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = http.client.HTTPConnection("127.0.0.1", server.server_port)
for _ in range(10):
    client.request("GET", "/")
    assert client.getresponse().read() == b"ok"
assert len(Handler.peers) == 1, Handler.peers
''')


@both('row 150: a connected UDP socket learns that nobody is there')
def refused_datagram(before):
    program(before, '''
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.bind(("127.0.0.1", 0))
at = u.getsockname()
u.close()
v = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
v.settimeout(10)
assert v.sendto(b"x", at) == 1  # unconnected: it is told nothing
# Another: what came back of the first may come between connect and send.
v = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
v.settimeout(10)
v.connect(at)
v.send(b"x")
assert fails(v.recv, 1) == "ECONNREFUSED"
''')


if __name__ == '__main__':
    main()
