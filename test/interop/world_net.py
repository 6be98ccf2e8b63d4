#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Networks of a world, and the programs of the notes on their hosts: what a
test needs two addresses, a router or a bad line for, without root."""
import contextlib
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import tempfile
import time

from harness import CATENET, PYTHON, Skip, case, main

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')
BUILD = os.environ.get('BUILD', 'build')
# Nobody else's worlds are seen, nor ours by anybody else.
_base = tempfile.mkdtemp(prefix='catenet-net.')
os.environ['XDG_RUNTIME_DIR'] = _base
_count = 0

PAIR = 'host alice\nhost bob\nlink alice bob\n'


def program(name):
    """examples/NAME, in C or in Python."""
    if name.endswith('.py'):
        return [PYTHON, os.path.join(TOP, 'examples', name)]
    return [os.path.join(BUILD, 'examples',
                         'example-' + name.replace('/', '-'))]


def wait_until(what, seconds=20):
    end = time.monotonic() + seconds
    while not (got := what()):
        assert time.monotonic() < end, 'it did not come to pass'
        time.sleep(0.02)
    return got


class World:
    """A world of this network, described as in catenet-world(5)."""

    def __init__(self, description, *options, before=()):
        global _count
        _count += 1
        self.name = f'net{_count}'
        self.file = os.path.join(_base, self.name + '.net')
        with open(self.file, 'w', encoding='ascii') as file:
            file.write(description)
        self.before = list(before)
        self.process = subprocess.Popen(
            [*before, CATENET, 'world', self.name, '-f', self.file, *options],
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        said = self.process.stderr.readline()
        assert self.name in said, said + self.process.stderr.read()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(20)
        finally:
            self.process.kill()
            self.process.stderr.close()

    def words(self, host, argv):
        return [CATENET, 'run', '-q', '--world', self.name, '--host', host,
                '--', *argv]

    def output(self, host, *argv, timeout=60):
        done = subprocess.run(self.words(host, argv), capture_output=True,
                              text=True, timeout=timeout, check=False)
        assert done.returncode == 0, (done.returncode, done.stdout,
                                      done.stderr)
        return done.stdout

    def python(self, host, script, **more):
        return self.output(host, PYTHON, '-c', script, **more)

    @contextlib.contextmanager
    def start(self, host, *argv):
        """A program that has said its first line, .first."""
        with subprocess.Popen(self.words(host, argv), text=True,
                              stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as process:
            try:
                process.first = process.stdout.readline()
                assert process.first, process.communicate()[1]
                yield process
            finally:
                process.terminate()

    def change(self, *words):
        subprocess.run([CATENET, 'world', words[0], self.name, *words[1:]],
                       check=True, timeout=20)

    def show(self):
        """JSON lines of the network."""
        done = subprocess.run([CATENET, 'world', 'show', self.name, '--json'],
                              capture_output=True, text=True, timeout=20,
                              check=True)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def ways(self):
        """What each interface has sent, by (link, node)."""
        return {(row['link'], row['node']): row for row in self.show()
                if 'interface' in row and 'packets' in row}

    def counted(self, nodes, *names):
        """The sum of these counters, drops by reason too, of these nodes."""
        return sum(row['value'] for row in self.show() if 'counter' in row and
                   row['node'] in nodes and row['counter'] in names)

    def rows(self, host):
        done = subprocess.run([CATENET, 'ss', '--json', '-a'],
                              capture_output=True, text=True, timeout=20,
                              check=True)
        rows = map(json.loads, done.stdout.splitlines())
        return [row for row in rows if row['world'] == self.process.pid and
                row['host'] == host]

    def states(self, host, state):
        return [row for row in self.rows(host) if row['state_name'] == state]


# ------------------------------------------------------------ the programs --

@case
def dial():
    """P6 where 192.168.0.223 is another host, two routers away. Row 53."""
    with World('host alice 192.168.0.7\nhost bob 192.168.0.223\n'
               'router r1\nrouter r2\nlink alice r1 delay 5ms\n'
               'link r1 r2 loss 1%\nlink r2 bob rate 10mbit\n') as world:
        with world.start('bob', *program('dial/server.py'), '', '5678',
                         '1') as server:
            said = world.output('alice', *program('dial/client.py'),
                                '192.168.0.223')
            assert said == 'hello, server\n', said
            told = server.communicate(timeout=30)[0]
        assert 'connected: 192.168.0.7' in told, told


WITHHELD = '''
import errno, select, socket
socks = []
for i in range(500):
    sock = socket.socket()
    sock.setblocking(False)
    assert sock.connect_ex(('192.168.0.223', 7788)) == errno.EINPROGRESS
    socks.append(sock)
    select.select([], [sock], [], 5)
print(len(socks), flush=True)
input()
'''

SERVER = '''
import socket
listener = socket.socket()
listener.bind(('', 7788))
listener.listen(8)
print('listening', flush=True)
while True:
    conn, peer = listener.accept()
    conn.sendall(conn.recv(16))
    conn.close()
'''

HONEST = '''
import socket
for i in range(20):
    with socket.create_connection(('192.168.0.223', 7788), 10) as sock:
        sock.sendall(b'sixteen octets..')
        assert sock.recv(16) == b'sixteen octets..'
print('20 served')
'''


@case
def withheld():
    """500 last ACKs withheld from listen(8), and honest clients. Row 148."""
    with World('host server 192.168.0.223\nhost honest\nhost mallory\n'
               "router r\nlink mallory r drop 'up ack'\nlink honest r\n"
               'link r server\n') as world:
        with world.start('server', PYTHON, '-c', SERVER), \
                subprocess.Popen(world.words('mallory',
                                             [PYTHON, '-c', WITHHELD]),
                                 stdin=subprocess.PIPE, text=True,
                                 stdout=subprocess.PIPE) as mallory:
            assert mallory.stdout.readline() == '500\n'
            half = world.states('server', 'SYN-RECEIVED')
            assert len(half) == 9, len(half)
            assert world.python('honest', HONEST) == '20 served\n'
            half = world.states('server', 'SYN-RECEIVED')
            assert len(half) == 9, len(half)
            assert world.counted(['server'], 'syncookies_sent') == 511
            mallory.communicate('\n')


JOIN = '''
import socket, sys
def join():
    sock = socket.socket()
    sock.settimeout(10)
    try:
        sock.connect(('192.168.0.223', 7788))
        sock.sendall(b'x')
        return sock if sock.recv(1) == b'x' else 'closed'
    except ConnectionError:
        return 'reset'
got = [join() for _ in range(int(sys.argv[1]))]
print([sock if isinstance(sock, str) else 'in' for sock in got])
'''


@case
def limit():
    """P14: the eleventh of one host, and another host's first. Row 133."""
    with World('host server 192.168.0.223\nhost alice 192.168.0.1\n'
               'host bob 192.168.0.2\nsegment lan server alice bob\n'
               ) as world:
        with world.start('server', *program('limit/server'), '0.0.0.0',
                         '7788', '10', '12') as server:
            told = world.python('alice', JOIN.replace('sys.argv[1]', '11'))
            assert told == str(['in'] * 10 + ['reset']) + '\n', told
            told = world.python('bob', JOIN.replace('sys.argv[1]', '1'))
            assert told == "['in']\n", told
            told = server.communicate(timeout=30)[0]
        assert '192.168.0.1 refused, 10 are here' in told, told
        assert '192.168.0.2 admitted, 1 are here' in told, told


@case
def guarded():
    """The stack's own limit: the eleventh of one host is reset. Row 133."""
    with World('host server 192.168.0.223\nhost alice\nhost bob\nrouter r\n'
               'link server r\nlink alice r\nlink bob r\n',
               '--max-per-client', '10') as world:
        many = SERVER.replace('conn.close()', 'kept.append(conn)').replace(
            'while', 'kept = []\nwhile')
        with world.start('server', PYTHON, '-c', many):
            told = world.python('alice', JOIN.replace('sys.argv[1]', '11'))
            assert told == str(['in'] * 10 + ['reset']) + '\n', told
            told = world.python('bob', JOIN.replace('sys.argv[1]', '1'))
            assert told == "['in']\n", told
            assert world.counted(['server'], 'tcp_client_limit') == 1


def why():
    return subprocess.run([CATENET, 'why', '--lang', 'en'], text=True,
                          capture_output=True, timeout=20, check=True).stdout


@case
def deadlock():
    """P2: catenet why names the deadlock of two hosts. Rows 126, 128."""
    with World(PAIR) as world:
        with world.start('bob', *program('deadlock/deadlock'), 'server',
                         '0.0.0.0', '7788', '4096'), \
                world.start('alice', *program('deadlock/deadlock'), 'client',
                            '1000000', '10.0.1.2', '7788', '4096'):
            begin = time.monotonic()
            # Of both hosts: one may be blocked before the other.
            wait_until(lambda: why().count(
                'both ends are blocked in send()') == 2)
            took = time.monotonic() - begin
            print(f'# named after {took:.2f} s')
        with world.start('bob', *program('deadlock/deadlock'), 'server',
                         '0.0.0.0', '7789', '4096'):
            said = world.output('alice', *program('deadlock/deadlock'),
                                'client', '1000000', '10.0.1.2', '7789',
                                '4096', '--cure')
        assert '1000000 octets came back, 0 of them wrong' in said, said


def cost(requests, way):
    """Packets, octets and seconds of so many requests at RTT 20 ms, closes
    included."""
    with World('host alice\nhost bob\nlink alice bob rtt 20ms\n') as world:
        with world.start('bob', 'sh', '-c', 'echo ready; exec "$@"', 'sh',
                         *program('connections/connections'), 'server',
                         '0.0.0.0', '7788'):
            wait_until(lambda: world.states('bob', 'LISTEN'))
            begin = time.monotonic()
            world.output('alice', *program('connections/connections'),
                         'client', way, str(requests), '10.0.1.2', '7788')
            took = time.monotonic() - begin
            n = requests if way == 'short' else 1
            wait_until(lambda: len(world.states('alice', 'TIME-WAIT')) == n)
            ways = world.ways().values()
            return (sum(way['packets'] for way in ways),
                    sum(way['octets'] for way in ways), took)


@case
def connections():
    """What short connections cost at RTT 20 ms. Rows 131, 152."""
    n = int(os.environ.get('REQUESTS', '40'))
    short, long = cost(n, 'short'), cost(n, 'long')
    print(f'# {n} requests, short: {short[0]} packets, {short[1]} octets, '
          f'{short[2]:.2f} s')
    print(f'# {n} requests, long: {long[0]} packets, {long[1]} octets, '
          f'{long[2]:.2f} s')
    # A handshake and a close more for each: at least five segments.
    assert short[0] - long[0] >= 5 * (n - 1), (short, long)
    # And one more round trip: a fact of the path, not of the machine.
    assert short[2] >= n * 0.04 and long[2] >= n * 0.02


@case
def vanished():
    """A link is cut: recv never says 0, keepalive ends it. Row 144."""
    with World(PAIR) as world:
        with world.start('bob', PYTHON, '-c', SERVER), \
                world.start('alice', *program('vanish/vanish'), '10.0.1.2',
                            '7788', '1', '1', '2') as client:
            assert 'connected' in client.first
            begin = time.monotonic()
            world.change('set', 'alice-bob', 'down')
            out = client.communicate(timeout=30)[0]
            took = time.monotonic() - begin
        assert 'recv says -1: ' in out, out
        assert took >= 2, took
        print(f'# {out.strip()} after {took:.2f} s')


# -------------------------------------------------------------- the network --

@case
def loop():
    """Three routers in a loop, and what escapes late. Row 149."""
    done = subprocess.run(program('loop/loop.py'), capture_output=True,
                          text=True, timeout=120, check=False)
    assert done.returncode == 0, done
    lines = done.stdout.splitlines()
    assert [line for line in lines if line.startswith('bob')] == [
        'bob reads one', 'bob reads two', 'bob reads three',
        'bob reads the end'], lines
    refused = [line for line in lines if line.startswith('and is refused')]
    assert refused, lines
    hops = int(re.search(r'packets on (\d+) times', done.stdout)[1])
    assert hops >= 62, lines
    print(f'# {refused[0]}; {hops} hops in the loop')


@case
def changes():
    """A link is made slow, and fast again, while a connection runs on it."""
    with World('host alice\nhost bob\nlink alice bob delay 1ms\n') as world:
        script = ('import socket, time\n'
                  "s = socket.create_connection(('10.0.1.2', 7788), 20)\n"
                  'a = time.monotonic()\n'
                  "s.sendall(b'x'); s.recv(1)\n"
                  'print(time.monotonic() - a)')
        with world.start('bob', PYTHON, '-c', SERVER):
            fast = float(world.python('alice', script))
            world.change('set', 'alice-bob', 'delay', '150ms')
            slow = float(world.python('alice', script))
            assert slow >= 0.3, (fast, slow)
            row = world.ways()['alice-bob', 'alice']
            assert row['impairment'] == 'delay 150ms', row
        done = subprocess.run([CATENET, 'world', 'set', world.name,
                               'alice-bob', 'delya', '1ms'],
                              capture_output=True, text=True, check=False)
        assert done.returncode and 'delya: no property' in done.stderr, done


def packets(name):
    """(source, flags of TCP, data octets, comment) of each in a pcapng file."""
    with open(name, 'rb') as file:
        data = file.read()
    at, found = 0, []
    while at < len(data):
        kind, size = struct.unpack_from('<II', data, at)
        if kind == 6:
            length, = struct.unpack_from('<I', data, at + 20)
            ip = data[at + 28:at + 28 + length]
            head = (ip[0] & 15) * 4
            tcp = ip[head:]
            options = data[at + 28 + -(-length // 4) * 4:at + size - 4]
            comment = ''
            while len(options) >= 4:
                code, n = struct.unpack_from('<HH', options)
                if code == 1:
                    comment = options[4:4 + n].decode()
                options = options[4 + -(-n // 4) * 4:]
            found.append(('.'.join(map(str, ip[12:16])), tcp[13] & 0x17,
                          len(tcp) - (tcp[12] >> 4) * 4, comment))
        at += size
    return found


FIN, SYN, ACK = 1, 2, 16


@case
def a_rate_by_mistake():
    """What waits for a rate that was a mistake does not wait for ever."""
    with World('host alice\nhost bob\nlink alice bob rate 64kbit\n') as world:
        script = ('import socket\n'
                  "s = socket.create_connection(('10.0.1.2', 7799), 20)\n"
                  "print('connected', flush=True)\n"
                  's.settimeout(60)\n'
                  's.sendall(bytes(200000)); s.shutdown(socket.SHUT_WR)\n'
                  'print(s.recv(10).decode())')
        server = ('import socket\n'
                  "l = socket.create_server(('', 7799))\n"
                  "print('listening', flush=True)\n"
                  'c, _ = l.accept()\n'
                  'while c.recv(65536): pass\n'
                  "c.sendall(b'all of it')")
        with world.start('bob', PYTHON, '-c', server), \
                world.start('alice', PYTHON, '-c', script) as client:
            world.change('set', 'alice-bob', 'rate', '1bit')
            time.sleep(1.5)  # it may take in some packets
            world.change('set', 'alice-bob', 'rate', '100mbit')
            said, _ = client.communicate(timeout=60)
            assert said == 'all of it\n', said


@case
def a_trace_of_this_folder():
    """A rate trace is a file of whoever names it, whatever its name."""
    with tempfile.TemporaryDirectory() as folder:
        name = 'a"b \x1b\\c'
        with open(os.path.join(folder, name), 'w', encoding='ascii') as file:
            file.write('1\n2\n')
        with World('host alice\nhost bob\nlink alice bob\n') as world:
            subprocess.run([os.path.abspath(CATENET), 'world', 'set',
                            world.name, 'alice-bob', 'loss', '1%', 'trace',
                            name, 'delay', '1ms'], check=True, timeout=20,
                           cwd=folder)
            said = {way['impairment'] for way in world.ways().values()}
        shown = name.replace('\x1b', '\\x1b')
        assert said == {f'delay 1ms loss 1% trace {folder}/{shown}'}, said


@case
def the_largest():
    """The largest world is shown whole, and a host with all its addresses."""
    hosts = [f'h{i:03}-{"x" * 58}' for i in range(200)]
    ends = [f'10.{i}.0.1' for i in range(48)]
    links = ''.join(
        f'link {hosts[0]} {" ".join(ends[4 * i:4 * i + 4])} {hosts[i + 1]}\n'
        for i in range(12))
    with World(''.join(f'host {host}\n' for host in hosts) + links) as world:
        shown = world.show()
        assert [row['node'] for row in shown if 'kind' in row and
                'node' in row] == hosts, shown[:3]
        listed = subprocess.run([CATENET, 'world', 'ls', world.name],
                                capture_output=True, text=True, timeout=20,
                                check=True).stdout
        assert all(end in listed for end in ends), listed[:2000]


@case
def looking():
    """A handshake and a close of two hosts: captured, drawn, and as events"""
    path = {name: os.path.join(_base, name) for name in
            ('alice.pcapng', 'link.pcapng', 'alice.json')}
    with World('host alice 192.168.0.7\nhost bob 192.168.0.223\nrouter r\n'
               'link alice r delay 5ms\nlink r bob\n') as world, \
            subprocess.Popen([CATENET, 'world', 'capture', world.name,
                              'r-bob', path['link.pcapng']]) as capture:
        wait_until(lambda: os.path.exists(path['link.pcapng']) and
                   os.path.getsize(path['link.pcapng']))
        with world.start('bob', *program('dial/server.py'), '', '5678',
                         '1') as server:
            words = world.words('alice', [*program('dial/client.py'),
                                          '192.168.0.223'])
            here = words.index('--')
            done = subprocess.run(
                [*words[:here], '--explain', '--lang', 'en',
                 '--pcapng', path['alice.pcapng'],
                 '--events', path['alice.json'], *words[here:]],
                capture_output=True, text=True, timeout=60, check=True)
            assert done.stdout == 'hello, server\n', done
            server.communicate(timeout=30)
        wait_until(lambda: not world.states('bob', 'LAST-ACK'))
        capture.send_signal(signal.SIGINT)
        assert capture.wait(20) == 0
    for name in 'alice.pcapng', 'link.pcapng':
        got = packets(path[name])
        assert [packet[:3] for packet in got[:3]] == [
            ('192.168.0.7', SYN, 0), ('192.168.0.223', SYN | ACK, 0),
            ('192.168.0.7', ACK, 0)], got
        ends = [packet for packet in got if packet[1] & FIN]
        assert {packet[0] for packet in ends} == {'192.168.0.7',
                                                  '192.168.0.223'}, got
        assert got[-1][:3] == ('192.168.0.7', ACK, 0), got
    assert 'asks to open' in packets(path['alice.pcapng'])[0][3]
    for word in 'SYN-SENT', 'TIME-WAIT', '192.168.0.223:5678':
        assert word in done.stderr, done.stderr
    with open(path['alice.json'], encoding='utf-8') as file:
        events = [json.loads(line) for line in file]
    assert events[0]['hosts'][0] == 'alice', events[0]
    assert any(event.get('to') == 'TIME-WAIT' for event in events)
    # What is the world's is not the program's to say.
    done = subprocess.run([CATENET, 'run', '--world', 'x', '--delay', '1ms',
                           '--', 'true'], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 125 and '--delay: not with --world' in \
        done.stderr, done


@case
def mistakes():
    """A description with mistakes makes no world, and each is told."""
    path = os.path.join(_base, 'bad.net')
    with open(path, 'w', encoding='ascii') as file:
        file.write('host alice\nhots bob\nlink alice bob delay 10\n')
    done = subprocess.run([CATENET, 'world', 'bad', '-f', path],
                          capture_output=True, text=True, timeout=20,
                          check=False)
    assert done.returncode == 125, done
    assert re.search('bad.net:2: hots: .*did you mean host', done.stderr), done
    assert 'bad.net:3: no host or router is called bob' in done.stderr, done


@case
def kernel():
    """A world over TUN joins the kernel's network, both ways."""
    if os.geteuid() or not os.path.exists('/dev/net/tun') or \
            not shutil.which('unshare'):
        raise Skip('needs root and /dev/net/tun')
    with World('host alice\nrouter r\ntun kernel 10.77.0.1/24 device cntun0\n'
               'link alice r delay 5ms\nlink r kernel\n',
               before=['unshare', '-n']) as world:
        inside = ['nsenter', '-n', '-t', str(world.process.pid)]
        with world.start('alice', PYTHON, '-c', SERVER):
            said = subprocess.run(
                [*inside, PYTHON, '-c',
                 HONEST.replace('192.168.0.223', '10.0.1.1')],
                capture_output=True, text=True, timeout=30, check=False)
            assert said.stdout == '20 served\n', said
        with subprocess.Popen([*inside, PYTHON, '-c', SERVER],
                              stdout=subprocess.PIPE, text=True) as server:
            try:
                assert server.stdout.readline() == 'listening\n'
                said = world.python('alice', HONEST.replace('192.168.0.223',
                                                            '10.77.0.1'))
                assert said == '20 served\n', said
            finally:
                server.send_signal(signal.SIGKILL)


if __name__ == '__main__':
    try:
        main()
    finally:
        shutil.rmtree(_base, ignore_errors=True)
