#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""SO_REUSEADDR, where it belongs: before bind.

    reuse.py [PORT]

A server that closed first leaves TIME-WAIT at its port. Started again it may
bind only if both the old one and the new one have set the option. After a
bind that failed it can still be set, and bind tried again.
"""
import errno
import socket
import sys


def serve_once(listener):
    """One client; the server closes first."""
    with socket.create_connection(listener.getsockname()) as client:
        conn, _ = listener.accept()
        conn.close()
        client.recv(1)


def try_bind(sock, port):
    try:
        sock.bind(('127.0.0.1', port))
        return 'OK'
    except OSError as error:
        return errno.errorcode[error.errno]


def main(port='5555'):
    port = int(port)
    first = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    print('before it is set:',
          first.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR))
    first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    print('the first server binds:', try_bind(first, port))
    first.listen(5)
    serve_once(first)
    first.close()
    again = socket.socket()
    print('restarted without the option:', try_bind(again, port))
    again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    print('the same socket, the option set now:', try_bind(again, port))
    again.listen(5)
    other = socket.socket()
    other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    print('a second server beside it:', try_bind(other, port))
    other.close()
    again.close()


if __name__ == '__main__':
    main(*sys.argv[1:])
