#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""catenet run -v on a terminal: a line of progress below the program's own
words, gone at the end; nowhere else. Drawn on a small screen of our own."""
import codecs
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import tempfile
import termios
import time

from harness import CATENET, PYTHON, case, main, peer

ROWS, COLUMNS = 12, 100
PROGRESS = re.compile(r'^catenet: up [\d.]+ (octets|kB|MB), [\d.]+ [kMG]bit/s; '
                      r'down [\d.]+ (octets|kB|MB), [\d.]+ [kMG]bit/s; '
                      r'\d+ connections?; [\d.]+% lost$')
TALK = """
import os, socket, sys, time
c = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
print('one', flush=True)
print('two: ', end='', flush=True)
for _ in range(int(sys.argv[2])):
    time.sleep(0.1)
    c.sendall(b'x' * 5000)
while len(sys.argv) > 4 and not os.path.exists(sys.argv[4]):
    time.sleep(0.05)
print('three', flush=True)
for n in range(int(sys.argv[3])):
    print('line', n, flush=True)
c.close()
"""


class Screen:
    """What the sequences do that a program and the line of progress use."""

    def __init__(self):
        self.cells = [[' '] * COLUMNS for _ in range(ROWS)]
        self.row = self.column = 0
        self.kept = (0, 0)
        self.seen = []  # every line of progress that stood there
        self.raw = ''
        self.rest = ''  # of a sequence whose end has not come yet

    def index(self):
        if self.row == ROWS - 1:
            self.cells = self.cells[1:] + [[' '] * COLUMNS]
        else:
            self.row += 1

    def feed(self, text):
        self.raw += text
        text = self.rest + text
        self.rest = re.search(r'(\x1b(\[\d*)?)?$', text)[0]
        text = text[:len(text) - len(self.rest)]
        for token in re.findall(r'\x1b\[\d*[A-Za-z]|\x1b.|[^\x1b]', text,
                                re.S):
            self.one(token)
            self.seen += [line for line in self.lines()
                          if PROGRESS.match(line) and line not in self.seen]

    def one(self, token):
        if token == '\r':
            self.column = 0
        elif token in ('\n', '\x1bD'):
            self.index()
        elif token == '\x1b[2A':
            self.row = max(0, self.row - 2)
        elif token == '\x1b[2B':
            self.row = min(ROWS - 1, self.row + 2)
        elif token == '\x1b7':
            self.kept = (self.row, self.column)
        elif token == '\x1b8':
            self.row, self.column = self.kept
        elif token == '\x1b[J':
            self.cells[self.row][self.column:] = \
                [' '] * (COLUMNS - self.column)
            for row in range(self.row + 1, ROWS):
                self.cells[row] = [' '] * COLUMNS
        else:
            assert token[0] != '\x1b', f'{token!r} is not known here'
            self.cells[self.row][self.column] = token
            self.column += 1

    def lines(self):
        return [''.join(row).rstrip() for row in self.cells]


def on_terminal(words, script, *args, term='xterm', env=None):
    """Runs it on a terminal of its own; its screen. A file whose name is the
    last of four arguments is made when the connection was seen there."""
    screen = Screen()
    seen = args[3] if len(args) > 3 else None
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update(TERM=term, **(env or {}))
        try:
            os.execv(CATENET, [CATENET, 'run', *words, '--', PYTHON, '-c',
                               script, *map(str, args)])
        finally:  # never a second one that runs the other cases
            os._exit(127)
    fcntl.ioctl(fd, termios.TIOCSWINSZ,
                struct.pack('HHHH', ROWS, COLUMNS, 0, 0))
    end = time.monotonic() + 60
    decoder = codecs.getincrementaldecoder('utf-8')()
    while time.monotonic() < end:
        if not select.select([fd], [], [], 1)[0]:
            continue
        try:
            data = os.read(fd, 65536)
        except OSError:
            break
        if not data:
            break
        screen.feed(decoder.decode(data))
        if seen and any('; 1 connection;' in line for line in screen.seen):
            with open(seen, 'w', encoding='ascii'):
                seen = None
    os.close(fd)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, screen.raw
    return screen


def sink(conn):
    while conn.recv(65536):
        pass


@case
def below():
    """the line is drawn below the program's words, and erased at the end"""
    with peer(sink) as (port, _), tempfile.TemporaryDirectory() as folder:
        screen = on_terminal(['-v'], TALK, port, 1, 0, folder + '/seen')
    assert any('; 1 connection;' in line for line in screen.seen), screen.raw
    lines = screen.lines()
    assert lines[0] == 'one' and lines[1].startswith('two: '), lines
    assert 'three' in lines[1], lines
    assert lines[2].startswith('catenet: 1 connection, sent'), lines
    assert not [line for line in lines if PROGRESS.match(line)], lines


@case
def at_the_bottom():
    """on a full screen it scrolls once, and leaves the program's lines whole"""
    script = ("print('\\n'.join(f'old {n}' for n in range(30)), flush=True)\n"
              + TALK)
    with peer(sink) as (port, _), tempfile.TemporaryDirectory() as folder:
        screen = on_terminal(['-v'], script, port, 1, 4, folder + '/seen')
    assert any('; 1 connection;' in line for line in screen.seen), screen.raw
    lines = screen.lines()
    assert screen.raw.count('\x1bD') == 2 * screen.raw.count('\x1b7')
    begun = [next((line for line in lines if line.startswith(f'line {n}')),
                  None) for n in range(4)]
    assert None not in begun, lines
    # One may have a rest of ours behind it.
    assert sum(line != f'line {n}' for n, line in enumerate(begun)) <= 1, lines
    assert not [line for line in lines if PROGRESS.match(line)], lines


@case
def nowhere_else():
    """not without -v, not on a dumb terminal, not under a ladder, not short"""
    with peer(sink) as (port, _):
        for words, term, rounds in (([], 'xterm', 15), (['-v'], 'dumb', 15),
                                    (['-v', '--explain'], 'xterm', 15),
                                    (['-v', '-q'], 'xterm', 15)):
            screen = on_terminal(words, TALK, port, rounds, 0, term=term,
                                 env={'NO_COLOR': '1', 'LC_ALL': 'C'})
            assert not screen.seen, (words, screen.raw)
            assert '\x1b' not in screen.raw, (words, screen.raw)
        # No terminal at all.
        done = subprocess.run([CATENET, 'run', '-v', '--', PYTHON, '-c', TALK,
                               str(port), '15', '0'], capture_output=True,
                              timeout=60, check=True)
        assert b'\x1b' not in done.stderr and b'catenet: up' not in done.stderr
        assert b'catenet: 1 connection' in done.stderr


main()
