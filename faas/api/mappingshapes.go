package api

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"triptych/faas/function"
	"triptych/faas/mapping"
)

// userInitiated is why a mapping is in its state: somebody wanted it so.
const userInitiated = "USER_INITIATED"

// bootstrapServers is the only kind of endpoint that there is.
const bootstrapServers = "KAFKA_BOOTSTRAP_SERVERS"

const reportFailures = "ReportBatchItemFailures"

type (
	selfManaged struct {
		Endpoints map[string][]string
	}
	kafkaConfig struct {
		ConsumerGroupId      string          `json:",omitempty"`
		ConsumptionMode      string          `json:",omitempty"`
		SchemaRegistryConfig json.RawMessage `json:",omitempty"`
	}
	failureConfig struct{ OnFailure destination }
)

// An eventSourceMapping is Lambda's EventSourceMappingConfiguration.
type eventSourceMapping struct {
	UUID                  string
	EventSourceMappingArn string
	FunctionArn           string
	State                 string
	StateTransitionReason string
	LastProcessingResult  string
	LastModified          float64 // seconds since 1970

	SelfManagedEventSource            selfManaged
	SelfManagedKafkaEventSourceConfig kafkaConfig
	SourceAccessConfigurations        []mapping.Access
	Topics                            []string
	StartingPosition                  string
	StartingPositionTimestamp         *float64 `json:",omitempty"` // seconds since 1970

	BatchSize                      int
	MaximumBatchingWindowInSeconds *int `json:",omitempty"` // not said of the default, which is half a second
	FunctionResponseTypes          []string
	BisectBatchOnFunctionError     bool
	MaximumRetryAttempts           int
	MaximumRecordAgeInSeconds      int
	DestinationConfig              failureConfig
	ProvisionedPollerConfig        *mapping.Pollers `json:",omitempty"`
}

func toMapping(v mapping.View) eventSourceMapping {
	out := eventSourceMapping{
		UUID:                              v.ID,
		EventSourceMappingArn:             mapping.ARN(v.ID),
		FunctionArn:                       function.ARN(v.Ref.Name, v.Ref.Qualifier),
		State:                             string(v.State),
		StateTransitionReason:             userInitiated,
		LastProcessingResult:              v.Result,
		LastModified:                      epoch(v.Modified),
		SelfManagedEventSource:            selfManaged{map[string][]string{bootstrapServers: v.Brokers}},
		SelfManagedKafkaEventSourceConfig: kafkaConfig{ConsumerGroupId: v.Group},
		SourceAccessConfigurations:        append([]mapping.Access{}, v.Access...),
		Topics:                            []string{v.Topic},
		StartingPosition:                  v.Start,
		BatchSize:                         v.BatchSize,
		FunctionResponseTypes:             []string{},
		BisectBatchOnFunctionError:        v.Bisect,
		MaximumRetryAttempts:              v.Retries,
		MaximumRecordAgeInSeconds:         mapping.Forever,
		DestinationConfig:                 failureConfig{destination{v.OnFailure}},
		ProvisionedPollerConfig:           v.Pollers,
	}
	if !v.StartAt.IsZero() {
		at := epoch(v.StartAt)
		out.StartingPositionTimestamp = &at
	}
	if v.Windowed {
		seconds := int(v.Window / time.Second)
		out.MaximumBatchingWindowInSeconds = &seconds
	}
	if v.ReportFailures {
		out.FunctionResponseTypes = []string{reportFailures}
	}
	if v.MaxAge > 0 {
		out.MaximumRecordAgeInSeconds = int(v.MaxAge / time.Second)
	}
	return out
}

func epoch(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// newMapping is what a request says of a mapping. What is nil stays as it is.
type newMapping struct {
	FunctionName                      *string
	SelfManagedEventSource            *selfManaged
	SelfManagedKafkaEventSourceConfig *kafkaConfig
	SourceAccessConfigurations        []mapping.Access
	Topics                            []string
	StartingPosition                  *string
	StartingPositionTimestamp         *float64
	Enabled                           *bool
	BatchSize                         *int
	MaximumBatchingWindowInSeconds    *int
	FunctionResponseTypes             *[]string
	BisectBatchOnFunctionError        *bool
	MaximumRetryAttempts              *int
	MaximumRecordAgeInSeconds         *int
	DestinationConfig                 *destinationConfig
	ProvisionedPollerConfig           *mapping.Pollers
	Tags                              map[string]string

	// Of other sources, or not here.
	EventSourceArn                      *string
	AmazonManagedKafkaEventSourceConfig json.RawMessage
	DocumentDBEventSourceConfig         json.RawMessage
	FilterCriteria                      *struct{ Filters []json.RawMessage }
	KMSKeyArn                           *string
	LoggingConfig                       json.RawMessage
	MetricsConfig                       json.RawMessage
	ParallelizationFactor               *int
	Queues                              []string
	ScalingConfig                       json.RawMessage
	TumblingWindowInSeconds             *int
}

// refuse says what this runner does not have.
func (in *newMapping) refuse() error {
	const only = "this runner maps functions to topics of self-managed Kafka alone: name its brokers in SelfManagedEventSource"
	config := in.SelfManagedKafkaEventSourceConfig
	for _, no := range []struct {
		is   bool
		what string
	}{
		{says(in.EventSourceArn), "EventSourceArn is given, and " + only},
		{in.AmazonManagedKafkaEventSourceConfig != nil, "AmazonManagedKafkaEventSourceConfig is given, and " + only},
		{in.DocumentDBEventSourceConfig != nil, "DocumentDBEventSourceConfig is given, and " + only},
		{len(in.Queues) > 0, "Queues are given, and " + only},
		{in.ScalingConfig != nil, "ScalingConfig is for SQS, and " + only},
		{in.ParallelizationFactor != nil, "ParallelizationFactor is for Kinesis and DynamoDB, and " + only},
		{in.TumblingWindowInSeconds != nil && *in.TumblingWindowInSeconds != 0, "TumblingWindowInSeconds is for Kinesis and DynamoDB, and " + only},
		{in.FilterCriteria != nil && len(in.FilterCriteria.Filters) > 0, "FilterCriteria are given, and this runner filters no records: have the function pass over those that it does not want"},
		{says(in.KMSKeyArn), "KMSKeyArn is given, and this runner encrypts no filters: leave it out"},
		{in.LoggingConfig != nil, "LoggingConfig is given, and this runner keeps no log of mappings: leave it out"},
		{in.MetricsConfig != nil, "MetricsConfig is given, and this runner has no such metrics: leave it out"},
		{in.DestinationConfig != nil && in.DestinationConfig.OnSuccess.Destination != "", "DestinationConfig has an OnSuccess, which mappings do not have: only OnFailure"},
		{in.FunctionResponseTypes != nil && slices.ContainsFunc(*in.FunctionResponseTypes, func(t string) bool { return t != reportFailures }),
			"FunctionResponseTypes can have " + reportFailures + " alone"},
		{config != nil && config.SchemaRegistryConfig != nil, "SchemaRegistryConfig is given, and this runner asks no schema registry: have the function read what records hold"},
		{config != nil && config.ConsumptionMode != "" && config.ConsumptionMode != "Stream", "ConsumptionMode must be Stream: this runner reads topics in order"},
	} {
		if no.is {
			return function.Invalid("%s", no.what)
		}
	}
	return nil
}

// says reports whether a text is there.
func says(s *string) bool { return s != nil && *s != "" }

// source reads what cannot be changed later.
func (in *newMapping) source(m *mapping.Mapping) error {
	if in.SelfManagedEventSource == nil || len(in.SelfManagedEventSource.Endpoints) != 1 || in.SelfManagedEventSource.Endpoints[bootstrapServers] == nil {
		return function.Invalid("SelfManagedEventSource must have the addresses of Kafka brokers, and nothing else, under Endpoints: {%s: [host:port]}", bootstrapServers)
	}
	m.Brokers = in.SelfManagedEventSource.Endpoints[bootstrapServers]
	if len(in.Topics) != 1 {
		return function.Invalid("Topics has %d names: a mapping reads exactly one topic", len(in.Topics))
	}
	m.Topic = in.Topics[0]
	if in.SelfManagedKafkaEventSourceConfig != nil {
		m.Group = in.SelfManagedKafkaEventSourceConfig.ConsumerGroupId
	}
	if in.StartingPosition != nil {
		m.Start = *in.StartingPosition
	}
	if at := in.StartingPositionTimestamp; at != nil {
		m.StartAt = time.UnixMilli(int64(*at * 1000)).UTC()
	}
	return nil
}

// fixed refuses to change what a mapping reads, and as whom.
func (in *newMapping) fixed(m *mapping.Mapping) error {
	const how = "it cannot be changed: delete the mapping, and create another"
	config := in.SelfManagedKafkaEventSourceConfig
	switch {
	case in.SelfManagedEventSource != nil && !slices.Equal(in.SelfManagedEventSource.Endpoints[bootstrapServers], m.Brokers):
		return function.Invalid("The source of the mapping is %s, and %s", strings.Join(m.Brokers, ","), how)
	case len(in.Topics) > 0 && !slices.Equal(in.Topics, []string{m.Topic}):
		return function.Invalid("The topic of the mapping is %s, and %s", m.Topic, how)
	case config != nil && config.ConsumerGroupId != "" && config.ConsumerGroupId != m.Group:
		return function.Invalid("The consumer group of the mapping is %s, and %s", m.Group, how)
	case in.StartingPosition != nil && *in.StartingPosition != m.Start:
		return function.Invalid("The starting position of the mapping is %s, and %s", m.Start, how)
	}
	return nil
}

// apply changes what is said.
func (in *newMapping) apply(m *mapping.Mapping) {
	set(&m.Enabled, in.Enabled)
	set(&m.BatchSize, in.BatchSize)
	set(&m.Bisect, in.BisectBatchOnFunctionError)
	set(&m.Retries, in.MaximumRetryAttempts)
	if n := in.MaximumBatchingWindowInSeconds; n != nil {
		m.Window, m.Windowed = time.Duration(*n)*time.Second, true
	}
	if n := in.MaximumRecordAgeInSeconds; n != nil {
		m.MaxAge = time.Duration(*n) * time.Second
		if *n == mapping.Forever {
			m.MaxAge = 0
		} else if *n == 0 {
			m.MaxAge = time.Second // which is less than is allowed, and not any age
		}
	}
	if types := in.FunctionResponseTypes; types != nil {
		m.ReportFailures = slices.Contains(*types, reportFailures)
	}
	if d := in.DestinationConfig; d != nil {
		m.OnFailure = d.OnFailure.Destination
	}
	if in.SourceAccessConfigurations != nil {
		m.Access = in.SourceAccessConfigurations
	}
	if in.ProvisionedPollerConfig != nil {
		m.Pollers = in.ProvisionedPollerConfig
	}
}
