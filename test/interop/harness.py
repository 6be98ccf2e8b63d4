# SPDX-License-Identifier: MIT
"""What the tests of catenet run share: cases, servers, and the program."""
import contextlib
import functools
import hashlib
import http.server
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import traceback

import signals
from ports import free_port

CATENET = os.environ.get('CATENET', 'build/catenet')
PYTHON = sys.executable
signals.heed()
PLAIN = 'natively'
RUN = 'under run'
_cases = []


class Skip(Exception):
    """This case cannot run here, and why."""


def case(function):
    """One case; its docstring says what it shows."""
    _cases.append(function)
    return function


def both(title):
    """The case once natively and once as a program of catenet run; it gets
    the words that come before every command."""
    def decorate(function):
        for way, before in ((PLAIN, []), (RUN, [CATENET, 'run', '-q', '--'])):
            def one(before=before):
                function(before)
            one.__name__ = function.__name__ + '_' + way.split()[-1]
            one.__doc__ = f'{title}, {way}'
            case(one)
        return function
    return decorate


def main():
    failed = 0
    for number, function in enumerate(_cases, 1):
        if len(sys.argv) > 1 and function.__name__ not in sys.argv[1:]:
            continue
        try:
            function()
            print(f'ok {number} - {function.__doc__}', flush=True)
        except Skip as why:
            print(f'ok {number} - {function.__doc__} # SKIP {why}', flush=True)
        except BaseException:
            failed += 1
            print(f'not ok {number} - {function.__doc__}', flush=True)
            for line in traceback.format_exc().splitlines()[-12:]:
                print('# ' + line, flush=True)
    print(f'1..{len(_cases)}')
    sys.exit(1 if failed else 0)


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            raise Skip(f'{program} is not installed')


def run(options, argv, timeout=120, **more):
    """catenet run OPTIONS -- ARGV; options is one string."""
    return subprocess.run([CATENET, 'run', *options.split(), '--', *argv],
                          timeout=timeout, capture_output=True, **more)


def run_list(options, argv, timeout=120, **more):
    return subprocess.run([CATENET, 'run', *options, '--', *argv],
                          timeout=timeout, capture_output=True, **more)


@contextlib.contextmanager
def background(options, argv, **more):
    """The same, running; ended by SIGTERM."""
    process = subprocess.Popen([CATENET, 'run', *options.split(), '--', *argv],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               **more)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            raise


def python(options, script, *args, timeout=120, **more):
    """Runs a script under catenet; its standard output, stripped."""
    done = run(options, [PYTHON, '-c', script, *map(str, args)], timeout,
               text=True, **more)
    if done.returncode:
        raise AssertionError(f'exit {done.returncode}: {done.stderr}')
    return done.stdout.strip()


def native(script, *args, timeout=120):
    return subprocess.run([PYTHON, '-c', script, *map(str, args)], check=True,
                          timeout=timeout, capture_output=True,
                          text=True).stdout.strip()


def sha(data):
    return hashlib.sha256(data).hexdigest()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@contextlib.contextmanager
def web(size):
    """A real HTTP server with one file of that size; (url, its octets)."""
    with tempfile.TemporaryDirectory() as folder:
        data = os.urandom(size)
        with open(os.path.join(folder, 'file'), 'wb') as file:
            file.write(data)
        handler = functools.partial(_Quiet, directory=folder)
        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f'http://127.0.0.1:{server.server_port}/file', data
        finally:
            server.shutdown()
            server.server_close()


@contextlib.contextmanager
def peer(serve, address='127.0.0.1', backlog=64):
    """A TCP server of ours: serve(conn) for each connection; yields the port
    and the list of what serve returned or raised."""
    family = socket.AF_INET6 if ':' in address else socket.AF_INET
    listener = socket.socket(family)
    listener.bind((address, 0))
    listener.listen(backlog)
    results = []

    def one(conn):
        with conn:
            try:
                results.append(serve(conn))
            except OSError as error:
                results.append(error)

    def accept():
        with contextlib.suppress(OSError):
            while True:
                conn, _ = listener.accept()
                threading.Thread(target=one, args=(conn,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1], results
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        # Before its number is another's, which it might accept from.
        thread.join(20)
        listener.close()


def until_end(conn):
    """All that the peer sends."""
    parts = []
    while True:
        part = conn.recv(65536)
        if not part:
            return b''.join(parts)
        parts.append(part)


def reset(conn):
    """Closes by RST."""
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                    struct.pack('ii', 1, 0))
    conn.close()


def wait_for(condition, seconds=30):
    import time
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError('it did not happen in time')


def wait_port(port, address='127.0.0.1', seconds=30):
    def open_now():
        with contextlib.suppress(OSError):
            socket.create_connection((address, port), timeout=1).close()
            return True
        return False
    wait_for(open_now, seconds)
