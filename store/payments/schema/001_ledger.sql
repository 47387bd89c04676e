-- The double-entry ledger: debits are positive, credits negative, in pence. A
-- charge or a refund is a key with several entries, booked by one statement.
CREATE TABLE ledger_entries (
	key       text NOT NULL, -- derived from the order: a second charge of one key is refused
	ledger    text NOT NULL CHECK (ledger IN ('card_receivable', 'sales', 'vat', 'refunds')),
	amount    bigint NOT NULL CHECK (amount <> 0),
	order_id  uuid NOT NULL,
	at        timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (key, ledger)
);

CREATE FUNCTION check_ledger_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF EXISTS (SELECT FROM booked GROUP BY key HAVING sum(amount) <> 0) THEN
		RAISE EXCEPTION 'ledger entries of one key must sum to zero' USING ERRCODE = 'check_violation';
	END IF;
	RETURN NULL;
END $$;

CREATE TRIGGER ledger_balances AFTER INSERT ON ledger_entries
	REFERENCING NEW TABLE AS booked
	FOR EACH STATEMENT EXECUTE FUNCTION check_ledger_balance();

CREATE FUNCTION refuse_ledger_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION 'the ledger is only ever added to' USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER ledger_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entries
	FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change();
