-- What has become of the lines that orders wanted to take from stock. What was
-- taken, the ledger of stock knows.
CREATE TABLE reservations (
	order_id  uuid PRIMARY KEY,
	state     text NOT NULL CHECK (state IN ('taken', 'short', 'released')),
	short_sku text,
	at        timestamptz NOT NULL DEFAULT now(), -- when it came to this state
	CHECK ((state = 'short') = (short_sku IS NOT NULL))
);

-- Who takes an order's lines says so first, to keep others from doing the same,
-- and may find in the same transaction that there is not enough. Afterwards what
-- was taken can only be released; what is short or released stays so.
CREATE FUNCTION refuse_reservation_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF TG_OP = 'UPDATE' AND OLD.state = 'taken' AND NEW.order_id = OLD.order_id
		AND (NEW.state = 'released' OR NEW.state = 'short' AND OLD.at = now()) THEN
		RETURN NEW;
	END IF;
	RAISE EXCEPTION 'a reservation is released once, and otherwise stays' USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER reservations_stay BEFORE UPDATE OR DELETE ON reservations
	FOR EACH ROW EXECUTE FUNCTION refuse_reservation_change();

CREATE TRIGGER reservations_are_kept BEFORE TRUNCATE ON reservations
	FOR EACH STATEMENT EXECUTE FUNCTION refuse_reservation_change();
