#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""catenet sim as people type it: tables, parts, files, and what it refuses."""
import json
import os
import subprocess
import sys
import tempfile
from xml.etree import ElementTree

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import CATENET, Skip, case, main  # noqa: E402

LOSSY = ['--rate', '10mbit', '--rtt', '40ms', '--loss', '2%']


def sim(*words, code=0, **more):
    done = subprocess.run([CATENET, 'sim', *words], capture_output=True,
                          text=True, timeout=120, check=False, **more)
    assert done.returncode == code, (words, done)
    return done.stdout if code == 0 else done.stderr


@case
def parts_are_the_whole():
    """the parts of a seed range, merged, are the table of one machine"""
    range_of = [*LOSSY, '--bytes', '300kb', '--seeds', '1..11']
    whole = sim(*range_of)
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for part in 1, 2, 3:
            files.append(f'{folder}/part{part}')
            with open(files[-1], 'w', encoding='utf-8') as file:
                file.write(sim(*range_of, '--part', f'{part}/3', '--json',
                               '--jobs', str(part)))
        assert sim('--merge', *files) == whole, whole
        said = sim('--merge', *files, files[1], code=125)
        assert 'seed 2 is there twice' in said, said
        seeds = sorted(json.loads(line)['seed'] for name in files
                       for line in open(name, encoding='utf-8'))
        assert seeds == list(range(1, 12)), seeds


@case
def seeds_in_their_order():
    """lines come in the order of the seeds, whoever ran them"""
    lines = sim(*LOSSY, '--bytes', '100kb', '--seeds', '5..24', '--jobs', '4',
                '--json').splitlines()
    assert [json.loads(line)['seed'] for line in lines] == list(range(5, 25))
    assert all(flow['done'] and flow['octets'] == 102400 for line in lines
               for flow in json.loads(line)['flows'])
    again = sim(*LOSSY, '--bytes', '100kb', '--seed', '9', '--json')
    assert again.strip() == lines[4], (again, lines[4])


@case
def what_may_be_looked_at():
    """a capture, events and a plot of one run"""
    with tempfile.TemporaryDirectory() as folder:
        names = [f'{folder}/{name}' for name in ('a.svg', 'a.pcapng', 'a.json')]
        table = sim(*LOSSY, '--time', '3s', '--plot', names[0], '--pcapng',
                    names[1], '--events', names[2])
        assert table == sim(*LOSSY, '--time', '3s'), 'looking changed it'
        assert ElementTree.parse(names[0]).getroot().tag.endswith('svg')
        with open(names[1], 'rb') as file:
            assert file.read(4) == b'\n\r\r\n'
        with open(names[2], encoding='utf-8') as file:
            lines = [json.loads(line) for line in file]
        assert lines[0]['hosts'] == ['sender', 'receiver']
        assert any(line['kind'] == 'fate' for line in lines) or \
            any('lost' in json.dumps(line) for line in lines)


@case
def flags_of_a_syn():
    """the SYN that asks for accurate ECN has AE beside ECE and CWR"""
    with tempfile.TemporaryDirectory() as folder:
        flags = []
        for ecn in '1', '3':
            sim('--rtt', '10ms', '--bytes', '1000', '--tcp-ecn', ecn,
                '--events', f'{folder}/e')
            with open(f'{folder}/e', encoding='utf-8') as file:
                lines = [json.loads(line) for line in file]
            flags.append([line['flags'] for line in lines
                          if line['kind'] == 'out'][0])
        assert flags == [['SYN', 'ECE', 'CWR'], ['SYN', 'ECE', 'CWR', 'AE']], \
            flags


@case
def on_standard_output():
    """what is looked at may go to standard output, the table then beside it"""
    table = sim(*LOSSY, '--time', '1s')
    for option, begins in (('--plot', b'<svg'), ('--events', b'{"kind'),
                           ('--pcapng', b'\n\r\r\n')):
        done = subprocess.run([CATENET, 'sim', *LOSSY, '--time', '1s', option,
                               '-'], capture_output=True, timeout=120,
                              check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(begins), (option, done.stdout[:40])
        assert b'Mbit/s' not in done.stdout[-400:], (option, done.stdout[-400:])
        assert done.stderr.decode() == table, (option, done.stderr)
    for words in ['--plot', '-', '--events', '-'], ['--json', '--pcapng', '-']:
        assert 'one thing' in sim(*LOSSY, *words, code=125), words


@case
def a_recorded_rate():
    """a Mahimahi trace limits the flow to what it says, each way"""
    with tempfile.TemporaryDirectory() as folder:
        trace = f'{folder}/5mbit'
        # A packet of 1500 octets every 3 ms: 4 Mbit/s.
        with open(trace, 'w', encoding='ascii') as file:
            file.writelines(f'{ms}\n' for ms in range(3, 3001, 3))
        for path in (['--trace', trace], ['--up', f'trace {trace}']):
            line = json.loads(sim('--rtt', '20ms', *path, '--json'))
            goodput = line['flows'][0]['goodput']
            assert 3.6e6 < goodput < 4e6, goodput
        said = sim('--rtt', '20ms', '--trace', trace, '--plot', trace, code=125)
        assert 'another file' in said, said


@case
def bad_words():
    """each mistake has its sentence, and exit code 125"""
    for words, part in ((['--flows', '0'], 'from 1 to 64'),
                        (['--cc', 'vegas'], 'there are cubic'),
                        (['--outage', '5s'], 'AT+TIME'),
                        (['--outage', '5s+2s', '--outage', '6s+1s'], 'before'),
                        (['--seeds', '9..1'], 'A..B'),
                        (['--part', '3/2'], 'I/N'),
                        (['--seeds', '1..2', '--part', '3/3', '--rtt', '1ms'],
                         'none of'),
                        (['--seeds', '1..2', '--plot', 'x', '--rtt', '1ms'],
                         'one run'),
                        (['--loss', '1%'], 'take no time'),
                        (['--trace', '/nonexistent'], 'no such file'),
                        (['--merge'], 'needs the files'),
                        (['--merge', '/nonexistent'], 'No such file'),
                        (['--merge', '/dev/null'], 'no run is in it'),
                        (['--merge', '/dev/zero'], 'JSON'),
                        (['--merge', '--plot', 'x', CATENET], 'not with'),
                        (['--seed', '1', '--seeds', '1..2'], 'say one'),
                        (['--part', '1/1'], 'needs --seeds'),
                        (['--cc', 'cubic,reno'], 'say --flows'),
                        (['--stagger', '1s'], 'say --flows'),
                        (['--outage', '5s+0s'], 'no time'),
                        (['--rtt', '1ms', '--queue', '5'], '--rate'),
                        (['--tcp-ecn', '6'], 'from 0 to 5'),
                        (['--merge', CATENET], 'JSON'),
                        (['file'], 'only with --merge'),
                        (['--plot', '/nonexistent/x', '--rtt', '1ms'],
                         'No such file'),
                        (['--bytes', '0'], 'at least one'),
                        (['--net', 'moon'], 'no such path'),
                        (['--rtt', '1ms', '--reorder', '100%'],
                         'take no time'),
                        (['--rtt', '9ms', '--net', 'lte'], 'comes first'),
                        (['--net', 'dsl-bad', '--net', 'lte'], 'comes first'),
                        (['--rtt', '9ms', '--delay', '9ms'], 'say one'),
                        (['--rate', '1mbit', '--trace', 'x'], 'say one'),
                        (['--rtt', '9ms', '--jobs', '2'], 'needs --seeds'),
                        (['--rtt', '9ms', '--outage', '10s+1s'], 'is over'),
                        (['--rtt', '9ms', '--flows', '3', '--stagger', '5s'],
                         'is over'),
                        (['--rate', '2tbit'], 'more than 1 Tbit'),
                        (['--bytes', '\x1b[31m'], '--bytes \\x1b[31m:')):
        said = sim(*words, code=125)
        assert part in said and 'catenet sim' in said, (words, said)


@case
def files_of_somebody_else():
    """lines that are nearly right are told of, whatever numbers they hold"""
    good = sim(*LOSSY, '--time', '1s', '--json')
    with tempfile.TemporaryDirectory() as folder:
        name = f'{folder}/part'
        for key in ('packets', 'seconds', 'queue_mean', 'stuck', 'segments',
                    'done', 'error'):
            for value in -1, 1e300, 'many', None, 10 ** 30:
                line = json.loads(good)
                if key in line:
                    line[key] = value
                else:
                    line['flows'][0][key] = value
                with open(name, 'w', encoding='utf-8') as file:
                    file.write(good + json.dumps(line) + '\n')
                said = sim('--merge', name, code=125)
                assert f'{name}:2: a' in said or 'JSON' in said, said
        assert 'directory' in sim('--merge', folder, code=125)


@case
def what_went_wrong_stays_what_it_was():
    """an error of a flow is the same one after --merge --json"""
    line = json.loads(sim(*LOSSY, '--time', '1s', '--json'))
    for error in 'connection reset by peer', 'no route to host', '':
        line['flows'][0]['error'] = error
        with tempfile.TemporaryDirectory() as folder:
            with open(f'{folder}/part', 'w', encoding='utf-8') as file:
                file.write(json.dumps(line) + '\n')
            merged = json.loads(sim('--merge', '--json', f'{folder}/part'))
        assert merged['flows'][0]['error'] == error, merged


@case
def too_many_jobs():
    """jobs that this machine does not have room for are told of"""
    said = subprocess.run(
        ['sh', '-c', 'ulimit -n 12; exec "$@"', 'sh', CATENET, 'sim', *LOSSY,
         '--bytes', '1', '--seeds', '1..99', '--jobs', '99'], timeout=60,
        capture_output=True, text=True, check=False)
    assert said.returncode == 125 and 'fewer --jobs' in said.stderr, said


@case
def a_full_disk():
    """files that cannot be written whole are told of"""
    if not os.path.exists('/dev/full'):
        raise Skip('no /dev/full')
    for option in '--plot', '--events', '--pcapng':
        said = sim(*LOSSY, '--time', '1s', option, '/dev/full', code=125)
        assert 'not whole' in said, said


main()
