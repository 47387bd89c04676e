-- How far each order's payment is.
CREATE TABLE authorisations (
	order_id   uuid PRIMARY KEY,
	status     text NOT NULL CHECK (status IN ('approved', 'declined', 'captured', 'lapsed', 'voided', 'refunded')),
	detail     text NOT NULL, -- why no money can be taken
	total      bigint NOT NULL, -- pence
	vat        bigint NOT NULL, -- of the total, pence
	expires_at timestamptz,     -- when money that nobody takes is set aside no more
	changed_at timestamptz NOT NULL DEFAULT now(),
	CHECK ((detail = '') = (status IN ('approved', 'captured', 'refunded'))),
	CHECK (vat > 0 AND total > vat AND expires_at IS NOT NULL -- both make an entry in the ledger
		OR vat = 0 AND total = 0 AND expires_at IS NULL AND status = 'voided') -- of nothing
);

-- What a payment's status may become. domain/payment has the same table, and a
-- test compares the two.
CREATE FUNCTION refuse_authorisation_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF TG_OP = 'INSERT' AND NEW.status IN ('approved', 'declined', 'voided')
		OR TG_OP = 'UPDATE' AND (NEW.order_id, NEW.total, NEW.vat, NEW.expires_at) = (OLD.order_id, OLD.total, OLD.vat, OLD.expires_at)
			AND (OLD.status, NEW.status) IN (('approved', 'captured'), ('approved', 'lapsed'), ('approved', 'voided'), ('captured', 'refunded')) THEN
		RETURN NEW;
	END IF;
	RAISE EXCEPTION 'a payment does not become that' USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER authorisations_go_forward BEFORE INSERT OR UPDATE OR DELETE ON authorisations
	FOR EACH ROW EXECUTE FUNCTION refuse_authorisation_change();

CREATE TRIGGER authorisations_are_kept BEFORE TRUNCATE ON authorisations
	FOR EACH STATEMENT EXECUTE FUNCTION refuse_authorisation_change();
