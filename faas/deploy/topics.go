package deploy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"triptych/faas/sam"
)

// A Topic is a topic whose records are to be given to a function.
type Topic struct {
	sam.Topic
	Function string // with the alias, if there is one: NAME or NAME:ALIAS
}

// A TopicChange is what was done to the mapping of a topic to a function.
type TopicChange struct {
	Function, Topic string
	What            string // created, unchanged, updated, replaced or removed
	Problem         string // what keeps its records from being processed, as far as is known
}

// endpoint is the kind of source that a topic is.
const endpoint = string(types.EndPointTypeKafkaBootstrapServers)

// Topics makes the mappings of a stack what they are wanted to be. Those that the
// stack has and that are not wanted are removed, if they are of functions that
// cared says are the stack's to care for. Whose a mapping is says its tag, TagStack:
// one that was made by hand has none, and is left alone.
func Topics(ctx context.Context, client *lambda.Client, stack string, want []Topic, cared func(function string) bool) ([]TopicChange, error) {
	t := &topics{ctx: ctx, client: client, stack: stack}
	there, err := t.list()
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, m := range there {
		wanted := slices.ContainsFunc(want, func(w Topic) bool { return w.is(m.EventSourceMappingConfiguration) })
		if m.stack != stack || wanted || !cared(functionOf(m.FunctionArn)) {
			continue
		}
		if err := t.remove(*m.UUID); err != nil {
			errs = append(errs, fmt.Errorf("remove the topic %s of %s: %w", topicOf(m.EventSourceMappingConfiguration), nameOf(m.FunctionArn), err))
			continue
		}
		t.did(nameOf(m.FunctionArn), topicOf(m.EventSourceMappingConfiguration), "removed")
	}
	for _, w := range want {
		if err := t.make(w, there); err != nil {
			errs = append(errs, &TopicError{w, err})
		}
	}
	return t.changes, errors.Join(errs...)
}

// A TopicError says which topic was not mapped to its function.
type TopicError struct {
	Topic
	Err error
}

func (e *TopicError) Error() string {
	return fmt.Sprintf("give the topic %s to %s: %v", e.Name, e.Function, e.Err)
}

// Unwrap returns why.
func (e *TopicError) Unwrap() error { return e.Err }

// topics is one call of Topics, whose context it has.
type topics struct {
	ctx     context.Context
	client  *lambda.Client
	stack   string
	changes []TopicChange
}

func (t *topics) did(function, topic, what string) {
	t.changes = append(t.changes, TopicChange{Function: function, Topic: topic, What: what})
}

// A mapped is a mapping that is there, and whose it is.
type mapped struct {
	types.EventSourceMappingConfiguration
	stack string // empty when it was made by hand
}

func (t *topics) list() ([]mapped, error) {
	var all []mapped
	pages := lambda.NewListEventSourceMappingsPaginator(t.client, &lambda.ListEventSourceMappingsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.ctx)
		if err != nil {
			return nil, fmt.Errorf("list the mappings of topics: %w", err)
		}
		for _, m := range page.EventSourceMappings {
			tags, err := t.client.ListTags(t.ctx, &lambda.ListTagsInput{Resource: m.EventSourceMappingArn})
			if missing(err) {
				continue // somebody has removed it
			}
			if err != nil {
				return nil, fmt.Errorf("read the tags of mapping %s: %w", *m.UUID, err)
			}
			all = append(all, mapped{m, tags.Tags[TagStack]})
		}
	}
	return all, nil
}

// make creates a mapping, or updates the one that is there.
func (t *topics) make(w Topic, there []mapped) error {
	i := slices.IndexFunc(there, func(m mapped) bool { return w.is(m.EventSourceMappingConfiguration) })
	if i < 0 {
		return t.create(w, "created")
	}
	now := there[i]
	switch {
	case now.stack != t.stack:
		whose := "was made by hand"
		if now.stack != "" {
			whose = "belongs to the stack " + now.stack
		}
		return fmt.Errorf("there is a mapping of it already, %s, which %s: delete that, or leave the event out of the template", *now.UUID, whose)
	case w.needsNew(now.EventSourceMappingConfiguration):
		if err := t.remove(*now.UUID); err != nil {
			return err
		}
		return t.create(w, "replaced")
	case w.differs(now.EventSourceMappingConfiguration):
		return t.update(w, *now.UUID)
	}
	return t.see(w, *now.UUID, "unchanged")
}

func (t *topics) create(w Topic, what string) error {
	in := &lambda.CreateEventSourceMappingInput{
		FunctionName:                   &w.Function,
		SelfManagedEventSource:         &types.SelfManagedEventSource{Endpoints: map[string][]string{endpoint: w.Brokers}},
		Topics:                         []string{w.Name},
		StartingPosition:               types.EventSourcePosition(w.Start),
		Enabled:                        &w.Enabled,
		BatchSize:                      aws.Int32(int32(w.BatchSize)),
		MaximumBatchingWindowInSeconds: int32s(w.Window),
		FunctionResponseTypes:          w.responses(),
		BisectBatchOnFunctionError:     &w.Bisect,
		MaximumRetryAttempts:           aws.Int32(int32(w.Retries)),
		MaximumRecordAgeInSeconds:      aws.Int32(int32(w.MaxAge)),
		DestinationConfig:              w.destination(),
		Tags:                           map[string]string{TagStack: t.stack},
	}
	if w.Group != "" {
		in.SelfManagedKafkaEventSourceConfig = &types.SelfManagedKafkaEventSourceConfig{ConsumerGroupId: &w.Group}
	}
	if !w.StartAt.IsZero() {
		in.StartingPositionTimestamp = &w.StartAt
	}
	out, err := t.client.CreateEventSourceMapping(t.ctx, in)
	if err != nil {
		return err
	}
	return t.see(w, *out.UUID, what)
}

func (t *topics) update(w Topic, id string) error {
	if _, err := t.settled(id); err != nil {
		return err
	}
	_, err := t.client.UpdateEventSourceMapping(t.ctx, &lambda.UpdateEventSourceMappingInput{
		UUID:                           &id,
		Enabled:                        &w.Enabled,
		BatchSize:                      aws.Int32(int32(w.BatchSize)),
		MaximumBatchingWindowInSeconds: int32s(w.Window),
		FunctionResponseTypes:          w.responses(),
		BisectBatchOnFunctionError:     &w.Bisect,
		MaximumRetryAttempts:           aws.Int32(int32(w.Retries)),
		MaximumRecordAgeInSeconds:      aws.Int32(int32(w.MaxAge)),
		DestinationConfig:              w.destination(),
	})
	if err != nil {
		return err
	}
	return t.see(w, id, "updated")
}

// see notes what was done to a mapping, and how it is once that holds.
func (t *topics) see(w Topic, id, what string) error {
	now, err := t.settled(id)
	if err != nil {
		return err
	}
	t.did(w.Function, w.Name, what)
	if problem, is := strings.CutPrefix(aws.ToString(now.LastProcessingResult), "PROBLEM: "); is {
		t.changes[len(t.changes)-1].Problem = problem
	}
	return nil
}

func (t *topics) remove(id string) error {
	if _, err := t.settled(id); err != nil {
		return err
	}
	if _, err := t.client.DeleteEventSourceMapping(t.ctx, &lambda.DeleteEventSourceMappingInput{UUID: &id}); err != nil {
		return err
	}
	_, err := t.settled(id)
	if missing(err) {
		return nil
	}
	return err
}

// settled waits until a mapping is no longer on its way to something else.
func (t *topics) settled(id string) (*lambda.GetEventSourceMappingOutput, error) {
	for end := time.Now().Add(patience); ; {
		out, err := t.client.GetEventSourceMapping(t.ctx, &lambda.GetEventSourceMappingInput{UUID: &id})
		if err != nil {
			return nil, err
		}
		switch *out.State {
		case "Enabled", "Disabled":
			return out, nil
		}
		if time.Now().After(end) {
			return nil, fmt.Errorf("it is still %s after %s", *out.State, patience)
		}
		select {
		case <-t.ctx.Done():
			return nil, t.ctx.Err()
		case <-time.After(soon):
		}
	}
}
