-- What was made of each request that names itself with an Idempotency-Key.
CREATE TABLE idempotent_requests (
	account_id   uuid NOT NULL,
	key          text NOT NULL CHECK (length(key) BETWEEN 1 AND 128),
	fingerprint  bytea NOT NULL, -- SHA-256 of the request: tells the same one from another
	made         uuid NOT NULL,  -- the order or the payroll run
	at           timestamptz NOT NULL,
	PRIMARY KEY (account_id, key)
);

CREATE INDEX idempotent_requests_by_age ON idempotent_requests USING brin (at);
