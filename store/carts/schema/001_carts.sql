CREATE TABLE cart_lines (
	account_id  uuid NOT NULL,
	sku         text NOT NULL,
	quantity    integer NOT NULL CHECK (quantity BETWEEN 1 AND 99),
	added       bigint GENERATED ALWAYS AS IDENTITY, -- lines are shown in the order of first adding
	PRIMARY KEY (account_id, sku)
);
