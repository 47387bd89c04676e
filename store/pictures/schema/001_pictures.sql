CREATE TABLE pictures (
	id             uuid PRIMARY KEY, -- version 7: sorts by the time of uploading
	sku            text NOT NULL,
	status         text NOT NULL DEFAULT 'processing' CHECK (status IN ('processing', 'ready', 'failed')),
	reason_code    text,
	reason_detail  text,
	original       bytea,            -- the upload, until it is processed
	memory         bigint NOT NULL,  -- bytes that processing it takes
	attempts       smallint NOT NULL DEFAULT 0,
	finished_at    timestamptz,
	CONSTRAINT upload_kept_while_processing CHECK ((status = 'processing') = (original IS NOT NULL)),
	CONSTRAINT failed_with_a_reason CHECK ((status = 'failed') = (reason_code IS NOT NULL AND reason_detail IS NOT NULL)),
	CONSTRAINT finished_unless_processing CHECK ((status = 'processing') = (finished_at IS NULL))
);

-- By ShownFirst of store/pictures.
CREATE INDEX pictures_of_product ON pictures (sku, (status = 'ready') DESC, id DESC);
CREATE INDEX pictures_processing ON pictures (id) WHERE status = 'processing';

CREATE TABLE picture_sizes (
	picture_id  uuid NOT NULL REFERENCES pictures ON DELETE CASCADE,
	size        text NOT NULL CHECK (size IN ('thumb', 'small', 'large')),
	jpeg        bytea NOT NULL,
	tag         text NOT NULL, -- its entity tag
	PRIMARY KEY (picture_id, size)
);

-- JPEG and PNG are compressed already: trying again only costs time.
ALTER TABLE pictures ALTER COLUMN original SET STORAGE EXTERNAL;
ALTER TABLE picture_sizes ALTER COLUMN jpeg SET STORAGE EXTERNAL;

CREATE FUNCTION check_picture_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF OLD.status <> 'processing' THEN
		RAISE EXCEPTION 'a picture that is % stays so', OLD.status USING ERRCODE = 'check_violation';
	END IF;
	RETURN NEW;
END $$;

CREATE TRIGGER pictures_move BEFORE UPDATE OF status ON pictures
	FOR EACH ROW WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION check_picture_move();
