// Every route of the contract at least once, by one customer and one manager:
// does it answer at all? conformance/ asks much more; this is for a shop that
// was just started, wherever it runs.
//
//   k6 run -e URL=http://127.0.0.1:8080 -e MANAGER_EMAIL=… -e MANAGER_PASSWORD=… loadtest/smoke.js
//
// It leaves behind a product, some orders, an employee and, in a shop that has
// paid no wages yet, the payroll of April 2026.

import encoding from 'k6/encoding';
import { check } from 'k6';
import http from 'k6/http';
import { cancelOrder, confirmed, get, lost, newKey, ok, params, placeOrder, refused, send, signIn, signInManager, told, url } from './shop.js';

export const options = {
	vus: 1,
	iterations: 1,
	thresholds: {
		checks: ['rate==1'],
		[confirmed.name]: ['count>=3'],
		[lost.name]: ['count==0'],
		[refused.name]: ['count==0'],
		http_req_duration: ['max<5000'],
	},
};

const password = 'smoke-smoke-smoke';

// A red dot: a PNG of one pixel.
const picture = encoding.b64decode('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR42mO4oKAAAALUARHyogz6AAAAAElFTkSuQmCC');

export function setup() {
	return { manager: signInManager(), run: Date.now().toString(36) };
}

export default function ({ manager, run }) {
	const sku = `SMOKE-${run.toUpperCase()}`;
	alive();
	catalogue(manager, sku);
	pictures(manager, sku);
	const customer = account(run);
	cart(customer, sku);
	orders(customer, manager, sku, run);
	payroll(manager, run);
	report(manager);
}

// see sends a GET and checks that it answers.
function see(what, path, session, ...statuses) {
	const answer = get(path, params(what, session));
	if (!ok(what, answer, ...(statuses.length ? statuses : [200]))) {
		console.error(`${what}: ${told(answer)}`);
	}
	return answer;
}

// change sends JSON and checks that it answers.
function change(what, method, path, session, body, ...statuses) {
	const answer = send(method, path, body, params(what, session));
	if (!ok(what, answer, ...statuses)) {
		console.error(`${what}: ${told(answer)}`);
	}
	return answer;
}

function alive() {
	see('healthz', '/healthz');
	see('readyz', '/readyz');
	see('info', '/v1/info');
	see('no such route', '/v1/nothing', null, 404);
}

function account(run) {
	const email = `smoke-${run}@example.com`;
	change('create account', 'POST', '/v1/accounts', null, { email, password, name: 'Smoke' }, 201);
	const customer = signIn(email, password);
	see('me', '/v1/accounts/me', customer);
	see('me, signed out', '/v1/accounts/me', null, 401);
	return customer;
}

function catalogue(manager, sku) {
	const body = { name: 'Smoke detector', description: 'Made by a smoke test', category: 'smoke', price: 1999 };
	change('put product', 'PUT', `/v1/products/${sku}`, manager, body, 201);
	change('move stock', 'POST', `/v1/products/${sku}/stock`, manager, { delta: 100, reason: 'smoke test' }, 200);
	see('product', `/v1/products/${sku}`);
	see('products', '/v1/products?category=smoke&q=detector&limit=5');
}

function pictures(manager, sku) {
	const p = params('put picture', manager, { 'Content-Type': 'image/png', Prefer: 'wait=10' });
	ok('put picture', http.put(`${url}/v1/products/${sku}/picture`, picture, p), 201, 202);
	const product = get(`/v1/products/${sku}`, params('product', null, { Prefer: 'wait=10' })).json();
	if (check(product, { 'the picture is ready': ({ picture }) => picture && picture.status === 'ready' })) {
		Object.values(product.picture.sizes).forEach((path) => see('picture', path));
	}
}

function cart(customer, sku) {
	change('put cart line', 'PUT', `/v1/cart/lines/${sku}`, customer, { quantity: 1 }, 200);
	ok('clear cart', http.del(`${url}/v1/cart`, null, params('clear cart', customer)), 204);
	change('put cart line', 'PUT', `/v1/cart/lines/${sku}`, customer, { quantity: 2 }, 200);
	see('cart', '/v1/cart', customer);
}

function orders(customer, manager, sku, run) {
	const ship_to = { name: 'S. Moke', line1: '1 High Street', city: 'Leeds', postcode: 'LS1 1AA', country: 'GB' };
	const order = { lines: [{ sku, quantity: 2 }], ship_to, payment: { token: 'tok_visa' } };
	const key = newKey(run);
	const first = placeOrder(customer, key, order);
	const again = placeOrder(customer, key, order);
	check(again, { 'the same key is the same order': (o) => o && first && o.id === first.id });
	const fromCart = placeOrder(customer, newKey(run), { ship_to, payment: { token: 'tok_visa' } });
	const declined = placeOrder(customer, newKey(run), { ...order, payment: { token: 'tok_declined' } });
	check(declined, { 'a declined card is a rejected order': (o) => o && o.status === 'rejected' });
	see('orders', '/v1/orders?limit=5', customer);
	if (first && fromCart) {
		see('order', `/v1/orders/${first.id}`, customer);
		cancelOrder(customer, first.id);
		ok('ship', http.post(`${url}/v1/orders/${fromCart.id}/ship`, null, params('ship', manager)), 200);
	}
}

function payroll(manager, run) {
	const employee = { name: 'S. Moke', tax_code: '1257L', ni_category: 'A', pay: { hourly: 1500 }, pension_percent: 5 };
	change('put employee', 'PUT', '/v1/employees/smoke', manager, employee, 200, 201);
	see('employees', '/v1/employees?limit=5', manager);
	const p = params('start payroll', manager, { 'Content-Type': 'text/csv', 'Idempotency-Key': newKey(run), Prefer: 'wait=20' });
	const started = http.post(`${url}/v1/payroll/runs?period=2026-04`, 'employee,hours,overtime_hours\nsmoke,100,2.5\n', p);
	// 409: this month or a later one has been paid.
	if (ok('start payroll', started, 201, 202, 409) && started.status !== 409) {
		const id = started.json().id;
		const paid = get(`/v1/payroll/runs/${id}`, params('payroll run', manager, { Prefer: 'wait=20' })).json();
		check(paid, { 'the payroll run is completed': ({ status }) => status === 'completed' });
		see('payslips', `/v1/payroll/runs/${id}/payslips?limit=5`, manager);
	}
}

function report(manager) {
	const today = new Date().toISOString().slice(0, 10);
	see('sales report', `/v1/reports/sales?from=${today}&to=${today}`, manager);
}
