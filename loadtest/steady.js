// A steady load of customers, in an open model: actions begin at a constant
// rate, whether or not the shop keeps up, so that a shop that stalls cannot
// slow down those who measure it. What could not begin in time is shown as
// dropped.
//
//   k6 run -e URL=http://127.0.0.1:8080 -e MANAGER_EMAIL=… -e MANAGER_PASSWORD=… loadtest/steady.js
//
//   RATE=50        actions a second
//   DURATION=1m    how long is measured
//   WARMUP=10s     the same load before that, left out of the figures
//   PRODUCTS=100   products that are looked at and bought; missing ones are made
//   CUSTOMERS=50   customers, who are signed in before anything is measured
//   SEED=1         what is chosen: the same again for the same seed
//   SUMMARY=file   also write the raw figures there
//
// Of the actions 70 % browse, 15 % change a cart, 10 % place an order (of which
// one in fifty is declined by the card processor), 3 % read the order history
// and 2 % cancel an order.

import exec from 'k6/execution';
import { Chance, cancelOrder, draft, get, newKey, number, ok, params, placeOrder, prepare, renew, seconds, seed, send, url } from './shop.js';
import { shown, summary } from './summary.js';

const rate = number('RATE', 50);
const warmup = seconds('WARMUP', '10s');
const duration = seconds('DURATION', '1m');

const mix = { browse, cart, order, history, cancel };
const shares = { browse: 70, cart: 15, order: 10, history: 3, cancel: 2 };

const load = {
	executor: 'constant-arrival-rate',
	rate,
	timeUnit: '1s',
	preAllocatedVUs: Math.ceil(rate / 5) + 10,
	maxVUs: 2 * rate + 50,
	exec: 'act',
	gracefulStop: '40s', // an order may take 30 s to become final
};

export const options = {
	scenarios: {
		...(warmup > 0 && { warmup: { ...load, duration: `${warmup}s` } }),
		measured: { ...load, duration: `${duration}s`, startTime: `${warmup}s` },
	},
	setupTimeout: '5m',
	summaryTrendStats: ['min', 'med', 'avg', 'p(95)', 'p(99)', 'max', 'count'],
	thresholds: {
		'checks{scenario:measured}': ['rate>0.999'],
		'order_final{scenario:measured}': ['p(95)<1000', 'p(99)<2500'],
		'cancel_final{scenario:measured}': [shown.trend],
		'orders_confirmed{scenario:measured}': ['count>0'],
		'orders_rejected{scenario:measured}': [shown.counter],
		'orders_refused{scenario:measured}': ['count==0'],
		'orders_lost{scenario:measured}': ['count==0'],
		'dropped_iterations{scenario:measured}': [`count<=${Math.floor(rate * duration * 0.001)}`],
		...Object.fromEntries(Object.keys(mix).map((name) => [`http_req_duration{scenario:measured,action:${name}}`, ['p(95)<500']])),
	},
};

export function setup() {
	// An order has two lines of two on average.
	const units = rate * (warmup + duration) * (shares.order / 100) * 4;
	return prepare({ products: number('PRODUCTS', 100), customers: number('CUSTOMERS', 50), units });
}

// act is one action of one customer.
export function act({ skus, sessions, run }) {
	const chance = new Chance(seed, exec.scenario.iterationInTest, exec.scenario.name.length);
	mix[chance.weighed(shares)](chance, renew(chance.of(sessions)), skus, run);
}

function browse(chance, _, skus) {
	const p = params('browse');
	if (chance.next() < 0.75) {
		ok('browse', get(`/v1/products/${chance.of(skus)}`, p), 200);
	} else {
		ok('browse', get('/v1/products?limit=20', p), 200);
	}
}

// cart keeps to forty products: a cart holds fifty, and nobody empties these.
function cart(chance, session, skus) {
	const p = params('cart', session);
	ok('cart', send('PUT', `/v1/cart/lines/${chance.of(skus.slice(0, 40))}`, { quantity: chance.whole(0, 5) }, p), 200);
	ok('cart', get('/v1/cart', p), 200);
}

function order(chance, session, skus, run) {
	placeOrder(session, newKey(run), draft(chance, skus, chance.next() < 0.02 ? 'tok_declined' : 'tok_visa'));
}

function history(_, session) {
	ok('history', get('/v1/orders', params('history', session)), 200);
}

// cancel cancels one of the customer's orders, and buys something first when
// there is none.
function cancel(chance, session, skus, run) {
	const answer = get('/v1/orders?status=confirmed', params('history', session));
	if (!ok('history', answer, 200)) {
		return;
	}
	const id = answer.json().items.map((o) => o.id);
	const placed = id.length > 0 ? chance.of(id) : (placeOrder(session, newKey(run), draft(chance, skus, 'tok_visa')) || {}).id;
	if (placed) {
		cancelOrder(session, placed);
	}
}

export const handleSummary = summary(
	`steady: ${rate} actions a second on ${url} for ${duration} s, after ${warmup} s of warm-up (seed ${seed})`,
	duration,
);
