#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Who may bind a port again, and when: SO_REUSEADDR and SO_REUSEPORT.

    restart.py [PORT]

Three experiments of the notes. A server that closed first and is started again
while its connection is in TIME-WAIT, for every pair of options that the old
and the new one may set; a second listener beside a live one, for the same
pairs; and two hundred clients of two balanced listeners.
"""
import errno
import selectors
import socket
import sys

OPTIONS = {'none': None, 'REUSEADDR': socket.SO_REUSEADDR,
           'REUSEPORT': socket.SO_REUSEPORT}


def listener(port, option, listen=True):
    """A listener at 127.0.0.1, or the name of the error."""
    sock = socket.socket()
    if OPTIONS[option]:
        sock.setsockopt(socket.SOL_SOCKET, OPTIONS[option], 1)
    try:
        sock.bind(('127.0.0.1', port))
        if listen:
            sock.listen(200)
    except OSError as error:
        sock.close()
        return errno.errorcode[error.errno]
    return sock


def leave_time_wait(port, option):
    """A server that serves one client, closes first, and is gone."""
    server = listener(port, option)
    if isinstance(server, str):
        return server
    with server, socket.create_connection(server.getsockname()) as client:
        conn, _ = server.accept()
        conn.close()
        assert client.recv(1) == b''
    return None


def verdict(result):
    if isinstance(result, str):
        return result
    result.close()
    return 'OK'


def table(title, first_port, experiment):
    print(title)
    print('  %-12s%s' % ('', ''.join('%-12s' % new for new in OPTIONS)))
    port = first_port
    for old in OPTIONS:
        row = []
        for new in OPTIONS:
            row.append(experiment(port, old, new))
            port += 1
        print('  %-12s%s' % (old, ''.join('%-12s' % cell for cell in row)),
              flush=True)


def restart(port, old, new):
    return leave_time_wait(port, old) or verdict(listener(port, new))


def second(port, old, new):
    first = listener(port, old)
    if isinstance(first, str):
        return first
    with first:
        return verdict(listener(port, new))


def balance(port):
    pair = [listener(port, 'REUSEPORT') for _ in range(2)]
    clients = [socket.create_connection(('127.0.0.1', port))
               for _ in range(200)]
    count = [0, 0]
    with selectors.DefaultSelector() as waits:
        for i, sock in enumerate(pair):
            sock.setblocking(False)
            waits.register(sock, selectors.EVENT_READ, i)
        while sum(count) < len(clients):
            for key, _ in waits.select():
                key.fileobj.accept()[0].close()
                count[key.data] += 1
    for sock in pair + clients:
        sock.close()
    return count


def main(port='5000'):
    port = int(port)
    table('restart in TIME-WAIT (rows: the old server, columns: the new)',
          port, restart)
    table('second listener beside a live one', port + 10, second)
    count = balance(port + 20)
    print('200 clients of two listeners with REUSEPORT:',
          'both are used' if min(count) > 50 else 'not balanced')
    print('%d and %d' % tuple(count), file=sys.stderr)


if __name__ == '__main__':
    main(*sys.argv[1:])
