#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""catenet services over a TUN, and catenet run --tun, against the kernel's TCP,
in a network namespace."""
import os
import subprocess
import sys

INNER = 'CATENET_TEST_INNER'
if INNER not in os.environ:
    done = subprocess.run(['unshare', '-n', sys.executable, *sys.argv],
                          env={**os.environ, INNER: '1'}, check=False)
    if done.returncode == 1:
        probe = subprocess.run(['unshare', '-n', 'true'], check=False,
                               capture_output=True)
        if probe.returncode:
            print('no network namespace')
            sys.exit(77)
    sys.exit(done.returncode)

import contextlib
import hashlib
import resource
import socket
import threading
import time

from harness import (CATENET, PYTHON, Skip, background, case, main, run, sha,
                     until_end, wait_for, wait_port, web)

subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)
HOSTS = ('10.9.0.2', 'fd99::2')


BOTH = ('--addr', '10.9.0.2/24', '--via', '10.9.0.1/24', '--addr',
        'fd99::2/64', '--via', 'fd99::1/64')


@contextlib.contextmanager
def services(*more, at=BOTH):
    process = subprocess.Popen(
        [CATENET, 'services', '--tun', 'cat0', *at, *more],
        stderr=subprocess.PIPE, text=True)
    try:
        line = process.stderr.readline()
        if '/dev/net/tun' in line:
            raise Skip(line.strip())
        assert 'serving' in line, line
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=10)


def connect(host, port):
    # A fresh IPv6 address is tentative for a moment.
    end = time.monotonic() + 20
    while True:
        try:
            return socket.create_connection((host, port), timeout=20)
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def echo(host, size):
    data = os.urandom(1 << 20)
    sent, got = hashlib.sha256(), hashlib.sha256()
    conn = connect(host, 7)

    def write():
        left = size
        while left:
            part = data[:min(left, len(data))]
            conn.sendall(part)
            sent.update(part)
            left -= len(part)
        conn.shutdown(socket.SHUT_WR)
    thread = threading.Thread(target=write)
    thread.start()
    total = 0
    while True:
        part = conn.recv(1 << 20)
        if not part:
            break
        total += len(part)
        got.update(part)
    thread.join()
    conn.close()
    assert total == size, (total, size)
    assert sent.digest() == got.digest()


@case
def echo_whole():
    """echo: 50 MB there and back, IPv4 and IPv6, with offload"""
    with services():
        for host in HOSTS:
            echo(host, 50_000_000)


@case
def echo_plain():
    """echo without offload, MTU 1280"""
    with services('--plain', '--mtu', '1280', '--busy-poll', '0'):
        for host in HOSTS:
            echo(host, 5_000_000)


@case
def discard_chargen():
    """discard and chargen: 100 MB, and the right characters"""
    with services():
        for host in HOSTS:
            conn = connect(host, 9)
            block = bytes(1 << 20)
            for _ in range(100):
                conn.sendall(block)
            conn.shutdown(socket.SHUT_WR)
            assert until_end(conn) == b''
            conn.close()
            conn = connect(host, 19)
            text = b''
            while len(text) < 1_000_000:
                text += conn.recv(65536)
            lines = text.split(b'\r\n')
            assert lines[0] == bytes(range(32, 104)), lines[0]
            assert lines[1][0] == 33 and lines[95] == lines[0]
            assert all(len(line) == 72 for line in lines[:-1])
            conn.close()


@case
def thousands():
    """three thousand connections at once"""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    n = min(3000, limit - 100)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    with services('--echo', '7'):
        conns = [connect(HOSTS[i % 2], 7) for i in range(n)]
        for i, conn in enumerate(conns):
            conn.sendall(b'%08d' % i * 20)
        for i, conn in enumerate(conns):
            data = b''
            while len(data) < 160:
                data += conn.recv(160)
            assert data == b'%08d' % i * 20
        for conn in conns:
            conn.close()


@case
def closed_port():
    """a port without service refuses"""
    with services('--echo', '7'):
        connect(HOSTS[0], 7).close()
        try:
            socket.create_connection((HOSTS[0], 8), timeout=20)
        except ConnectionRefusedError:
            return
        raise AssertionError('not refused')


@case
def bad_addresses():
    """addresses that cannot be, or not together, are refused with the cure"""
    addr = '--addr', '10.9.0.2/24'
    for words, part in ((['--addr', '10.9.0.0/24'], 'may have'),
                        (['--addr', '10.9.0.255/24'], 'may have'),
                        (['--addr', '255.255.255.255/32'], 'may have'),
                        ([*addr, *addr], 'twice'),
                        ([*addr, '--via', '10.9.0.2/24'], 'one address'),
                        (['--addr', 'fd99::2/64', '--mtu', '1279'], '1280')):
        done = subprocess.run([CATENET, 'services', '--tun', 'cat0', *words],
                              text=True, capture_output=True, timeout=20,
                              check=False)
        assert done.returncode == 125 and part in done.stderr, (words, done)


@case
def no_talk_among_services():
    """by UDP what comes from a port that is served here is not answered"""
    with services('--echo', '9007', '--discard', '9008'):
        with contextlib.ExitStack() as stack:
            asking = []
            for port in 9007, 9008, 9010:
                sock = stack.enter_context(
                    socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                sock.bind(('10.9.0.1', port))
                sock.sendto(b'hello', (HOSTS[0], 9007))
                sock.settimeout(20)
                asking.append(sock)
            # The last was answered, so the others were looked at.
            assert asking.pop().recv(100) == b'hello'
            for sock in asking:
                sock.setblocking(False)
                try:
                    raise AssertionError(sock.recv(100))
                except BlockingIOError:
                    pass


@case
def each_address_is_reached():
    """an address that no --via has a network for is reached all the same"""
    with services('--echo', '7', at=('--addr', '10.9.0.2/24', '--addr',
                                     '10.77.0.2/24', '--via', '10.9.0.1/25')):
        for host in '10.9.0.2', '10.77.0.2':
            conn = connect(host, 7)
            conn.sendall(b'x')
            assert conn.recv(1) == b'x'
            conn.close()


TUN = '--tun cat1 --addr 10.9.1.2/24 --via 10.9.1.1'


@case
def an_interface_goes():
    """an interface that is removed ends it, with a sentence"""
    with services() as process:
        subprocess.run(['ip', 'link', 'del', 'dev', 'cat0'], check=True)
        assert process.wait(timeout=10) == 125
        assert 'cat0: No such device' in process.stderr.read()


@case
def run_client():
    """catenet run --tun: a client against the kernel's server"""
    script = '''
import functools, http.server, sys
handler = functools.partial(http.server.SimpleHTTPRequestHandler,
                            directory=sys.argv[1])
http.server.HTTPServer(("0.0.0.0", 18099), handler).serve_forever()'''
    import tempfile
    with tempfile.TemporaryDirectory() as folder:
        data = os.urandom(5_000_000)
        with open(folder + '/file', 'wb') as file:
            file.write(data)
        server = subprocess.Popen([PYTHON, '-c', script, folder],
                                  stderr=subprocess.DEVNULL)
        try:
            wait_port(18099)
            done = run(f'-q {TUN} --delay 5ms --loss 0.5%',
                       ['curl', '-sS', 'http://10.9.1.1:18099/file'])
            assert done.returncode == 0, done.stderr
            assert sha(done.stdout) == sha(data)
        finally:
            server.kill()
            server.wait()


@case
def run_server():
    """catenet run --tun: a server for the kernel's client; nothing is left"""
    with background(f'-q {TUN}', [PYTHON, '-c', '''
import socket
s = socket.socket()
s.bind(("10.9.1.2", 7777))
s.listen()
while True:
    c, a = s.accept()
    c.sendall(a[0].encode())
    c.close()''']):
        wait_for(lambda: 'cat1' in [n for _, n in socket.if_nameindex()])
        wait_port(7777, '10.9.1.2')
        conn = socket.create_connection(('10.9.1.2', 7777), timeout=20)
        assert until_end(conn) == b'10.9.1.1'
    assert 'cat1' not in [n for _, n in socket.if_nameindex()]


main()
