#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Who poses as a world to catenet ss: told, escaped, not waited for (row 48 of
the attacks); and where worlds answer: a name with an owner and a mode, the same
in every network namespace."""
import contextlib
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time

from harness import CATENET, PYTHON, Skip, case, main, wait_for

with open(os.path.join(os.path.dirname(__file__), '../../src/run/world/control.h'),
          encoding='utf-8') as header:
    # Changes with the columns.
    HEAD = re.search(r'CONTROL_HEAD "(.*)"', header.read())[1].encode() + b'\n'
# One for each who runs this at a time.
STRANGER = 64000 + os.getpid() % 1000
LISTENER = ("import socket,time; l=socket.create_server(('127.0.0.1',0));"
            "print(l.getsockname()[1],flush=True); time.sleep(60)")


def ss(*words, env=None, before=()):
    done = subprocess.run([*before, CATENET, 'ss', *words],
                          capture_output=True, timeout=40,
                          env={**os.environ, **(env or {})})
    for text in (done.stdout, done.stderr):
        harmless = text.decode('utf-8')
        assert not [c for c in harmless
                    if c != '\n' and c != '\t' and
                    (ord(c) < 32 or 127 <= ord(c) < 160)], harmless
    return done.stdout.decode(), done.stderr.decode(), done.returncode


@contextlib.contextmanager
def folder():
    """An XDG_RUNTIME_DIR of our own with a catenet in it."""
    with tempfile.TemporaryDirectory(prefix='catenet-hostile.') as base:
        os.chmod(base, 0o700)
        path = os.path.join(base, 'catenet')
        os.mkdir(path, 0o700)
        yield path, {'XDG_RUNTIME_DIR': base}


@contextlib.contextmanager
def poser(path, answer, name='123-0000abcd'):
    """Listens there and lets answer(conn) have whoever comes."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(os.path.join(path, name))
    listener.listen(4)

    def serve():
        with contextlib.suppress(OSError):
            while True:
                conn, _ = listener.accept()
                with conn, contextlib.suppress(OSError):
                    answer(conn)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@contextlib.contextmanager
def world(env=None, script=LISTENER, options=()):
    """A world with one listener; (its process, the listener's port)."""
    process = subprocess.Popen(
        [CATENET, 'run', '-q', *options, '--', PYTHON, '-c', script],
        stdout=subprocess.PIPE, text=True, env={**os.environ, **(env or {})})
    try:
        yield process, int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait(20)


def row(program=b'x', local=b'127.0.0.1:1', peer=b'127.0.0.1:2', columns=None):
    with folder() as (path, env), world(env):
        name = [n for n in os.listdir(path) if n[0] != '.'][0]
        with socket.socket(socket.AF_UNIX) as conn:
            conn.connect(os.path.join(path, name))
            lines = conn.makefile('rb').read().split(b'\n')
    assert lines[0] + b'\n' == HEAD and lines[-2] == b'end', lines
    n = len(lines[1].split(b'\t')) - 6
    columns = columns or [b'1'] + [b'0'] * (n - 1)
    return b'\t'.join([b'77', b'76', program, b'', local, peer,
                       *columns]) + b'\n'


def told(answer, needle, name='123-0000abcd'):
    with folder() as (path, env), poser(path, answer, name):
        out, err, code = ss('-a', env=env)
        assert code == 0 and needle in err, (out, err)
        return out


@case
def garbage():
    """garbage, octets 0 and an early end are told"""
    told(lambda c: c.sendall(b'HTTP/1.1 400 Bad Request\r\n\r\n'),
         'does not answer as a world')
    told(lambda c: c.sendall(os.urandom(5000)), 'does not answer as a world')
    told(lambda c: c.sendall(HEAD + b'\0\0\0\n'), 'no world says')
    told(lambda c: c.sendall(HEAD), 'broke off')
    told(lambda c: None, 'does not answer as a world')
    told(lambda c: c.sendall(b'catenet 1\n'), 'another version')


@case
def wrong_rows():
    """rows with too few, too many, negative, huge or no numbers"""
    good = row()
    assert '127.0.0.1:1' in told(
        lambda c: c.sendall(HEAD + good), 'broke off')
    for bad in (good[:-3] + b'\n', good[:-1] + b'\t0\n',
                good.replace(b'\t0\n', b'\t-1\n'),
                good.replace(b'\t0\n', b'\t99999999999999999999999\n'),
                good.replace(b'\t0\n', b'\tx\n'),
                good.replace(b'77', b'', 1),
                good.replace(b'\t1\t', b'\t4000000000\t', 1), b'\n'):
        told(lambda c, bad=bad: c.sendall(HEAD + bad + b'end\n'),
             'no world says')


@case
def escapes():
    """escape sequences in names reach the terminal only escaped"""
    evil = '\x1b]0;owned\x07\x1b[2J\u202e\u009b31m"\\'.encode()
    line = row(evil, evil + b':1', evil + b':2')

    def answer(conn):
        conn.sendall(HEAD + line + b'end\n')

    with folder() as (path, env), poser(path, answer):
        out, err, _ = ss('-ap', env=env)
        # Worlds of others may be running beside this test.
        assert r'\x1b]0;owned' in out and path not in err, (out, err)
        out, err, _ = ss('-a', '--json', env=env)
        assert 'owned' in out and '\x1b' not in out
        done = subprocess.run([CATENET, 'why'], capture_output=True,
                              env={**os.environ, **env}, timeout=20)
        assert rb'\x1b]0;owned' in done.stdout
        assert b'\x1b' not in done.stdout
    with folder() as (path, env), poser(path, lambda c: c.sendall(b'?'),
                                        '\x1b[31m'):
        assert r'\x1b[31m' in ss('-a', env=env)[1]


@case
def silence():
    """who says nothing, or lets nobody in, holds nobody up"""
    told(lambda c: time.sleep(30), 'does not answer')
    told(lambda c: (c.sendall(HEAD), time.sleep(30)), 'does not answer')
    with folder() as (path, env):
        full = socket.socket(socket.AF_UNIX)
        full.bind(os.path.join(path, '5-00000000'))
        full.listen(0)
        inside = []
        with contextlib.suppress(BlockingIOError):
            while True:
                one = socket.socket(socket.AF_UNIX)
                one.setblocking(False)
                inside.append(one)
                one.connect(os.path.join(path, '5-00000000'))
        assert 'does not answer' in ss('-a', env=env)[1]
        full.close()


@case
def mute_askers():
    """who asks and never reads makes room for one who reads"""
    many = ("import resource,socket,time;"
            "hard=resource.getrlimit(resource.RLIMIT_NOFILE)[1];"
            "resource.setrlimit(resource.RLIMIT_NOFILE,(hard,hard));"
            "l=[socket.create_server(('127.0.0.1',0)) for i in range(900)];"
            "print(l[0].getsockname()[1],flush=True); time.sleep(60)")
    with folder() as (path, env), \
            world(env, many, ['--isolated']) as (_, port):
        name = os.path.join(path, os.listdir(path)[0])
        mute = []
        for _ in range(8):
            mute.append(socket.socket(socket.AF_UNIX))
            mute[-1].connect(name)
        # Each has its place: something has come.
        for one in mute:
            assert one.recv(1)
        assert f':{port} ' in ss('-tln', env=env)[0]
        for one in mute:
            one.close()


@case
def endless():
    """who never comes to an end is left after a while"""
    line = row(local=b'192.0.2.9:9')

    def lines(conn):
        conn.sendall(HEAD)
        while True:
            conn.sendall(line)
            time.sleep(0.1)

    def one_line(conn):
        conn.sendall(HEAD)
        while True:
            conn.sendall(b'7' * 65536)

    told(one_line, 'does not answer as a world')
    assert '192.0.2.9:9' in told(lines, 'not come to an end')


@case
def no_socket():
    """files, folders and links are no worlds"""
    with folder() as (path, env), tempfile.TemporaryDirectory() as other:
        with poser(other, lambda c: c.sendall(HEAD + b'end\n'), 'victim'):
            os.symlink(os.path.join(other, 'victim'),
                       os.path.join(path, '9-00000001'))
            with open(os.path.join(path, '9-00000002'), 'wb'):
                pass
            os.mkfifo(os.path.join(path, '9-00000003'))
            _, err, code = ss('-a', env=env)
            assert code == 0
            for n in '123':
                assert f'9-0000000{n}: ' in err, err


@case
def place():
    """a world's name is its user's alone, mode 0600, and gone at the end"""
    with folder() as (path, env):
        with world(env) as (_, port):
            names = os.listdir(path)
            assert len(names) == 1, names
            mode = os.stat(os.path.join(path, names[0])).st_mode
            assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o600
            assert f':{port} ' in ss('-tln', env=env)[0]
        assert not os.listdir(path)
        # Somebody else's, or open to others: not there.
        os.chmod(os.path.dirname(path), 0o777)
        with world(env) as (_, port):
            assert not os.listdir(path)
            assert f':{port} ' in ss('-tln')[0]
    shared = f'/tmp/catenet-{os.geteuid()}'
    if os.path.isdir(shared):
        assert stat.S_IMODE(os.stat(shared).st_mode) == 0o700


def alive(pid):
    """A zombie has let go of everything; one without descriptors may not."""
    with contextlib.suppress(OSError):
        with open(f'/proc/{pid}/stat', encoding='utf-8') as file:
            return file.read().rsplit(')', 1)[1].split()[0] not in 'ZX'
    return False


@case
def killed():
    """the name of a world that was killed is taken away"""
    with folder() as (path, env):
        with world(env):
            name = os.listdir(path)[0]
            os.kill(int(name.split('-')[0]), signal.SIGKILL)
            wait_for(lambda: not alive(int(name.split('-')[0])))
        assert os.listdir(path) == [name]
        _, err, _ = ss('-a', env=env)
        assert name not in err and not os.listdir(path), err
    with folder() as (path, env):
        with world(env):
            name = os.listdir(path)[0]
            os.kill(int(name.split('-')[0]), signal.SIGKILL)
            wait_for(lambda: not alive(int(name.split('-')[0])))
        with world(env):
            assert name not in os.listdir(path)


@case
def namespaces():
    """it is met from another network namespace"""
    before = ['unshare', '-n'] if os.geteuid() == 0 else ['unshare', '-rn']
    if subprocess.run([*before, 'true'], capture_output=True,
                      check=False).returncode:
        raise Skip('no network namespace may be made')
    if os.geteuid() != 0:
        raise Skip('another user namespace has another user')
    with folder() as (path, env), world(env) as (_, port):
        assert f':{port} ' in ss('-tln', env=env, before=before)[0]


def stranger_runs(script, folder):
    """argv and options for a program of the stranger's."""
    program = os.path.join(folder, 'catenet')
    shutil.copy(CATENET, program)
    os.chmod(program, 0o755)
    return ([program, 'run', '-q', '--', '/usr/bin/python3', '-c', script],
            {'preexec_fn': as_stranger, 'cwd': '/',
             'env': {**os.environ, 'XDG_RUNTIME_DIR': ''}})


def as_stranger():
    os.setgroups([])
    os.setgid(STRANGER)
    os.setuid(STRANGER)


@contextlib.contextmanager
def open_folder():
    with tempfile.TemporaryDirectory(prefix='catenet-tools.') as path:
        os.chmod(path, 0o755)
        yield path


@contextlib.contextmanager
def strangers_folder():
    if os.geteuid() != 0:
        raise Skip('needs root')
    path = f'/tmp/catenet-{STRANGER}'
    shutil.rmtree(path, ignore_errors=True)
    os.mkdir(path, 0o700)
    os.chown(path, STRANGER, STRANGER)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@case
def for_root():
    """root hears other users' worlds, and nobody in their name"""
    with strangers_folder() as path, open_folder() as tools:
        argv, more = stranger_runs(LISTENER, tools)
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True,
                                   **more)
        try:
            port = process.stdout.readline().strip()
            assert port and f':{port} ' in ss('-tln')[0]
        finally:
            process.terminate()
            process.wait(20)
        # Root's own socket under the stranger's name.
        with poser(path, lambda c: c.sendall(HEAD + b'end\n'), '7-00000001'):
            os.chown(os.path.join(path, '7-00000001'), STRANGER, STRANGER)
            _, err, _ = ss('-a')
            assert "7-00000001: it is not the folder's owner's" in err, err
        # A folder that is not the stranger's is nobody's.
        os.chown(path, 0, 0)
        with poser(path, lambda c: c.sendall(b'?'), '7-00000002'):
            assert '7-00000002' not in ss('-a')[1]


MUTE = '''
import os, socket, sys, time
kept = []
for i in range(40):
    one = socket.socket(socket.AF_UNIX)
    one.bind(os.path.join(sys.argv[1], f'{100 + i}-00000000'))
    one.listen(4)
    kept.append(one)
print('there', flush=True)
time.sleep(120)
'''


@case
def many_mute():
    """many sockets of another user's that do not answer hold root up once"""
    with strangers_folder() as path:
        process = subprocess.Popen(
            ['/usr/bin/python3', '-c', MUTE, path], stdout=subprocess.PIPE,
            text=True, preexec_fn=as_stranger, cwd='/')
        try:
            if process.stdout.readline() != 'there\n':
                raise Skip('/usr/bin/python3 does not run')
            # Forty times two seconds would be more than ss() waits.
            err = ss('-a')[1]
        finally:
            process.kill()
            process.wait(20)
        assert 'does not answer' in err, err
        assert 'is not asked' in err, err


@case
def squatted():
    """where another user was first in /tmp, the program runs all the same"""
    with strangers_folder() as path, open_folder() as tools:
        os.chown(path, 0, 0)
        os.chmod(path, 0o777)
        argv, more = stranger_runs(
            'import socket; socket.create_server(("127.0.0.1", 0))', tools)
        done = subprocess.run(argv, capture_output=True, timeout=20,
                              check=False, **more)
        assert done.returncode == 0, done.stderr
        assert not os.listdir(path)


@case
def abstract():
    """a socket that merely calls itself a world is not asked"""
    with socket.socket(socket.AF_UNIX) as one, folder() as (_, env):
        one.bind(f'\0catenet/{os.geteuid()}/{os.getpid()}')
        one.listen(1)
        _, err, _ = ss('-a', env=env)
        one.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            one.accept()
            raise AssertionError('it was asked')


if __name__ == '__main__':
    if sys.platform != 'linux':
        sys.exit(77)
    main()
