#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A server at port 5678 that echoes to one client after the other.

    server.py [ADDRESS [PORT [CLIENTS]]]

listen returns at once; it is accept that waits.
"""
import socket
import sys


def main(address='', port='5678', clients='0'):
    left = int(clients)
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, int(port)))
        listener.listen(5)
        print('waiting for connections', flush=True)
        while True:
            conn, peer = listener.accept()
            with conn:
                print('connected:', peer[0], flush=True)
                while octets := conn.recv(1024):
                    conn.sendall(octets)
                print('gone:', peer[0], flush=True)
            left -= 1
            if left == 0:
                return


if __name__ == '__main__':
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
