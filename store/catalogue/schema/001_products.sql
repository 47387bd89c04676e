CREATE TABLE products (
	sku          text PRIMARY KEY CHECK (sku ~ '^[A-Z0-9-]{3,32}$'),
	name         text NOT NULL,
	description  text NOT NULL,
	category     text NOT NULL,
	price        bigint NOT NULL CHECK (price > 0), -- pence, VAT included
	updated_at   timestamptz NOT NULL
);

CREATE INDEX products_by_category ON products (category, sku);
