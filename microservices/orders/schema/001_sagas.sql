-- Where each order's saga stands (docs/saga.md).
CREATE TABLE sagas (
	order_id       uuid PRIMARY KEY REFERENCES orders,
	step           text NOT NULL CHECK (step IN ('authorising', 'reserving', 'capturing', 'voiding', 'releasing',
		'refunding', 'returning', 'confirmed', 'rejected', 'shipped', 'cancelled')),
	payment_token  text, -- stands for somebody's card: it is kept for as long as it is used, and no longer
	cart_of        uuid, -- whose cart was ordered; null when it was not a cart
	reason_code    text, -- why the order will be rejected once everything is undone
	reason_detail  text,
	reason_sku     text,
	attempts       integer NOT NULL DEFAULT 0 CHECK (attempts >= 0), -- at this step, that told nothing
	due_at         timestamptz, -- when whoever is free takes it up, if nobody has moved it by then
	traceparent    text NOT NULL, -- of the request that placed or cancelled the order

	CONSTRAINT token_while_it_is_used CHECK ((step = 'authorising') = (payment_token IS NOT NULL)),
	CONSTRAINT reason_while_undoing CHECK ((step IN ('voiding', 'releasing')) = (reason_code IS NOT NULL)),
	CONSTRAINT due_unless_at_rest CHECK ((step IN ('confirmed', 'rejected', 'shipped', 'cancelled')) = (due_at IS NULL))
);

CREATE INDEX sagas_due ON sagas (due_at) WHERE due_at IS NOT NULL;

-- A cart is ordered by one order at a time: the next waits to see what it leaves.
CREATE UNIQUE INDEX one_pending_order_of_a_cart ON sagas (cart_of)
	WHERE step IN ('authorising', 'reserving', 'capturing', 'voiding', 'releasing');
