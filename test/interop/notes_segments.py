#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the notes claim of segments, by what catenet run --events tells of
those that it sent; and of the kernel's, by a capture."""
import json
import os
import socket
import struct
import tempfile
import time

from harness import PYTHON, Skip, case, main, peer, run_list, until_end, \
    wait_for

PRELUDE = '''
import os, socket, sys, time

def listener():
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    s.listen(8)
    return s
'''


def traced(options, text, *args):
    """The events of a program's run, in order; catenet run goes on until what
    the program has sent, and its ends, are acknowledged."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'events')
        done = run_list(['-q', *options, '--events', path],
                        [PYTHON, '-c', PRELUDE + text, *map(str, args)], 60)
        assert done.returncode == 0, done.stderr
        with open(path, encoding='utf-8') as file:
            return [json.loads(line) for line in file]


def segments(events):
    """(who, flags, event) of each segment that the program's host sent; the
    client is who sent the first."""
    out = [e for e in events if e['kind'] == 'out' and e['host'] == 'program']
    return [('client' if e['local'] == out[0]['local'] else 'server',
             ' '.join(e['flags']), e) for e in out]


def states(events, local):
    return [e['to'] for e in events
            if e['kind'] == 'state' and e['local'] == local]


LIFE = '''
lst = listener()
c = socket.create_connection(lst.getsockname())
a, _ = lst.accept()
c.sendall(b"ask")
assert a.recv(9) == b"ask"
c.close()
assert a.recv(1) == b""
time.sleep(0.1)
a.close()
'''


@case
def life():
    """rows 17, 18, 19, 21, 22, 28, 29, 30, 31, 33, 36, 56, 143, 147: a life"""
    # So long a path that nothing is sent again where the processor is
    # elsewhere for a while: that is measured in round trips.
    events = traced(['--impair-loopback', '--delay', '200ms'], LIFE)
    sent = segments(events)
    assert [s[:2] for s in sent] == [
        ('client', 'SYN'), ('server', 'SYN ACK'), ('client', 'ACK'),
        ('client', 'PSH ACK'), ('server', 'ACK'),
        ('client', 'FIN ACK'), ('server', 'ACK'),
        ('server', 'FIN ACK'), ('client', 'ACK')], sent
    told = [s[2] for s in sent]
    # Numbers count from each end's own initial one.
    assert [(e['seq'], e.get('ack'), e['len']) for e in told] == [
        (0, None, 0), (0, 1, 0), (1, 1, 0),
        (1, 1, 3), (1, 4, 0),
        (4, 1, 0), (1, 5, 0),
        (1, 5, 0), (5, 2, 0)], told
    assert states(events, told[0]['local']) == [
        'SYN-SENT', 'ESTABLISHED', 'FIN-WAIT-1', 'FIN-WAIT-2', 'TIME-WAIT']
    assert states(events, told[1]['local']) == [
        'SYN-RECEIVED', 'ESTABLISHED', 'CLOSE-WAIT', 'LAST-ACK', 'CLOSED']
    # The client when it sends the third, the server when it has it.
    assert told[2]['state'] == 'ESTABLISHED'
    assert told[1]['state'] == 'SYN-RECEIVED'

SO_RCVBUFFORCE = 33


def captured(port, talk):
    """What crosses the machine's loopback to and from a port meanwhile:
    (who, flags, seq, ack, octets), numbers from each end's initial one."""
    try:
        wire = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM,
                             socket.htons(3))
    except PermissionError as error:
        raise Skip('a capture needs CAP_NET_RAW') from error
    with wire:
        # What others say there meanwhile must have room too.
        wire.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
        wire.bind(('lo', 3))
        talk()
        wire.setblocking(False)
        got, first = [], {}
        while True:
            try:
                packet, (_, proto, kind, *_) = wire.recvfrom(65536)
            except BlockingIOError:
                return got
            if proto != 0x800 or kind == socket.PACKET_OUTGOING or \
                    packet[9] != socket.IPPROTO_TCP:
                continue
            tcp = packet[4 * (packet[0] & 15):struct.unpack_from(
                '!H', packet, 2)[0]]
            src, dst, seq, ack, off, bits = struct.unpack_from('!HHIIBB', tcp)
            if port not in (src, dst):
                continue
            first.setdefault(src, seq)
            flags = ' '.join(n for i, n in enumerate(
                ('FIN', 'SYN', 'RST', 'PSH', 'ACK')) if bits & 1 << i)
            got.append(('server' if src == port else 'client', flags,
                        seq - first[src] & 0xffffffff,
                        ack - first[dst] & 0xffffffff if bits & 16 else None,
                        len(tcp) - 4 * (off >> 4)))


@case
def native_life():
    """rows 17, 18, 28, 29, 30, 31, 33, 143, 147: a life, natively"""
    with socket.socket() as lst:
        lst.bind(('127.0.0.1', 0))
        lst.listen(8)

        def talk():
            c = socket.create_connection(lst.getsockname())
            a, _ = lst.accept()
            c.sendall(b'ask')
            assert a.recv(9) == b'ask'
            c.close()
            assert a.recv(1) == b''
            time.sleep(0.2)
            a.close()
            time.sleep(0.2)
        got = captured(lst.getsockname()[1], talk)
    assert got[:4] == [
        ('client', 'SYN', 0, None, 0), ('server', 'SYN ACK', 0, 1, 0),
        ('client', 'ACK', 1, 1, 0), ('client', 'PSH ACK', 1, 1, 3)], got
    assert got[-4:] == [
        ('client', 'FIN ACK', 4, 1, 0), ('server', 'ACK', 1, 5, 0),
        ('server', 'FIN ACK', 1, 5, 0), ('client', 'ACK', 5, 2, 0)], got


@case
def last_ack_lost():
    """rows 45, 46: the last ACK is lost, and repeated out of TIME-WAIT"""
    events = traced(['--impair-loopback', '--drop', 'ack #2'], '''
lst = listener()
c = socket.create_connection(lst.getsockname())
a, _ = lst.accept()
c.close()
assert a.recv(1) == b""
time.sleep(0.1)
a.close()
''')
    sent = segments(events)
    fins = [s[2] for s in sent if s[:2] == ('server', 'FIN ACK')]
    assert len(fins) > 1 and fins[1]['retransmit'], sent
    acks = [s[2] for s in sent if s[:2] == ('client', 'ACK')]
    assert acks[-1]['state'] == 'TIME-WAIT' and len(acks) > 2, sent
    assert states(events, fins[0]['local'])[-1] == 'CLOSED'


@case
def third_segment_lost():
    """rows 40, 148: without the third segment SYN-RECEIVED is to be seen"""
    events = traced(['--impair-loopback', '--drop', 'ack #1'], '''
lst = listener()
c = socket.create_connection(lst.getsockname())
assert c.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1) == b"\\1"
a, _ = lst.accept()
''')
    agreed = [s[2] for s in segments(events) if s[1] == 'SYN ACK']
    assert len(agreed) > 1, agreed
    assert all(e['state'] == 'SYN-RECEIVED' for e in agreed), agreed
    assert agreed[1]['t'] > agreed[0]['t'], agreed


@case
def both_close():
    """rows 38, 39: both close at once, and both are in TIME-WAIT"""
    events = traced(['--impair-loopback', '--delay', '300ms'], '''
lst = listener()
c = socket.create_connection(lst.getsockname())
a, _ = lst.accept()
# By one call: the second FIN is made before the first is there.
one, two = sorted((c.detach(), a.detach()))
assert two == one + 1
os.closerange(one, two + 1)
''')
    for local in {s[2]['local'] for s in segments(events)}:
        assert states(events, local)[-3:] == [
            'FIN-WAIT-1', 'CLOSING', 'TIME-WAIT'], states(events, local)


@case
def sizes():
    """rows 58, 65, 66, 71, 72, 73, 74, 75: of MTU, MSS, windows and timeout"""
    for mtu in 1500, 1400:
        with peer(until_end) as (port, results):
            events = traced(['--delay', '5ms', '--mtu', str(mtu)], '''
c = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
c.sendall(bytes(300_000))
c.close()
''', port)
            wait_for(lambda: results, 60)
        assert results == [bytes(300_000)]
        sent = [s[2] for s in segments(events)]
        assert sent[0]['mss'] == mtu - 40
        # Timestamps take twelve octets more.
        data = [e for e in sent if e['len']]
        assert data and all('mss' not in e for e in data)
        packets = [e for e in events if e.get('host') == 'network'
                   and e['kind'] == 'in' and e.get('len')]
        assert max(e['len'] for e in packets) == mtu - 52, mtu
        for e in data:
            assert e['flight'] <= min(e['snd_wnd'], e['cwnd']), e
            assert e['rto'] > e.get('srtt', 0) + 0.1999, e
        assert any('srtt' in e for e in data)


if __name__ == '__main__':
    main()
