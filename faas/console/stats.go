package console

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"

	"triptych/faas/function"
	"triptych/faas/stats"
)

// Stats is what /_/stats answers.
type Stats struct {
	Functions []Function `json:"functions"`
	Queues    []Events   `json:"queues"` // of functions that events were queued for
}

// A Function is the figures of one version, and its instances now. The latest
// version of a function is there even if it was never invoked.
type Function struct {
	stats.Figures
	Instances Instances `json:"instances"`
}

// Instances are how many there are now.
type Instances struct {
	Alive       int `json:"alive"` // initialised; idle or not
	Idle        int `json:"idle"`
	Starting    int `json:"starting"`
	Provisioned int `json:"provisioned"`
	UnderWay    int `json:"underWay"` // events they work on
	Waiting     int `json:"waiting"`  // events that wait for one
}

// Events are the queued events of a function, since the runner's start where it
// is about the past.
type Events struct {
	Function      string  `json:"function"`
	Queued        int     `json:"queued"` // those under way included
	UnderWay      int     `json:"underWay"`
	Oldest        float64 `json:"oldest"` // seconds since it was accepted
	Succeeded     int64   `json:"succeeded"`
	Retried       int64   `json:"retried"`
	Throttled     int64   `json:"throttled"`
	Dropped       int64   `json:"dropped"` // ended any other way than well
	Recursive     int64   `json:"recursive"`
	Undeliverable int64   `json:"undeliverable"` // records and dead letters that nobody took
}

func (c *console) stats(w http.ResponseWriter, _ *http.Request) error {
	queues, err := c.events()
	if err != nil {
		return fmt.Errorf("read the queue of events: %w", err)
	}
	return reply(w, Stats{Functions: c.functions(), Queues: queues})
}

type version struct{ name, version string }

func (c *console) functions() []Function {
	all := []Function{}
	place := map[version]int{}
	add := func(f stats.Figures) int {
		k := version{f.Function, f.Version}
		if _, ok := place[k]; !ok {
			place[k] = len(all)
			all = append(all, Function{Figures: f})
		}
		return place[k]
	}
	for _, f := range c.runner.Stats.Figures() {
		add(f)
	}
	for _, f := range c.runner.Registry.All() {
		add(stats.Figures{Function: f.Latest.Name, Version: function.Latest})
	}
	for config, n := range c.runner.Counts() { // there may be some of an older configuration
		i := &all[add(stats.Figures{Function: config.Name, Version: config.Version})].Instances
		i.Alive += n.Instances - n.Starting
		i.Idle += n.Idle
		i.Starting += n.Starting
		i.Provisioned += n.Provisioned
		i.UnderWay += n.UnderWay
		i.Waiting += n.Waiting
	}
	slices.SortFunc(all, func(a, b Function) int { return stats.Compare(a.Figures, b.Figures) })
	return all
}

func (c *console) events() ([]Events, error) {
	figures, err := c.runner.Queue.Stats()
	if err != nil {
		return nil, err
	}
	all := []Events{}
	for name, s := range figures {
		all = append(all, Events{
			Function:      name,
			Queued:        s.Queued,
			UnderWay:      s.UnderWay,
			Oldest:        s.Oldest.Seconds(),
			Succeeded:     s.Succeeded,
			Retried:       s.Retried,
			Throttled:     s.Throttled,
			Dropped:       s.Dropped,
			Recursive:     s.Recursive,
			Undeliverable: s.Undeliverable,
		})
	}
	slices.SortFunc(all, func(a, b Events) int { return cmp.Compare(a.Function, b.Function) })
	return all, nil
}
