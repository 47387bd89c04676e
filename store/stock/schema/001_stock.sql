-- How many of each product are on hand. A row says with its last columns what
-- it was last changed for, and the trigger below books every change to the
-- ledger of movements: no change can escape it.
CREATE TABLE stock (
	sku      text PRIMARY KEY,
	on_hand  bigint NOT NULL DEFAULT 0 CHECK (on_hand >= 0),
	reason   text NOT NULL,
	order_id uuid
);

CREATE TABLE stock_movements (
	id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	sku      text NOT NULL REFERENCES stock,
	delta    bigint NOT NULL CHECK (delta <> 0),
	reason   text NOT NULL,
	order_id uuid,
	at       timestamptz NOT NULL DEFAULT now()
);

-- An order takes a product once and gives it back once.
CREATE UNIQUE INDEX stock_movements_once ON stock_movements (order_id, sku, reason) WHERE order_id IS NOT NULL;

CREATE FUNCTION book_stock_movement() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
	moved bigint := CASE TG_OP WHEN 'INSERT' THEN NEW.on_hand ELSE NEW.on_hand - OLD.on_hand END;
BEGIN
	IF moved <> 0 THEN
		INSERT INTO stock_movements (sku, delta, reason, order_id) VALUES (NEW.sku, moved, NEW.reason, NEW.order_id);
	END IF;
	RETURN NULL;
END $$;

CREATE TRIGGER stock_is_booked AFTER INSERT OR UPDATE ON stock
	FOR EACH ROW EXECUTE FUNCTION book_stock_movement();

-- Movements are only ever added, and only by the trigger above.
CREATE FUNCTION refuse_stock_movement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF TG_OP = 'INSERT' AND pg_trigger_depth() > 1 THEN
		RETURN NULL;
	END IF;
	RAISE EXCEPTION 'stock movements are booked by changing stock, and never changed' USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER stock_movements_stay AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON stock_movements
	FOR EACH STATEMENT EXECUTE FUNCTION refuse_stock_movement();

CREATE TRIGGER stock_stays BEFORE DELETE OR TRUNCATE ON stock
	FOR EACH STATEMENT EXECUTE FUNCTION refuse_stock_movement();
