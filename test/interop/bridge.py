#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""catenet bridge between two kernels, over veth pairs and over TAP devices."""
import os
import re
import shutil
import signal
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import CATENET, PYTHON, Skip, case, main  # noqa: E402

A, M, B = (f'cnb{os.getpid()}{side}' for side in 'amb')
OCTETS = 3_000_000

SERVER = '''
import hashlib, socket, sys
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(('10.7.0.2', 7)); s.listen()
print('ready', flush=True)
c, _ = s.accept()
got = b''
while piece := c.recv(65536):
    got += piece
c.sendall(hashlib.sha256(got).hexdigest().encode() + got[::-1])
c.close()
'''
CLIENT = '''
import hashlib, os, socket
data = os.urandom(%d)
c = socket.create_connection(('10.7.0.2', 7), timeout=60)
c.sendall(data); c.shutdown(socket.SHUT_WR)
got = b''
while piece := c.recv(65536):
    got += piece
print(got[:64] == hashlib.sha256(data).hexdigest().encode() and
      got[64:] == data[::-1])
''' % OCTETS

# Frames of a type for experiments, which nobody else sends; a receiver says what
# the kernel took out of each (PACKET_AUXDATA), and what stands in it.
TAGGED = '''
import socket, struct
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
s.setsockopt(263, 8, 1)
s.bind(('v1', 3))
s.settimeout(30)
print('ready', flush=True)
n = 0
while n < 3:
    frame, words, _, _ = s.recvmsg(2048, 256)
    at = frame.find(bytes.fromhex('88b5') + b'catenet')
    if at < 0:
        continue
    n += 1
    taken = ''
    for _, kind, value in words:
        status, _, _, _, _, tci, tpid = struct.unpack('IIIHHHH', value[:20])
        if kind == 8 and status & 16:
            taken = f'{tpid:04x}{tci:04x}'
    print(taken + '/' + frame[12:at].hex(), frame[:12].hex())
'''
TAG = '''
import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(('v0', 0))
for tags in '', '81002005', '88a80007' + '81002005':
    s.send(bytes.fromhex('020000000002' + '020000000001' + tags + '88b5') +
           b'catenet' + bytes(60))
'''


def ip(*words):
    subprocess.run(['ip', *words], check=True, capture_output=True, text=True)


def inside(name, *words):
    return ['ip', 'netns', 'exec', name, *words]


def need():
    if os.getuid():
        raise Skip('network namespaces need root')
    if not shutil.which('ip'):
        raise Skip('no ip command')


class Lab:
    """Two hosts whose interfaces end in a namespace between them."""

    def __init__(self, *words, taps=False):
        self.words = words
        self.taps = taps

    def __enter__(self):
        self.bridge = None
        try:
            return self.build()
        except BaseException:
            self.__exit__()
            raise

    def build(self):
        for name in A, M, B:
            ip('netns', 'add', name)
        subprocess.run(inside(M, 'sysctl', '-qw',
                              'net.ipv6.conf.all.disable_ipv6=1'), check=False,
                       capture_output=True)
        for host, near, far in (A, 'v0', 'm0'), (B, 'v1', 'm1'):
            if self.taps:
                ip('-n', M, 'tuntap', 'add', 'dev', near, 'mode', 'tap')
            else:
                ip('-n', M, 'link', 'add', 'name', far, 'type', 'veth', 'peer',
                   'name', near)
                ip('-n', M, 'link', 'set', 'dev', far, 'up')
                ip('-n', M, 'link', 'set', 'dev', near, 'netns', host)
        ends = ('v0', 'v1') if self.taps else ('m0', 'm1')
        self.bridge = subprocess.Popen(
            inside(M, CATENET, 'bridge', *ends, *self.words),
            stderr=subprocess.PIPE, text=True)
        self.said = self.bridge.stderr.readline()
        assert 'joins' in self.said, self.said
        for host, near, address in (A, 'v0', 1), (B, 'v1', 2):
            if self.taps:
                ip('-n', M, 'link', 'set', 'dev', near, 'netns', host)
            ip('-n', host, 'addr', 'add', f'10.7.0.{address}/24', 'dev', near)
            ip('-n', host, 'link', 'set', 'dev', near, 'up')
        return self

    def __exit__(self, *_):
        if self.bridge and self.bridge.poll() is None:
            self.bridge.kill()
            self.bridge.wait()
        for name in A, M, B:
            subprocess.run(['ip', 'netns', 'del', name], check=False,
                           capture_output=True)

    def exchange(self):
        server = subprocess.Popen(inside(B, PYTHON, '-c', SERVER),
                                  stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout.readline() == 'ready\n'
            done = subprocess.run(inside(A, PYTHON, '-c', CLIENT),
                                  capture_output=True, text=True, timeout=90,
                                  check=False)
        finally:
            server.kill()
            server.wait()
        return done

    def end(self):
        """What it said of each direction: numbers by their words."""
        self.bridge.send_signal(signal.SIGINT)
        said = self.bridge.stderr.read()
        assert self.bridge.wait() == 0, said
        lines = [line for line in said.splitlines() if ' to ' in line]
        assert len(lines) == 2, said
        return [{word: int(number) for number, word in
                 re.findall(r'(\d+) (packets|lost|dropped|by a rule|too big)',
                            line)} for line in lines]


def octets_arrive(**more):
    need()
    with Lab('--rtt', '4ms', '--rate', '200mbit', **more) as lab:
        done = lab.exchange()
        assert done.stdout == 'True\n', done
        there, back = lab.end()
        # Super-segments were cut: no packet bears more than 1460 octets.
        for way in there, back:
            assert way['packets'] >= OCTETS // 1460, way
            assert not way['too big'], way


@case
def over_veth():
    """packet sockets: octets arrive between kernels, super-segments are cut"""
    octets_arrive()


@case
def over_taps():
    """the same over two TAP devices"""
    if not os.path.exists('/dev/net/tun'):
        raise Skip('no /dev/net/tun')
    octets_arrive(taps=True)


@case
def harm():
    """loss, copies, flipped bits, reordering: all arrives, losses count"""
    need()
    with Lab('--rtt', '2ms', '--loss', '2%', '--duplicate', '1%', '--corrupt',
             '0.5%', '--reorder', '2%,1ms', '--seed', '7') as lab:
        assert lab.exchange().stdout == 'True\n'
        there, back = lab.end()
        assert there['lost'] > 10 and back['lost'] > 10, (there, back)


@case
def a_rule():
    """one direction, one packet: the first SYN is dropped, and counted"""
    need()
    with Lab('--drop', 'up syn #1') as lab:
        assert lab.exchange().stdout == 'True\n'
        there, back = lab.end()
        assert there['by a rule'] == 1 and back['by a rule'] == 0


@case
def tags_of_virtual_lans():
    """frames of a virtual LAN stay in it, also where a bit of them is wrong"""
    need()
    for words in [], ['--corrupt', '20%', '--seed', '3']:
        with Lab(*words):
            into = subprocess.Popen(inside(B, PYTHON, '-c', TAGGED),
                                    stdout=subprocess.PIPE, text=True)
            try:
                assert into.stdout.readline() == 'ready\n'
                while into.poll() is None:
                    subprocess.run(inside(A, PYTHON, '-c', TAG), check=True,
                                   timeout=20)
                    if not words:
                        break
                said = into.stdout.read().split('\n')[:3]
            finally:
                into.kill()
                into.wait()
            want = {f'{tags} 020000000002020000000001' for tags in
                    ('/', '81002005/', '88a80007/81002005')}
            assert set(said) <= want and (words or set(said) == want), said


@case
def who_may_be_joined():
    """one interface by two names, one without Ethernet, one that is down"""
    need()
    with Lab() as lab:
        lab.bridge.kill()
        lab.bridge.wait()
        ip('-n', M, 'link', 'set', 'dev', 'm1', 'down')
        ip('-n', M, 'link', 'property', 'add', 'dev', 'm0', 'altname', 'mm0')
        for words, part in ((['m0', 'mm0'], 'two different'),
                            (['m0', 'lo'], 'no Ethernet'),
                            (['m0', 'm1'], 'set dev m1 up')):
            done = subprocess.run(inside(M, CATENET, 'bridge', *words),
                                  text=True, capture_output=True, timeout=20,
                                  check=False)
            assert done.returncode == 125 and part in done.stderr, (words, done)


@case
def an_interface_goes():
    """an interface that goes ends it, with a sentence"""
    need()
    with Lab() as lab:
        ip('-n', M, 'link', 'del', 'dev', 'm0')
        assert lab.bridge.wait(timeout=20) == 125
        assert 'm0 has gone' in lab.bridge.stderr.read()


@case
def what_is_too_long():
    """frames too long for the path, or for the other side, and their cure"""
    need()
    send = TAG.replace('bytes(60)', 'bytes(4000)')
    for words, cure in (([], '--mtu OCTETS'),
                        (['--mtu', '9000'], 'set dev m1 mtu')):
        with Lab(*words) as lab:
            for ns, dev in (M, 'm0'), (A, 'v0'):
                ip('-n', ns, 'link', 'set', 'dev', dev, 'mtu', '9000')
            subprocess.run(inside(A, PYTHON, '-c', send), check=True,
                           timeout=20)
            # It has read them when it has passed a short one on.
            into = subprocess.Popen(inside(B, PYTHON, '-c', TAGGED),
                                    stdout=subprocess.PIPE, text=True)
            try:
                assert into.stdout.readline() == 'ready\n'
                subprocess.run(inside(A, PYTHON, '-c', TAG), check=True,
                               timeout=20)
                assert into.wait(40) == 0
            finally:
                into.kill()
                into.wait()
            lab.bridge.send_signal(signal.SIGINT)
            said = lab.bridge.stderr.read()
            assert lab.bridge.wait(20) == 0 and cure in said, said


@case
def an_interface_is_taken_down():
    """one that is taken down too, and which one it is"""
    need()
    with Lab() as lab:
        ip('-n', M, 'link', 'set', 'dev', 'm1', 'down')
        assert lab.bridge.wait(timeout=20) == 125
        assert 'm1 is down' in lab.bridge.stderr.read()


@case
def bad_words():
    """what cannot be is refused with its cure"""
    for words, part in (([], 'two interfaces'), (['lo'], 'two interfaces'),
                        (['lo', 'lo', 'lo'], 'not more'),
                        (['nosuch0', 'lo'], 'no interface'),
                        (['lo', 'lo', '--loss', '5'], 'percent'),
                        (['lo', 'lo'], 'two different')):
        done = subprocess.run([CATENET, 'bridge', *words], text=True,
                              capture_output=True, timeout=20, check=False)
        assert done.returncode == 125 and part in done.stderr, (words, done)


main()
