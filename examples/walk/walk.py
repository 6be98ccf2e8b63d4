#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A walk through the API of sockets, each step with what it really says.

    walk.py

One process plays both ends over loopback: listen, connect, accept, send and
sendall, recv, makefile, shutdown three ways, close.
"""
import socket


def say(step, what):
    print(f'{step:<34}{what}', flush=True)


def connect_and_accept(listener):
    client = socket.socket()
    client.connect(listener.getsockname())
    conn, peer = listener.accept()
    assert peer == client.getsockname()
    return client, conn


def attempt(call, *args):
    try:
        return call(*args)
    except OSError as error:
        return type(error).__name__


def listening():
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(('127.0.0.1', 0))
    listener.listen(5)
    say('listen returns at once',
        listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    return listener


def talking(listener):
    client, conn = connect_and_accept(listener)
    say('accept: same address and port', conn.getsockname() ==
        listener.getsockname())
    say('connect before accept is done', 'the system did the handshake')
    say('send says how much was taken', client.send(b'one '))
    client.sendall(b'two ')
    client.sendall(b'three')
    whole = b''
    while len(whole) < 13:
        whole += conn.recv(1024)
    say('three sends, read as a stream', whole)
    say('send of nothing wakes nobody', client.send(b''))
    conn.setblocking(False)
    say('recv without data, non-blocking', attempt(conn.recv, 1))
    conn.setblocking(True)
    return client, conn


def files(client, conn):
    """makefile reads text unless told otherwise: 'rwb' for both ways."""
    with conn.makefile('rwb') as file:
        client.sendall(b'a line\nand another\n')
        say('makefile, a line at a time',
            [file.readline(), file.readline()])
        file.write(b'answer\n')
        file.flush()
    with client.makefile('r') as file:
        say('and back', repr(file.readline()))


def shutting(listener):
    client, conn = connect_and_accept(listener)
    client.sendall(b'last words')
    client.shutdown(socket.SHUT_WR)
    say('SHUT_WR: what was sent arrives', conn.recv(100))
    say('then the end', conn.recv(100))
    conn.sendall(b'still here')
    say('the other way is open', client.recv(100))
    say('send after SHUT_WR', attempt(client.send, b'x'))
    client.close()
    conn.close()

    client, conn = connect_and_accept(listener)
    conn.sendall(b'before')
    client.recv(1, socket.MSG_PEEK)  # it has come
    client.shutdown(socket.SHUT_RD)
    say('SHUT_RD: what waits can be read', client.recv(100))
    say('then the end', client.recv(100))
    client.close()
    conn.close()

    client, conn = connect_and_accept(listener)
    client.shutdown(socket.SHUT_RDWR)
    say('SHUT_RDWR: the peer reads the end', conn.recv(100))
    say('and we do', client.recv(100))
    client.close()
    conn.close()


def closing(listener):
    client, conn = connect_and_accept(listener)
    copy = conn.dup()
    conn.close()
    client.settimeout(0.2)
    say('close with a copy left', attempt(client.recv, 1))
    copy.close()
    say('the last close', client.recv(1))
    client.close()

    client, conn = connect_and_accept(listener)
    client.sendall(b'never read')
    conn.recv(1, socket.MSG_PEEK)
    conn.close()
    say('close with data unread: reset', attempt(client.recv, 1))
    client.close()


def main():
    listener = listening()
    client, conn = talking(listener)
    files(client, conn)
    client.close()
    conn.close()
    shutting(listener)
    closing(listener)
    port = listener.getsockname()[1]
    listener.close()
    say('connect after the listener closed',
        attempt(socket.create_connection, ('127.0.0.1', port)))


if __name__ == '__main__':
    main()
