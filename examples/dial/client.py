#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The client of port 5678: says one thing, prints the echo.

    client.py [ADDRESS [PORT [TEXT]]]
"""
import socket
import sys


def main(address='127.0.0.1', port='5678', text='hello, server'):
    said = text.encode()
    with socket.create_connection((address, int(port))) as conn:
        conn.sendall(said)
        # An echo has as many octets: that is where it ends.
        heard = b''
        while len(heard) < len(said):
            octets = conn.recv(1024)
            if not octets:
                print('cut off after', len(heard), 'octets')
                return 1
            heard += octets
        print(heard.decode())
    return 0


if __name__ == '__main__':
    try:
        sys.exit(main(*sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
