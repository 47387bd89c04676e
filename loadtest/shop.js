// What every script here shares: a shop to talk to, customers who are signed in,
// products with enough in stock, orders followed until they are final, chance
// that a seed repeats, and a summary that leaves the warm-up out.

import exec from 'k6/execution';
import http from 'k6/http';
import { check, fail, sleep } from 'k6';
import { Counter, Trend } from 'k6/metrics';

export const url = (__ENV.URL || 'http://127.0.0.1:8080').replace(/\/+$/, '');
export const seed = number('SEED', 1);

// An order counts when it is final: confirmed or rejected. Refused is one that
// the shop turned away with 503, which is an answer; lost is one that the shop
// took and never finished, or never answered.
export const orderFinal = new Trend('order_final', true);
export const cancelFinal = new Trend('cancel_final', true);
export const confirmed = new Counter('orders_confirmed');
export const rejected = new Counter('orders_rejected');
export const refused = new Counter('orders_refused');
export const lost = new Counter('orders_lost');

// patience is how long an order may take to become final, in seconds.
const patience = 30;

// number reads a number from the environment.
export function number(name, otherwise) {
	const value = __ENV[name] === undefined ? otherwise : Number(__ENV[name]);
	if (!Number.isFinite(value) || value < 0) {
		throw new Error(`${name} must be a number, not ${__ENV[name]}`);
	}
	return value;
}

// seconds reads a duration such as 90, 90s, 1m30s or 1h from the environment.
export function seconds(name, otherwise) {
	const text = __ENV[name] || otherwise;
	const m = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?$/.exec(text);
	if (!m || !text) {
		throw new Error(`${name} must be a duration such as 90s or 1m30s, not ${text}`);
	}
	return Number(m[1] || 0) * 3600 + Number(m[2] || 0) * 60 + Number(m[3] || 0);
}

// Chance is a sequence of random choices that the same numbers repeat: a
// xorshift generator (G. Marsaglia, "Xorshift RNGs", 2003), begun from numbers
// that are well mixed, since those of two actions are neighbours.
export class Chance {
	constructor(...numbers) {
		const mix = (state, n) => Math.imul(state ^ n ^ (state >>> 16), 0x9e3779b1);
		this.state = [...numbers, 1, 2, 3].reduce(mix, 1) || 1;
	}

	// next returns a number from 0 to below 1.
	next() {
		this.state ^= this.state << 13;
		this.state ^= this.state >>> 17;
		this.state ^= this.state << 5;
		return (this.state >>> 0) / 4294967296;
	}

	// whole returns a whole number from low to high.
	whole(low, high) {
		return low + Math.floor(this.next() * (high - low + 1));
	}

	of(list) {
		return list[this.whole(0, list.length - 1)];
	}

	// some returns n different members of list, or all when it has fewer.
	some(list, n) {
		const chosen = new Set();
		while (chosen.size < Math.min(n, list.length)) {
			chosen.add(this.of(list));
		}
		return [...chosen];
	}

	// weighed returns a key of weights, as often as its weight has it.
	weighed(weights) {
		let left = this.next() * Object.values(weights).reduce((a, b) => a + b);
		return Object.keys(weights).find((key) => (left -= weights[key]) < 0);
	}
}

// params makes the options of a request: whose it is, what it is part of.
export function params(action, session, headers) {
	const p = { headers: { ...headers }, tags: { action, name: action } };
	if (session) {
		p.headers.Authorization = `Bearer ${session.token}`;
	}
	return p;
}

// send sends JSON.
export function send(method, path, body, p) {
	return http.request(method, url + path, JSON.stringify(body), {
		...p,
		headers: { 'Content-Type': 'application/json', ...p.headers },
	});
}

export function get(path, p) {
	return http.get(url + path, p);
}

// ok checks that an answer has one of the statuses, and says so when not.
export function ok(action, answer, ...statuses) {
	const good = statuses.includes(answer.status);
	check(answer, { [`${action} answers ${statuses.join(' or ')}`]: () => good });
	return good;
}

// must ends the test when an answer that the rest depends on is not as it
// should be.
function must(what, answer, ...statuses) {
	if (!statuses.includes(answer.status)) {
		fail(`${what}: ${told(answer)}`);
	}
	return answer;
}

export function told(answer) {
	return answer.status === 0 ? `no answer from ${url} (${answer.error})` : `${answer.status} ${answer.body}`;
}

// signIn returns a session. One that lasts for less than a minute more is
// renewed by renew.
export function signIn(email, password) {
	const answer = send('POST', '/v1/sessions', { email, password }, params('setup'));
	return session(email, password, must(`sign in as ${email}`, answer, 201));
}

function session(email, password, answer) {
	const { token, expires_at } = answer.json();
	return { email, password, token, expires: Date.parse(expires_at) };
}

export function signInManager() {
	must('is a shop running there?', get('/v1/info', params('setup')), 200);
	if (!__ENV.MANAGER_PASSWORD) {
		fail('set MANAGER_EMAIL and MANAGER_PASSWORD (k6 run -e MANAGER_PASSWORD=…): a load test makes its own products');
	}
	return signIn(__ENV.MANAGER_EMAIL || 'manager@example.com', __ENV.MANAGER_PASSWORD);
}

// prepare makes what a test needs and returns it: products with enough in
// stock, and customers who are signed in. It makes only what is missing, so
// that it works on an empty shop and on one that is in use.
export function prepare({ products, customers, units }) {
	const manager = signInManager();
	const skus = stock(manager, products, Math.ceil((3 * units) / products) + 100);
	return { skus, sessions: people(customers), run: Date.now().toString(36) };
}

// stock finds products, makes those that are missing, and fills up what has
// less than wanted in stock.
function stock(manager, products, wanted) {
	const found = list('/v1/products', products);
	for (let i = found.length; i < products; i++) {
		const sku = `LOAD-${String(i).padStart(5, '0')}`;
		const body = { name: `Test product ${i}`, description: 'Made by a load test', category: 'load', price: 100 + 50 * (i % 100) };
		found.push(must(`make product ${sku}`, send('PUT', `/v1/products/${sku}`, body, params('setup', manager)), 200, 201).json());
	}
	for (const { sku, stock } of found) {
		if (stock < wanted) {
			const body = { delta: wanted - stock, reason: 'load test' };
			must(`stock ${sku}`, send('POST', `/v1/products/${sku}/stock`, body, params('setup', manager)), 200);
		}
	}
	return found.map(({ sku }) => sku);
}

// list returns up to n items of a list.
function list(path, n) {
	const items = [];
	for (let cursor = ''; items.length < n; ) {
		const page = must(`read ${path}`, get(`${path}?limit=100${cursor}`, params('setup')), 200).json();
		items.push(...page.items);
		if (!page.next) {
			break;
		}
		cursor = `&cursor=${encodeURIComponent(page.next)}`;
	}
	return items.slice(0, n);
}

// people makes customers, the same for the same seed, and signs them in, a few
// at a time.
function people(n) {
	const sessions = [];
	for (let from = 0; from < n; from += 10) {
		const some = Array.from({ length: Math.min(10, n - from) }, (_, i) => ({
			name: `Customer ${from + i}`,
			email: `load-${seed}-${from + i}@example.com`,
			password: `of-load-${seed}-${from + i}`,
		}));
		// 409 is one of an earlier run.
		all('/v1/accounts', some).forEach((answer, i) => must(`make ${some[i].email}`, answer, 201, 409));
		all('/v1/sessions', some.map(({ email, password }) => ({ email, password }))).forEach((answer, i) => {
			must(`sign in as ${some[i].email}`, answer, 201);
			sessions.push(session(some[i].email, some[i].password, answer));
		});
	}
	return sessions;
}

function all(path, bodies) {
	const p = { ...params('setup'), headers: { 'Content-Type': 'application/json' } };
	return http.batch(bodies.map((body) => ['POST', url + path, JSON.stringify(body), p]));
}

// renew signs a customer in again when the session is about to end, in a long
// test, with the action "setup", which no measurement counts.
export function renew(session) {
	return session.expires - Date.now() > 60e3 ? session : Object.assign(session, signIn(session.email, session.password));
}

let keys = 0;

// newKey returns a new Idempotency-Key. run tells one run of a test from another.
export function newKey(run) {
	return `${run}-${exec.vu.idInTest}-${keys++}`;
}

// draft makes an order of one to three lines.
export function draft(chance, skus, token) {
	return {
		lines: chance.some(skus, chance.whole(1, 3)).map((sku) => ({ sku, quantity: chance.whole(1, 3) })),
		ship_to: { name: 'A. Customer', line1: '1 High Street', city: 'Leeds', postcode: 'LS1 1AA', country: 'GB' },
		payment: { token },
	};
}

// placeOrder places an order, follows it until it is final, counts it and
// returns it, or null. As a good client, it sends an order that got no answer
// once more with the same key, which cannot make it two.
export function placeOrder(session, key, body) {
	const p = params('order', session, { 'Idempotency-Key': key, Prefer: 'wait=10' });
	let answer = send('POST', '/v1/orders', body, p);
	let took = timeOf(answer);
	if (answer.status === 0 || answer.status === 500) {
		answer = send('POST', '/v1/orders', body, p);
		took += timeOf(answer);
	}
	if (answer.status === 503) {
		refused.add(1);
		return null;
	}
	if (!ok('order', answer, 201, 202)) {
		lost.add(1);
		return null;
	}
	const order = settle(session, answer.json(), took, (o) => o.status !== 'pending', orderFinal);
	({ confirmed, rejected }[order && order.status] || lost).add(1);
	return order;
}

// cancelOrder cancels a confirmed order and follows it until it is cancelled.
export function cancelOrder(session, id) {
	const answer = http.post(`${url}/v1/orders/${id}/cancel`, null, params('cancel', session));
	if (ok('cancel', answer, 200, 202)) {
		settle(session, answer.json(), timeOf(answer), (o) => o.status === 'cancelled', cancelFinal);
	}
}

// settle reads an order until it is final, adds to trend how long that took
// from the first request on, and returns it; null when it takes too long.
function settle(session, order, took, final, trend) {
	const end = Date.now() + 1000 * patience;
	while (!final(order)) {
		if (Date.now() > end) {
			return null;
		}
		const answer = get(`/v1/orders/${order.id}`, params('order status', session, { Prefer: 'wait=10' }));
		took += timeOf(answer);
		if (answer.status === 200) {
			order = answer.json();
		}
		if (!answer.headers['Preference-Applied'] && !final(order)) {
			sleep(0.05); // a shop that does not wait for us
			took += 50;
		}
	}
	trend.add(took);
	return order;
}

// timeOf is how long a request took, the connecting included.
function timeOf({ timings }) {
	return timings.blocked + timings.duration;
}
