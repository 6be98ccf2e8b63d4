# SPDX-License-Identifier: MIT
"""What lies beyond a router: a TUN device of a network namespace, whose
packets the test answers when and as it likes."""
import ctypes
import fcntl
import os
import queue
import socket
import struct
import subprocess
import threading

from lab import Skip

CLONE_NEWNET = 0x40000000
FIN, SYN, RST, ACK = 1, 2, 4, 16


def ones(data):
    """The internet checksum."""
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xffff)
    return ~(total + (total >> 16)) & 0xffff


def unreachable(packet, code, router4="10.82.0.2", router6="fd82::2"):
    """The ICMP destination unreachable of a router for a packet."""
    if packet[0] >> 4 == 4:
        quote = packet[:28]
        icmp = struct.pack("!BBHI", 3, code, 0, 0) + quote
        icmp = icmp[:2] + struct.pack("!H", ones(icmp)) + icmp[4:]
        return ipv4(1, socket.inet_aton(router4), packet[12:16], icmp)
    source = socket.inet_pton(socket.AF_INET6, router6)
    icmp = struct.pack("!BBHI", 1, code, 0, 0) + packet
    pseudo = source + packet[8:24] + struct.pack("!II", len(icmp), 58)
    icmp = icmp[:2] + struct.pack("!H", ones(pseudo + icmp)) + icmp[4:]
    return struct.pack("!IHBB", 6 << 28, len(icmp), 58, 64) + source + \
        packet[8:24] + icmp


def ipv4(protocol, source, to, payload):
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, 0, 64,
                     protocol, 0, source, to)
    return ip[:10] + struct.pack("!H", ones(ip)) + ip[12:] + payload


def answer(packet, flags, seq=1000):
    """A segment in answer to an IPv4 one, acknowledging all of it."""
    ports = struct.unpack("!HH", packet[20:24])
    theirs, = struct.unpack("!I", packet[24:28])
    octets = len(packet) - 20 - (packet[32] >> 4) * 4
    octets += bool(packet[33] & SYN) + bool(packet[33] & FIN)
    tcp = struct.pack("!HHIIBBHHH", ports[1], ports[0], seq,
                      (theirs + octets) & 0xffffffff, 0x50, flags, 65535, 0, 0)
    pseudo = packet[16:20] + packet[12:16] + struct.pack("!HH", 6, len(tcp))
    tcp = tcp[:16] + struct.pack("!H", ones(pseudo + tcp)) + tcp[18:]
    return ipv4(6, packet[16:20], packet[12:16], tcp)


def own_network():
    """This process gets a network namespace of its own."""
    if os.geteuid() != 0:
        raise Skip("needs root for a network namespace")
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
        raise Skip("no network namespace")


def sh(script):
    done = subprocess.run(["sh", "-ec", script], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise Skip(f"network: {done.stdout.strip()}")


def open_tun():
    """The device of 10.82.0.0/16 and fd82::/16."""
    try:
        tun = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(tun, 0x400454ca, struct.pack("16sH22x", b"beyond", 0x1001))
    except OSError as err:
        raise Skip(f"no TUN: {err}")
    sh("""
    ip addr add 10.82.0.1/16 dev beyond
    ip -6 addr add fd82::1/16 dev beyond nodad
    ip link set beyond up
    """)
    return tun


class Beyond:
    """IPv4 segments come into a queue for each address."""

    def __init__(self):
        self.tun = open_tun()
        self.lock = threading.Lock()
        self.came = {}
        threading.Thread(target=self.read, daemon=True).start()

    def queue(self, addr):
        with self.lock:
            return self.came.setdefault(addr, queue.Queue())

    def read(self):
        while True:
            packet = os.read(self.tun, 65536)
            if packet[0] >> 4 == 4 and packet[9] == 6:
                self.queue(socket.inet_ntoa(packet[16:20])).put(packet)

    def next(self, addr, flags=SYN, seconds=60):
        """The next segment to that address that has one of the flags."""
        while True:
            packet = self.queue(addr).get(timeout=seconds)
            if packet[33] & flags:
                return packet

    def say(self, packet):
        os.write(self.tun, packet)
