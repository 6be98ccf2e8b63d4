#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A server for one client: prints what it says, answers "thank you!", ends.

    server.py [ADDRESS [PORT]]

Both sockets are closed: the one of the client, and the listener too.
"""
import codecs
import socket
import sys


def main(address='127.0.0.1', port='7788'):
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, int(port)))
        listener.listen(1)
        print('listening', flush=True)
        conn, peer = listener.accept()
    # Closing the listener leaves the connection alone.
    with conn:
        print('client:', peer[0], flush=True)
        # recv may cut a character in two: its second half comes next time.
        text = codecs.getincrementaldecoder('utf-8')('replace')
        while octets := conn.recv(1024):
            print('received:', text.decode(octets).rstrip('\n'), flush=True)
            conn.sendall('thank you!\n'.encode())
        print('the client sends no more')


if __name__ == '__main__':
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
