package function

// A Progress is how far something is that takes time. The zero Progress is at
// its end, and well.
type Progress struct {
	Status string // Pending, InProgress or Failed; empty is done
	Code   string // why, as Lambda's StateReasonCode
	Reason string // why, as a sentence
}

// Statuses of a Progress. A new version is Pending until its code is at hand;
// a change of one that runs is InProgress.
const (
	Pending    = "Pending"
	InProgress = "InProgress"
	Failed     = "Failed"
)

// Done tells whether it is at its end, and well.
func (p Progress) Done() bool { return p.Status == "" }

// Waits tells whether it is under way.
func (p Progress) Waits() bool { return p.Status == Pending || p.Status == InProgress }

// Begin is the start of a Progress, in Lambda's words.
func Begin(status string) Progress {
	return Progress{Status: status, Code: "Creating", Reason: "The function is being created."}
}

// Fail is the end of a Progress that did not go well.
func Fail(err error) Progress {
	e := From(err)
	code := "InternalError"
	if e.Type == "InvalidZipFileException" {
		code = e.Type
	}
	return Progress{Status: Failed, Code: code, Reason: e.Message}
}

// NotReady refuses what needs a version to be active.
func NotReady(p Progress) *Error {
	return Conflict("The operation cannot be performed at this time. The function is currently in the following state: %s", p.Status)
}

// Updating refuses a change while another one is under way.
func Updating(c *Config) *Error {
	return Conflict("The operation cannot be performed at this time. An update is in progress for resource: %s", ARN(c.Name, ""))
}
