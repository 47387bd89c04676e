// Package runner puts the parts together: it is what an invocation goes
// through, from the function's name to its answer. Follow Invoke.
package runner

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
	"go.opentelemetry.io/otel"
	oteltrace "go.opentelemetry.io/otel/trace"

	"triptych/faas/async"
	"triptych/faas/code"
	"triptych/faas/function"
	"triptych/faas/instance"
	"triptych/faas/journal"
	"triptych/faas/mapping"
	"triptych/faas/poller"
	"triptych/faas/pool"
	"triptych/faas/registry"
	"triptych/faas/runtimeapi"
	"triptych/faas/sandbox"
	"triptych/faas/stats"
)

// Options say where the runner keeps what it has, and what functions may use.
type Options struct {
	Data        string        // folder; created when missing
	Addr        string        // host:port of the API, told to functions
	Isolation   sandbox.Level // of functions that do not say
	Concurrency int           // events under way, and processes, at a time, over all functions
	KeepAlive   time.Duration // of idle instances, for functions that do not say
	Cache       int64         // bytes of unpacked code kept on this machine
	Logs        int64         // bytes of log kept per function
	Freeze      bool          // stop the processes of idle instances, as Lambda does
	Waits       async.Waits   // between tries of queued events; zero is Lambda's
	SourceWaits poller.Waits  // between tries of batches of records; zero is poller.DefaultWaits
}

// A Runner runs functions. Its parts may be used beside it: the registry to
// change functions, the code store to add code, the journal to read.
type Runner struct {
	Registry *registry.Registry
	Code     *code.Store
	Journal  *journal.Journal
	Queue    *async.Queue
	Mappings *mapping.Set
	Stats    *stats.Ledger

	o       Options
	db      *bbolt.DB
	sandbox *sandbox.Sandbox
	pool    *pool.Pool[*environment]
	signer  signer
	tracer  oteltrace.Tracer
	metrics *metrics

	folders    *folders
	quiet      quiet
	ctx        context.Context // ends when the runner is closed
	end        context.CancelFunc
	preparing  sync.Map // of preparation, those under way
	background sync.WaitGroup
}

// startingAtOnce bounds how many instances of one function are started at a
// time, so that a burst does not start more processes than it needs.
const startingAtOnce = 100

// Open opens the runner's data folder, which only one runner can use at a time.
func Open(o Options) (_ *Runner, err error) {
	r := &Runner{o: o, quiet: quiet{free: debug.FreeOSMemory}}
	r.ctx, r.end = context.WithCancel(context.Background())
	defer func() {
		if err != nil {
			r.release()
		}
	}()
	if o.Data, err = filepath.Abs(o.Data); err != nil { // functions run in folders of their own
		return nil, err
	}
	r.o.Data = o.Data
	if r.db, err = openState(o.Data); err != nil {
		return nil, err
	}
	if r.sandbox, err = sandbox.New(o.Isolation, o.Data); err != nil {
		return nil, err
	}
	if r.Code, err = code.Open(filepath.Join(o.Data, "code"), o.Cache); err != nil {
		return nil, err
	}
	if r.Journal, err = journal.Open(filepath.Join(o.Data, "logs"), o.Logs); err != nil {
		return nil, err
	}
	if r.signer, err = newSigner(r.db); err != nil {
		return nil, err
	}
	if r.Stats, err = stats.Open(r.db); err != nil {
		return nil, err
	}
	r.tracer = otel.Tracer(scope)
	if r.metrics, err = newMetrics(); err != nil {
		return nil, err
	}
	if r.folders, err = newFolders(o.Data); err != nil {
		return nil, err
	}
	r.pool = pool.New(pool.Options[*environment]{
		New:         r.newEnvironment,
		Concurrency: o.Concurrency,
		Instances:   o.Concurrency, // of many functions, most idle: they hold memory too
		Starting:    startingAtOnce,
		KeepAlive:   o.KeepAlive,
	})
	if r.Registry, err = registry.Open(r.db, r.changed); err != nil {
		return nil, err
	}
	if r.Queue, err = async.Open(r.db, async.Options{Invoker: queued{r}, Policy: r.policy, Waits: o.Waits}); err != nil {
		return nil, err
	}
	if r.Mappings, err = mapping.Open(r.db, r.poll()); err != nil {
		return nil, err
	}
	if err = r.Stats.Keep(r.known); err != nil {
		return nil, err
	}
	r.background.Go(func() { r.folders.keep(r.ctx) })
	for _, f := range r.Registry.All() {
		r.changed(nil, f)
	}
	return r, nil
}

// openState opens the durable store. A folder that another runner uses is an
// error that says so.
func openState(data string) (*bbolt.DB, error) {
	if err := os.MkdirAll(data, 0o711); err != nil { // functions of other users pass through, and see nothing
		return nil, fmt.Errorf("make the data folder: %w: choose another with --data", err)
	}
	db, err := bbolt.Open(filepath.Join(data, "state.db"), 0o600, &bbolt.Options{Timeout: time.Second, FreelistType: bbolt.FreelistMapType})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, fmt.Errorf("the data folder %s is in use by another runner: stop it, or choose another folder with --data", data)
	}
	if errors.Is(err, fs.ErrPermission) {
		return nil, fmt.Errorf("the data folder %s cannot be used by this user (%w): choose another with --data", data, err)
	}
	if err != nil {
		return nil, fmt.Errorf("open the state in %s: %w", data, err)
	}
	return db, nil
}

// Sandbox tells what isolation there really is.
func (r *Runner) Sandbox() *sandbox.Sandbox { return r.sandbox }

// Concurrency is how many events may be under way at a time, over all functions.
func (r *Runner) Concurrency() int { return r.o.Concurrency }

// Counts tells how many instances there are of each configuration.
func (r *Runner) Counts() map[*function.Config]pool.Count { return r.pool.Counts() }

// Close ends every instance and closes the data folder. Run must have returned.
func (r *Runner) Close() {
	r.end()
	r.background.Wait()
	r.pool.Close()
	r.release()
}

func (r *Runner) release() {
	r.end()
	r.quiet.close()
	if r.Stats != nil {
		r.Stats.Close()
	}
	if r.Journal != nil {
		r.Journal.Close()
	}
	if r.sandbox != nil {
		if err := r.sandbox.Close(); err != nil {
			slog.Warn("the sandbox was not closed", "err", err)
		}
	}
	if r.db != nil {
		if err := r.db.Close(); err != nil {
			slog.Warn("the state was not closed", "err", err)
		}
	}
}

// changed makes the pool follow the registry.
func (r *Runner) changed(old, now *registry.Function) {
	r.quiet.work(time.Now())
	name := ""
	if now != nil {
		name = now.Latest.Name
		r.pool.Reserve(name, now.Reserved)
	} else {
		name = old.Latest.Name
		r.pool.Reserve(name, nil)
	}
	r.pool.Retire(func(c *function.Config) bool { return c.Name == name && !current(now, c) })
	r.forget(old, now)
	if now == nil {
		return
	}
	for _, c := range append([]*function.Config{now.Latest}, now.Versions...) {
		r.provision(old, now, c)
	}
	r.prepare(now)
}

// provision keeps as many instances of a version as are wanted by its number
// and by the aliases that mean it.
func (r *Runner) provision(old, now *registry.Function, c *function.Config) {
	if want := now.Provision(c.Version); want > 0 || old != nil && old.Provision(c.Version) > 0 {
		r.pool.Provision(c, want)
	}
}

// current tells whether a configuration is one of the function's as it is now.
func current(f *registry.Function, c *function.Config) bool {
	if f == nil {
		return false
	}
	now, err := f.Running(c.Version)
	return err == nil && now.Revision == c.Revision
}

// An environment is an instance, and when its code was had.
type environment struct {
	*instance.Environment
	fetching, fetched time.Time
}

// newEnvironment makes an instance, not started yet, with its code at hand.
func (r *Runner) newEnvironment(ctx context.Context, c *function.Config, provisioned bool, free func(*runtimeapi.Poll)) (*environment, error) {
	e := &environment{fetching: time.Now()}
	unpacked, err := r.Code.Fetch(ctx, c.Code)
	if err != nil {
		return nil, err
	}
	e.fetched = time.Now()
	tmp, err := r.folders.next()
	if err != nil {
		unpacked.Release()
		return nil, fmt.Errorf("make the folder of an instance of %s: %w", c.Name, err)
	}
	e.Environment = instance.New(instance.Options{
		Config:      c,
		Code:        unpacked,
		Sandbox:     r.sandbox,
		Stream:      r.Journal.Stream(c.Name, c.Version),
		Tmp:         tmp,
		Runner:      r.o.Addr,
		Credentials: r.signer.credentials(c.Name, c.Creation),
		Provisioned: provisioned,
		Freeze:      r.o.Freeze,
		Free:        free,
	})
	return e, nil
}
