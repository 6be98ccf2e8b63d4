#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Unmodified clients fetch a file over described paths, and it is our TCP that
carries it."""
import glob
import json
import os
import re
import subprocess
import tempfile
import time

from harness import (Skip, case, main, need, python, run, run_list, sha, web)


def fetch(options, size, timeout=300):
    need('curl')
    with web(size) as (url, data):
        done = run(options, ['curl', '-sS', url], timeout)
        assert done.returncode == 0, done.stderr
        assert sha(done.stdout) == sha(data)


@case
def clean():
    """curl, 100 MB over a clean path"""
    began = time.monotonic()
    fetch('-q', 100_000_000)
    print(f'# 100 MB in {time.monotonic() - began:.2f} s')


@case
def slow_and_lossy():
    """curl, 3 MB over --delay 20ms --loss 1%"""
    fetch('-q --delay 20ms --loss 1%', 3_000_000)


@case
def other_impairments():
    """curl, 10 MB over reordering, duplicating, corrupting, bursty paths"""
    for options in ('--reorder 5%', '--duplicate 2%', '--corrupt 1%',
                    '--loss 5%', '--burst-loss 0.5%,30%',
                    '--delay 5ms --jitter 2ms,normal', '--mtu 576',
                    '--rate 200mbit --queue 50'):
        fetch('-q ' + options, 5_000_000)


@case
def same_seed():
    """one seed drops the same packets twice"""
    def fates():
        need('tshark')
        with web(100) as (url, _), tempfile.TemporaryDirectory() as folder:
            name, done = capture(folder, ['--seed', 'e', '--loss', '40%',
                                          '--mtu', '576'],
                                 ['curl', '-sS', '-o', '/dev/null', url])
            assert done.returncode == 0, done.stderr
            lines = tshark(name, '-T', 'fields', '-e', 'frame.comment', '-Y',
                           'ip.dst == 192.0.2.1 || ip.dst == 198.51.100.1')
            # Later ones depend on timers of the real clock.
            return re.sub(r'[0-9.]+ m?s', '', lines).split('\n')[:3]
    assert fates() == fates()


@case
def wget():
    """wget, 10 MB"""
    need('wget')
    with web(10_000_000) as (url, data):
        done = run('-q', ['wget', '-q', '-O', '-', url])
        assert done.returncode == 0, done.stderr
        assert sha(done.stdout) == sha(data)


@case
def python_client():
    """a python client, 10 MB"""
    with web(10_000_000) as (url, data):
        got = python('-q', 'import sys, hashlib, urllib.request as r\n'
                     'print(hashlib.sha256(r.urlopen(sys.argv[1]).read())'
                     '.hexdigest())', url)
        assert got == sha(data)


@case
def static_program():
    """a static program: busybox wget"""
    need('busybox')
    with web(5_000_000) as (url, data):
        done = run('-q', ['busybox', 'wget', '-q', '-O', '-', url])
        assert done.returncode == 0, done.stderr
        assert sha(done.stdout) == sha(data)


@case
def parallel():
    """curl with 50 transfers at once"""
    need('curl')
    with web(200_000) as (url, data):
        done = run('-q --delay 5ms', ['curl', '-sS', '--parallel',
                                      '--parallel-max', '50',
                                      *[url] * 50])
        assert done.returncode == 0, done.stderr
        assert len(done.stdout) == 50 * len(data)


def capture(folder, options, argv):
    name = os.path.join(folder, 'out.pcapng')
    done = run_list([*options, '-q', '--pcapng', name], argv)
    return name, done


def tshark(name, *args):
    need('tshark')
    return subprocess.run(['tshark', '-r', name, *args], check=True,
                          capture_output=True, text=True).stdout


@case
def capture_is_whole():
    """the HTTP object that tshark exports from the capture is the file"""
    need('tshark', 'curl')
    with web(3_000_000) as (url, data), tempfile.TemporaryDirectory() as folder:
        name, done = capture(folder, ['--loss', '1%'],
                             ['curl', '-sS', '-o', '/dev/null', url])
        assert done.returncode == 0, done.stderr
        tshark(name, '-q', '--export-objects', f'http,{folder}/objects',
               '-o', 'tcp.reassemble_out_of_order:TRUE')
        objects = glob.glob(folder + '/objects/*')
        assert len(objects) == 1, objects
        with open(objects[0], 'rb') as file:
            assert sha(file.read()) == sha(data)
        # What is random must not be taken for a protocol: TCP alone.
        assert not tshark(name, '-d', 'tcp.port==1-65535,data',
                          '-Y', '_ws.malformed')
        assert not tshark(name, '-o', 'tcp.check_checksum:TRUE', '-Y',
                          'tcp.checksum.status == 0')
        assert 'lost' in tshark(name, '-Y', 'frame.comment', '-T', 'fields',
                                '-e', 'frame.comment')


@case
def loopback_capture():
    """what programs inside say to each other is captured too"""
    need('tshark', 'curl')
    with tempfile.TemporaryDirectory() as folder:
        with open(folder + '/hello', 'w', encoding='utf-8') as file:
            file.write('hello\n')
        name, done = capture(folder, ['--isolated'], ['sh', '-c', f'''
            python3 -m http.server -d {folder} -b 127.0.0.1 8097 >/dev/null 2>&1 &
            server=$!
            for i in $(seq 100); do
                sleep 0.2
                curl -sS http://127.0.0.1:8097/hello 2>/dev/null && break
            done
            kill $server'''])
        assert done.stdout == b'hello\n', done
        ways = tshark(name, '-T', 'fields', '-e', 'ip.src', '-Y',
                      'tcp.port == 8097')
        assert set(ways.split()) == {'127.0.0.1'}, set(ways.split())


@case
def lost_syn():
    """the first SYN lost by a rule is sent again after 1 s"""
    need('curl')
    with web(1000) as (url, _), tempfile.TemporaryDirectory() as folder:
        name, done = capture(folder, ['--drop', 'up syn #1'],
                             ['curl', '-sS', '-o', '/dev/null', url])
        assert done.returncode == 0, done.stderr
        times = tshark(name, '-Y', 'tcp.flags.syn == 1 && tcp.flags.ack == 0',
                       '-T', 'fields', '-e', 'frame.time_relative').split()
        assert len(times) == 2, times
        assert float(times[1]) - float(times[0]) > 0.99, times


@case
def no_answer():
    """--loss 100% --syn-retries 1: ETIMEDOUT, after 1 s and 2 s"""
    began = time.monotonic()
    got = python('-q --loss 100% --syn-retries 1', '''
import errno, socket
try:
    socket.create_connection(("127.0.0.1", 9))
except OSError as error:
    print(errno.errorcode[error.errno])''')
    assert got == 'ETIMEDOUT', got
    assert time.monotonic() - began > 2.8


@case
def only():
    """--only impairs one destination and leaves the other alone"""
    with web(1000) as (slow, _), web(1000) as (fast, _):
        where = slow.split('/')[2]
        got = python(f'-q --delay 200ms --only {where}', '''
import sys, time, urllib.request
for url in sys.argv[1:]:
    began = time.monotonic()
    urllib.request.urlopen(url).read()
    print(time.monotonic() - began)''', slow, *[fast] * 9)
        slow_took, *fast_took = map(float, got.split())
        # The path never takes less; the machine may take more at times.
        assert slow_took > 0.79 and min(fast_took) < 0.79, got


@case
def rate():
    """--rate 10mbit: 2 MB take as long as they must"""
    with web(2_000_000) as (url, _):
        began = time.monotonic()
        done = run('-q --rate 10mbit', ['curl', '-sS', '-o', '/dev/null', url])
        took = time.monotonic() - began
        assert done.returncode == 0, done.stderr
        assert took > 1.6, took


@case
def summary():
    """--summary is JSON with what happened"""
    with web(500_000) as (url, data), tempfile.TemporaryDirectory() as folder:
        out = folder + '/out.json'
        done = run(f'-q --delay 10ms --summary {out}',
                   ['curl', '-sS', '-o', '/dev/null', url])
        assert done.returncode == 0, done.stderr
        with open(out, encoding='utf-8') as file:
            told = json.load(file)
        row = told['rows'][0]
        assert told['connections'] == 1 and told['abandoned'] == 0, told
        assert row['received'] > len(data)
        assert row['handshake_ms'] > 19, row
        assert row['peer']['address'] == '127.0.0.1'
        assert told['counters']['tcp_active_opens'] == 1, told
        assert not done.stderr, done.stderr


@case
def unprivileged():
    """all of this as an ordinary user"""
    if os.getuid() != 0:
        raise Skip('not root: the other cases were that already')
    need('curl', 'setpriv')
    with web(1_000_000) as (url, data):
        from harness import CATENET
        done = subprocess.run(
            ['setpriv', '--reuid', '65534', '--regid', '65534',
             '--clear-groups', CATENET, 'run', '-q', '--loss', '1%', '--',
             'curl', '-sS', url], capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr
        assert sha(done.stdout) == sha(data)


main()
