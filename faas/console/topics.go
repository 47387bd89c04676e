package console

import (
	"net/http"

	"triptych/faas/function"
	"triptych/faas/mapping"
)

// Topics is what /_/topics answers.
type Topics struct {
	Topics []Topic `json:"topics"`
}

// A Topic is mapped to a function: its records wake it.
type Topic struct {
	ID         string      `json:"id"` // of the mapping, a UUID
	Topic      string      `json:"topic"`
	Function   string      `json:"function"` // its ARN, with the version or the alias if one was named
	Group      string      `json:"group"`
	Brokers    []string    `json:"brokers"`
	State      string      `json:"state"`      // of Lambda's
	Result     string      `json:"result"`     // Lambda's LastProcessingResult
	Partitions []Partition `json:"partitions"` // that are being read
}

// A Partition says how far it has been read.
type Partition struct {
	ID   int   `json:"id"`
	Next int64 `json:"next"` // offset of the first record that is not done
	Lag  int64 `json:"lag"`  // records that are not done
}

func (c *console) topics(w http.ResponseWriter, _ *http.Request) error {
	all := Topics{Topics: []Topic{}}
	for _, m := range c.runner.Mappings.All() {
		all.Topics = append(all.Topics, toTopic(m))
	}
	return reply(w, all)
}

func toTopic(m mapping.View) Topic {
	t := Topic{
		ID: m.ID, Topic: m.Topic, Function: function.ARN(m.Ref.Name, m.Ref.Qualifier), Group: m.Group, Brokers: m.Brokers,
		State: string(m.State), Result: m.Result, Partitions: []Partition{},
	}
	for _, p := range m.Partitions {
		t.Partitions = append(t.Partitions, Partition{p.ID, p.Next, p.Lag()})
	}
	return t
}
