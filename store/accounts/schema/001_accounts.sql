CREATE TABLE accounts (
	id          uuid PRIMARY KEY,
	email       text NOT NULL,                -- as it was given
	email_key   text NOT NULL UNIQUE, -- folded: unique without regard to case
	name        text NOT NULL,
	role        text NOT NULL CHECK (role IN ('customer', 'manager')),
	password    text NOT NULL,                -- argon2id, in PHC string form
	created_at  timestamptz NOT NULL
);

-- Failed sign-ins of an e-mail address in one minute, whether there is such an
-- account or not.
CREATE TABLE sign_in_failures (
	email_key   text PRIMARY KEY,
	since       timestamptz NOT NULL,
	failures    integer NOT NULL CHECK (failures > 0)
);
