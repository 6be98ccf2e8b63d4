#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What listens inside, seen from the machine, and the other way round."""
import contextlib
import os
import socket
import subprocess
import time

from harness import (CATENET, PYTHON, Skip, background, case, free_port, main,
                     native, need, peer, python, reset, run, until_end,
                     wait_for, wait_port)

ECHO = '''
import contextlib, socket, sys
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
s = socket.socket(family)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind((sys.argv[1], int(sys.argv[2])))
s.listen(int(sys.argv[3]) if len(sys.argv) > 3 else 64)
while True:
    c, peer = s.accept()
    # Who only looks whether we listen may have this unread: that is a reset.
    with contextlib.suppress(ConnectionError), c:
        c.sendall(("%s %d|%s %d\\n" %
                   (peer[:2] + c.getsockname()[:2])).encode())
        while True:
            data = c.recv(65536)
            if not data:
                break
            c.sendall(data)
'''


def echo(address, port, *more):
    return [PYTHON, '-c', ECHO, address, str(port), *map(str, more)]


def talk(port, address='127.0.0.1', data=b'x' * 100000):
    with socket.create_connection((address, port), timeout=10) as conn:
        own = conn.getsockname()[:2]
        conn.sendall(data)
        conn.shutdown(socket.SHUT_WR)
        line, _, back = until_end(conn).partition(b'\n')
        assert back == data
        seen = [part.split() for part in line.decode().split('|')]
        return own, [(a, int(p)) for a, p in seen]


@case
def published():
    """a server on 127.0.0.1 is reached at its port, and sees the true peer"""
    port = free_port()
    with background('-q --delay 5ms', echo('127.0.0.1', port)):
        wait_port(port)
        own, (saw, local) = talk(port)
        assert saw == own, (saw, own)
        assert local == ('127.0.0.1', port), local


@case
def port_again():
    """a client's port is used again while its last connection is on the path"""
    port, own = free_port(), free_port()

    def client():
        return socket.create_connection(('127.0.0.1', port), timeout=10,
                                        source_address=('127.0.0.1', own))

    with background('-q --delay 300ms', [PYTHON, '-c', f'''
import socket
s = socket.socket()
s.bind(("127.0.0.1", {port}))
s.listen()
while True:
    c = s.accept()[0]
    try:
        c.sendall(c.recv(100))
    except OSError:
        pass
    c.close()''']):
        wait_port(port)
        reset(client())
        conn = client()
        conn.sendall(b'again')
        assert until_end(conn) == b'again'


@case
def wildcard():
    """row 100: a server on 0.0.0.0, and on ::, at 127.0.0.1 and ::1"""
    port = free_port()
    with background('-q', echo('0.0.0.0', port)):
        wait_port(port)
        talk(port)
    with background('-q', echo('::', port)):
        wait_port(port, '::1')
        _, (saw, local) = talk(port, '::1')
        assert saw[0] == '::1' and local == ('::1', port), (saw, local)
        _, (saw, local) = talk(port)
        assert saw[0] == '::ffff:127.0.0.1', saw


def connect_from(address, port):
    """A connection that has been answered, or None where it was reset."""
    try:
        conn = socket.create_connection(('127.0.0.1', port), timeout=10,
                                        source_address=(address, 0))
        return conn if conn.recv(1000) else None
    except ConnectionError:
        return None


def admitted(address, port):
    """The same, once an earlier connection is over (wait_port made one)."""
    got = []
    wait_for(lambda: got.append(connect_from(address, port)) or got[-1])
    return got[-1]


MANY = '''
import select, socket, sys
s = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=64)
conns = {s}
while True:
    for c in select.select(conns, [], [])[0]:
        if c is s:
            c = s.accept()[0]
            c.sendall(b"hello")
            conns.add(c)
            continue
        try:
            data = c.recv(1000)
        except ConnectionError as e:
            data = b""
        if data:
            c.sendall(data)
        else:
            conns.remove(c)
            c.close()
'''


@case
def limit_per_client():
    """row 133: --max-per-client 10: the eleventh is refused"""
    port = free_port()
    with background('-q --max-per-client 10',
                    [PYTHON, '-c', MANY, str(port)]), \
            contextlib.ExitStack() as stack:
        wait_port(port)
        conns = [stack.enter_context(admitted('127.0.0.1', port))
                 for _ in range(10)]
        assert connect_from('127.0.0.1', port) is None
        done = subprocess.run([CATENET, 'ss', '-s'], capture_output=True,
                              text=True, timeout=20)
        assert 'tcp_client_limit ' in done.stdout, done
        stack.enter_context(admitted('127.0.0.2', port))
        conns[0].close()
        stack.enter_context(admitted('127.0.0.1', port))


@case
def idle_timeout():
    """row 133: --idle-timeout 2s: who says nothing is reset"""
    port = free_port()
    with background('-q --idle-timeout 2s',
                    [PYTHON, '-c', MANY, str(port)]):
        wait_port(port)
        with connect_from('127.0.0.1', port) as conn:
            conn.settimeout(30)
            # For longer than that, and never silent for nearly as long.
            for _ in range(50):
                conn.sendall(b'x')
                assert conn.recv(10) == b'x'
                time.sleep(0.05)
            try:
                assert conn.recv(10) == b''
                raise AssertionError('closed, not reset')
            except ConnectionResetError:
                pass


@case
def two_runs():
    """two runs find each other over the machine's loopback"""
    port = free_port()
    with background('-q --delay 5ms', echo('127.0.0.1', port)):
        wait_port(port)
        got = python('-q --delay 10ms', '''
import socket, sys, time
began = time.monotonic()
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
s.sendall(b"hello")
s.shutdown(1)
data = b""
while True:
    part = s.recv(999)
    if not part:
        break
    data += part
print(data.split(b"\\n")[1].decode(), time.monotonic() - began > 0.03)''', port)
        assert got == 'hello True', got


@case
def not_after_close():
    """the port is free again when the server has closed"""
    port = free_port()
    with background('-q', ['sh', '-c', f'{PYTHON} -m http.server -b 127.0.0.1 '
                           f'{port} >/dev/null 2>&1 & read word; kill $!; '
                           'sleep 60'], stdin=subprocess.PIPE) as process:
        wait_port(port)
        process.stdin.write(b'enough\n')
        process.stdin.flush()

        def refused():
            try:
                socket.create_connection(('127.0.0.1', port)).close()
            except ConnectionRefusedError:
                return True
            return False
        wait_for(refused)


@case
def port_taken():
    """a taken port: one line that names -p, and the server runs inside"""
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run('', [PYTHON, '-c', f'''
import socket
s = socket.socket()
s.bind(("127.0.0.1", {port}))
s.listen()
c = socket.create_connection(("127.0.0.1", {port}))
s.accept()[0].sendall(b"inside")
print(c.recv(9).decode())'''], text=True)
        assert done.stdout == 'inside\n', done
        assert done.stderr.count('\n') == 1 and '-p' in done.stderr, done


@case
def elsewhere():
    """-p HOSTPORT:PORT, and the wildcard's line for a port in use"""
    port, other = free_port(), free_port()
    with background(f'-q -p 127.0.0.1:{other}:{port}',
                    echo('127.0.0.1', port)):
        wait_port(other)
        talk(other)
        try:
            talk(port)
        except ConnectionRefusedError:
            pass
        else:
            raise AssertionError('reachable at its own port too')
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', other))
        taken.listen()
        done = run(f'-p 127.0.0.1:{other}:{port}', ['true'], text=True)
        assert done.returncode == 125 and '-p' in done.stderr, done


@case
def isolated():
    """--isolated: nothing in, nothing out over loopback; inside it works"""
    port = free_port()
    with background('-q --isolated', [
            PYTHON, '-c', ECHO.replace('while True:', 'print(flush=True)\n'
                                       'while True:', 1),
            '127.0.0.1', str(port)]) as process:
        assert process.stdout.readline() == b'\n'
        try:
            socket.create_connection(('127.0.0.1', port))
        except ConnectionRefusedError:
            pass
        else:
            raise AssertionError('reachable')
    with peer(until_end) as (port, _):
        got = python('-q --isolated', '''
import socket, sys
try:
    socket.create_connection(("127.0.0.1", int(sys.argv[1])))
except ConnectionRefusedError:
    print("refused")''', port)
        assert got == 'refused', got


@case
def port_zero():
    """bind to port 0 picks one that is free outside too"""
    got = python('-q', '''
import socket
ports = []
for _ in range(50):
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    s.listen()
    ports.append((s, s.getsockname()[1]))
print(len({p for _, p in ports}) == 50 and all(p for _, p in ports))''')
    assert got == 'True', got


@case
def accept_queue():
    """the machine's listener takes no more than the queue inside holds"""
    port = free_port()
    with background('-q', [PYTHON, '-c', f'''
import socket
s = socket.socket()
s.bind(("127.0.0.1", {port}))
s.listen(2)
print("listens", flush=True)
input()
kept = []
while True:
    kept.append(s.accept()[0])
    kept[-1].sendall(b"x")'''], stdin=subprocess.PIPE) as process:
        assert process.stdout.readline() == b'listens\n'
        conns = []
        for _ in range(12):
            conn = socket.socket()
            conn.setblocking(False)
            conn.connect_ex(('127.0.0.1', port))
            conns.append(conn)

        def inside():
            hexa = f'0100007F:{port:04X}'
            with open('/proc/net/tcp', encoding='ascii') as file:
                return sum(line.split()[1] == hexa and line.split()[3] == '01'
                           for line in file)
        # Backlog 2 holds three, inside and in the kernel; the rest waits.
        wait_for(lambda: inside() >= 6)
        time.sleep(1)
        assert 6 <= inside() <= 7, inside()
        # Those that found room are served; the kernel tells the others
        # nothing, with or without catenet.
        process.stdin.write(b'accept\n')
        process.stdin.flush()
        served = set()

        def serve():
            for conn in conns:
                with contextlib.suppress(BlockingIOError):
                    if conn not in served and conn.recv(1) == b'x':
                        served.add(conn)
            return len(served) >= 6
        wait_for(serve)
        for conn in conns:
            conn.close()


@case
def restart():
    """rows 102, 106: a restarted server meets our TIME-WAIT alone"""
    port = free_port()
    script = f'''
import errno, socket, sys
def listen(reuse):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuse)
    try:
        s.bind(("127.0.0.1", {port}))
    except OSError as error:
        return errno.errorcode[error.errno]
    s.listen()
    return s
s = listen(int(sys.argv[1]))
c = socket.create_connection(("127.0.0.1", {port}))
d = s.accept()[0]
d.close()
c.recv(1)
c.close()
s.close()
s = listen(int(sys.argv[2]))
print(s if isinstance(s, str) else "ok")'''
    for first, second in ((0, 0), (1, 0), (0, 1), (1, 1)):
        got = python('-q', script, first, second)
        assert got == ('ok' if (first, second) == (1, 1) else 'EADDRINUSE')
        # and the machine has none: the same again works at once
    assert native(f'import socket\ns = socket.socket()\n'
                  f's.bind(("127.0.0.1", {port}))\nprint("ok")') == 'ok'


@case
def privileged_port():
    """bind to a low port: EACCES for a user, as without catenet"""
    need('setpriv', '/usr/bin/python3')
    if os.getuid() != 0:
        raise Skip('needs root to become a user')
    with open('/proc/sys/net/ipv4/ip_unprivileged_port_start',
              encoding='ascii') as file:
        if int(file.read()) < 100:
            raise Skip('low ports are open to users here')
    done = subprocess.run(
        ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups',
         CATENET, 'run', '-q', '--', '/usr/bin/python3', '-c', '''
import socket
try:
    socket.socket().bind(("127.0.0.1", 81))
except PermissionError:
    print("EACCES")'''], capture_output=True, text=True, timeout=30)
    assert done.stdout == 'EACCES\n', done


@case
def inner_refusal():
    """a connection that the server resets is reset outside"""
    port = free_port()
    with background('-q', [PYTHON, '-c', f'''
import socket, struct
s = socket.socket()
s.bind(("127.0.0.1", {port}))
s.listen()
while True:
    c = s.accept()[0]
    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    c.close()''']):
        wait_port(port)
        with socket.create_connection(('127.0.0.1', port)) as conn:
            conn.settimeout(10)
            try:
                conn.recv(1)
            except ConnectionResetError:
                return
            raise AssertionError('no reset')


@case
def outer_reset():
    """a client's reset reaches the server inside"""
    port = free_port()
    with background('-q', [PYTHON, '-c', f'''
import socket
s = socket.socket()
s.bind(("127.0.0.1", {port}))
s.listen()
c = s.accept()[0]
d = s.accept()[0]
d.sendall(b"accepted")
try:
    d.recv(1)
except ConnectionResetError:
    print("reset", flush=True)''']) as process:
        wait_port(port)
        conn = socket.create_connection(('127.0.0.1', port))
        assert conn.recv(8)
        reset(conn)
        assert process.stdout.readline() == b'reset\n'


@case
def many_clients():
    """rows 90, 98: a forking server and fifty clients at once"""
    port = free_port()
    with background('-q --delay 2ms', [PYTHON, '-c', f'''
import os, signal, socket
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
s = socket.socket()
s.bind(("127.0.0.1", {port}))
s.listen(64)
while True:
    c = s.accept()[0]
    if os.fork() == 0:
        s.close()
        while True:
            data = c.recv(4096)
            if not data:
                os._exit(0)
            c.sendall(data.upper())
    c.close()''']):
        wait_port(port)
        conns = [socket.create_connection(('127.0.0.1', port))
                 for _ in range(50)]
        for number, conn in enumerate(conns):
            conn.sendall(b'client %d ' % number * 50)
            conn.shutdown(socket.SHUT_WR)
        for number, conn in enumerate(conns):
            conn.settimeout(20)
            assert until_end(conn) == b'CLIENT %d ' % number * 50
            conn.close()


def private_memory(top):
    """of the processes below top that are catenet itself, in KiB"""
    total, todo = 0, [top]
    while todo:
        pid = todo.pop()
        with contextlib.suppress(OSError):
            with open(f'/proc/{pid}/task/{pid}/children') as file:
                todo += file.read().split()
            if os.path.realpath(f'/proc/{pid}/exe') != \
                    os.path.realpath(CATENET):
                continue
            with open(f'/proc/{pid}/smaps_rollup') as file:
                total += sum(int(line.split()[1]) for line in file
                             if line.startswith('Private_'))
    return total


@case
def memory_goes_back():
    """what held a flood goes back to the system in the calm after it"""
    port = free_port()
    with background('-q --delay 2ms', [PYTHON, '-c', f'''
import socket
s = socket.socket()
s.bind(("127.0.0.1", {port}))
s.listen(128)
kept = [s.accept()[0] for _ in range(101)]
for c in kept:
    while c.recv(65536):
        pass
    c.close()
s.accept()''']) as p:
        wait_port(port)
        conns = [socket.create_connection(('127.0.0.1', port))
                 for _ in range(100)]
        for conn in conns[1:]:
            conn.setblocking(False)
            sent = 0
            with contextlib.suppress(BlockingIOError):
                while sent < 4 << 20:
                    sent += conn.send(bytes(1 << 16))
        wait_for(lambda: private_memory(p.pid) > 40 << 10)
        conns[0].close()
        for conn in conns[1:]:
            conn.shutdown(socket.SHUT_WR)
        wait_for(lambda: private_memory(p.pid) < 20 << 10, 60)
        for conn in conns:
            conn.close()


main()
