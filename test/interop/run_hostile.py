#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Programs that catenet run must be wary of: nothing of theirs may end the
supervisor, write where it should not, or gain what they have not natively."""
import os
import select
import subprocess
import tempfile

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


GATHER = '''
import ctypes, os, signal, socket, threading
libc = ctypes.CDLL(None, use_errno=True)
l = socket.create_server(('127.0.0.1', 0))
signal.signal(signal.SIGUSR1, lambda *_: None)
signal.siginterrupt(signal.SIGUSR1, True)

def memory():
    with open(f'/proc/{os.getppid()}/status') as file:
        return int(file.read().split('VmRSS:')[1].split()[0])

def wait():
    libc.accept(l.fileno(), None, None)

def some(n):
    for _ in range(n):
        thread = threading.Thread(target=wait)
        thread.start()
        while thread.is_alive():
            signal.pthread_kill(thread.ident, signal.SIGUSR1)
            thread.join(0.001)

some(500)
before = memory()
some(5000)
print(memory() - before)
'''


@case
def nobody_waits():
    """calls that signals have ended, of threads that are gone, are forgotten"""
    grown = int(python('-q', GATHER))
    assert grown < 300, f'{grown} KiB'


@case
def many_inherited():
    """of four hundred pipes that it was started with the run keeps none"""
    script = "import os, sys; os.closerange(3, 2000); sys.stdin.read()"
    pipes = [os.pipe() for _ in range(400)]
    outs = [out for _, out in pipes]
    with subprocess.Popen([CATENET, 'run', '-q', '--', PYTHON, '-c', script],
                          stdin=subprocess.PIPE, pass_fds=outs) as process:
        for out in outs:
            os.close(out)
        for from_it, _ in pipes:
            ready = select.select([from_it], [], [], 20)[0]
            os.close(from_it)
            assert ready, 'its end is not seen'
        process.stdin.close()
        assert process.wait(20) == 0


@case
def long_search_line():
    """a line of resolv.conf that is longer than 255 octets stays whole"""
    need('unshare', 'mount')
    if os.geteuid() != 0:
        raise Skip('only root can have another resolv.conf')
    search = 'search ' + ' '.join(
        f'sub{i}.a-name.of-a-long-domain.example.com' for i in range(9))
    with tempfile.NamedTemporaryFile('w', suffix='.conf') as file:
        file.write(f'{search}\nnameserver 127.0.0.1\n'
                   f'options {"x" * 3000}\noptions ndots:5\n')
        file.flush()
        os.chmod(file.name, 0o644)
        done = subprocess.run(
            ['unshare', '-m', 'sh', '-c', f"""
mount --bind {file.name} /etc/resolv.conf || exit 77
{CATENET} run -q -- cat /etc/resolv.conf"""],
            capture_output=True, text=True, timeout=60)
    if done.returncode == 77:
        raise Skip(done.stderr.strip())
    lines = done.stdout.splitlines()
    assert lines[0].startswith('nameserver '), done
    assert lines[1:] == [search, 'options ndots:5'], done


MANY_DATAGRAMS = '''
import resource, socket
limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
all = []
for _ in range(min(3000, limit - 50)):
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.bind(('127.0.0.1', 0))
    all.append(one)
to = all[-1].getsockname()
for i in range(5000):
    all[0].sendto(b'x', to)
    assert all[-1].recv(10) == b'x'
print(len(all))
'''


@case
def many_datagram_sockets():
    """to send to one of thousands of sockets costs no look at all of them"""
    # Once it took 24 ms for each of the five thousand.
    assert native(MANY_DATAGRAMS) == python('-q', MANY_DATAGRAMS, timeout=60)


REFUSED = '''
import ctypes, select, signal, socket
libc = ctypes.CDLL(None)
def tell(s):
    poll = select.poll()
    poll.register(s, select.POLLIN | select.POLLOUT)
    print(poll.poll(0) and poll.poll(0)[0][1])
    for call in lambda: s.send(b'x'), lambda: s.recv(1):
        # Which error it is docs/limits.md says.
        try: print(call())
        except OSError: print('an error')
signal.alarm(30)
first, second = socket.socket(), socket.socket()
for s in first, second:
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
first.bind(('127.0.0.1', 0))
second.bind(first.getsockname())
first.listen()
try: second.listen()
except OSError as error: print(error)
tell(second)
print(libc.connect(first.fileno(), bytes(16), 16))
tell(first)
second.listen()
print('listens')
'''


@case
def refused_listener():
    """a socket that may not listen is what it was: nothing on it waits"""
    assert native(REFUSED) == python('-q', REFUSED)


if __name__ == '__main__':
    main()
