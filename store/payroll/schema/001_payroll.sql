-- Who is on the payroll. Ids compare byte by byte ("C"), so that a range of
-- them is the same here and in the program.
CREATE TABLE employees (
	id               text COLLATE "C" PRIMARY KEY CHECK (id ~ '^[a-z0-9-]{1,32}$'),
	name             text NOT NULL CHECK (name <> ''),
	tax_code         text NOT NULL,
	ni_category      text NOT NULL CHECK (ni_category IN ('A', 'B', 'C', 'H', 'J', 'M', 'Z')),
	hourly           bigint NOT NULL CHECK (hourly >= 0), -- pence, as all sums here
	salary           bigint NOT NULL CHECK (salary >= 0), -- a year
	pension_percent  smallint NOT NULL CHECK (pension_percent BETWEEN 0 AND 50),
	CONSTRAINT paid_in_one_way CHECK ((hourly > 0) <> (salary > 0))
);

-- A run pays a month. Its sums are those of the payslips written so far, and
-- are changed in the transaction that writes these.
CREATE TABLE payroll_runs (
	id           uuid PRIMARY KEY, -- version 7
	period       text COLLATE "C" NOT NULL CHECK (period ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'), -- sorts by time
	status       text NOT NULL CHECK (status IN ('running', 'completed', 'failed')),
	started_at   timestamptz NOT NULL,
	ended_at     timestamptz,
	rows         integer NOT NULL DEFAULT 0 CHECK (rows >= 0),
	accepted     integer NOT NULL DEFAULT 0 CHECK (accepted BETWEEN 0 AND rows),
	payslips     integer NOT NULL DEFAULT 0 CHECK (payslips >= 0),
	gross        bigint NOT NULL DEFAULT 0,
	tax          bigint NOT NULL DEFAULT 0,
	employee_ni  bigint NOT NULL DEFAULT 0,
	pension      bigint NOT NULL DEFAULT 0,
	net          bigint NOT NULL DEFAULT 0,
	employer_ni  bigint NOT NULL DEFAULT 0,
	CONSTRAINT ended_unless_running CHECK ((status = 'running') = (ended_at IS NULL)),
	CONSTRAINT adds_up CHECK (net + tax + employee_ni + pension = gross)
);

CREATE UNIQUE INDEX payroll_one_running ON payroll_runs ((true)) WHERE status = 'running';
CREATE UNIQUE INDEX payroll_one_completed ON payroll_runs (period) WHERE status = 'completed';

-- Completed and failed are final.
CREATE FUNCTION check_payroll_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF OLD.status <> 'running' THEN
		RAISE EXCEPTION 'a payroll run that is % stays as it is', OLD.status USING ERRCODE = 'check_violation';
	END IF;
	RETURN NEW;
END $$;

CREATE TRIGGER payroll_runs_move BEFORE UPDATE ON payroll_runs
	FOR EACH ROW EXECUTE FUNCTION check_payroll_move();

-- Who a run pays, for which hours (in hundredths): the accepted rows of the
-- file, and the salaried, who are paid without one.
CREATE TABLE payroll_rows (
	run_id    uuid NOT NULL REFERENCES payroll_runs,
	employee  text COLLATE "C" NOT NULL REFERENCES employees,
	line      integer, -- of the file; null without a row
	hours     integer NOT NULL CHECK (hours BETWEEN 0 AND 32000),
	overtime  integer NOT NULL CHECK (overtime BETWEEN 0 AND 32000),
	PRIMARY KEY (run_id, employee)
);

CREATE TABLE payroll_rejections (
	run_id    uuid NOT NULL REFERENCES payroll_runs,
	line      integer NOT NULL CHECK (line >= 2),
	employee  text NOT NULL, -- as the row had it
	code      text NOT NULL CHECK (code IN ('unknown_employee', 'bad_hours', 'duplicate_employee', 'bad_row')),
	detail    text NOT NULL,
	PRIMARY KEY (run_id, line)
);

-- One payslip for an employee and a period, whatever happens. The key is also
-- how the year to date is found.
CREATE TABLE payslips (
	employee     text COLLATE "C" NOT NULL,
	period       text COLLATE "C" NOT NULL,
	run_id       uuid NOT NULL,
	gross        bigint NOT NULL CHECK (gross >= 0),
	tax          bigint NOT NULL, -- negative when some is given back
	employee_ni  bigint NOT NULL CHECK (employee_ni >= 0),
	pension      bigint NOT NULL CHECK (pension >= 0),
	net          bigint NOT NULL CHECK (net >= 0),
	employer_ni  bigint NOT NULL CHECK (employer_ni >= 0),
	tax_code     text NOT NULL,
	hours        integer NOT NULL CHECK (hours >= 0),
	overtime     integer NOT NULL CHECK (overtime >= 0),
	PRIMARY KEY (employee, period),
	FOREIGN KEY (run_id, employee) REFERENCES payroll_rows,
	CONSTRAINT adds_up CHECK (net + tax + employee_ni + pension = gross)
);
