#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""UDP, ping, names and addresses inside catenet run.  The machine is a network
namespace that this test makes, with a peer in another; nothing leaves them.
Every case runs by a TUN and by a pair of interfaces, as root and as an ordinary
user."""
import contextlib
import ctypes
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
INSIDE = os.environ.get('NETNS_TEST') == 'machine'
CLONE_NEWNET = 0x40000000
PEER4, PEER6, OWN4 = '10.77.0.2', 'fd77::2', '10.77.0.1'
ECHO, DNS, DEAF = 7007, 5300, 7008
GATEWAY = '192.0.2.1'


def begin():
    """Once more, in a network of our own."""
    if os.geteuid() != 0:
        print('needs root: it makes the networks that it runs in')
        sys.exit(77)
    for tool in ('ip', 'unshare', 'setpriv'):
        if not shutil.which(tool):
            print(f'{tool} is not installed')
            sys.exit(77)
    os.environ['NETNS_TEST'] = 'machine'
    os.execvp('unshare', ['unshare', '-n', sys.executable,
                          os.path.abspath(__file__), *sys.argv[1:]])


if not INSIDE:
    begin()

from harness import CATENET, PYTHON, Skip, case, main, wait_for  # noqa: E402
from schema import Schema  # noqa: E402

FOLDER = tempfile.mkdtemp(prefix='catenet-netns.')
os.chmod(FOLDER, 0o755)
PROGRAM = shutil.copy(CATENET, os.path.join(FOLDER, 'catenet'))
os.chmod(PROGRAM, 0o755)

USER = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups']


def the_schema():
    with open(os.path.join(HERE, '../../docs/events.schema.json'),
              encoding='utf-8') as file:
        return json.load(file)


def everybodys_python():
    """One that an ordinary user may run."""
    for path in PYTHON, '/usr/bin/python3', '/usr/local/bin/python3':
        with contextlib.suppress(OSError):
            # setpriv itself may still run what its user may not.
            if not subprocess.run([*USER, 'sh', '-c', f'{path} -c ""'],
                                  capture_output=True).returncode:
                return path
    return None


def ip(*words):
    subprocess.run(['ip', *words], check=True, capture_output=True)


# ---------------------------------------------------------------- the peer --

def echo(sock):
    with contextlib.suppress(OSError):
        while True:
            data, who = sock.recvfrom(65536)
            if not who:  # shut down
                return
            sock.sendto(data.upper(), who)


@contextlib.contextmanager
def echoing():
    """On this machine's loopback. Its thread has ended before the number of
    its socket is another's: a call that begins again would take that one."""
    with udp(socket.AF_INET, '127.0.0.1', 0) as sock:
        thread = threading.Thread(target=echo, args=(sock,), daemon=True)
        thread.start()
        try:
            yield sock
        finally:
            with contextlib.suppress(OSError):  # ENOTCONN, but it is shut
                sock.shutdown(socket.SHUT_RDWR)
            thread.join(20)


def name_at(data, at):
    labels = []
    while data[at]:
        labels.append(data[at + 1:at + 1 + data[at]])
        at += 1 + data[at]
    return b'.'.join(labels), at + 1


def dns_answer(data, asked):
    name, end = name_at(data, 12)
    asked.append(name)
    question = data[12:end + 4]
    low = name.lower()
    head = data[:2] + b'\x81\x80\0\1\0\1\0\0\0\0'
    record = b'\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4' + bytes([10, 7, 7, 7])
    if low.startswith(b'silent'):
        return None
    if low.startswith(b'flood'):
        # The first to ask is given guesses, and only then an answer.
        first = name.lower() not in (n.lower() for n in asked[:-1])
        guess = bytes([data[0] ^ 1]) + head[1:] + question + record
        last = head + question + record[:-1] + bytes([8 if first else 7])
        return [guess] * 64 * first + [last]
    if low.startswith(b'lower'):
        question = question.lower()
    if low.startswith(b'other'):
        head = bytes([data[0] ^ 1]) + head[1:]
    if low.startswith(b'loop'):
        record = b'\xc0' + bytes([12 + len(question)]) + record[2:]
    return head + question + record


def serve_dns(sock, asked):
    while True:
        data, who = sock.recvfrom(4096)
        answer = dns_answer(data, asked)
        for one in answer if isinstance(answer, list) else [answer]:
            if one:
                sock.sendto(one, who)


def serve_dns_stream(listener, asked):
    while True:
        conn, _ = listener.accept()
        with conn:
            data = conn.recv(4096)
            answer = dns_answer(data[2:], asked)
            conn.sendall(len(answer).to_bytes(2, 'big') + answer)


def udp(family, address, port):
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.bind((address, port))
    return sock


class Peer(threading.Thread):
    """A thread in a network of its own: sockets that it makes stay there."""
    asked = []

    def __init__(self):
        super().__init__(daemon=True)
        self.made, self.wired = threading.Event(), threading.Event()
        self.ready = threading.Event()
        self.sockets = {}

    def run(self):
        libc = ctypes.CDLL(None, use_errno=True)
        assert libc.unshare(CLONE_NEWNET) == 0
        self.net = os.open(f'/proc/self/task/{threading.get_native_id()}'
                           '/ns/net', os.O_RDONLY | os.O_CLOEXEC)
        self.tid = threading.get_native_id()
        self.made.set()
        self.wired.wait()
        for words in (['link', 'set', 'lo', 'up'], ['link', 'set', 'p0', 'up'],
                      ['addr', 'add', PEER4 + '/24', 'dev', 'p0'],
                      ['addr', 'add', PEER6 + '/64', 'dev', 'p0', 'nodad'],
                      ['route', 'add', 'default', 'via', OWN4]):
            ip(*words)
        # Of errors in quick succession the kernel tells the first few.
        for name, value in (('ipv4/ip_forward', '1'),
                            ('ipv4/icmp_ratemask', '0'),
                            ('ipv6/icmp/ratelimit', '0')):
            with open('/proc/sys/net/' + name, 'w') as file:
                file.write(value)
        serve = [(echo, udp(socket.AF_INET, '0.0.0.0', ECHO)),
                 (echo, udp(socket.AF_INET6, PEER6, ECHO)),
                 (lambda s: serve_dns(s, self.asked),
                  udp(socket.AF_INET, '0.0.0.0', DNS))]
        stream = socket.socket()
        stream.bind((PEER4, DNS))
        stream.listen(8)
        serve.append((lambda s: serve_dns_stream(s, self.asked), stream))
        # Whatever arrives at the peer's interface.
        self.wire = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM,
                                  socket.htons(3))
        for function, sock in serve:
            threading.Thread(target=function, args=(sock,),
                             daemon=True).start()
        self.ready.set()
        threading.Event().wait()


def wire():
    peer = Peer()
    peer.start()
    peer.made.wait()
    ip('link', 'set', 'lo', 'up')
    ip('link', 'add', 'm0', 'type', 'veth', 'peer', 'name', 'p0')
    # By a descriptor, since the thread is not a process of its own.
    ip('link', 'set', 'p0', 'netns', f'/proc/{os.getpid()}/fd/{peer.net}')
    ip('link', 'set', 'm0', 'up')
    ip('addr', 'add', OWN4 + '/24', 'dev', 'm0')
    ip('addr', 'add', 'fd77::1/64', 'dev', 'm0', 'nodad')
    ip('route', 'add', 'default', 'via', PEER4)
    peer.wired.set()
    assert peer.ready.wait(10)
    return peer


PEER = wire()
WAYS = [('root, TUN', [], []), ('root, pair', [], ['--without', 'tun']),
        ('user, TUN', USER, []), ('user, pair', USER, ['--without', 'tun'])]


EVERYBODYS = everybodys_python()
MAY_NAMESPACE = not subprocess.run([*USER, 'unshare', '-U', 'true'],
                                   capture_output=True).returncode


def root_is_mounted():
    with open('/proc/self/mountinfo') as file:
        return any(line.split()[4] == '/' for line in file)


def ways(title):
    def decorate(function):
        for name, who, options in WAYS:
            if name == 'user, TUN' and not os.stat('/dev/net/tun').st_mode & 2:
                continue  # it is a pair then, and tested as such
            def one(who=who, options=options):
                if who and not MAY_NAMESPACE:
                    raise Skip('users may have no namespace here')
                function(who, options)
            one.__name__ = function.__name__ + '_' + name.replace(', ', '_')
            one.__doc__ = f'{title}, {name}'
            case(one)
        return function
    return decorate


def run(who, options, argv, **more):
    return subprocess.run([*who, PROGRAM, 'run', *options, '--', *argv],
                          capture_output=True, text=True, timeout=60,
                          cwd=FOLDER, **more)


def no_unshare():
    """A filter that refuses unshare(2), for this process and its children."""
    libc = ctypes.CDLL(None, use_errno=True)
    number = {'x86_64': 272, 'aarch64': 97}[os.uname().machine]
    ops = [(0x20, 0, 0, 0), (0x15, 0, 1, number), (6, 0, 0, 0x50001),
           (6, 0, 0, 0x7fff0000)]
    program = b''.join(struct.pack('HBBI', *op) for op in ops)
    octets = ctypes.create_string_buffer(program)
    head = struct.pack('HxxxxxxP', len(ops), ctypes.addressof(octets))
    assert libc.prctl(38, 1, 0, 0, 0) == 0
    assert libc.prctl(22, 2, head) == 0


def script(who, options, text, *args):
    """The standard output of a script inside."""
    if who and not EVERYBODYS:
        raise Skip('no Python that an ordinary user may run')
    done = run(who, options, [EVERYBODYS if who else PYTHON, '-c', text,
                              *map(str, args)])
    assert done.returncode == 0, (done.stdout, done.stderr)
    return done.stdout.strip()


# ------------------------------------------------------------------- cases --

ECHOES = '''
import socket, sys
host, port, n = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET,
                  socket.SOCK_DGRAM)
s.settimeout(20)
got = 0
for i in range(n):
    s.sendto(b"datagram %d" % i, (host, port))
for i in range(n):
    try:
        data, who = s.recvfrom(100)
    except TimeoutError:
        break
    assert data.startswith(b"DATAGRAM"), data
    assert who[0] == host and who[1] == port, who
    got += 1
print(got)
'''


@ways('datagrams there and back')
def datagrams(who, options):
    for host in PEER4, PEER6:
        assert script(who, options, ECHOES, host, ECHO, 20) == '20', host


@ways('a datagram in fragments')
def fragments(who, options):
    text = '''
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(20)
s.sendto(b"x" * 20000, (sys.argv[1], int(sys.argv[2])))
print(len(s.recv(65536)))
'''
    assert script(who, options, text, PEER4, ECHO) == '20000'


@ways('the path loses and delays datagrams')
def impaired(who, options):
    text = '''
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(20)
s.connect((sys.argv[1], int(sys.argv[2])))
for i in range(4):
    s.send(b"%d" % i)
print(s.recv(10).decode())
begin = time.monotonic()
s.send(b"again")
while s.recv(10) != b"AGAIN":
    pass
print(time.monotonic() - begin)
'''
    out = script(who, [*options, '--delay', '60ms', '--drop',
                       'up #1; up #2'], text, PEER4, ECHO).split()
    assert out[0] == '2', out
    assert float(out[1]) >= 0.12, out


@ways('a refused port is told to its sender')
def refused(who, options):
    text = '''
import socket, sys
for host in sys.argv[2:]:
    s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET,
                      socket.SOCK_DGRAM)
    s.settimeout(20)
    s.connect((host, int(sys.argv[1])))
    s.send(b"anybody?")
    try:
        print(s.recv(10))
    except ConnectionRefusedError:
        print("refused")
'''
    assert script(who, options, text, DEAF, PEER4,
                  PEER6).split() == ['refused'] * 2


@ways('the loopback of this machine has a name on the path')
def loopback(who, options):
    with udp(socket.AF_INET, '127.0.0.1', 0) as sock:
        threading.Thread(target=lambda: sock.sendto(
            *[(d.upper(), w) for d, w in [sock.recvfrom(100)]][0]),
            daemon=True).start()
        port = sock.getsockname()[1]
        assert script(who, options, ECHOES, GATEWAY, port, 1) == '1'
    assert script(who, [*options, '--isolated'], '''
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(20)
s.connect((sys.argv[1], 7007))
s.send(b"anybody?")
try:
    s.recv(10)
except ConnectionRefusedError:
    print("refused")
''', GATEWAY) == 'refused'


PING = '''
import os, socket, struct, sys
host = sys.argv[1]
v6 = ":" in host
s = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET,
                  socket.SOCK_DGRAM,
                  socket.getprotobyname("ipv6-icmp") if v6 else 1) \
    if len(sys.argv) < 3 else socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)
s.settimeout(20)
if not v6:
    s.setsockopt(socket.IPPROTO_IP, 11, 1)  # IP_RECVERR
body = b"a ping"
head = struct.pack("!BBHHH", 128 if v6 else 8, 0, 0, 77, 5)
if len(sys.argv) > 2:
    words = struct.unpack("!7H", head + body)
    total = sum(words)
    total = (total & 0xffff) + (total >> 16)
    head = struct.pack("!BBHHH", 8, 0, ~total & 0xffff, 77, 5)
s.sendto(head + body, (host, 0))
data, who = s.recvfrom(200)
if len(sys.argv) > 2:
    assert data[24:26] == struct.pack("!H", 77), data
    data = data[20:]
assert data[0] == (129 if v6 else 0) and data[6:8] == b"\\0\\5", data
assert data[8:] == body and who[0] == host, (data, who)
print("pong")
'''.replace('socket.getprotobyname("ipv6-icmp")', '58')


@ways('ping of the gateway and beyond it')
def ping(who, options):
    assert script(who, options, PING, GATEWAY) == 'pong'
    if who:
        # This machine lets nobody ping: the sender is told.
        done = run(who, options, [EVERYBODYS, '-c', PING, PEER4])
        assert 'No route' in done.stderr, done
        with open('/proc/sys/net/ipv4/ping_group_range', 'w') as file:
            file.write('0 65535')
    for host in PEER4, PEER6:
        assert script(who, options, PING, host) == 'pong', host
    if who:
        with open('/proc/sys/net/ipv4/ping_group_range', 'w') as file:
            file.write('1 0')
    else:
        assert script(who, options, PING, PEER4, 'raw') == 'pong'


@ways('interfaces are those of the namespace')
def interfaces(who, options):
    told = run(who, options, ['ip', '-j', 'addr'])
    found = {one['ifname']: [a['local'] for a in one['addr_info']]
             for one in json.loads(told.stdout)}
    assert set(found) == {'lo', 'catenet0'}, found
    assert OWN4 in found['catenet0'] and 'fd77::1' in found['catenet0'], found
    text = '''
import fcntl, socket, struct
print(sorted(n for _, n in socket.if_nameindex()))
for kind in socket.SOCK_DGRAM, socket.SOCK_STREAM:
    s = socket.socket(socket.AF_INET, kind)
    r = fcntl.ioctl(s, 0x8915, struct.pack("256s", b"catenet0"))
    print(socket.inet_ntoa(r[20:24]))
    r = fcntl.ioctl(s, 0x8921, struct.pack("256s", b"catenet0"))
    print(struct.unpack("i", r[16:20])[0])
    try:
        fcntl.ioctl(s, 0x8913, struct.pack("256s", b"m0"))
        print("seen")
    except OSError:
        print("hidden")
s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"catenet0\\0")
try:
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"m0\\0")
except OSError as error:
    assert error.errno == 19, error
'''
    assert script(who, options, text).split('\n') == [
        "['catenet0', 'lo']", *([OWN4, '1500', 'hidden'] * 2)]


NAME = '''
import socket, sys
for name in sys.argv[1:]:
    try:
        print(socket.gethostbyname(name))
    except OSError as err:
        print(type(err).__name__)
'''


@ways('names by the resolver of the gateway')
def names(who, options):
    if not os.path.exists('/etc/resolv.conf') or not root_is_mounted():
        raise Skip('no /etc/resolv.conf, or a chroot')
    with open('/etc/resolv.conf') as file:
        before = file.read()
    dns = [*options, '--dns', f'{PEER4}:{DNS}']
    PEER.asked.clear()
    out = script(who, dns, NAME, 'name.test.', 'lower.test.').split()
    assert out == ['10.7.7.7'] * 2, out
    # Letters of chance, and names that are long enough to show it.
    seen = set(PEER.asked)
    PEER.asked.clear()
    long = 'abcdefghijklmnopqrstuvwxyz.test.'
    assert script(who, dns, NAME, long) == '10.7.7.7'
    assert PEER.asked[0].decode().lower() == long[:-1], PEER.asked
    assert PEER.asked[0].decode() != long[:-1], (PEER.asked, seen)
    text = '''
import sys
print(open("/etc/resolv.conf").read().split()[:2])
'''
    assert script(who, dns, text) == f"['nameserver', '{GATEWAY}']"
    with open('/etc/resolv.conf') as file:
        assert file.read() == before, 'the machine has its own'


@ways('hostile answers are not passed on')
def hostile(who, options):
    text = '''
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(1.5)  # for nothing
for name in b"other", b"loop":
    q = b"\\x12\\x34\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0" + bytes([len(name)]) + name
    s.sendto(q + b"\\4test\\0\\0\\1\\0\\1", (sys.argv[1], 53))
    try:
        print(s.recv(500))
    except TimeoutError:
        print("nothing")
q = b"\\x12\\x35\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\xc0\\x0c\\0\\1\\0\\1"
s.settimeout(20)
s.sendto(q, (sys.argv[1], 53))
data = s.recv(500)
assert data[:2] == b"\\x12\\x35" and data[3] & 15 == 1, data
print("form error")
'''
    out = script(who, [*options, '--dns', f'{PEER4}:{DNS}'], text, GATEWAY)
    assert out.split('\n') == ['nothing', 'nothing', 'form error'], out


@case
def guessed():
    """whoever guesses at an answer is asked again, in other words"""
    if not os.path.exists('/etc/resolv.conf') or not root_is_mounted():
        raise Skip('no /etc/resolv.conf, or a chroot')
    PEER.asked.clear()
    assert script([], ['--dns', f'{PEER4}:{DNS}'], NAME,
                  'flood.test.') == '10.7.7.7'
    assert len(PEER.asked) == 2, PEER.asked


@ways('a name over TCP')
def stream_names(who, options):
    text = '''
import socket, sys
q = b"\\x12\\x34\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\4name\\4test\\0\\0\\1\\0\\1"
s = socket.create_connection((sys.argv[1], 53))
s.sendall(len(q).to_bytes(2, "big") + q)
data = b""
while len(data) < 2 or len(data) < 2 + int.from_bytes(data[:2], "big"):
    more = s.recv(500)
    assert more, data
    data += more
assert data[2:4] == b"\\x12\\x34" and data[-4:] == bytes([10, 7, 7, 7]), data
print("answered")
'''
    assert script(who, [*options, '--dns', f'{PEER4}:{DNS}'], text,
                  GATEWAY) == 'answered'


@ways('a datagram server inside hears its peer through what it has sent')
def inbound(who, options):
    text = '''
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(20)
s.bind(("", int(sys.argv[2])))
s.sendto(b"hello", (sys.argv[1], 7007))
heard = set()
while len(heard) < 2:
    heard.add(s.recv(10).decode())
print(*sorted(heard))
'''
    port = 40000 + os.getpid() % 10000
    process = subprocess.Popen(
        [*who, PROGRAM, 'run', *options, '--',
         EVERYBODYS if who else PYTHON, '-c', text, PEER4, str(port)], stdout=subprocess.PIPE, text=True, cwd=FOLDER)
    with udp(socket.AF_INET, '', 0) as sock:
        for _ in range(600):
            sock.sendto(b'stranger', (OWN4, port))
            if process.poll() is not None:
                break
            time.sleep(0.1)
    assert process.communicate(timeout=20)[0].strip() == 'HELLO stranger'


SERVER = '''
import select, socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], int(sys.argv[2])))
print(s.getsockname()[1], flush=True)
for i in range(int(sys.argv[3])):
    if sys.stdin in select.select([s, sys.stdin], [], [])[0]:
        sys.exit()
    data, who = s.recvfrom(65536)
    s.sendto(data.upper(), who)
s.close()
print("closed", flush=True)
sys.stdin.read()
'''


@contextlib.contextmanager
def server(who, options, *args, text=None):
    process = subprocess.Popen(
        [*who, PROGRAM, 'run', *options, '--', EVERYBODYS if who else PYTHON,
         '-c', text or SERVER, *map(str, args)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=FOLDER)
    try:
        yield int(process.stdout.readline()), process
    finally:
        process.stdin.close()
        process.wait(timeout=20)
        process.stdout.close()


def asked(address, port, data=b'any news', seconds=20):
    """What the server says; who is not there yet is asked again."""
    end = time.monotonic() + seconds
    with udp(socket.AF_INET, '', 0) as sock:
        sock.settimeout(0.2)
        while time.monotonic() < end:
            sock.sendto(data, (address, port))
            with contextlib.suppress(OSError):
                got, who = sock.recvfrom(65536)
                assert who == (address, port), who
                return got
    return None


def is_free(port):
    try:
        udp(socket.AF_INET, '127.0.0.1', port).close()
        return True
    except OSError:
        return False


@ways('a datagram server inside is at its port of this machine')
def published(who, options):
    for address, port in ('', 4711), ('127.0.0.1', 4712), ('', 0):
        with server(who, options, address, port, 1) as (port, process):
            assert asked('127.0.0.1', port) == b'ANY NEWS', port
            assert process.stdout.readline() == 'closed\n'
            wait_for(lambda: is_free(port))
    # Not where it has not been asked for.
    with server(who, options, '', 4713, 1) as (port, _):
        assert asked(OWN4, port, seconds=0.5) is None
        asked('127.0.0.1', port)
    with server(who, [*options, '--isolated'], '', 4714, 1) as (port, process):
        assert asked('127.0.0.1', port, seconds=0.5) is None
        process.terminate()


@ways('a long datagram to a server inside')
def published_long(who, options):
    with server(who, options, '', 4715, 1) as (port, _):
        assert asked('127.0.0.1', port, b'x' * 9000) == b'X' * 9000


@ways('-p publishes datagrams elsewhere')
def published_elsewhere(who, options):
    # Who is slow to answer is asked again: more than twice, it may be.
    with server(who, [*options, '-p', '5353:4716/udp'], '', 4716, 999) as _:
        assert asked(OWN4, 5353) == b'ANY NEWS'
        assert asked('127.0.0.1', 5353) == b'ANY NEWS'
    with udp(socket.AF_INET, '', 5354):
        told = run(who, [*options, '-p', '5354:4716/udp'], ['true'])
        assert told.returncode == 125 and '5354' in told.stderr, told


@ways('the loopback of this machine, where nothing inside listens')
def mirrored(who, options):
    text = '''
import socket, sys
port, none = int(sys.argv[1]), int(sys.argv[2])
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(20)
s.sendto(b"by sendto", ("127.0.0.1", port))
print(*s.recvfrom(100))
s.connect(("127.0.0.1", port))
s.send(b"by connect")
print(s.recv(100))
s.send(b"x" * 9000)
print(len(s.recv(65536)))
s.connect(("127.0.0.1", none))
s.send(b"nobody")
try:
    s.recv(10)
except ConnectionRefusedError:
    print("refused")
# Whoever binds it inside has it.
own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
own.bind(("127.0.0.1", port))
s.connect(("127.0.0.1", port))
s.send(b"own")
print(own.recv(10))
'''
    with echoing() as sock, udp(socket.AF_INET, '127.0.0.1', 0) as gone:
        none = gone.getsockname()[1]
        gone.close()
        port = sock.getsockname()[1]
        assert script(who, options, text, port, none).split('\n') == [
            f"b'BY SENDTO' ('127.0.0.1', {port})", "b'BY CONNECT'", '9000',
            'refused', "b'own'"]


@ways('the loopback of this machine by sendmsg, where it is watched')
def mirrored_by_sendmsg(who, options):
    text = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(20)
s.sendmsg([b"by ", b"sendmsg"], [], 0, ("127.0.0.1", int(sys.argv[1])))
print(*s.recvfrom(100))
"""
    with echoing() as sock:
        port = sock.getsockname()[1]
        assert script(who, [*options, '--watch-sendmsg'], text, port) == \
            f"b'BY SENDMSG' ('127.0.0.1', {port})"


@ways('nothing but what it says reaches the wire')
def leaks(who, options):
    PEER.wire.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            PEER.wire.recv(65536)
    script(who, options, '''
import socket, sys
# To groups, to all, from a false source: none of it travels.
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
for to in ("224.0.0.251", 5353), ("255.255.255.255", 67):
    try:
        s.sendto(b"leak", to)
    except OSError:
        pass
s.sendto(b"known", (sys.argv[1], 7007))
s.settimeout(20)
print(s.recv(10))
''', PEER4)
    seen = []
    with contextlib.suppress(BlockingIOError):
        while True:
            data, where = PEER.wire.recvfrom(65536)
            # What this machine's own kernel says (neighbours, reports) apart.
            if where[2] != 4 and where[1] == 0x0800:
                seen.append(data)
    assert seen and all(b'leak' not in data for data in seen), seen
    assert all(data[9] == 17 for data in seen), seen


@ways('no kernel TCP from inside')
def kernel_tcp(who, options):
    if who:
        raise Skip('raw packets are root\'s')
    PEER.wire.setblocking(False)
    summary = os.path.join(FOLDER, 'summary.json')
    out = run(who, [*options, '--summary', summary],
              [PYTHON, '-c', '''
import socket, struct, sys
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, 6)
s.sendto(struct.pack("!HHIIBBHHH", 1, 2, 3, 0, 80, 2, 1000, 0, 0),
         (sys.argv[1], 0))
''', PEER4])
    assert out.returncode == 0, out
    with open(summary) as file:
        told = json.load(file)
    assert told['datagrams']['tcp_dropped'] == 1, told['datagrams']


@case
def setuid_as_root():
    """a server started as root changes its user and its groups"""
    assert script([], [], '''
import os
os.setgroups([4, 33])
os.setgid(33)
os.setuid(33)
print(os.getresuid(), os.getgroups())
''') == '(33, 33, 33) [4, 33]'
    assert script([], [], '''
import os
print(os.stat("/").st_uid, os.getuid())
''') == '0 0'


@case
def user_keeps_its_number():
    """an ordinary user keeps its number, its folder and its files"""
    if not MAY_NAMESPACE:
        raise Skip('users may have no namespace here')
    assert script(USER, [], '''
import os
print(os.getuid(), os.getgid(), os.getcwd())
''') == f'65534 65534 {FOLDER}'


@case
def undumpable():
    """in its namespace a program that is not dumpable has TCP all the same"""
    if not MAY_NAMESPACE:
        raise Skip('users may have no namespace here')
    with socket.socket() as listener:
        listener.bind(('127.0.0.1', 0))
        listener.listen()
        assert script(USER, [], '''
import ctypes, socket, sys
assert ctypes.CDLL(None).prctl(4, 0, 0, 0, 0) == 0
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
print(s.getpeername()[0])
''', listener.getsockname()[1]) == '127.0.0.1'



@ways('far hosts, and routers on the way, say what they have to say')
def time_exceeded(who, options):
    text = '''
import socket, struct, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(20)
s.setsockopt(socket.IPPROTO_IP, 11, 1)
s.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 1)
s.sendto(b"how far?", (sys.argv[1], 33434))
try:
    s.recv(10)
except OSError as error:
    print(error.errno)
data, more, flags, to = s.recvmsg(100, 512, 0x2000)
ee = more[0][2]
errno, origin, kind, code = struct.unpack("IBBB", ee[:7])
print(data, to, origin, kind, code, socket.inet_ntoa(ee[20:24]))
'''
    assert script(who, options, text, '10.79.0.1').split('\n') == [
        '113', f"b'how far?' ('10.79.0.1', 33434) 2 11 0 {PEER4}"]


LISTED = '''
import socket, sys
bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
bound.bind(("", int(sys.argv[1])))
six = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
six.bind(("::1", 0))
one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
one.connect(("127.0.0.1", int(sys.argv[1])))
one.send(b"x" * 100)
print(one.getsockname()[1], flush=True)
sys.stdin.read()
'''


@ways('catenet ss shows the sockets for datagrams, and whose they are')
def listed(who, options):
    port = 4721
    with server(who, options, port, text=LISTED) as (own, process):
        ss = [*who, PROGRAM, 'ss']
        done = subprocess.run([*ss, '-uap', str(process.pid)], text=True,
                              capture_output=True, timeout=20)
        rows = [line.split() for line in done.stdout.splitlines()]
        assert rows[0] == ['State', 'Recv-Q', 'Send-Q', 'Local',
                           'Address:Port', 'Peer', 'Address:Port',
                           'Process'], rows
        found = {row[3]: row for row in rows[1:]}
        assert len(found) == 3, done
        assert found[f'0.0.0.0:{port}'][0] == 'UNCONN', found
        assert int(found[f'0.0.0.0:{port}'][1]) >= 100, found
        assert found[f'127.0.0.1:{own}'][0] == 'ESTAB', found
        assert found[f'127.0.0.1:{own}'][4] == f'127.0.0.1:{port}', found
        assert all(re.fullmatch(r'users:\(\("python[^"]*",pid=\d+,fd=\d+\)\)',
                                row[5]) for row in found.values()), found
        for words, n in (('-u',), 1), (('-ul',), 2), (('-t',), 0), \
                (('-tul',), 2), ((), 1), (('-a', 'sport', '=', f':{port}'), 1):
            done = subprocess.run([*ss, *words, str(process.pid)], text=True,
                                  capture_output=True, timeout=20)
            lines = done.stdout.splitlines()
            assert len(lines) == n + 1, (words, done)
            assert lines[0].startswith('Netid' if words in (
                (), ('-tul',)) or '-a' in words else 'State'), done
        # What the machine has on its side of the path is not the program's.
        assert not [row for row in found if '192.0.2' in row], found


@case
def listed_bounded():
    """a program with more sockets than anybody wants to see"""
    with server([], [], text='''
import resource, socket, sys
most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
kept = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2500)]
for one in kept:
    one.connect(("127.0.0.1", 9))
print(len(kept), flush=True)
sys.stdin.read()
''') as (_, process):
        done = subprocess.run([PROGRAM, 'ss', '-u', str(process.pid)],
                              text=True, capture_output=True, timeout=60)
        assert len(done.stdout.splitlines()) == 2048 + 1, len(done.stdout)
        assert 'there are more than the 2048' in done.stderr, done.stderr


SEEN = '''
import socket, struct, sys
peer = sys.argv[1]
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(20)
s.sendto(b"to be seen", (peer, 7007)); assert s.recv(100) == b"TO BE SEEN"
s.sendto(b"x" * 3000, (peer, 7007)); assert len(s.recv(4000)) == 3000
s.connect((peer, 7009)); s.send(b"nobody")
try: s.recv(10)
except ConnectionRefusedError: print("refused")
p = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP)
p.settimeout(20)
p.sendto(struct.pack("!BBHHH", 8, 0, 0, 1, 9) + b"ping", ("192.0.2.1", 0))
assert p.recv(100)[:1] == b"\\0"
'''


@ways('datagrams, fragments, echoes and errors are told and drawn')
def told(who, options):
    folder = tempfile.mkdtemp(dir=FOLDER)
    os.chmod(folder, 0o777)
    events, capture = folder + '/events', folder + '/capture'
    done = run(who, [*options, '--events', events, '--explain', '--lang', 'en',
                     '--pcapng', capture],
               [EVERYBODYS if who else PYTHON, '-c', SEEN, PEER4])
    assert done.stdout == 'refused\n', done
    with open(events, encoding='utf-8') as file:
        lines = [json.loads(line) for line in file]
    schema = Schema(the_schema())
    for line in lines:
        assert schema.valid(line), line
    lines = [line for line in lines if line['kind'] == 'packet']
    assert all(line['fate'] == 'SENT' for line in lines), lines

    def of(sender, **like):
        return [line for line in lines if line['sender'] == sender and
                all(line.get(key) == value for key, value in like.items())]
    first = of('program', protocol='udp', len=10)
    assert [line['peer'] for line in first] == [f'{PEER4}:{ECHO}'], lines
    assert [(line['local'], line['peer']) for line in
            of('network', protocol='udp', len=10)] == [
                (first[0]['peer'], first[0]['local'])], lines
    for sender in 'program', 'network':
        pieces = of(sender, fragment_id=next(
            line['fragment_id'] for line in of(sender)
            if 'fragment_id' in line))
        assert [line['fragment_at'] for line in pieces] == [0, 1480, 2960], \
            pieces
        assert [line['fragment_more'] for line in pieces] == [
            True, True, False], pieces
    refused = of('network', icmp='port-unreachable')
    assert len(refused) == 1 and refused[0]['about'] == 'udp', lines
    assert refused[0]['about_peer'] == f'{PEER4}:7009', refused
    assert refused[0]['about_local'] == of(
        'program', peer=f'{PEER4}:7009')[0]['local'], lines
    assert len(of('program', icmp='echo-request', echo=9)) == 1, lines
    assert len(of('network', icmp='echo-reply', echo=9)) == 1, lines
    for words in ('program: UDP ', f'→ {PEER4}:{ECHO}, 10 octets',
                  'a fragment, octets 1480–2959', 'asks 192.0.2.1 for an echo',
                  f'nobody is at {PEER4}:7009'):
        assert words in ' '.join(done.stderr.split()), (words, done.stderr)
    with open(capture, 'rb') as file:
        octets = file.read()
    for piece in b'to be seen', b'TO BE SEEN', b'nobody', b'ping':
        assert piece in octets, piece


@case
def told_lost():
    """what the path loses is told, and of many alike a few lines are drawn"""
    text = '''
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect((sys.argv[1], 7008))
for i in range(100): s.send(b"lost"); time.sleep(0.001)'''
    done = run([], ['--loss', '100%', '--explain', '--lang', 'en'],
               [PYTHON, '-c', text, PEER4])
    said = [line for line in done.stderr.splitlines() if ':7008' in line]
    # The first two, then 4, 8 ... 64.
    assert len(said) == 7, done.stderr
    assert '64 of these so far' in done.stderr, done.stderr


@case
def many_sources():
    """the gateway keeps so many sources and no more"""
    process = subprocess.Popen([PROGRAM, 'run', '-q', '--', PYTHON, '-c', '''
import resource, socket, sys, time
resource.setrlimit(resource.RLIMIT_NOFILE,
                   (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
for i in range(3000):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(20)
    s.sendto(b"one of many", (sys.argv[1], 7007))
    assert s.recv(20)
print("done", flush=True)
sys.stdin.read()
''', PEER4], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == 'done\n'
    with open(f'/proc/{process.pid}/task/{process.pid}/children') as file:
        world = file.read().split()[0]
    open_n = len(os.listdir(f'/proc/{world}/fd'))
    process.communicate(timeout=20)
    assert open_n < 1200, open_n


def is_bound(port):
    """A datagram socket of this machine's 127.0.0.1."""
    with open('/proc/net/udp') as file:
        return f' 0100007F:{port:04X} ' in file.read()


@case
def crowded():
    """who makes room in the gateway's table of sources is counted"""
    summary = os.path.join(FOLDER, 'summary.json')
    out = run([], ['--summary', summary], [PYTHON, '-c', '''
import resource, socket, sys
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
all = []
for i in range(1100):
    all.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    all[-1].settimeout(20)
    all[-1].sendto(b"one of many", (sys.argv[1], 7007))
    assert all[-1].recv(20)
''', PEER4])
    assert out.returncode == 0, out
    with open(summary) as file:
        told = json.load(file)['crowded_out']
    # A quarter of the descriptors, or 1 024.
    assert told['udp'] >= 1100 - 1024, told
    assert not told['echo'] + told['dns'] + told['names'], told


@case
def long_list():
    """thousands of sockets do not hide one that is published"""
    process = subprocess.Popen([PROGRAM, 'run', '-q', '--', PYTHON, '-c', '''
import resource, socket, sys
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
all = []
for i in range(2600):
    all.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    all[-1].bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in all[:200]), flush=True)
sys.stdin.read()
'''], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    ports = [int(word) for word in process.stdout.readline().split()]
    # Two turns of the sweep.
    time.sleep(1.2)
    kept = [port for port in ports if is_bound(port)]
    process.communicate(timeout=20)
    assert len(ports) == 200 and kept == ports, (len(ports), len(kept))


@case
def both_families():
    """a server of both families stays at its port of 127.0.0.1"""
    process = subprocess.Popen([PROGRAM, 'run', '-q', '--', PYTHON, '-c', '''
import socket, sys
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.bind(("::", 0))
print(s.getsockname()[1], flush=True)
sys.stdin.read()
'''], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    port = int(process.stdout.readline())
    time.sleep(1.2)
    bound = is_bound(port)
    process.communicate(timeout=20)
    assert bound


@case
def privileged():
    """a port that is closed to the program is not taken for it"""
    port = next(p for p in range(700, 1023) if is_free(p))
    process = subprocess.Popen([PROGRAM, 'run', '-q', '--', PYTHON, '-c', '''
import os, socket, sys
os.setgid(65534)
os.setuid(65534)
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
try:
    s.bind(("", int(sys.argv[1])))
except PermissionError:
    print("closed", flush=True)
sys.stdin.read()
''', str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == 'closed\n'
    bound = is_bound(port)
    process.communicate(timeout=20)
    assert not bound, port
    with server([], [], '', port, 1) as (port, _):
        assert asked('127.0.0.1', port) == b'ANY NEWS'


@case
def small_mtu():
    """an MTU too small for IPv6, and the largest there is"""
    for mtu in '600', '65535':
        assert script([], ['--mtu', mtu], ECHOES, PEER4, ECHO, 3) == '3'


@case
def no_namespace():
    """--no-namespace leaves the program in this machine's network"""
    out = run([], ['--no-namespace'], ['ip', '-j', 'link']).stdout
    assert {one['ifname'] for one in json.loads(out)} == {'lo', 'm0'}, out
    assert script(USER, ['--no-namespace'], ECHOES, PEER4, ECHO, 3) == '3'


@case
def forbidden():
    """where namespaces are forbidden one line says what is not there"""
    for who, before, preexec in (USER, [], no_unshare), \
            ([], ['--without', 'namespace'], None):
        python = EVERYBODYS if who else PYTHON
        told = run(who, before, [python, '-c', ECHOES, PEER4, str(ECHO), '3'],
                   preexec_fn=preexec)
        quiet = run(who, [*before, '-q'], ['true'], preexec_fn=preexec)
        assert told.returncode == 0 and told.stdout.strip() == '3', told
        lines = [one for one in told.stderr.splitlines() if 'UDP' in one]
        assert len(lines) == 1 and 'refused' in lines[0], told.stderr
        assert quiet.returncode == 0 and not quiet.stderr, quiet


@case
def gone_with_it():
    """the interfaces are gone when the run is"""
    before = os.listdir('/sys/class/net')
    script([], ['--without', 'tun'], 'print(1)')
    script([], [], 'print(1)')
    assert os.listdir('/sys/class/net') == before


try:
    main()
finally:
    shutil.rmtree(FOLDER, ignore_errors=True)
