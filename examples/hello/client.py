#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An interactive client: what is typed goes out, what comes back is printed.

    client.py [ADDRESS [PORT]]

The server may speak, or end, while nobody types: both are waited for at once.
The end of the input (Ctrl-D) ends our direction alone; what is still on its
way back is printed.
"""
import codecs
import selectors
import socket
import sys


def main(address='127.0.0.1', port='7788'):
    text = codecs.getincrementaldecoder('utf-8')('replace')
    with socket.create_connection((address, int(port))) as conn, \
            selectors.DefaultSelector() as waits:
        waits.register(conn, selectors.EVENT_READ)
        waits.register(0, selectors.EVENT_READ)
        while True:
            for key, _ in waits.select():
                if key.fileobj == 0:
                    line = sys.stdin.buffer.readline()
                    if line:
                        conn.sendall(line)
                    else:
                        waits.unregister(0)
                        conn.shutdown(socket.SHUT_WR)
                    continue
                octets = conn.recv(1024)
                if not octets:
                    return
                print(text.decode(octets), end='', flush=True)


if __name__ == '__main__':
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
