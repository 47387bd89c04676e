package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/uuid"
	"google.golang.org/grpc"

	"triptych/domain/fault"
	"triptych/domain/payroll"
	payrollv1 "triptych/proto/payroll/v1"
	picturesv1 "triptych/proto/pictures/v1"
)

type runStream = grpc.ClientStreamingServer[payrollv1.StartRunRequest, payrollv1.StartRunResponse]

var november = payroll.Period{Year: 2026, Month: 11}

func begun() *payrollv1.Run {
	return &payrollv1.Run{Id: uuid.NewString(), Period: "2026-11", Status: "running"}
}

// timesheet receives a whole file and how it was begun.
func timesheet(s runStream) (begin *payrollv1.StartRunRequest_Begin, file []byte, err error) {
	for {
		r, err := s.Recv()
		if errors.Is(err, io.EOF) {
			return begin, file, nil
		}
		if err != nil {
			return begin, file, err
		}
		if b := r.GetBegin(); b != nil {
			begin = b
		}
		file = append(file, r.GetPiece()...)
	}
}

func TestATimesheetGoesThrough(t *testing.T) {
	f := open(t)
	sheet := []byte(strings.Repeat("ann,160,0\n", 50_000))
	f.payroll.start = func(s runStream) error {
		begin, file, err := timesheet(s)
		if err != nil {
			return err
		}
		if begin.GetAccountId() != f.boss.Account.String() || begin.GetKey() != "k1" || begin.GetPeriod() != "2026-11" {
			t.Errorf("begun with %v", begin)
		}
		if !bytes.Equal(file, sheet) {
			t.Errorf("%d bytes came through, want the %d sent", len(file), len(sheet))
		}
		return s.SendAndClose(&payrollv1.StartRunResponse{Run: begun()})
	}
	f.payroll.watch = func(r *payrollv1.RunRequest, s grpc.ServerStreamingServer[payrollv1.Run]) error {
		done := begun()
		done.Id, done.Status, done.Payslips = r.Id, "completed", 1
		return s.Send(done)
	}
	post := func(headers ...string) answer {
		return f.ask(t, f.manager, http.MethodPost, "/v1/payroll/runs?period=2026-11", bytes.NewReader(sheet),
			append(headers, "Content-Type", "text/csv", "Idempotency-Key", "k1")...)
	}
	if a := post(); a.StatusCode != http.StatusAccepted || !strings.Contains(a.body, `"running"`) {
		t.Errorf("got %d %s", a.StatusCode, a.body)
	}
	if a := post("Prefer", "wait=10"); a.StatusCode != http.StatusCreated || !strings.Contains(a.body, `"completed"`) {
		t.Errorf("got %d %s", a.StatusCode, a.body)
	}
}

// What the service says before it has seen the whole file comes out, also while
// the client still sends.
func TestATimesheetThatIsRefusedEarly(t *testing.T) {
	f := open(t)
	f.payroll.start = func(s runStream) error {
		if _, err := s.Recv(); err != nil {
			return err
		}
		return fault.New(fault.Conflict, "period_closed", "it was paid")
	}
	_, _, err := f.shop.Payroll.StartRun(t.Context(), f.boss, "k1", november, endless{}, 0)
	if !fault.Is(err, "period_closed") {
		t.Errorf("got %v", err)
	}
}

// endless is a file without an end.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// A file that breaks off is told as what it is, and the service does not take
// what came for all of it.
func TestATimesheetThatBreaksOff(t *testing.T) {
	f := open(t)
	heard := make(chan error, 1)
	f.payroll.start = func(s runStream) error {
		_, _, err := timesheet(s)
		heard <- err
		return err
	}
	broken := fault.New(fault.TooLarge, "body_too_large", "the body has more than 8 MiB")
	file := io.MultiReader(strings.NewReader(strings.Repeat("ann,160,0\n", 20_000)), iotest.ErrReader(broken))
	_, _, err := f.shop.Payroll.StartRun(t.Context(), f.boss, "k1", november, file, 0)
	if !errors.Is(err, error(broken)) {
		t.Errorf("got %v, want what reading said", err)
	}
	if err := <-heard; err == nil {
		t.Error("the service takes it for a whole file")
	}
}

func TestTheClientOfAnUploadGoesAway(t *testing.T) {
	f := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	f.payroll.start = func(s runStream) error {
		cancel()
		_, _, err := timesheet(s)
		return err
	}
	if _, _, err := f.shop.Payroll.StartRun(ctx, f.boss, "k1", november, endless{}, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestAPictureGoesThrough(t *testing.T) {
	f := open(t)
	picture := bytes.Repeat([]byte("\xff\xd8\xff"), 100_000)
	id := uuid.NewString()
	f.pictures.upload = func(s grpc.ClientStreamingServer[picturesv1.UploadRequest, picturesv1.Picture]) error {
		first, err := s.Recv()
		if err != nil || first.GetBegin().GetSku() != "TEA" || first.GetBegin().GetMediaType() != "image/jpeg" {
			t.Errorf("begun with %v, %v", first, err)
		}
		var got []byte
		for {
			r, err := s.Recv()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return err
			}
			if len(r.GetPiece()) > pieceSize {
				t.Errorf("a piece has %d bytes", len(r.GetPiece()))
			}
			got = append(got, r.GetPiece()...)
		}
		if !bytes.Equal(got, picture) {
			t.Errorf("%d bytes came through, want the %d sent", len(got), len(picture))
		}
		return s.SendAndClose(&picturesv1.Picture{Id: id, Status: "processing"})
	}
	f.pictures.watch = func(r *picturesv1.WatchRequest, s grpc.ServerStreamingServer[picturesv1.Picture]) error {
		if r.GetId() != id {
			t.Errorf("watched is %v", r)
		}
		return s.Send(&picturesv1.Picture{Id: id, Status: "failed", ReasonCode: "picture_damaged", ReasonDetail: "it is damaged"})
	}
	put := func(headers ...string) answer {
		return f.ask(t, f.manager, http.MethodPut, "/v1/products/TEA/picture", bytes.NewReader(picture), append(headers, "Content-Type", "image/jpeg")...)
	}
	if a := put(); a.StatusCode != http.StatusAccepted || !strings.Contains(a.body, `"processing"`) || !strings.Contains(a.body, id) {
		t.Errorf("got %d %s", a.StatusCode, a.body)
	}
	if a := put("Prefer", "wait=10"); a.StatusCode != http.StatusCreated || !strings.Contains(a.body, `"picture_damaged"`) {
		t.Errorf("got %d %s", a.StatusCode, a.body)
	}
	f.pictures.watch = func(*picturesv1.WatchRequest, grpc.ServerStreamingServer[picturesv1.Picture]) error { return down() }
	if a := put("Prefer", "wait=10"); a.StatusCode != http.StatusAccepted {
		t.Errorf("accepted, and nobody to watch: got %d %s", a.StatusCode, a.body)
	}
}

func TestAPictureThatIsRefused(t *testing.T) {
	f := open(t)
	f.pictures.upload = func(grpc.ClientStreamingServer[picturesv1.UploadRequest, picturesv1.Picture]) error {
		return fault.New(fault.UnsupportedMedia, "unsupported_media_type", "it is no JPEG")
	}
	f.ask(t, f.manager, http.MethodPut, "/v1/products/TEA/picture", strings.NewReader(strings.Repeat("x", 8<<20)), "Content-Type", "image/jpeg").
		refused(t, http.StatusUnsupportedMediaType, "unsupported_media_type")
}
