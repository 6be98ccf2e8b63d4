# SPDX-License-Identifier: MIT
"""Ports for servers that are started later."""
import contextlib
import itertools
import os
import socket

FIRST = 20000


def _low():
    """The first port that the kernel hands out by itself."""
    with contextlib.suppress(OSError, ValueError):
        with open('/proc/sys/net/ipv4/ip_local_port_range',
                  encoding='ascii') as file:
            return int(file.read().split()[0])
    return 32768


def _all():
    """From a place of this process's own, round and round."""
    size = max(_low() - FIRST, 1000)
    for n in itertools.count(os.getpid() * 61):
        yield FIRST + n % size


_ports = _all()


def _is_free(port):
    try:
        with socket.socket() as four:
            four.bind(('', port))
            if not socket.has_dualstack_ipv6():
                return True
            with socket.socket(socket.AF_INET6) as six:
                six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                six.bind(('::', port))
    except OSError:
        return False
    return True


def free_port():
    """One that nobody has, that nobody is given by chance before it is bound,
    and that this process was not told of before."""
    return next(filter(_is_free, _ports))
