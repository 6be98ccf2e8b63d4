#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A server of sixteen octets: reads exactly sixteen, answers with sixteen.

    server.py [ADDRESS [PORT [COUNT]]]

TCP is a stream: one recv may bring less than one send wrote, so what belongs
together is gathered in a loop. COUNT clients are served (1 unless said; 0: for
ever).
"""
import socket
import sys

SIZE = 16


def recv_exact(conn, size):
    """size octets, or fewer where the peer ended early."""
    parts = []
    while size:
        part = conn.recv(size)
        if not part:
            break
        parts.append(part)
        size -= len(part)
    return b''.join(parts)


def serve(listener, count):
    while True:
        conn, peer = listener.accept()
        with conn:
            message = recv_exact(conn, SIZE)
            if len(message) < SIZE:
                print(f'server: {peer[0]}:{peer[1]} ended after '
                      f'{len(message)} octets', flush=True)
            else:
                print(f'server: {peer[0]}:{peer[1]} says {message!r}',
                      flush=True)
                conn.sendall(b'Farewell, client')
        count -= 1
        if count == 0:
            return


def main(address='127.0.0.1', port='1060', count='1'):
    with socket.socket() as listener:
        # A restarted server shall not wait for TIME-WAIT to pass.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, int(port)))
        listener.listen(8)
        print('server: listening at %s:%d' % listener.getsockname(), flush=True)
        serve(listener, int(count))


if __name__ == '__main__':
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
