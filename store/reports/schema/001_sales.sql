-- What the events of orders say was sold. The log has all of it: this can be
-- thrown away and made again.
CREATE TABLE sales (
	order_id      uuid PRIMARY KEY,
	status        text NOT NULL DEFAULT 'sold' CHECK (status IN ('sold', 'cancelling', 'cancelled')),
	confirmed_at  timestamptz, -- unknown, as all below, while only the end of the order is
	total         bigint CHECK (total >= 0), -- pence, as all sums here
	vat           bigint CHECK (vat BETWEEN 0 AND total),
	discount      bigint CHECK (discount >= 0),
	CHECK (num_nulls(confirmed_at, total, vat, discount) IN (0, 4))
);

CREATE INDEX sales_by_day ON sales USING brin (confirmed_at);

CREATE TABLE sales_lines (
	order_id  uuid NOT NULL REFERENCES sales,
	n         smallint NOT NULL,
	sku       text NOT NULL,
	quantity  integer NOT NULL CHECK (quantity > 0),
	total     bigint NOT NULL CHECK (total >= 0),
	PRIMARY KEY (order_id, n)
);

-- How far the projection has come: of each part of the log, the time of the
-- last event applied.
CREATE TABLE sales_progress (
	part  integer PRIMARY KEY,
	at    timestamptz NOT NULL
);

-- How often the projection was begun anew; one row.
CREATE TABLE sales_generation (
	one         boolean PRIMARY KEY DEFAULT true CHECK (one),
	generation  integer NOT NULL
);

INSERT INTO sales_generation (generation) VALUES (1);
