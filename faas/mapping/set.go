package mapping

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"go.etcd.io/bbolt"

	"triptych/faas/function"
)

var bucket = []byte("mappings")

// A Run does what a mapping asks for, and says in the progress how it goes. It
// returns when ctx is done and what it has begun has ended or was given up.
type Run func(ctx context.Context, m Mapping, p *Progress)

// A Set is all mappings. It may be used from several goroutines.
type Set struct {
	db  *bbolt.DB
	run Run

	mu      sync.Mutex
	keepers map[string]*keeper
	ctx     context.Context // of Run; nil before
	closed  bool            // Run is about to end: nothing is begun any more
	wg      sync.WaitGroup  // what runs
}

// A View is a mapping as it is now.
type View struct {
	Mapping
	State      State
	Result     string // as Lambda's LastProcessingResult
	Partitions []Partition
}

// Open reads the mappings that are kept. Nothing runs before Run is called.
func Open(db *bbolt.DB, run Run) (*Set, error) {
	s := &Set{db: db, run: run, keepers: map[string]*keeper{}}
	err := db.Update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists(bucket)
		if err != nil {
			return err
		}
		return b.ForEach(func(id, doc []byte) error {
			var m Mapping
			if err := json.Unmarshal(doc, &m); err != nil {
				return fmt.Errorf("mapping %s: %w", id, err)
			}
			s.keepers[string(id)] = newKeeper(m)
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read the mappings: %w", err)
	}
	return s, nil
}

// Run has the mappings that are enabled run until ctx is done, and returns when
// they have ended.
func (s *Set) Run(ctx context.Context) error {
	s.mu.Lock()
	s.ctx = ctx
	for _, k := range s.keepers {
		s.turn(k)
	}
	s.mu.Unlock()
	<-ctx.Done()
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.wg.Wait()
	return nil
}

// Create adds a mapping under a new id, which is its group as well when it has
// none. One of the same records for the same function may not be there.
func (s *Set) Create(m Mapping) (View, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m.ID, m.Modified = uuid.NewString(), time.Now()
	if m.Group == "" {
		m.Group = m.ID
	}
	if err := m.Check(); err != nil {
		return View{}, err
	}
	if err := s.alone(&m); err != nil {
		return View{}, err
	}
	if err := s.keep(&m); err != nil {
		return View{}, err
	}
	k := newKeeper(m)
	k.state = Creating
	s.keepers[m.ID] = k
	view := k.view()
	s.turn(k)
	return view, nil
}

// Get returns a mapping.
func (s *Set) Get(id string) (View, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.find(id)
	if err != nil {
		return View{}, err
	}
	return k.view(), nil
}

// All returns every mapping, by id.
func (s *Set) All() []View {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []View
	for _, k := range s.keepers {
		all = append(all, k.view())
	}
	slices.SortFunc(all, func(a, b View) int { return strings.Compare(a.ID, b.ID) })
	return all
}

// Change changes a mapping: change gets a copy, and its error leaves everything
// as it was. What runs is ended first, and begun anew.
func (s *Set) Change(id string, change func(*Mapping) error) (View, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.find(id)
	if err != nil {
		return View{}, err
	}
	if k.state.passing() {
		return View{}, function.InUse("Cannot update the event source mapping because it is in use: it is %s, wait until it is %s or %s", k.state, Enabled, Disabled)
	}
	m := k.Mapping
	if err := change(&m); err != nil {
		return View{}, err
	}
	m.Modified = time.Now()
	if err := m.Check(); err != nil {
		return View{}, err
	}
	if err := s.alone(&m); err != nil {
		return View{}, err
	}
	if err := s.keep(&m); err != nil {
		return View{}, err
	}
	k.state = between(k.Enabled, m.Enabled)
	k.Mapping = m
	view := k.view()
	s.turn(k)
	return view, nil
}

// Tag changes the tags of a mapping, and nothing of how it runs.
func (s *Set) Tag(id string, change func(map[string]string) (map[string]string, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.find(id)
	if err != nil {
		return err
	}
	m := k.Mapping
	if m.Tags, err = change(m.Tags); err != nil {
		return err
	}
	if err := s.keep(&m); err != nil {
		return err
	}
	k.Mapping = m
	return nil
}

// Delete removes a mapping, once what it runs has ended.
func (s *Set) Delete(id string) (View, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.find(id)
	if err != nil {
		return View{}, err
	}
	if k.state.passing() {
		return View{}, function.InUse("Cannot delete the event source mapping because it is in use: it is %s, wait until it is %s or %s", k.state, Enabled, Disabled)
	}
	m := k.Mapping
	m.Deleted = true
	if err := s.keep(&m); err != nil {
		return View{}, err
	}
	k.state, k.Mapping = Deleting, m
	view := k.view()
	s.turn(k)
	return view, nil
}

// alone reports which other mapping has the same records given to the same
// function.
func (s *Set) alone(m *Mapping) error {
	for _, k := range s.keepers {
		if k.ID != m.ID && k.same(m) {
			return function.Conflict("An event source mapping of the topic %s at %s for the function %s already exists. Please update or delete the existing mapping with UUID %s",
				m.Topic, strings.Join(m.Brokers, ","), m.Ref, k.ID)
		}
	}
	return nil
}

func (s *Set) find(id string) (*keeper, error) {
	if k, ok := s.keepers[id]; ok {
		return k, nil
	}
	return nil, function.NotFound("The resource you requested does not exist: there is no event source mapping %.100s", id)
}

// keep makes a mapping durable.
func (s *Set) keep(m *Mapping) error {
	doc, err := json.Marshal(m)
	if err != nil {
		return err
	}
	if err := s.db.Update(func(tx *bbolt.Tx) error { return tx.Bucket(bucket).Put([]byte(m.ID), doc) }); err != nil {
		return fmt.Errorf("keep mapping %s: %w", m.ID, err)
	}
	return nil
}

// forget removes a mapping from the disk and from the set.
func (s *Set) forget(id string) error {
	if err := s.db.Update(func(tx *bbolt.Tx) error { return tx.Bucket(bucket).Delete([]byte(id)) }); err != nil {
		return fmt.Errorf("remove mapping %s: %w", id, err)
	}
	delete(s.keepers, id)
	return nil
}
