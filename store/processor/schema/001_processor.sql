-- What the simulated card processor was told to do, each time it was told. It is
-- the processor's own list, which the shop's books can be held against: nothing
-- here keeps the shop from telling it something twice.
CREATE TABLE processor_log (
	id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	order_id uuid NOT NULL,
	kind     text NOT NULL CHECK (kind IN ('authorise', 'capture', 'void', 'refund')),
	amount   bigint NOT NULL CHECK (amount > 0), -- pence
	at       timestamptz NOT NULL DEFAULT now()
);

CREATE FUNCTION refuse_processor_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION 'the processor''s log is only ever added to' USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER processor_log_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON processor_log
	FOR EACH STATEMENT EXECUTE FUNCTION refuse_processor_change();
