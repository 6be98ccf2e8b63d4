#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Programs that join a world with a name live wholly in it: UDP, ping, names
and interfaces.  The machine is a network namespace that this test makes.  Every
case runs by TUNs and by pairs of interfaces, as root and as an ordinary user."""
import atexit
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)


def begin():
    """Once more, in a network and with files of our own."""
    if os.geteuid() != 0:
        print('needs root: it makes the network that it runs in')
        sys.exit(77)
    for tool in ('ip', 'unshare', 'setpriv', 'mount'):
        if not shutil.which(tool):
            print(f'{tool} is not installed')
            sys.exit(77)
    os.environ['WORLDS_TEST'] = 'machine'
    os.execvp('unshare', ['unshare', '-n', '-m', sys.executable,
                          os.path.abspath(__file__), *sys.argv[1:]])


if os.environ.get('WORLDS_TEST') != 'machine':
    begin()

from harness import CATENET, PYTHON, Skip, case, main, wait_for  # noqa: E402
from schema import Schema  # noqa: E402

FOLDER = tempfile.mkdtemp(prefix='catenet-worlds.')
atexit.register(shutil.rmtree, FOLDER, True)
os.chmod(FOLDER, 0o755)
PROGRAM = shutil.copy(CATENET, os.path.join(FOLDER, 'catenet'))
os.chmod(PROGRAM, 0o755)
USER = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups']
OWN = '10.77.0.1'
MSG_ERRQUEUE, IP_RECVERR, IP_MTU = 0x2000, 11, 14


def works(*argv):
    with contextlib.suppress(OSError):
        return not subprocess.run(argv, capture_output=True).returncode
    return False


# setpriv itself may still run what its user may not.
EVERYBODYS = next((path for path in (PYTHON, '/usr/bin/python3',
                                     '/usr/local/bin/python3')
                   if works(*USER, 'sh', '-c', f'{path} -c ""')), None)
MAY_NAMESPACE = works(*USER, 'unshare', '-U', '-n', 'true')
USER_TUN = os.path.exists('/dev/net/tun') and \
    os.stat('/dev/net/tun').st_mode & 2

LINE = ('--host', 'alice 10.1.0.1', '--router', 'r1', '--router', 'r2',
        '--router', 'r3', '--host', 'bob 10.9.0.1')
HOPS = ('--link', 'alice r1 delay 5ms', '--link', 'r1 r2 delay 5ms',
        '--link', 'r2 r3 delay 5ms mtu 1300', '--link', 'r3 bob delay 5ms')
LAN = ('--host', 'alice', '--host', 'bob', '--host', 'carol')
TWO = ('--host', 'alice 10.1.0.1', '--host', 'bob 10.9.0.1')


class World:
    """One of the user's, and programs on it."""
    count = 0

    def __init__(self, way, *options):
        World.count += 1
        self.who, self.options = way
        self.name = f'w{World.count}'
        self.python = EVERYBODYS if self.who else PYTHON
        if self.who and not EVERYBODYS:
            raise Skip('no Python that an ordinary user may run')
        folder = tempfile.mkdtemp(dir=FOLDER)
        os.chmod(folder, 0o700)
        if self.who:
            os.chown(folder, 65534, 65534)
        self.env = {**os.environ, 'XDG_RUNTIME_DIR': folder}
        self.process = self.popen(['world', self.name, *options],
                                  stderr=subprocess.PIPE)
        said = self.process.stderr.readline()
        assert self.name in said, said

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)
        self.process.stderr.close()

    def popen(self, words, **more):
        return subprocess.Popen([*self.who, PROGRAM, *words], env=self.env,
                                cwd=FOLDER, text=True,
                                stdin=subprocess.DEVNULL, **more)

    def command(self, *words):
        return subprocess.run([*self.who, PROGRAM, *words], env=self.env,
                              cwd=FOLDER, text=True, capture_output=True,
                              timeout=60)

    def words(self, host, *argv):
        return ['run', *self.options, '--world', self.name, '--host', host,
                '--', *argv]

    def script(self, host, text, *args):
        """What it prints."""
        done = self.command(*self.words(host, self.python, '-c', text,
                                        *map(str, args)))
        assert done.returncode == 0, (done.stdout, done.stderr)
        return done.stdout.strip()

    @contextlib.contextmanager
    def start(self, host, text, *args):
        """It runs until it is left, and has said that it is ready."""
        with self.popen(self.words(host, self.python, '-c', text,
                                   *map(str, args)), stdout=subprocess.PIPE,
                        stderr=subprocess.PIPE) as process:
            try:
                said = process.stdout.readline()
                assert said == 'ready\n', (said, process.stderr.read())
                yield process
            finally:
                process.kill()


def ways(title):
    def decorate(function):
        for name, who, options in (
                ('root, TUN', [], []),
                ('root, pair', [], ['--without', 'tun']),
                ('user, TUN', USER, []),
                ('user, pair', USER, ['--without', 'tun'])):
            if name == 'user, TUN' and not USER_TUN:
                continue  # it is a pair then, and tested as such
            if name == 'root, TUN' and not os.path.exists('/dev/net/tun'):
                continue

            def one(who=who, options=options):
                if who and not MAY_NAMESPACE:
                    raise Skip('users may have no namespace here')
                function((who, options))
            one.__name__ = function.__name__ + '_' + name.replace(', ', '_')
            one.__doc__ = f'{title}, {name}'
            case(one)
        return function
    return decorate


ECHO = '''
import socket, sys
host, port = sys.argv[1], int(sys.argv[2])
s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET,
                  socket.SOCK_DGRAM)
s.bind((host, port))
print("ready", flush=True)
while True:
    data, who = s.recvfrom(65536)
    s.sendto(data.upper(), who)
'''
ASK = '''
import socket, sys
host, port, n = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
s = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET,
                  socket.SOCK_DGRAM)
s.connect((host, port))
s.settimeout(float(sys.argv[4]) if len(sys.argv) > 4 else 20)
for i in range(n):
    s.send(b"datagram %d" % i)
got = 0
try:
    while got < n:
        assert s.recv(100).startswith(b"DATAGRAM")
        got += 1
except TimeoutError:
    pass
except ConnectionRefusedError:
    got = "refused"
print(got, s.getsockname()[0])
'''
PING = '''
import socket, struct, sys, time
host, n = sys.argv[1], int(sys.argv[2])
v6 = ":" in host
s = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_DGRAM,
                  58 if v6 else 1)
s.settimeout(10)
for i in range(n):
    begin = time.monotonic()
    s.sendto(struct.pack("!BBHHH", 128 if v6 else 8, 0, 0, 1, i) + b"x" * 56,
             (host, 0))
    data, who = s.recvfrom(1000)
    assert who[0] == host and data[0] == (129 if v6 else 0), (who, data)
    print(time.monotonic() - begin)
'''
TRACE = '''
import socket, struct, sys
host = sys.argv[1]
v6 = ":" in host
family, level = (socket.AF_INET6, 41) if v6 else (socket.AF_INET, 0)
for ttl in range(1, 9):
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        s.setsockopt(level, 16 if v6 else socket.IP_TTL, ttl)
        s.setsockopt(level, 25 if v6 else 11, 1)
        s.settimeout(10)
        s.connect((host, 33434 + ttl))
        s.send(b"where?")
        try:
            s.recv(10)
        except OSError as error:
            err = error.errno
        _, control, _, _ = s.recvmsg(100, 500, 0x2000)
        at = 16 + (8 if v6 else 4)
        who = control[0][2][at:at + (16 if v6 else 4)]
        print(socket.inet_ntop(family, who), flush=True)
        if err == 111:
            break
'''


@ways('datagrams there and back, of both families')
def datagrams(way):
    with World(way, *TWO) as world:
        for host, own in (('10.9.0.1', '10.1.0.1'),
                          ('fd00:0:0:1::2', 'fd00:0:0:1::1')):
            with world.start('bob', ECHO, host, 99):
                assert world.script('alice', ASK, host, 99, 20) == \
                    f'20 {own}'


@ways('a datagram in fragments')
def fragments(way):
    text = '''
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(10)
s.sendto(b"x" * 20000, ("bob", 99)); print(len(s.recv(65536)))'''
    with World(way, *TWO) as world, world.start('bob', ECHO, '10.9.0.1', 99):
        assert world.script('alice', text) == '20000'


@ways('links lose what they are told to lose')
def loss(way):
    with World(way, *TWO, '--seed', 'loss', '--link',
               'alice bob from alice loss 30%') as world, \
            world.start('bob', ECHO, '10.9.0.1', 99):
        # What is lost never comes, and is waited for so many seconds.
        got = int(world.script('alice', ASK, '10.9.0.1', 99, 100, 5).split()[0])
        assert 40 < got < 95, got
        done = world.command('world', 'set', world.name, 'alice-bob', 'loss',
                             '100%')
        assert done.returncode == 0, done.stderr
        assert world.script('alice', ASK, '10.9.0.1', 99, 10, 1)[0] == '0'


@ways('ping, and the time that it takes')
def ping(way):
    with World(way, *LINE, *HOPS) as world:
        # Nobody is on bob: the host itself answers; then his kernel does.
        for _ in range(2):
            for host in '10.9.0.1', 'fd00:0:0:4::2':
                took = world.script('alice', PING, host, 2).split()
                assert all(float(t) >= 0.04 for t in took), took
            world.script('bob', 'pass')


@ways('traceroute shows the routers')
def traceroute(way):
    with World(way, *LINE, *HOPS) as world:
        assert world.script('alice', TRACE, '10.9.0.1').split() == [
            '10.0.1.2', '10.0.2.2', '10.0.3.2', '10.9.0.1']
        assert world.script('alice', TRACE, 'fd00:0:0:4::2').split() == [
            f'fd00:0:0:{n}::2' for n in range(1, 5)]
        assert world.script('r2', TRACE, '10.1.0.1').split() == [
            '10.0.2.1', '10.1.0.1']


@ways('a router tells how much fits')
def path_mtu(way):
    text = '''
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(0, 10, 2)
s.connect(("bob", 9))
assert s.getsockopt(0, 14) == 1500
s.send(b"x" * 1400)
while s.getsockopt(0, 14) == 1500:
    time.sleep(0.01)
print(s.getsockopt(0, 14))'''
    with World(way, *LINE, *HOPS) as world:
        assert world.script('alice', text) == '1300'


@ways('nobody at a port, a host, a network')
def refused(way):
    text = '''
import socket, sys
for host in sys.argv[1:]:
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(20)
    s.setsockopt(0, 11, 1)
    s.connect((host, 99)); s.send(b"anybody?")
    try: s.recv(10)
    except OSError as error: print(error.errno)'''
    with World(way, *TWO) as world:
        assert world.script('alice', ASK, '10.9.0.1', 99, 1).split()[0] == \
            'refused'
    with World(way, *LINE, *HOPS) as world:
        assert world.script('alice', text, '10.9.0.1',
                            '10.200.0.1').split() == ['111', '101']
    with World(way, *LAN) as world:
        assert world.script('alice', text, '10.0.1.77') == '113'


@ways('two programs of one host share its ports and its loopback')
def shared(way):
    text = '''
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
try: s.bind(("", 99))
except OSError as error: print(error.errno)'''
    with World(way, *TWO) as world, world.start('alice', ECHO, '127.0.0.1', 99):
        assert world.script('alice', ASK, '127.0.0.1', 99, 3) == '3 127.0.0.1'
        assert world.script('alice', text) == '98'
        assert world.script('bob', text) == ''
        # The loopback of one host is not that of another.
        assert world.script('bob', ASK, '127.0.0.1', 99, 1).split()[0] == \
            'refused'
        assert world.script('bob', ASK, '10.1.0.1', 99, 1).split()[0] == \
            'refused'


@ways('catenet ss shows whose sockets for datagrams there are on which host')
def listed(way):
    with World(way, *TWO) as world, \
            world.start('alice', ECHO, '10.1.0.1', 99), \
            world.start('alice', ECHO, '127.0.0.1', 98), \
            world.start('bob', ECHO, '10.9.0.1', 99):
        done = world.command('ss', '-tuanp')
        found = [line.split() for line in done.stdout.splitlines()
                 if re.search('%(alice|bob):', line)]
        assert sorted(row[4] for row in found) == [
            '10.1.0.1%alice:99', '10.9.0.1%bob:99', '127.0.0.1%alice:98'], done
        assert {tuple(row[:2]) for row in found} == {('udp', 'UNCONN')}, done
        assert all(row[6].startswith('users:(("python') for row in found), done
        said = world.command('ss', '--json', '-ua').stdout.splitlines()
        hosts = [row['host'] for row in map(json.loads, said)
                 if row['world'] == world.process.pid]
        assert sorted(hosts) == ['alice', 'alice', 'bob'], said


@ways('the first programs of a host come at once, and share it')
def at_once(way):
    with World(way, *TWO) as world:
        many = [world.popen(world.words('alice', 'readlink',
                                        '/proc/self/ns/net'),
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                for _ in range(8)]
        said = {one.communicate(timeout=60) for one in many}
        assert len(said) == 1 and not said.copy().pop()[1], said


@ways('hosts have names, and interfaces that are their own')
def names(way):
    text = '''
import fcntl, socket, struct, subprocess
print(socket.gethostbyname("bob"), socket.gethostbyname("alice"))
print(socket.getaddrinfo("bob", 9, socket.AF_INET6)[0][4][0])
print(socket.gethostname())
print([name for _, name in socket.if_nameindex() if name.startswith("eth")])
s = socket.socket()
for name in "eth0", "eth1":
    req = struct.pack("16s24x", name.encode())
    print(socket.inet_ntoa(fcntl.ioctl(s, 0x8915, req)[20:24]),
          struct.unpack("16si20x", fcntl.ioctl(s, 0x8921, req))[1])'''
    before = open('/etc/hosts').read()
    with World(way, *LINE, *HOPS) as world:
        assert world.script('r2', text).split('\n') == [
            '10.9.0.1 10.1.0.1', 'fd00:0:0:4::2', 'r2',
            "['eth0', 'eth1']", '10.0.2.2 1500', '10.0.3.1 1300']
    assert open('/etc/hosts').read() == before
    assert socket.gethostname() != 'r2'


@ways('what is for all reaches all of a segment')
def to_all(way):
    hear = '''
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 99))
s.setsockopt(0, socket.IP_ADD_MEMBERSHIP, socket.inet_aton("239.7.7.7") +
             socket.inet_aton(sys.argv[1]))
print("ready", flush=True)
while True:
    data, who = s.recvfrom(100)
    s.sendto(data.upper(), who)'''
    ask = '''
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(20)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
s.setsockopt(0, socket.IP_MULTICAST_IF, socket.inet_aton("10.0.1.1"))
for to in "10.0.1.255", "239.7.7.7":
    s.sendto(to.encode(), (to, 99))
    print(sorted(s.recvfrom(100)[1][0] for _ in range(2)))'''
    with World(way, *LAN) as world, \
            world.start('bob', hear, '10.0.1.2'), \
            world.start('carol', hear, '10.0.1.3'):
        assert world.script('alice', ask).split('\n') == [
            "['10.0.1.2', '10.0.1.3']"] * 2


@ways('addresses of a segment alone')
def link_local(way):
    own = '''
import re
print(re.search("fe80[0-9a-f]{28} \\S+ \\S+ \\S+ \\S+ +eth0",
                open("/proc/net/if_inet6").read())[0][:32])'''
    ask = '''
import socket, sys
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); s.settimeout(20)
for to in sys.argv[1:]:
    s.sendto(b"near", (to, 99, 0, socket.if_nametoindex("eth0")))
    print(s.recvfrom(100)[1][0])'''
    with World(way, *LAN) as world, world.start('bob', ECHO, '::', 99):
        found = world.script('bob', own)
        near = socket.inet_ntop(socket.AF_INET6, bytes.fromhex(found))
        assert near.startswith('fe80::'), near
        said = world.script('alice', ask, near, 'ff02::1').split()
        assert {one.split('%')[0] for one in said} == {near}, said


@ways('the real network through a gateway: datagrams, pings, names')
def gateway(way):
    text = '''
import socket
print(socket.gethostbyname("there.example"))
print(socket.gethostbyname("alice"))
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(20)
s.connect(("10.77.0.1", 7007)); s.send(b"out"); print(s.recv(10).decode())
s.connect(("10.77.0.1", 7008)); s.send(b"out")
try: s.recv(10)
except ConnectionRefusedError: print("refused")'''
    with World(way, *TWO, '--gateway', 'alice') as world:
        assert world.script('alice', text).split() == [
            '10.7.7.7', '10.1.0.1', 'OUT', 'refused']
        world.script('alice', PING, OWN, 1)


def may_bind(port):
    """Nobody else has the port of 127.0.0.1 any more."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        with contextlib.suppress(OSError):
            sock.bind(('127.0.0.1', port))
            return True
    return False


def asks(port, data=b'any news', host='127.0.0.1', seconds=10, own=''):
    """What a program of this machine hears from there; it asks again."""
    with socket.socket(socket.AF_INET6 if ':' in host else socket.AF_INET,
                       socket.SOCK_DGRAM) as sock:
        if own:
            sock.bind((own, 0))
        sock.connect((host, port))
        sock.settimeout(0.2)
        for _ in range(int(seconds / 0.2)):
            with contextlib.suppress(OSError):
                sock.send(data)
                return sock.recv(65536)
    return None


SEEN = '''
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", int(sys.argv[1])))
print("ready", flush=True)
while True:
    data, who = s.recvfrom(65536)
    s.sendto(b"%s of %s" % (data, who[0].encode()), who)'''


@ways('ports for datagrams of a host are published, by the world')
def published(way):
    with World(way, *TWO, '--gateway', 'alice', '-p', '127.0.0.1:5301:bob:99'
               '/udp', '-p', '5302:alice:99/udp') as world:
        # Nobody is there yet, and the port is kept.
        assert asks(5301, seconds=0.4) is None
        with contextlib.suppress(OSError), socket.socket(
                socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind(('127.0.0.1', 5301))
            assert False, 'the port is free'
        with world.start('bob', SEEN, 99), world.start('alice', SEEN, 99):
            one = asks(5301).split(b' of ')
            two = asks(5302).split(b' of ')
            # This machine's loopback is the gateway, as seen from inside.
            assert one == two and one[0] == b'any news', (one, two)
            assert not one[1].startswith(b'127.'), one
            far = asks(5302, host=OWN, own=OWN)
            assert far == b'any news of ' + OWN.encode(), far
            assert asks(5301, host=OWN, seconds=0.4) is None
            assert len(asks(5301, b'x' * 9000)) > 9000
            # As many clients at once as there are.
            several = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                       for _ in range(50)]
            for i, sock in enumerate(several):
                sock.settimeout(10)
                sock.sendto(b'%d' % i, ('127.0.0.1', 5301))
            for i, sock in enumerate(several):
                assert sock.recv(100).startswith(b'%d of ' % i)
                sock.close()


@ways('who asks the loopback of this machine is answered, nobody else is')
def published_answers(way):
    text = '''
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 99))
print("ready", flush=True)
data, who = s.recvfrom(100)
for port in 1, who[1]:
    s.sendto(b"%d" % port, (who[0], port))
other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
other.sendto(b"another", who)
s.sendto(b"last", who)
s.settimeout(10)
# Not the one above: what it sent is refused as well, perhaps only now.
other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
other.connect(who); other.send(b"x"); other.settimeout(10)
try:
    other.recv(10)
except ConnectionRefusedError:
    s.sendto(b"refused", who)
s.recv(10)'''
    with World(way, *TWO, '--gateway', 'alice', '-p',
               '127.0.0.1:5303:bob:99/udp') as world, \
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock, \
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(('127.0.0.1', 1))
        deaf.settimeout(0.2)
        with world.start('bob', text):
            sock.settimeout(10)
            sock.sendto(b'begin', ('127.0.0.1', 5303))
            said = [sock.recvfrom(100) for _ in range(3)]
            assert [one for one, _ in said] == [
                b'%d' % sock.getsockname()[1], b'last', b'refused'], said
            assert {who for _, who in said} == {('127.0.0.1', 5303)}, said
            with contextlib.suppress(TimeoutError):
                assert False, deaf.recv(100)


@ways('and by a program that joins, for as long as it is there')
def published_by_program(way):
    def words(host, *more):
        return ['run', *world.options, '-q', *more, '--world', world.name,
                '--host', host, '--', world.python, '-c', SEEN, '99']

    with World(way, *TWO, '--gateway', 'alice') as world:
        with world.popen(words('bob', '-p', '127.0.0.1:5304:99/udp'),
                         stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL) as process:
            assert process.stdout.readline() == 'ready\n'
            assert asks(5304).startswith(b'any news of ')
            taken = world.command(*words('alice', '-p', '127.0.0.1:5304:99'
                                         '/udp'))
            assert taken.returncode == 125, taken
            assert '5304' in taken.stderr and 'in use' in taken.stderr, taken
            process.kill()
        # The world closes the port as soon as it has seen who is dead.
        wait_for(lambda: may_bind(5304))
    with World(way, *TWO) as world:
        alone = world.command(*words('bob', '-p', '5305:99/udp'))
        assert alone.returncode == 125 and '--gateway' in alone.stderr, alone


@ways('socat on both sides')
def published_socat(way):
    if not shutil.which('socat'):
        raise Skip('socat is not installed')
    with World(way, *TWO, '--gateway', 'alice', '-p',
               '127.0.0.1:5306:bob:99/udp') as world, \
            world.popen(world.words('bob', 'socat', '-t', '20',
                                    'UDP4-RECVFROM:99,fork',
                                    'EXEC:tr a-z A-Z')) as server:
        try:
            # The questions before it was there, and those that it was slow
            # to answer, may have answers too.
            assert asks(5306, b'ready?', seconds=20) == b'READY?'
            done = subprocess.run(['socat', '-t', '10', '-',
                                   'UDP4:127.0.0.1:5306,shut-null'],
                                  input=b'from outside', capture_output=True,
                                  timeout=30)
        finally:
            server.terminate()
        assert done.stdout == b'FROM OUTSIDE', done


@ways('who looks at a host is told of its datagrams, and what became of them')
def told(way):
    text = '''
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(20)
s.sendto(b"to be seen", ("10.9.0.1", 99)); assert s.recv(100) == b"TO BE SEEN"
s.setsockopt(0, 10, 0)
s.sendto(b"x" * 2000, ("10.9.0.1", 99)); assert len(s.recv(4000)) == 2000
s.connect(("10.9.0.1", 98)); s.send(b"nobody")
try: s.recv(10)
except ConnectionRefusedError: pass
s.connect(("10.9.0.1", 99)); s.setsockopt(0, socket.IP_TTL, 2)
s.setsockopt(0, 11, 1)  # IP_RECVERR: the error comes as it is heard
s.send(b"far")
try: s.recv(10)
except OSError as error: print(error.errno)'''
    with World(way, *LINE, *HOPS) as world, \
            world.start('bob', ECHO, '10.9.0.1', 99):
        folder = tempfile.mkdtemp(dir=FOLDER)
        os.chmod(folder, 0o777)
        words = world.words('alice', world.python, '-c', text)
        words[1:1] = ['--events', folder + '/events', '--explain', '--lang',
                      'en', '--pcapng', folder + '/capture']
        done = world.command(*words)
        assert done.returncode == 0 and done.stdout == '113\n', done
        with open(folder + '/events', encoding='utf-8') as file:
            lines = [json.loads(line) for line in file]
        with open(os.path.join(HERE, '../../docs/events.schema.json'),
                  encoding='utf-8') as file:
            schema = Schema(json.load(file))
        for line in lines:
            assert schema.valid(line), line
        lines = [line for line in lines if line['kind'] == 'packet']

        def of(sender, **like):
            return [line for line in lines if line.get('sender') == sender and
                    all(line.get(key) == value for key, value in like.items())]
        # Once each, though there are four hops.
        assert len(of('alice', protocol='udp', len=10)) == 1, lines
        assert len(of('bob', protocol='udp', len=10)) == 1, lines
        pieces = of('alice', fragment_more=True)
        assert pieces and pieces[0]['fragment_at'] == 0, lines
        refused = of('bob', icmp='port-unreachable')
        assert [line['about_peer'] for line in refused] == ['10.9.0.1:98']
        expired = of('r2', icmp='time-exceeded')
        assert [(line['about'], line['about_peer']) for line in expired] == [
            ('udp', '10.9.0.1:99')], lines
        for part in ('UDP alice 10.1.0.1:', 'bob 10.9.0.1:99, 10 octets',
                     'ICMP of r2 10.0.2.2: a packet for 10.9.0.1:99 has used '
                     'up its hops', 'nobody is at 10.9.0.1:98'):
            assert part in ' '.join(done.stderr.split()), (part, done.stderr)
        with open(folder + '/capture', 'rb') as file:
            assert b'TO BE SEEN' in file.read()


def net_of(pid):
    with contextlib.suppress(OSError):
        return os.readlink(f'/proc/{pid}/ns/net')
    return None


def who_holds(net):
    """Processes that are in it, or have it open."""
    found = set()
    for pid in filter(str.isdigit, os.listdir('/proc')):
        if net_of(pid) == net:
            found.add(pid)
        with contextlib.suppress(OSError):
            for fd in os.listdir(f'/proc/{pid}/fd'):
                with contextlib.suppress(OSError):
                    if os.readlink(f'/proc/{pid}/fd/{fd}') == net:
                        found.add(pid)
    return found


@ways('what is killed leaves nothing behind')
def killed(way):
    text = '''
import os, socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("", 99))
print("ready", flush=True)
print(os.getpid(), flush=True)
time.sleep(600)'''
    before = {name for _, name in socket.if_nameindex()}
    with World(way, *TWO) as world:
        with world.start('alice', text) as process:
            net = world.command(*world.words('alice', 'readlink',
                                             '/proc/self/ns/net'))
            net = net.stdout.strip()
            assert net.startswith('net:['), net
            os.kill(int(process.stdout.readline()), signal.SIGKILL)
            assert process.wait(20) == 128 + signal.SIGKILL
        wait_for(lambda: who_holds(net) == {str(world.process.pid)})
        # A port that was bound is free again.
        with world.start('alice', text) as process:
            pid = int(process.stdout.readline())
            world.process.send_signal(signal.SIGKILL)
            world.process.wait(20)
            # The program goes on, and nobody hears it.
            os.kill(pid, signal.SIGKILL)
            assert process.wait(20) == 128 + signal.SIGKILL
        wait_for(lambda: not who_holds(net))
    assert {name for _, name in socket.if_nameindex()} == before


@case
def without():
    """where namespaces are forbidden TCP is the world's, and a line says so"""
    way = ([], ['--without', 'namespace'])
    with World(way, *TWO) as world:
        done = world.command(*world.words('alice', PYTHON, '-c', '''
import socket
l = socket.create_server(("10.1.0.1", 80)); print("fine")'''))
        assert done.stdout == 'fine\n', done
        assert len(done.stderr.splitlines()) == 1, done.stderr
        assert 'UDP' in done.stderr and 'world' in done.stderr, done.stderr
        quiet = world.command('run', '-q', *world.words('alice', 'true')[1:])
        assert quiet.stderr == '', quiet


# ------------------------------------------------------------- the machine --

def serve(port, answer):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((OWN, port))

    def go():
        while True:
            data, who = sock.recvfrom(4096)
            sock.sendto(answer(data), who)
    threading.Thread(target=go, daemon=True).start()


def dns(query):
    end = query.index(b'\0', 12) + 5
    if query[end - 4:end - 2] != b'\0\1':  # no address of another family
        return query[:2] + b'\x81\x80\0\1\0\0\0\0\0\0' + query[12:end]
    return (query[:2] + b'\x81\x80\0\1\0\1\0\0\0\0' + query[12:end] +
            b'\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4' + bytes([10, 7, 7, 7]))


def make_machine():
    for words in ('link set lo up', f'addr add {OWN}/32 dev lo'):
        subprocess.run(['ip', *words.split()], check=True)
    with open('/proc/sys/net/ipv4/ping_group_range', 'w') as file:
        file.write('0 65534')
    resolv = os.path.join(FOLDER, 'resolv.conf')
    with open(resolv, 'w') as file:
        file.write(f'nameserver {OWN}\n')
    subprocess.run(['mount', '--bind', resolv, '/etc/resolv.conf'], check=True)
    serve(53, dns)
    serve(7007, bytes.upper)


if __name__ == '__main__':
    make_machine()
    main()
