package main

import (
	"bytes"
	"errors"
	"image"
	"image/jpeg"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"triptych/domain/picture"
	"triptych/internal/postgres"
	picturesv1 "triptych/proto/pictures/v1"
	"triptych/store/pictures"
)

func TestAPictureIsMade(t *testing.T) {
	g, c, log := openWithLog(t)
	id := uploaded(t, c, tea())
	watched := make(chan []string, 1)
	go func() {
		_, seen := final(t, c, bySKU("TEA"))
		watched <- seen
	}()
	process(t, newResizer(g), log)
	if p, _ := final(t, c, byID(id)); p.Status != "ready" || p.Id != id || p.Sku != "TEA" {
		t.Fatalf("got %v, want it ready", p)
	}
	if seen := <-watched; !slices.Equal(seen, []string{"processing", "ready"}) && !slices.Equal(seen, []string{"ready"}) {
		t.Errorf("whoever watched saw %v, want processing and ready", seen)
	}
	small, err := c.GetJPEG(t.Context(), &picturesv1.GetJPEGRequest{Id: id, Size: "small"})
	if err != nil || small.Tag == "" {
		t.Fatalf("got %q, %v", small.GetTag(), err)
	}
	m, err := jpeg.Decode(bytes.NewReader(small.Data))
	if err != nil || m.Bounds().Size() != image.Pt(480, 360) {
		t.Errorf("got %v, %v, want 480 × 360", m.Bounds(), err)
	}
	shown, err := c.GetShown(t.Context(), &picturesv1.GetShownRequest{Skus: []string{"TEA", "COFFEE"}})
	if err != nil || len(shown.Pictures) != 1 || shown.Pictures[0].Id != id || shown.Pictures[0].Status != "ready" {
		t.Errorf("shown: %v, %v", shown, err)
	}
}

func TestWhatTheDecoderRefusesFails(t *testing.T) {
	g, c, log := openWithLog(t)
	process(t, newResizer(g), log)
	whole := tea()
	p, _ := final(t, c, byID(uploaded(t, c, whole[:len(whole)-200])))
	if described(p) != "failed picture_damaged" || p.ReasonDetail == "" {
		t.Errorf("got %v, want failed: picture_damaged", p)
	}
	if p, _ := final(t, c, byID(uploaded(t, c, tea()))); p.Status != "ready" {
		t.Errorf("the next: %v, want it ready", p)
	}
}

func TestABugFailsThePictureAndNothingElse(t *testing.T) {
	g, c, log := openWithLog(t)
	r := newResizer(g)
	r.process = func(data []byte) (map[picture.Size][]byte, error) {
		if data[len(data)-1] == 'x' {
			return nil, errors.New("the decoder broke")
		}
		return picture.Process(data)
	}
	process(t, r, log)
	if p, _ := final(t, c, byID(uploaded(t, c, append(tea(), 'x')))); described(p) != "failed internal" {
		t.Errorf("got %v, want failed: internal", p)
	}
	if p, _ := final(t, c, byID(uploaded(t, c, tea()))); p.Status != "ready" {
		t.Errorf("the next: %v, want it ready", p)
	}
}

// The newer upload is ready before the older one is.
func TestTheNewerUploadWins(t *testing.T) {
	g, c := open(t)
	r := newResizer(g)
	old, young := uploaded(t, c, tea()), uploaded(t, c, tea())
	for _, id := range []string{young, old} {
		if err := r.handle(t.Context(), message(t, id)); err != nil {
			t.Fatal(err)
		}
		shown, err := c.GetShown(t.Context(), &picturesv1.GetShownRequest{Skus: []string{"TEA"}})
		if err != nil || len(shown.Pictures) != 1 || shown.Pictures[0].Id != young {
			t.Errorf("shown: %v, %v, want %s", shown, err, young)
		}
	}
	if p, _ := final(t, c, byID(old)); p.Status != "ready" {
		t.Errorf("the older one: %v", p)
	}
}

func TestAMessageThatComesAgainChangesNothing(t *testing.T) {
	g, c := open(t)
	var processed atomic.Int32
	r := newResizer(g)
	r.process = func(data []byte) (map[picture.Size][]byte, error) {
		processed.Add(1)
		return picture.Process(data)
	}
	m := message(t, uploaded(t, c, tea()))
	other := newResizer(g) // as of another process
	other.process = r.process
	var wg sync.WaitGroup
	for range 5 {
		for _, r := range []*resizer{r, other} {
			wg.Go(func() {
				if err := r.handle(t.Context(), m); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	if p, _ := final(t, c, bySKU("TEA")); p.Status != "ready" || processed.Load() > 2 {
		t.Errorf("%v, processed %d times; want ready, at most once by each process", p, processed.Load())
	}
}

func TestAPictureThatEndsTheProcessIsGivenUp(t *testing.T) {
	g, c := open(t)
	id := uploaded(t, c, tea())
	for range maxAttempts { // by processes that died
		if _, _, err := pictures.Begin(t.Context(), g.db, uuid.MustParse(id)); err != nil {
			t.Fatal(err)
		}
	}
	r := newResizer(g)
	r.process = func([]byte) (map[picture.Size][]byte, error) {
		t.Error("it is processed once more")
		return nil, nil
	}
	if err := r.handle(t.Context(), message(t, id)); err != nil {
		t.Fatal(err)
	}
	if p, _ := final(t, c, byID(id)); described(p) != "failed internal" {
		t.Errorf("got %v, want failed: internal", p)
	}
}

func TestWorkIsTakenUpAgainAfterACrash(t *testing.T) {
	g, c := open(t)
	id := uploaded(t, c, tea())
	if _, _, err := pictures.Begin(t.Context(), g.db, uuid.MustParse(id)); err != nil { // by a process that died
		t.Fatal(err)
	}
	if err := newResizer(g).handle(t.Context(), message(t, id)); err != nil {
		t.Fatal(err)
	}
	if p, _ := final(t, c, byID(id)); p.Status != "ready" {
		t.Errorf("got %v, want it ready", p)
	}
}

// What cannot be stored, and not because of the database being away, is tried
// again and then given up: it does not stay processing.
func TestAPictureThatCannotBeStoredIsGivenUp(t *testing.T) {
	g, c, log := openWithLog(t)
	if _, err := g.db.Exec(t.Context(), `ALTER TABLE picture_sizes ADD CHECK (size <> 'thumb')`); err != nil {
		t.Fatal(err)
	}
	process(t, newResizer(g), log)
	if p, _ := final(t, c, byID(uploaded(t, c, tea()))); described(p) != "failed internal" {
		t.Errorf("got %v, want failed: internal", p)
	}
	letters, err := log.Letters(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range letters {
		if l.Group == g.group {
			t.Errorf("a dead letter: %+v", l)
		}
	}
}

// One picture at a time: what is tried again comes from another topic.
func TestPicturesAreProcessedOneByOne(t *testing.T) {
	g, c := open(t)
	r := newResizer(g)
	var atWork, most atomic.Int32
	r.process = func(data []byte) (map[picture.Size][]byte, error) {
		most.Store(max(most.Load(), atWork.Add(1)))
		defer atWork.Add(-1)
		return picture.Process(data)
	}
	var wg sync.WaitGroup
	for range 6 {
		m := message(t, uploaded(t, c, tea()))
		wg.Go(func() {
			if err := r.handle(t.Context(), m); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if most.Load() != 1 {
		t.Errorf("%d at once, want 1", most.Load())
	}
}

func TestMessagesThatAreNoPictures(t *testing.T) {
	g, _ := open(t)
	r := newResizer(g)
	for what, spoil := range map[string]func() (typ string, value []byte){
		"another type": func() (string, []byte) { return "events.v1.OrderPlaced", nil },
		"bytes":        func() (string, []byte) { return "events.v1.PictureUploaded", []byte("x") },
		"nothing":      func() (string, []byte) { return "events.v1.PictureUploaded", nil },
	} {
		m := message(t, uuid.NewString())
		m.Type, m.Value = spoil()
		if err := r.handle(t.Context(), m); err == nil || postgres.Unavailable(err) {
			t.Errorf("%s: %v, want an error that leads to the dead letters", what, err)
		}
	}
}

func TestReplacedPicturesAreForgotten(t *testing.T) {
	g, c := open(t)
	r := newResizer(g)
	old, young := uploaded(t, c, tea()), uploaded(t, c, tea())
	for _, id := range []string{old, young} {
		if err := r.handle(t.Context(), message(t, id)); err != nil {
			t.Fatal(err)
		}
	}
	there := func(id string) bool {
		_, err := c.GetJPEG(t.Context(), &picturesv1.GetJPEGRequest{Id: id, Size: "thumb"})
		return err == nil
	}
	g.tidy(t.Context())
	if !there(old) || !there(young) {
		t.Error("a picture that was just replaced is gone")
	}
	if _, err := g.db.Exec(t.Context(), `UPDATE pictures SET finished_at = finished_at - interval '61 minutes'`); err != nil {
		t.Fatal(err)
	}
	g.tidy(t.Context())
	if there(old) || !there(young) {
		t.Errorf("after an hour: the old one is there: %v, the new one: %v; want the new one alone", there(old), there(young))
	}
}

// Within a process, whoever waits hears of a picture at once.
func TestTheEndOfAPictureIsNews(t *testing.T) {
	g, c := open(t)
	id := uploaded(t, c, tea())
	changed, stop := g.news.About(uuid.MustParse(id))
	defer stop()
	if err := newResizer(g).handle(t.Context(), message(t, id)); err != nil {
		t.Fatal(err)
	}
	select {
	case <-changed:
	default:
		t.Error("nobody is told")
	}
}
