CREATE TABLE orders (
	id             uuid PRIMARY KEY, -- version 7: sorts by the time of placing
	account_id     uuid NOT NULL,
	status         text NOT NULL CHECK (status IN ('pending', 'confirmed', 'rejected', 'shipped', 'cancelling', 'cancelled')),
	reason_code    text,
	reason_detail  text,
	reason_sku     text,
	subtotal       bigint NOT NULL CHECK (subtotal >= 0), -- pence, as all sums here
	discount       bigint NOT NULL CHECK (discount >= 0),
	shipping       bigint NOT NULL CHECK (shipping >= 0),
	total          bigint NOT NULL CHECK (total = subtotal - discount + shipping),
	vat            bigint NOT NULL CHECK (vat BETWEEN 0 AND total),
	ship_name      text NOT NULL,
	ship_line1     text NOT NULL,
	ship_line2     text NOT NULL,
	ship_city      text NOT NULL,
	ship_postcode  text NOT NULL,
	ship_country   text NOT NULL,
	placed_at      timestamptz NOT NULL,
	settled_at     timestamptz,
	CONSTRAINT rejected_with_a_reason CHECK ((status = 'rejected') = (reason_code IS NOT NULL)),
	CONSTRAINT settled_unless_pending CHECK ((status = 'pending') = (settled_at IS NULL))
);

CREATE INDEX orders_of_account ON orders (account_id, id);
CREATE INDEX orders_by_day ON orders USING brin (settled_at);

CREATE TABLE order_lines (
	order_id  uuid NOT NULL REFERENCES orders,
	n         smallint NOT NULL,
	sku       text NOT NULL,
	name      text NOT NULL,
	quantity  integer NOT NULL CHECK (quantity BETWEEN 1 AND 99),
	price     bigint NOT NULL CHECK (price > 0),
	total     bigint NOT NULL CHECK (total BETWEEN 0 AND price * quantity),
	PRIMARY KEY (order_id, n)
);

CREATE TABLE order_history (
	order_id  uuid NOT NULL REFERENCES orders,
	n         smallint NOT NULL,
	status    text NOT NULL CHECK (status IN ('pending', 'confirmed', 'rejected', 'shipped', 'cancelling', 'cancelled')),
	at        timestamptz NOT NULL,
	PRIMARY KEY (order_id, n)
);

-- The moves of domain/order, once more: a test holds the two together.
CREATE FUNCTION check_order_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF OLD.status || '>' || NEW.status NOT IN (
		'pending>confirmed', 'pending>rejected',
		'confirmed>shipped', 'confirmed>cancelling', 'confirmed>cancelled',
		'cancelling>cancelled'
	) THEN
		RAISE EXCEPTION 'an order cannot go from % to %', OLD.status, NEW.status USING ERRCODE = 'check_violation';
	END IF;
	RETURN NEW;
END $$;

CREATE TRIGGER orders_move BEFORE UPDATE OF status ON orders
	FOR EACH ROW EXECUTE FUNCTION check_order_move();
