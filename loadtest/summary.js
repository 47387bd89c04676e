// What a person wants to read at the end of a test. k6 keeps the figures of the
// measured scenario apart from those of the warm-up only for metrics that a
// threshold names with a scenario, so scripts here have one for each that is
// shown.

const action = /^http_req_duration\{scenario:measured,action:(.+)\}$/;

// summary returns k6's handleSummary for a test that measured for some seconds.
// The raw figures go to the file that the variable SUMMARY names, if it is set.
export function summary(title, seconds) {
	return (data) => {
		const begun = data.metrics.iterations !== undefined;
		const lines = [title, '', ...(begun ? figures(data.metrics, seconds) : ['Nothing was measured.']), '', ...verdict(data.metrics)];
		const files = { stdout: `\n${lines.join('\n')}\n\n` };
		if (__ENV.SUMMARY) {
			files[__ENV.SUMMARY] = JSON.stringify(data, null, '\t');
		}
		return files;
	};
}

function figures(metrics, seconds) {
	const count = (name) => values(metrics, `${name}{scenario:measured}`).count || 0;
	const time = (name) => values(metrics, `${name}{scenario:measured}`);
	const rate = count('orders_confirmed') / seconds;
	return [
		`orders     ${count('orders_confirmed')} confirmed (${rate.toFixed(1)} a second), ${count('orders_rejected')} rejected, ` +
			`${count('orders_refused')} refused, ${count('orders_lost')} lost`,
		`dropped    ${count('dropped_iterations')} actions that the load generator could not begin in time`,
		'',
		row('milliseconds', 'count', 'p50', 'p95', 'p99', 'max'),
		times('order until final', time('order_final')),
		times('cancel until final', time('cancel_final')),
		...Object.keys(metrics)
			.filter((name) => action.test(name))
			.map((name) => times(`request: ${action.exec(name)[1]}`, metrics[name].values)),
	];
}

function values(metrics, name) {
	return metrics[name] ? metrics[name].values : {};
}

function times(name, v) {
	return v.count ? row(name, v.count, ...[v.med, v['p(95)'], v['p(99)'], v.max].map((ms) => ms.toFixed(1))) : row(name, 0, '-', '-', '-', '-');
}

function row(name, ...cells) {
	return name.padEnd(24) + cells.map((cell) => String(cell).padStart(9)).join('');
}

// verdict lists the thresholds that were broken and counts those that were kept.
function verdict(metrics) {
	const broken = [];
	let kept = 0;
	for (const [name, { thresholds = {} }] of Object.entries(metrics)) {
		const real = Object.entries(thresholds).filter(([rule]) => !Object.values(shown).includes(rule));
		kept += real.filter(([, { ok }]) => ok).length;
		const what = name.replace(/scenario:measured,?/, '').replace('{}', '');
		broken.push(...real.filter(([, { ok }]) => !ok).map(([rule]) => `BROKEN     ${what} ${rule}`));
	}
	return [...broken, `thresholds ${kept} kept, ${broken.length} broken`];
}

// Thresholds that nothing breaks: they make k6 keep the figures of a counter or
// a trend, whatever they are.
export const shown = { counter: 'count>=0', trend: 'max>=0' };
