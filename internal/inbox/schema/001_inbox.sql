-- The messages that were handled, by whom.
CREATE TABLE inbox (
	consumer    text NOT NULL,
	message_id  uuid NOT NULL,
	at          timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (consumer, message_id)
);

CREATE INDEX inbox_by_age ON inbox USING brin (at);
