// SPDX-License-Identifier: MIT
// http.js serve PORT | drive PORT SECONDS: what http.go does, by node.
'use strict';
const http = require('http');
const crypto = require('crypto');

const [what, port, seconds] = process.argv.slice(2);
const CLIENTS = 50;
const OCTETS = 16000;

function fail(why) {
	console.error(why);
	process.exit(1);
}

function serve() {
	http.createServer((request, response) => {
		const pieces = [];
		request.on('data', (piece) => pieces.push(piece));
		request.on('end', () => response.end(Buffer.concat(pieces)));
	}).listen(Number(port), '127.0.0.1');
}

function post(agent, sent) {
	return new Promise((resolve, reject) => {
		const request = http.request({
			host: '127.0.0.1', port, method: 'POST', agent,
			headers: {'Content-Length': sent.length},
		}, (response) => {
			const pieces = [];
			response.on('data', (piece) => pieces.push(piece));
			response.on('error', reject);
			response.on('end', () => {
				if (!Buffer.concat(pieces).equals(sent))
					reject(new Error('an answer differs'));
				resolve();
			});
		});
		request.on('error', reject);
		request.end(sent);
	});
}

async function drive() {
	const agent = new http.Agent({keepAlive: true, maxSockets: CLIENTS});
	const chance = crypto.randomBytes(1 << 20);
	const begun = process.hrtime.bigint();
	const until = begun + BigInt(seconds) * 1000000000n;
	let requests = 0;
	const client = async () => {
		while (process.hrtime.bigint() < until) {
			const at = Math.floor(
			    Math.random() * (chance.length - OCTETS));
			await post(agent, chance.subarray(at, at + OCTETS));
			requests++;
		}
	};
	await Promise.all(Array.from({length: CLIENTS}, client));
	const took = Number(process.hrtime.bigint() - begun) / 1e9;
	console.log(requests / took);
	process.exit(0);
}

if (what === 'serve')
	serve();
else
	drive().catch((e) => fail(e.message));
