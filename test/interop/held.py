# SPDX-License-Identifier: MIT
"""A socket of another process, found and held: as long as it is held, a call
of ours has its lock in the kernel, and what arrives finds it owned by a user.
The call stands in the copy of its argument from a page that is not there, and
goes on when we give it the page (userfaultfd(2))."""
import ctypes
import fcntl
import mmap
import os
import platform
import select
import socket
import struct
import threading
import time

from lab import Skip, check

PIDFD_OPEN, PIDFD_GETFD = 434, 438
USERFAULTFD = {"x86_64": 323, "aarch64": 282}.get(platform.machine())
UFFDIO_API, UFFDIO_REGISTER, UFFDIO_COPY = 0xc018aa3f, 0xc020aa00, 0xc028aa03
SO_ATTACH_FILTER = 26
SYN_SENT = 2
libc = ctypes.CDLL(None, use_errno=True)


def sockets(pid):
    """Copies of the sockets of a process; the caller closes them."""
    pidfd = libc.syscall(PIDFD_OPEN, pid, 0)
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            what = os.readlink(f"/proc/{pid}/fd/{name}")
        except OSError:
            continue
        if not what.startswith("socket:"):
            continue
        fd = libc.syscall(PIDFD_GETFD, pidfd, int(name), 0)
        if fd >= 0:
            yield socket.socket(fileno=fd)
    os.close(pidfd)


def state(sock):
    """TCP's, or None where it is none of TCP's."""
    if sock.family not in (socket.AF_INET, socket.AF_INET6) or \
            sock.type != socket.SOCK_STREAM:
        return None
    return sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]


def connecting(pid, seconds=60):
    """The one socket of a process that is in SYN-SENT."""
    end = time.monotonic() + seconds
    while True:
        found = []
        for sock in sockets(pid):
            if state(sock) == SYN_SENT:
                found.append(sock)
            else:
                sock.close()
        if len(found) == 1:
            return found[0]
        for sock in found:
            sock.close()
        check(time.monotonic() < end, f"{len(found)} sockets in SYN-SENT")
        time.sleep(0.01)


class Held:
    """with Held(sock): its lock is taken."""

    def __init__(self, sock):
        self.sock = sock
        self.uffd = libc.syscall(USERFAULTFD, os.O_CLOEXEC) \
            if USERFAULTFD else -1
        if self.uffd < 0:
            raise Skip("no userfaultfd")
        self.page = mmap.mmap(-1, mmap.PAGESIZE)
        self.at = ctypes.addressof(ctypes.c_char.from_buffer(self.page))
        # A filter of one instruction, which is on the page; it is none, so
        # that nothing comes of it.
        self.filter = struct.pack("HxxxxxxQ", 1, self.at)
        self.thread = threading.Thread(target=self.call)

    def ask(self, what, *words):
        buffer = bytearray(struct.pack(f"{len(words)}Q", *words))
        fcntl.ioctl(self.uffd, what, buffer)

    def call(self):
        libc.setsockopt(self.sock.fileno(), socket.SOL_SOCKET,
                        SO_ATTACH_FILTER, self.filter, len(self.filter))

    def __enter__(self):
        self.ask(UFFDIO_API, 0xaa, 0, 0)
        self.ask(UFFDIO_REGISTER, self.at, mmap.PAGESIZE, 1, 0)
        self.thread.start()
        check(select.select([self.uffd], [], [], 60)[0], "not held")
        os.read(self.uffd, 32)
        return self

    def __exit__(self, *_):
        nothing = ctypes.create_string_buffer(2 * mmap.PAGESIZE)
        self.ask(UFFDIO_COPY, self.at, ctypes.addressof(nothing),
                 mmap.PAGESIZE, 0, 0)
        self.thread.join()
        os.close(self.uffd)
