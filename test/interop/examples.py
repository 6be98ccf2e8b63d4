#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The programs of the notes (examples/), natively and under catenet run: what
each prints is the same, and is what the notes should have said."""
import contextlib
import fcntl
import os
import random
import re
import shlex
import signal
import socket
import subprocess
import sys
import termios

from harness import CATENET, both, case, main

BUILD = os.environ.get('BUILD', 'build')
TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')


def program(name):
    """examples/NAME, in C or in Python."""
    if name.endswith('.py'):
        return [sys.executable, os.path.join(TOP, 'examples', name)]
    return [os.path.join(BUILD, 'examples', 'example-' + name.replace('/', '-'))]


_held = []


def free_port():
    """For a server that sets SO_REUSEADDR, as all here do. The port is held
    until the end, or a connection of anybody's might be given it."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(('127.0.0.1', 0))
    _held.append(sock)
    return str(sock.getsockname()[1])


def unused_ports(count):
    """The first of so many that follow one another and that nobody has, not
    even in TIME-WAIT; below those that connections are given."""
    with open('/proc/sys/net/ipv4/ip_local_port_range',
              encoding='ascii') as file:
        end = min(int(file.read().split()[0]), 32768)
    while True:
        first = random.randrange(min(end // 2, 10000), end - count)
        probes = [socket.socket() for _ in range(count)]
        try:
            for number, probe in enumerate(probes):
                probe.bind(('127.0.0.1', first + number))
            return str(first)
        except OSError:
            continue
        finally:
            for probe in probes:
                probe.close()


def output(before, name, *args, code=0, **more):
    """What it prints; a program by itself."""
    done = subprocess.run([*before, *program(name), *args],
                          capture_output=True, text=True, timeout=60, **more)
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return done.stdout


class Server:
    """A server of its own, that has said its first line."""

    def __init__(self, before, name, *args):
        self.process = subprocess.Popen(
            [*before, *program(name), *args], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        self.first = self.process.stdout.readline()
        assert self.first, self.process.communicate()[1]

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.terminate()
        self.process.communicate(timeout=20)

    def rest(self, timeout=30):
        """What it prints until it ends by itself."""
        out, err = self.process.communicate(timeout=timeout)
        assert self.process.returncode == 0, (out, err)
        return out


@both('P1: sixteen octets each way, in C and in Python')
def sixteen(before):
    """Rows 79, 135."""
    for name, *words in ('sixteen/sixteen', 'server'), ('sixteen/server.py',):
        port = free_port()
        with Server(before, name, *words, '127.0.0.1', port, '3') as server:
            # A connection that says nothing is served, and counts.
            socket.create_connection(('127.0.0.1', int(port)), 10).close()
            told = [output(before, 'sixteen/sixteen', 'client', '127.0.0.1',
                           port),
                    output(before, 'sixteen/client.py', '127.0.0.1', port)]
            out = server.rest()
        assert 'ended after 0 octets' in out, out
        assert out.count('Hi there, server') == len(told), out
        for text in told:
            assert 'Farewell, client' in text, text


@both('P2: the cure of the deadlock moves every octet')
def deadlock(before):
    """Row 128."""
    port = free_port()
    with Server(before, 'deadlock/deadlock', 'server', '127.0.0.1', port,
                '16384') as server:
        out = output(before, 'deadlock/deadlock', 'client', '1000000',
                     '127.0.0.1', port, '16384', '--cure')
        assert '1000000 octets came back, 0 of them wrong' in out, out
        assert '1000000 octets, then the end' in server.rest()


@both('P2: both ends blocked in send')
def blocked(before):
    """Rows 126, 127, 129."""
    port = free_port()
    with Server(before, 'deadlock/deadlock', 'server', '127.0.0.1', port,
                '4096'), \
            Server(before, 'deadlock/deadlock', 'client', '30000000',
                   '127.0.0.1', port, '4096') as client:
        try:
            client.process.wait(2)
            raise AssertionError('it went through')
        except subprocess.TimeoutExpired:
            pass


@both('P3, P4: an interactive client, a server for one')
def hello(before):
    port = free_port()
    with Server(before, 'hello/server.py', '127.0.0.1', port) as server:
        out = output(before, 'hello/client.py', '127.0.0.1', port,
                     input='hi\n你好\n')
        assert re.fullmatch('(thank you!\n)+', out), out
        told = server.rest()
    assert 'client: 127.0.0.1' in told and '你好' in told, told


@both('P5: SO_REUSEADDR before bind')
def reuse(before):
    """Rows 101, 103, 104."""
    out = output(before, 'reuse/reuse.py', unused_ports(1)).splitlines()
    assert [line.split(': ')[1] for line in out] == [
        '0', 'OK', 'EADDRINUSE', 'OK', 'EADDRINUSE'], out


@both('P6: the pair of port 5678')
def dial(before):
    """Row 53."""
    port = free_port()
    with Server(before, 'dial/server.py', '127.0.0.1', port, '1') as server:
        assert output(before, 'dial/client.py', '127.0.0.1',
                      port) == 'hello, server\n'
        assert 'gone: 127.0.0.1' in server.rest()


WALK = """listen returns at once: 1
accept: same address and port: True
connect before accept is done: the system did the handshake
send says how much was taken: 4
three sends, read as a stream: b'one two three'
send of nothing wakes nobody: 0
recv without data, non-blocking: BlockingIOError
makefile, a line at a time: [b'a line\\n', b'and another\\n']
and back: 'answer\\n'
SHUT_WR: what was sent arrives: b'last words'
then the end: b''
the other way is open: b'still here'
send after SHUT_WR: BrokenPipeError
SHUT_RD: what waits can be read: b'before'
then the end: b''
SHUT_RDWR: the peer reads the end: b''
and we do: b''
close with a copy left: TimeoutError
the last close: b''
close with data unread: reset: ConnectionResetError
connect after the listener closed: ConnectionRefusedError
"""


@both('P7: the walk through the API')
def walk(before):
    """Rows 4, 24, 52, 53, 54, 80, 84, 92, 97, 98, 111, 113, 119, 125."""
    out = ''.join(line[:34].rstrip() + ': ' + line[34:] + '\n'
                  for line in output(before, 'walk/walk.py').splitlines())
    assert out == WALK, out


@both('P8, P9: the upper-case server and its client')
def upper(before):
    """Rows 125, 135."""
    port = free_port()
    with Server(before, 'upper/server', '127.0.0.1', port, '1') as server:
        assert output(before, 'upper/client', '127.0.0.1', port, 'hello',
                      'world') == 'HELLO WORLD\n'
        assert '12 octets' in server.rest()


def many(before, server, last):
    port = free_port()
    with Server(before, server, '127.0.0.1', port, '20') as running:
        # One program that starts twenty, under run as well.
        client = shlex.join(program('upper/client'))
        script = (f'for i in $(seq 20); do {client} 127.0.0.1 {port} hello $i '
                  '& done; wait')
        out = subprocess.run([*before, 'sh', '-c', script], text=True,
                             capture_output=True, timeout=60).stdout
        assert sorted(out.split('\n')[:-1]) == sorted(
            f'HELLO {i}' for i in range(1, 21)), out
        assert last in running.rest()


@both('P10: a thread for each of twenty clients')
def threads(before):
    """Row 90."""
    many(before, 'upper/thread_server', '20 clients served')


@both('P11: a process for each of twenty clients, all reaped')
def processes(before):
    """Rows 90, 98."""
    many(before, 'upper/process_server', 'the acceptor has ended with 0')


FLAGS = """fresh socket: OUT|HUP
idle: OUT
octets to read: IN|OUT
peer's FIN: IN|OUT|RDHUP
peer's FIN, own SHUT_WR: IN|OUT|RDHUP|HUP
own SHUT_RD: IN|OUT|RDHUP
own SHUT_WR: OUT
own SHUT_RDWR: IN|OUT|RDHUP|HUP
peer's RST: IN|OUT|RDHUP|HUP|ERR
and SO_ERROR: Connection reset by peer
"""


@both('P12: what epoll says in each phase')
def flags(before):
    """Row 118."""
    out = ''.join(line[:34].rstrip() + ': ' + line[34:] + '\n'
                  for line in output(before, 'epoll/flags').splitlines())
    assert out == FLAGS, out


@both('P13: nine restarts in TIME-WAIT, nine second listeners, the balance')
def restarts(before):
    """Rows 106, 107, 108, 109, 110."""
    out = output(before, 'reuse/restart.py', unused_ports(21)).splitlines()
    no = 'EADDRINUSE'
    assert [line.split() for line in out[2:5]] == [
        ['none', no, no, no], ['REUSEADDR', no, 'OK', no],
        ['REUSEPORT', no, no, 'OK']], out
    assert [line.split() for line in out[7:10]] == [
        ['none', no, no, no], ['REUSEADDR', no, no, no],
        ['REUSEPORT', no, no, 'OK']], out
    assert out[10].endswith('both are used'), out


@both('P14: the eleventh of one address is refused, another is not')
def limit(before):
    """Row 133."""
    port = free_port()
    with Server(before, 'limit/server', '127.0.0.1', port, '10',
                '12') as server:
        def join(address):
            sock = socket.socket()
            sock.settimeout(10)
            sock.bind((address, 0))
            try:
                sock.connect(('127.0.0.1', int(port)))
                sock.sendall(b'x')
                return sock if sock.recv(1) == b'x' else 'closed'
            except ConnectionError:
                return 'reset'
        here = [join('127.0.0.1') for _ in range(10)]
        assert not any(isinstance(sock, str) for sock in here), here
        assert join('127.0.0.1') == 'reset'
        other = join('127.0.0.2')
        assert not isinstance(other, str), other
        for sock in [*here, other]:
            sock.close()
        told = server.rest()
    assert '127.0.0.1 refused, 10 are here' in told, told
    assert '127.0.0.2 admitted, 1 are here' in told, told


@both('rows 136, 138, 140: the outcomes of send')
def outcomes(before):
    """Rows 79, 80."""
    assert output(before, 'send/outcomes').splitlines() == [
        'all of it: send of 100 says 100',
        'a part: send of 1000000 says less',
        'none: send says -1, Resource temporarily unavailable',
        'taken by send: some, read by the peer: 0',
        'acknowledged, then lost: send said 10, recv says -1, '
        'Connection reset by peer']


@both('row 137: descriptors stop a listener, not the backlog')
def count(before):
    """Row 86."""
    out = output(['sh', '-c', 'ulimit -Sn 200; exec "$@"', 'sh', *before],
                 'count/count')
    assert re.search('listen.8., descriptors allowed: 200\n'
                     '9[0-9] connections, then (socket|accept): '
                     'Too many open files', out), out


@both('row 130: four framings')
def framing(before):
    for way in 'fixed', 'line', 'length', 'header':
        port = free_port()
        with Server(before, 'framing/framing', 'server', '127.0.0.1',
                    port) as server:
            assert output(before, 'framing/framing', 'client', way,
                          '127.0.0.1', port) == (
                '1: 12 octets\n2: 12 octets\n3: 12 octets\n'), way
            assert server.rest() == (
                'server: 1: twelve octet\nserver: 2: of the same \n'
                'server: 3: size each   \nserver: the end\n'), way


@both('row 131: short connections and a long one')
def connections(before):
    """Row 152."""
    port = free_port()
    with Server(before, 'connections/connections', 'server', '127.0.0.1',
                port):
        assert output(before, 'connections/connections', 'client', 'short',
                      '50', '127.0.0.1',
                      port) == '50 requests over 50 connections\n'
        assert output(before, 'connections/connections', 'client', 'long',
                      '50', '127.0.0.1',
                      port) == '50 requests over 1 connection\n'


@case
def vanished():
    """row 144: a peer that vanished is no end of stream, on loopback too"""
    # Two probes are lost, and the reset after them arrives.
    port = free_port()
    server = shlex.join(program('sixteen/sixteen'))
    client = shlex.join(program('vanish/vanish'))
    done = subprocess.run(
        [CATENET, 'run', '-q', '--impair-loopback', '--drop', 'any #4-5', '--',
         'sh', '-c', f'{server} server 127.0.0.1 {port} 1 | '
         '{ read -r line; ' f'{client} 127.0.0.1 {port} 1 1 2; cat; }}'],
        capture_output=True, text=True, timeout=60)
    # docs/limits.md: under run the error of an established connection reads
    # as ECONNRESET, whatever it is. What matters is that it is no 0.
    assert 'recv says -1: ' in done.stdout, done
    assert 'ended after -1 octets' in done.stdout, done


@both('Ctrl-C ends each without a word')
def interrupted(before):
    def ends(process):
        # The line discipline makes it a signal for all of the group.
        os.write(terminal, b'\x03')
        out, err = process.communicate(timeout=60)
        # catenet run may have to wait for the peer, and says so.
        err = re.sub('catenet: waiting until .* acknowledged; .*\n', '', err)
        # By the signal, or by what a shell says of that.
        assert process.returncode in (-signal.SIGINT, 130) and not err, (
            name, process.returncode, out, err)

    @contextlib.contextmanager
    def begun(name, *words):
        """In the foreground of a terminal of its own."""
        nonlocal terminal
        terminal, line = os.openpty()
        process = subprocess.Popen(
            [*before, *program(name), *words], text=True,
            start_new_session=True, stdin=line,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(line)
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            os.close(terminal)

    terminal = None

    for name, *words in (
            ('sixteen/sixteen', 'server'), ('sixteen/server.py',),
            ('deadlock/deadlock', 'server'), ('hello/server.py',),
            ('dial/server.py',), ('upper/server',), ('upper/thread_server',),
            ('upper/process_server',), ('limit/server',),
            ('framing/framing', 'server'),
            ('connections/connections', 'server')):
        with begun(name, *words, '127.0.0.1', free_port()) as server:
            assert server.stdout.readline(), server.communicate()
            ends(server)
    # Those that wait for somebody who says nothing.
    with socket.create_server(('127.0.0.1', 0)) as listener:
        listener.settimeout(20)
        port = str(listener.getsockname()[1])
        for name, *words in (
                ('hello/client.py',), ('dial/client.py',),
                ('sixteen/client.py',), ('sixteen/sixteen', 'client'),
                ('vanish/vanish',)):
            more = ['9', '9', '9'] if name == 'vanish/vanish' else []
            with begun(name, *words, '127.0.0.1', port, *more) as client:
                conn = listener.accept()[0]
                if name == 'hello/client.py':
                    os.write(terminal, b'hi\n')
                if name != 'vanish/vanish':
                    assert conn.recv(1)
                ends(client)
                conn.close()


if __name__ == '__main__':
    main()
