#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Programs that catenet run must be wary of: nothing of theirs may end the
supervisor, write where it should not, or gain what they have not natively."""
import os
import subprocess

from harness import CATENET, PYTHON, Skip, case, main, native, need, python

# A Python that any user may run.
PLAIN_PYTHON = '/usr/bin/python3'
NOBODY = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups']


def as_nobody(script, before=()):
    """The script natively and under a run of root's, by another user."""
    need('setpriv')
    if os.geteuid() != 0:
        raise Skip('only root can be somebody else')
    if not os.access(PLAIN_PYTHON, os.X_OK):
        raise Skip(f'{PLAIN_PYTHON} is not installed')
    argv = [*NOBODY, *before, PLAIN_PYTHON, '-c', script]
    said = []
    for run in [], [CATENET, 'run', '-q', '--']:
        done = subprocess.run([*run, *argv], capture_output=True, text=True,
                              timeout=60)
        if done.returncode and not run:
            raise Skip(f'natively: {done.stderr.strip()}')
        assert done.returncode == 0, done
        said.append(done.stdout)
    return said


ACCEPT = '''
import ctypes, errno, os, signal, socket, sys, time
libc = ctypes.CDLL(None, use_errno=True)
l = socket.create_server(('127.0.0.1', 0))
to = l.getsockname()
go, told = os.pipe()
child = os.fork()
if not child:
    os.read(go, 1)
    c = socket.create_connection(to)
    signal.pause()
signal.signal(signal.SIGALRM, lambda *_: None)
signal.siginterrupt(signal.SIGALRM, True)
signal.setitimer(signal.ITIMER_REAL, 0.2)
if LIMIT:
    l.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO,
                 (60).to_bytes(16, 'little'))
peer, size = ctypes.create_string_buffer(128), ctypes.c_int(128)
fd = libc.accept(l.fileno(), peer, ctypes.byref(size))
assert fd == -1 and ctypes.get_errno() == errno.EINTR, ctypes.get_errno()
# The memory is something else's now.
os.write(told, b'x')
time.sleep(0.6)
assert peer.raw == bytes(128) and size.value == 128, (peer.raw, size)
a, _ = l.accept()
os.kill(child, signal.SIGKILL)
print('as it was')
'''


@case
def no_late_name():
    """a call that a signal has taken away writes no peer's name any more"""
    for limit in 'False', 'True':
        script = ACCEPT.replace('LIMIT', limit)
        assert native(script) == python('-q', script) == 'as it was'


RIGHTS = '''
import array, socket
l = socket.create_server(('127.0.0.1', 0))
c = socket.create_connection(l.getsockname()); a, _ = l.accept()
a.settimeout(20)
passed = [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
           array.array('i', [l.fileno()]))]
for _ in range(100):
    c.sendmsg([b'a' * 10], passed)
    c.sendall(b'b' * 1000)
    got = b''
    while len(got) < 1010:
        got += a.recv(4096)
    assert got == b'a' * 10 + b'b' * 1000, got
print('all')
'''


@case
def rights():
    """octets that a descriptor came with do not hold up those behind them"""
    assert native(RIGHTS) == python('-q', RIGHTS) == 'all'


@case
def own_namespace():
    """root of a user namespace of its own may not bind a low port"""
    need('unshare')
    script = '''
import socket
for kind in socket.SOCK_STREAM, socket.SOCK_DGRAM:
    s = socket.socket(socket.AF_INET, kind)
    try: s.bind(('127.0.0.1', 81)); print('bound')
    except OSError as error: print(error)'''
    plain, inside = as_nobody(script, ['unshare', '-Ur'])
    assert plain == inside, (plain, inside)


@case
def options_of_root():
    """what only root may set, only root may set"""
    script = '''
import socket
for name, values in (36, (5,)), (12, (6, 7, -1)), (32, (1 << 20,)), \\
        (33, (1 << 20,)), (25, (b'lo', b'lo')):
    s = socket.socket()
    for value in values:
        try: s.setsockopt(socket.SOL_SOCKET, name, value); print(name, 'set')
        except OSError as error: print(name, error)'''
    plain, inside = as_nobody(script)
    assert plain == inside, (plain, inside)
    assert native(script) == python('-q', script)


if __name__ == '__main__':
    main()
