#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A client of sixteen octets: sends sixteen, waits for sixteen.

    client.py [ADDRESS [PORT]]
"""
import socket
import sys

from server import SIZE, recv_exact


def main(address='127.0.0.1', port='1060'):
    with socket.create_connection((address, int(port))) as conn:
        print('client: %s:%d is my end' % conn.getsockname()[:2], flush=True)
        conn.sendall(b'Hi there, server')
        answer = recv_exact(conn, SIZE)
    print(f'client: the server says {answer!r}', flush=True)
    return len(answer) != SIZE


if __name__ == '__main__':
    try:
        sys.exit(main(*sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
