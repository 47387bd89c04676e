-- Events that are not in the log yet. The columns are those that Debezium's
-- outbox event router reads, so that it could take the relay's place.
CREATE TABLE outbox (
	id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	event_id       uuid NOT NULL UNIQUE,
	aggregatetype  text NOT NULL, -- the topic
	aggregateid    text NOT NULL, -- the key
	type           text NOT NULL, -- the full name of the protobuf message
	payload        bytea NOT NULL,
	traceparent    text NOT NULL,
	tracestate     text NOT NULL,
	at             timestamptz NOT NULL
);
