#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A packet among three routers in a loop (row 149): it circles until its TTL is
used up, or the loop opens and it escapes late, a duplicate that is refused.

    loop.py [--ladder [LANG]]

Keeps a world of its own (loop.net, beside this file) with `catenet world`, and
changes its routes while alice talks to bob over one TCP connection. --ladder
prints what bob's host saw, afterwards, in English or Chinese. CATENET names the
program.
"""
import json
import os
import subprocess
import sys
import time

CATENET = os.environ.get('CATENET', 'catenet')
HERE = os.path.dirname(os.path.abspath(__file__))
WORLD = f'loop-{os.getpid()}'

# Ctrl-C ends the three of them, without a word.
BOB = '''
import signal, socket
signal.signal(signal.SIGINT, signal.SIG_DFL)
listener = socket.create_server(('', 7788))
print('listening', flush=True)
conn, peer = listener.accept()
while octets := conn.recv(100):
    print('bob reads', octets.decode(), flush=True)
print('bob reads the end', flush=True)
'''

ALICE = '''
import signal, socket, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
conn = socket.create_connection(('192.168.0.223', 7788))
for line in sys.stdin:
    conn.sendall(line.strip().encode())
    print('sent', flush=True)
'''


def catenet(*words):
    return subprocess.run([CATENET, *words], check=True, text=True,
                          capture_output=True).stdout


def start(host, script, *options):
    return subprocess.Popen(
        [CATENET, 'run', '-q', '--world', WORLD, '--host', host, *options,
         '--', sys.executable, '-c', script],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if options else None, text=True)


def rows():
    """The world's network, as JSON lines tell it."""
    return [json.loads(line) for line in
            catenet('world', 'show', WORLD, '--json').splitlines()]


def circled():
    """How often the loop has passed a packet on."""
    return sum(row['packets'] for row in rows() if 'packets' in row and
               (row['node'], row['link']) in
               (('a', 'a-b'), ('b', 'b-c'), ('c', 'c-a')))


def counted(nodes, *names):
    """What these nodes have dropped for these reasons, in words."""
    return [row['text'] for row in rows() if 'counter' in row and
            row['node'] in nodes and row['counter'] in names]


def wait_for(what):
    while not (got := what()):
        time.sleep(0.02)
    return got


def tell(text):
    print(text, flush=True)


def story(alice, bob):
    def say(text):
        alice.stdin.write(text + '\n')
        alice.stdin.flush()
        alice.stdout.readline()

    def way(node, via):
        catenet('world', 'route', WORLD, node, 'bob', 'via', via)

    def heard():
        tell(bob.stdout.readline().strip())

    say('one')
    heard()
    way('gate', 'a')
    tell('gate now sends what is for bob to a, and a, b and c in a circle')
    say('two')
    wait_for(circled)
    tell('"two" circles')
    way('gate', 'far')
    tell('gate sends to far again: the retransmission of "two" arrives')
    heard()
    way('c', 'far')
    tell('c knows the way now: the first copy of "two" escapes')
    for text in wait_for(lambda: counted(
            ['bob'], 'TCP_SEQUENCE', 'TCP_PAWS', 'TCP_DUPLICATE') or
            counted('abc', 'IP_TTL')):
        tell(f'and is refused: {text}')
    way('c', 'a')
    way('gate', 'a')
    before = circled()
    say('three')
    wait_for(lambda: circled() > before)
    way('gate', 'far')
    heard()
    tell('"three" arrives by its retransmission, and circles, too')
    wait_for(lambda: counted('abc', 'IP_TTL'))
    tell(f'the loop passed its packets on {circled()} times: a TTL of 64, '
         'less one at gate; then a router drops it and says Time Exceeded')
    alice.stdin.close()
    heard()
    alice.wait()


def main(*words):
    keeper = subprocess.Popen(
        [CATENET, 'world', WORLD, '-f', os.path.join(HERE, 'loop.net')],
        stderr=subprocess.PIPE, text=True)
    try:
        keeper.stderr.readline()
        look = ['--explain', '--lang', (*words, 'en')[1]] if words else []
        bob = start('bob', BOB, *look)
        bob.stdout.readline()
        alice = start('alice', ALICE)
        story(alice, bob)
        ladder = bob.communicate()[1]
        if words:
            print(ladder, end='')
    finally:
        keeper.terminate()
        keeper.wait()


if __name__ == '__main__':
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
