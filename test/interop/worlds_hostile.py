#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A hostile supervisor at the door of a world: short, long, wrong messages and
descriptors are refused and counted; the world and the others go on."""
import array
import contextlib
import os
import random
import re
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

from harness import CATENET, PYTHON, Skip, case, main, wait_for

HERE = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(HERE, '../../src/run/world/talk.h'),
          encoding='utf-8') as header:
    _text = header.read()
VERSION = int(re.search(r'TALK_VERSION (\d+)', _text)[1])
DATA = int(re.search(r'TALK_DATA (\d+)', _text)[1])
_kinds = re.search(r'enum talk_kind \{(.*?)\n\};', _text, re.S)[1]
_kinds = re.sub(r'/\*.*?\*/', '', _kinds, flags=re.S)
TWIN_LIST = 3  # of enum talk_twin
KIND = {name: i for i, name in
        enumerate(re.findall(r'TALK_(\w+)', _kinds), 1)}
HEAD = struct.Struct('=IIQQiiI')
_base = tempfile.mkdtemp(prefix='catenet-worlds.')
os.chmod(_base, 0o700)
os.environ['XDG_RUNTIME_DIR'] = _base


class World:
    def __init__(self, *options, before=()):
        self.process = subprocess.Popen(
            [*before, CATENET, 'world', 'lab', '--host', 'alice 10.0.0.1',
             '--host', 'bob 10.0.0.2', *options], stderr=subprocess.PIPE,
            text=True)
        said = self.process.stderr.readline()
        assert 'lab' in said, said

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)
        self.process.stderr.close()

    def connect(self):
        line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        line.settimeout(10)
        line.connect(os.path.join(_base, 'catenet', '.world-lab'))
        return Line(line)

    def refused(self):
        said = subprocess.run([CATENET, 'world', 'ls', 'lab'], check=True,
                              capture_output=True, text=True).stdout
        found = re.search(r'refused (\d+)', said)
        return int(found[1]) if found else 0

    def is_well(self):
        """A program joins, and does what programs do."""
        assert self.process.poll() is None, self.process.stderr.read()
        done = subprocess.run(
            [CATENET, 'run', '-q', '--world', 'lab', '--host', 'alice', '--',
             PYTHON, '-c', '''
import socket
l = socket.create_server(('10.0.0.1', 0))
c = socket.create_connection(l.getsockname()); a, _ = l.accept()
c.sendall(b'x'); print(a.recv(1).decode())'''],
            capture_output=True, text=True, timeout=30)
        assert done.stdout == 'x\n', done

    def descriptors(self):
        return len(os.listdir(f'/proc/{self.process.pid}/fd'))


class Line:
    def __init__(self, line):
        self.line = line
        self.serial = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.line.close()

    def send(self, kind, sock=0, number=0, result=0, extra=0, data=b'',
             fds=(), serial=0, length=None):
        head = HEAD.pack(KIND.get(kind, kind), serial, sock, number, result,
                         extra, len(data) if length is None else length)
        self.raw(head + data, fds)

    def raw(self, octets, fds=()):
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.line.sendmsg([octets], [(
                socket.SOL_SOCKET, socket.SCM_RIGHTS,
                array.array('i', fds))] if fds else [])

    def ask(self, kind, **more):
        self.serial += 1
        self.send(kind, serial=self.serial, **more)
        while True:
            octets = self.line.recv(65536)
            assert octets, f'{kind} ended the session'
            got = HEAD.unpack(octets[:HEAD.size])
            if got[0] == KIND['ANSWER'] and got[1] == self.serial:
                return got[4], octets[HEAD.size:]

    def join(self, host=b'alice'):
        rc, said = self.ask('JOIN', extra=VERSION, data=host + b'\0test\0')
        assert rc == 0, said
        return self

    def is_ended(self):
        try:
            while self.line.recv(65536):
                pass
        except ConnectionResetError:
            pass
        except TimeoutError:
            return False
        return True


def refused(world, act, joined=True):
    """It ends this session, and is counted."""
    before = world.refused()
    with world.connect() as line:
        if joined:
            line.join()
        act(line)
        assert line.is_ended(), act
    assert world.refused() > before, act


@case
def wrong_messages():
    """short, long, empty and wrong messages end the session and are counted"""
    with World() as world:
        for octets in (b'x', b'x' * (HEAD.size - 1), b'\0' * HEAD.size,
                       b'x' * 4096, b'\xff' * (HEAD.size + DATA)):
            refused(world, lambda line, o=octets: line.raw(o))
            refused(world, lambda line, o=octets: line.raw(o), False)
        for length in (1, DATA + 1, 2**32 - 1):
            refused(world, lambda line, n=length:
                    line.send('NAME', serial=1, length=n))
        refused(world, lambda line: line.send(0, serial=1))
        refused(world, lambda line: line.send(4711, serial=1))
        refused(world, lambda line: line.send('ANSWER', serial=1))
        with world.connect() as line:
            line.line.send(b'')
            assert line.is_ended()
        world.is_well()


@case
def out_of_turn():
    """calls before joining, on sockets that are not there, twice the same"""
    with World() as world:
        for kind in ('SOCKET', 'BIND', 'ACCEPT', 'INODE', 'ATTACH', 'CLOSE'):
            refused(world, lambda line, k=kind:
                    line.send(k, sock=1, extra=2, serial=1), False)
            if kind != 'SOCKET':
                refused(world, lambda line, k=kind:
                        line.send(k, sock=1, serial=1))
        refused(world, lambda line: line.send(
            'JOIN', extra=VERSION, data=b'alice\0x\0', serial=9))

        def twice(line):
            assert line.ask('SOCKET', sock=1, extra=2)[0] == 0
            line.send('SOCKET', sock=1, extra=2, serial=9)
        refused(world, twice)
        refused(world, lambda line: line.send('NAME', sock=1))
        refused(world, lambda line:
                line.send('SOCKET', sock=1, extra=1, serial=1))
        with world.connect() as line:
            assert line.ask('JOIN', extra=VERSION,
                            data=b'carol\0x\0')[0] != 0
            assert line.ask('JOIN', extra=VERSION + 1,
                            data=b'alice\0x\0')[0] != 0
            line.join()
            assert line.ask('SOCKET', sock=7, extra=2)[0] == 0
            # Wrong, but questions all the same.
            assert line.ask('ACCEPT', sock=7, number=8)[0] == -22
            assert line.ask('LISTEN', sock=7, extra=-5)[0] == 0
            assert line.ask('SET', sock=7, extra=-1,
                            number=2**64 - 1)[0] < 0
            assert line.ask('GET', sock=7, extra=6, number=11,
                            result=-1)[0] == 0
            assert line.ask('GET', sock=7, extra=6, number=11,
                            result=2**31 - 1)[0] == 0
            assert line.ask('BIND', sock=7, data=b'')[0] < 0
            assert line.ask('BIND', sock=7, data=b'\2')[0] < 0
            assert line.ask('CONNECT', sock=7,
                            data=struct.pack('=H', 0))[0] < 0
        world.is_well()


@case
def wrong_descriptors():
    """descriptors that are none of a pair's, too many, where none belong"""
    address = struct.pack('=H', 2) + struct.pack('>H', 5000) + bytes(
        [10, 0, 0, 1]) + bytes(8)
    with World() as world, open('/dev/null', 'rb') as null, \
            socket.socket() as tcp, \
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as dgram:

        def connected(line):
            assert line.ask('SOCKET', sock=1, extra=2)[0] == 0
            assert line.ask('BIND', sock=1, data=address)[0] == 0
            assert line.ask('LISTEN', sock=1, extra=5)[0] == 0
            assert line.ask('SOCKET', sock=2, extra=2)[0] == 0
            assert line.ask('CONNECT', sock=2, data=address)[0] == -115
            # The handshake takes its time.
            while (rc := line.ask('ACCEPT', sock=1, number=3)[0]) == -11:
                time.sleep(0.01)
            assert rc == 0, rc

        def attach(fds):
            def act(line):
                connected(line)
                line.send('ATTACH', sock=3, fds=fds)
            return act

        world.is_well()  # what alice's programs share stays
        level = world.descriptors()
        for file in (null, tcp, dgram):
            refused(world, attach([file.fileno()]))
        refused(world, attach([null.fileno()] * 2))
        refused(world, attach([null.fileno()] * 200))
        # Where none belongs, or out of turn.
        for kind in ('SOCKET', 'JOIN', 'STOP', 'NAME', 'CLOSE', 'BYE'):
            refused(world, lambda line, k=kind: line.send(
                k, sock=1, extra=2, serial=1, fds=[null.fileno()]))
        # What is no list of sockets: to read it might wait for ever.
        for which in TWIN_LIST, TWIN_LIST + 1:
            for file in (null, tcp, dgram):
                refused(world, lambda line, w=which, f=file: line.send(
                    'TWIN_GIVE', number=w, serial=1, fds=[f.fileno()]))

            def list_twice(line, which=which):
                with open('/proc/self/net/udp', 'rb') as file:
                    for serial in 1, 2:
                        line.send('TWIN_GIVE', number=which, serial=serial,
                                  fds=[file.fileno()])
            refused(world, list_twice)
        left, right = socket.socketpair()
        with left, right:
            def early(line):
                assert line.ask('SOCKET', sock=1, extra=2)[0] == 0
                line.send('ATTACH', sock=1, fds=[left.fileno()])
            refused(world, early)

            def again(line):
                connected(line)
                line.send('ATTACH', sock=3, fds=[left.fileno()])
                line.send('ATTACH', sock=3, fds=[left.fileno()])
            refused(world, again)
        # One that its owner lets block, and whose other side is full.
        left, right = socket.socketpair()
        with left, right, world.connect() as line:
            line.join()
            connected(line)
            left.setblocking(True)
            line.send('ATTACH', sock=3, fds=[left.fileno()])
            left.setblocking(True)
            assert line.ask('OUTQ', sock=3)[0] == 0
            assert line.ask('SHUTDOWN', sock=3, extra=1,
                            fds=[null.fileno()])[0] < 0
            assert line.ask('SHUTDOWN', sock=3, extra=1)[0] == -9
            world.is_well()
        # And the one that marks where a stream was shut down (end.c).
        wait_for(lambda: world.descriptors() <= level + 1)
        world.is_well()


@case
def who_does_not_read():
    """a supervisor that asks and does not read holds nobody up"""
    with World() as world:
        with world.connect() as line:
            line.join()
            line.line.settimeout(0.5)
            with contextlib.suppress(TimeoutError, OSError):
                for i in range(200000):
                    line.line.send(HEAD.pack(KIND['BYE'], i + 1, 0, 0, 0, 0,
                                             0))
            world.is_well()
        world.is_well()


@case
def chance():
    """ten thousand messages of chance, from a seed"""
    seed = int(os.environ.get('SEED', '1'))
    chance = random.Random(seed)
    left, right = socket.socketpair()
    with World() as world, left, right:
        world.is_well()  # what alice's programs share stays
        level = world.descriptors()
        line = None
        for _ in range(10000):
            if line is None:
                line = world.connect()
                if chance.random() < 0.9:
                    line.join()
                line.line.setblocking(False)
            kind = chance.choice([k for k in KIND if k not in
                                  ('STOP', 'CHANGE')])
            fds = [left.fileno()] if chance.random() < 0.1 else []
            data = chance.choice([
                b'', bytes([2, 0, 0x13, 0x88, 10, 0, 0, 1]) + bytes(8),
                chance.randbytes(chance.randrange(200))])
            with contextlib.suppress(BlockingIOError):
                line.send(kind, sock=chance.randrange(4),
                          number=chance.randrange(4),
                          result=chance.randrange(-2, 300),
                          extra=chance.choice([0, 1, 2, 6, 10, -1, 41]),
                          data=data, fds=fds, serial=chance.randrange(2))
            try:
                while line.line.recv(65536):
                    pass
                line.line.close()
                line = None
            except BlockingIOError:
                pass
            except ConnectionResetError:
                line.line.close()
                line = None
        if line:
            line.line.close()
        world.is_well()
        wait_for(lambda: world.descriptors() <= level)


@case
def strangers():
    """another user's process is not let in"""
    if os.geteuid() != 0:
        raise Skip('only root can be somebody else')
    with World() as world:
        os.chmod(_base, 0o755)
        os.chmod(os.path.join(_base, 'catenet'), 0o755)
        path = os.path.join(_base, 'catenet', '.world-lab')
        try_it = f'''
import os, socket
os.setgid(65534); os.setuid(65534)
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
try: s.connect({path!r}); print('in')
except PermissionError: print('refused')'''
        done = subprocess.run([PYTHON, '-c', try_it], capture_output=True,
                              text=True)
        assert done.stdout == 'refused\n', done
        # Whatever the file's mode: the kernel says whose process it is.
        before = world.refused()
        os.chmod(path, 0o777)
        os.chmod(os.path.join(_base, 'catenet'), 0o755)
        try_it = try_it.replace("print('in')", "print(s.recv(10))")
        done = subprocess.run([PYTHON, '-c', try_it], capture_output=True,
                              text=True)
        assert done.stdout == "b''\n", done
        assert world.refused() == before + 1
        os.chmod(os.path.join(_base, 'catenet'), 0o700)
        os.chmod(_base, 0o700)


class Liar(threading.Thread):
    """No world, but what answers as one; with `lie` for each question after
    the first ones: what is to be told, or None for nothing."""

    def __init__(self, lie):
        super().__init__(daemon=True)
        self.lie = lie
        folder = os.path.join(_base, 'catenet')
        os.makedirs(folder, 0o700, True)
        self.path = os.path.join(folder, '.world-liar')
        self.door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.door.bind(self.path)
        os.chmod(self.path, 0o600)
        self.door.listen()

    def run(self):
        line, _ = self.door.accept()
        with line:
            while True:
                try:
                    octets = line.recv(65536)
                except ConnectionResetError:
                    break
                if not octets:
                    break
                kind, serial, sock, *_ = HEAD.unpack(octets[:HEAD.size])
                if kind == KIND['JOIN']:
                    told = 0, b'alice\0'
                elif kind == KIND['BYE']:
                    told = 0, b''
                else:
                    told = self.lie(kind)
                if not serial or told is None:
                    continue
                result, data = told
                line.send(HEAD.pack(KIND['ANSWER'], serial, sock, 0, result,
                                    0, len(data)) + data)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.door.close()
        os.unlink(self.path)


LIED_TO = '''
import ctypes, errno, socket
libc = ctypes.CDLL(None, use_errno=True)
s = socket.socket()
rc = libc.listen(s.fileno(), 5)
print(rc, errno.errorcode.get(ctypes.get_errno()))
name, size = ctypes.create_string_buffer(2048), ctypes.c_int(2048)
rc = libc.getsockname(s.fileno(), name, ctypes.byref(size))
print(rc, errno.errorcode.get(ctypes.get_errno()), len(name.raw.rstrip(b'\\0')))
'''


@case
def lies():
    """a run believes no world: names that are too long, results of nobody"""
    def lie(kind):
        if kind == KIND['NAME']:
            return 0, b'\2' * DATA
        if kind == KIND['LISTEN']:
            return results.pop(), b''
        return -95, b''

    for result, listens in ((0, '0 None'), (7, '-1 ENETDOWN'),
                            (-100002, '-1 ENETDOWN'),
                            (-100001, '-1 ENETDOWN'),
                            (-2**31, '-1 ENETDOWN')):
        results = [result]
        with Liar(lie):
            done = subprocess.run(
                [CATENET, 'run', '-q', '--no-namespace', '--world', 'liar',
                 '--', PYTHON, '-c', LIED_TO],
                capture_output=True, text=True, timeout=60)
        assert done.stdout == f'{listens}\n-1 ENETDOWN 0\n', (result, done)


@case
def hangs_and_run():
    """a run of a world that hangs ends all the same when it is told to"""
    with World() as world:
        run = subprocess.Popen(
            [CATENET, 'run', '-q', '--world', 'lab', '--host', 'alice', '--',
             PYTHON, '-c', '''
import socket, time
s = socket.create_server(("10.0.0.1", 0))
print("begun", flush=True)
while True:
    s.getsockname(); time.sleep(0.05)'''], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        assert run.stdout.readline() == 'begun\n'
        os.kill(world.process.pid, signal.SIGSTOP)
        try:
            time.sleep(0.5)
            run.terminate()
            said = run.communicate(timeout=60)[1]
        finally:
            run.kill()
            os.kill(world.process.pid, signal.SIGCONT)
        assert 'does not answer' in said, said
        world.is_well()


@case
def hangs():
    """a capture of a world that hangs is not waited for"""
    with World() as world:
        os.kill(world.process.pid, signal.SIGSTOP)
        try:
            done = subprocess.run([CATENET, 'world', 'capture', 'lab', '-'],
                                  capture_output=True, text=True, timeout=60)
        finally:
            os.kill(world.process.pid, signal.SIGCONT)
        assert done.returncode == 125, done
        assert 'does not answer' in done.stderr, done.stderr


try:
    main()
finally:
    import shutil
    shutil.rmtree(_base, ignore_errors=True)
