#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""catenet run where there are too few descriptors: what there is room for goes
on, what there is not is told or waits, and all is well once there is room."""
import resource
import socket
import subprocess

from harness import CATENET, PYTHON, case, free_port, main, peer

LIMIT = 160

ECHO = '''
import asyncio, sys
async def echo(reader, writer):
    while piece := await reader.read(65536):
        writer.write(piece)
        await writer.drain()
    writer.close()
async def serve():
    server = await asyncio.start_server(echo, "127.0.0.1", int(sys.argv[1]),
                                        backlog=200)
    print("listens", flush=True)
    await server.serve_forever()
asyncio.run(serve())
'''

MANY = '''
import errno, socket, sys
port, open_ones, said = int(sys.argv[1]), [], set()
for _ in range(200):
    try:
        s = socket.socket()
    except OSError as e:
        said.add(("socket", errno.errorcode[e.errno]))
        break
    try:
        s.connect(("127.0.0.1", port))
        open_ones.append(s)
    except OSError as e:
        said.add(("connect", errno.errorcode[e.errno]))
        break
for s in open_ones:
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    assert s.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
    assert s.getpeername() == ("127.0.0.1", port)
    s.sendall(b"x")
    assert s.recv(9) == b"x"
    s.shutdown(socket.SHUT_WR)
    assert s.recv(9) == b""
    s.close()
with socket.create_connection(("127.0.0.1", port)) as s:
    s.sendall(b"again")
    assert s.recv(9) == b"again"
print(len(open_ones), *sorted(said))
'''


def few():
    resource.setrlimit(resource.RLIMIT_NOFILE, (LIMIT, LIMIT))


def exchange(port):
    with socket.create_connection(('127.0.0.1', port), timeout=30) as s:
        s.sendall(b'octets')
        assert s.recv(9) == b'octets'


@case
def connects():
    """a client that opens all it can: EMFILE, and what it has works on"""
    def echo(connection):
        while piece := connection.recv(65536):
            connection.sendall(piece)
    with peer(echo) as (port, _):
        done = subprocess.run(
            [CATENET, 'run', '-q', '--', PYTHON, '-c', MANY, str(port)],
            preexec_fn=few, capture_output=True, text=True, timeout=60)
    assert not done.returncode, done.stderr
    count, *said = done.stdout.split(None, 1)
    assert int(count) > 20 and 'EMFILE' in said[0], done.stdout


@case
def accepts():
    """a server with more clients than descriptors: the others wait"""
    port = free_port()
    server = subprocess.Popen(
        [CATENET, 'run', '-q', '--', PYTHON, '-c', ECHO, str(port)],
        preexec_fn=few, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert server.stdout.readline() == b'listens\n'
        clients = [socket.create_connection(('127.0.0.1', port), timeout=30)
                   for _ in range(LIMIT)]
        for client in clients:
            client.sendall(b'octets')
        # Each that ends makes room for another.
        for client in clients:
            assert client.recv(9) == b'octets'
            client.close()
        exchange(port)
    finally:
        server.terminate()
        server.communicate(timeout=20)


main()
