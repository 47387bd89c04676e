package api_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/segmentio/kafka-go"

	"triptych/faas/api"
	"triptych/internal/kafka/kafkatest"
	"triptych/internal/waittest"
)

// of asks for a mapping as the official client does.
func of(name, brokers, topic string, changes ...func(*lambda.CreateEventSourceMappingInput)) *lambda.CreateEventSourceMappingInput {
	in := &lambda.CreateEventSourceMappingInput{
		FunctionName:           &name,
		SelfManagedEventSource: &types.SelfManagedEventSource{Endpoints: map[string][]string{"KAFKA_BOOTSTRAP_SERVERS": {brokers}}},
		Topics:                 []string{topic},
		StartingPosition:       types.EventSourcePositionTrimHorizon,
	}
	for _, change := range changes {
		change(in)
	}
	return in
}

// running is a served runner that does what it has accepted.
func running(t *testing.T) *served {
	t.Helper()
	s := serve(t, api.Options{})
	waittest.Beside(t, s.runner.Run)
	return s
}

func (s *served) mappingIs(id, state string) *lambda.GetEventSourceMappingOutput {
	s.t.Helper()
	var out *lambda.GetEventSourceMappingOutput
	waittest.Until(s.t, "the mapping to be "+state, func() bool {
		var err error
		out, err = s.GetEventSourceMapping(s.t.Context(), &lambda.GetEventSourceMappingInput{UUID: &id})
		ok(s.t, err)
		return *out.State == state
	})
	return out
}

func (s *served) mappingIsGone(id string) {
	s.t.Helper()
	waittest.Until(s.t, "the mapping to be gone", func() bool {
		_, err := s.GetEventSourceMapping(s.t.Context(), &lambda.GetEventSourceMappingInput{UUID: &id})
		if err != nil {
			failed(s.t, err, "ResourceNotFoundException", "there is no event source mapping")
		}
		return err != nil
	})
}

// createTopic makes a topic with one partition.
func createTopic(t *testing.T, brokers, topic string) *kafka.Client {
	t.Helper()
	transport := &kafka.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	client := &kafka.Client{Addr: kafka.TCP(brokers), Transport: transport}
	made, err := client.CreateTopics(t.Context(), &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{{Topic: topic, NumPartitions: 1, ReplicationFactor: 1}}})
	ok(t, err)
	ok(t, made.Errors[topic])
	return client
}

// A mapping lives as the official client expects it to.
func TestMappings(t *testing.T) {
	s := running(t)
	brokers, topic := kafkatest.Brokers(t), kafkatest.Name(t, "orders")
	createTopic(t, brokers, topic)
	s.must("a")
	ctx := t.Context()

	made, err := s.CreateEventSourceMapping(ctx, of("a", brokers, topic))
	ok(t, err)
	want := &lambda.CreateEventSourceMappingOutput{
		UUID:                              made.UUID,
		EventSourceMappingArn:             aws.String("arn:aws:lambda:us-east-1:000000000000:event-source-mapping:" + *made.UUID),
		FunctionArn:                       aws.String("arn:aws:lambda:us-east-1:000000000000:function:a"),
		State:                             aws.String("Creating"),
		StateTransitionReason:             aws.String("USER_INITIATED"),
		LastProcessingResult:              aws.String("No records processed"),
		LastModified:                      made.LastModified,
		SelfManagedEventSource:            &types.SelfManagedEventSource{Endpoints: map[string][]string{"KAFKA_BOOTSTRAP_SERVERS": {brokers}}},
		SelfManagedKafkaEventSourceConfig: &types.SelfManagedKafkaEventSourceConfig{ConsumerGroupId: made.UUID},
		SourceAccessConfigurations:        []types.SourceAccessConfiguration{},
		Topics:                            []string{topic},
		StartingPosition:                  types.EventSourcePositionTrimHorizon,
		BatchSize:                         aws.Int32(100),
		FunctionResponseTypes:             []types.FunctionResponseType{},
		BisectBatchOnFunctionError:        aws.Bool(false),
		MaximumRetryAttempts:              aws.Int32(-1),
		MaximumRecordAgeInSeconds:         aws.Int32(-1),
		DestinationConfig:                 &types.DestinationConfig{OnFailure: &types.OnFailure{}},
		ResultMetadata:                    made.ResultMetadata,
	}
	if diff := cmp.Diff(want, made, cmpopts.IgnoreUnexported(lambda.CreateEventSourceMappingOutput{}, types.SelfManagedEventSource{}, types.SelfManagedKafkaEventSourceConfig{},
		types.DestinationConfig{}, types.OnFailure{}), cmpopts.IgnoreFields(lambda.CreateEventSourceMappingOutput{}, "ResultMetadata")); diff != "" {
		t.Errorf("created (-want +got):\n%s", diff)
	}
	if age := time.Since(*made.LastModified); age > time.Minute || age < -time.Minute {
		t.Errorf("it was modified %s ago", age)
	}
	s.mappingIs(*made.UUID, "Enabled")

	updated, err := s.UpdateEventSourceMapping(ctx, &lambda.UpdateEventSourceMappingInput{
		UUID: made.UUID, BatchSize: aws.Int32(7), Enabled: aws.Bool(false), MaximumBatchingWindowInSeconds: aws.Int32(3),
		FunctionResponseTypes:      []types.FunctionResponseType{types.FunctionResponseTypeReportBatchItemFailures},
		BisectBatchOnFunctionError: aws.Bool(true), MaximumRetryAttempts: aws.Int32(2), MaximumRecordAgeInSeconds: aws.Int32(60),
		DestinationConfig: &types.DestinationConfig{OnFailure: &types.OnFailure{Destination: aws.String("arn:aws:sqs:us-east-1:000000000000:dead")}},
	})
	ok(t, err)
	if *updated.State != "Disabling" {
		t.Errorf("it is %s, want Disabling", *updated.State)
	}
	got := s.mappingIs(*made.UUID, "Disabled")
	type some struct {
		BatchSize, Window, Retries, Age int32
		Bisect                          bool
		Types                           int
		Failure                         string
	}
	if diff := cmp.Diff(some{7, 3, 2, 60, true, 1, "arn:aws:sqs:us-east-1:000000000000:dead"}, some{*got.BatchSize, *got.MaximumBatchingWindowInSeconds, *got.MaximumRetryAttempts,
		*got.MaximumRecordAgeInSeconds, *got.BisectBatchOnFunctionError, len(got.FunctionResponseTypes), *got.DestinationConfig.OnFailure.Destination}); diff != "" {
		t.Errorf("updated (-want +got):\n%s", diff)
	}
	updated, err = s.UpdateEventSourceMapping(ctx, &lambda.UpdateEventSourceMappingInput{UUID: made.UUID, Enabled: aws.Bool(true)})
	ok(t, err)
	if *updated.State != "Enabling" {
		t.Errorf("it is %s, want Enabling", *updated.State)
	}
	s.mappingIs(*made.UUID, "Enabled")

	deleted, err := s.DeleteEventSourceMapping(ctx, &lambda.DeleteEventSourceMappingInput{UUID: made.UUID})
	ok(t, err)
	if *deleted.State != "Deleting" {
		t.Errorf("it is %s, want Deleting", *deleted.State)
	}
	s.mappingIsGone(*made.UUID)
}

// A mapping wakes a function from zero, as soon as that is not switched off.
func TestRecordsWakeAFunction(t *testing.T) {
	s := running(t)
	brokers, topic := kafkatest.Brokers(t), kafkatest.Name(t, "orders")
	client := createTopic(t, brokers, topic)
	s.must("a")
	_, err := s.PutFunctionConcurrency(t.Context(), &lambda.PutFunctionConcurrencyInput{FunctionName: aws.String("a"), ReservedConcurrentExecutions: aws.Int32(0)})
	ok(t, err)
	made, err := s.CreateEventSourceMapping(t.Context(), of("a", brokers, topic))
	ok(t, err)
	out, err := client.Produce(t.Context(), &kafka.ProduceRequest{Topic: topic, RequiredAcks: kafka.RequireAll,
		Records: kafka.NewRecordReader(kafka.Record{Value: kafka.NewBytes([]byte("hello"))})})
	ok(t, err)
	ok(t, out.Error)
	says := func(result string) {
		t.Helper()
		waittest.Until(t, "the mapping to say "+result, func() bool {
			got, err := s.GetEventSourceMapping(t.Context(), &lambda.GetEventSourceMappingInput{UUID: made.UUID})
			ok(t, err)
			return *got.LastProcessingResult == result
		})
	}
	says("PROBLEM: the function a was not called: it is switched off, by a reserved concurrency of 0")
	_, err = s.DeleteFunctionConcurrency(t.Context(), &lambda.DeleteFunctionConcurrencyInput{FunctionName: aws.String("a")})
	ok(t, err)
	says("OK")
}

// Lists are cut and filtered as others are.
func TestMappingsAreListed(t *testing.T) {
	s := serve(t, api.Options{})
	s.must("a")
	s.must("b")
	for _, topic := range []string{"one", "two", "three"} {
		for _, name := range []string{"a", "b"} {
			_, err := s.CreateEventSourceMapping(t.Context(), of(name, "127.0.0.1:1", topic))
			ok(t, err)
		}
	}
	list := func(in lambda.ListEventSourceMappingsInput) (n int) {
		t.Helper()
		pages := lambda.NewListEventSourceMappingsPaginator(s, &in)
		for pages.HasMorePages() {
			page, err := pages.NextPage(t.Context())
			ok(t, err)
			if len(page.EventSourceMappings) > 2 && in.MaxItems != nil {
				t.Errorf("a page has %d mappings, want at most 2", len(page.EventSourceMappings))
			}
			n += len(page.EventSourceMappings)
		}
		return n
	}
	for _, c := range []struct {
		in   lambda.ListEventSourceMappingsInput
		want int
	}{
		{lambda.ListEventSourceMappingsInput{MaxItems: aws.Int32(2)}, 6},
		{lambda.ListEventSourceMappingsInput{FunctionName: aws.String("a")}, 3},
		{lambda.ListEventSourceMappingsInput{FunctionName: aws.String("arn:aws:lambda:us-east-1:000000000000:function:b")}, 3},
		{lambda.ListEventSourceMappingsInput{FunctionName: aws.String("a:7")}, 0},
		{lambda.ListEventSourceMappingsInput{EventSourceArn: aws.String("arn:aws:sqs:us-east-1:000000000000:q")}, 0},
	} {
		if got := list(c.in); got != c.want {
			t.Errorf("%+v lists %d, want %d", c.in, got, c.want)
		}
	}
}

// What this runner does not have is refused in a sentence.
func TestMappingsThatAreRefused(t *testing.T) {
	s := serve(t, api.Options{})
	s.must("a")
	type input = lambda.CreateEventSourceMappingInput
	const invalid = "InvalidParameterValueException"
	for _, c := range []struct {
		change        func(*input)
		kind, message string
	}{
		{func(in *input) { in.FunctionName = aws.String("b") }, "ResourceNotFoundException", "Function not found"},
		{func(in *input) { in.FunctionName = aws.String("a:live") }, "ResourceNotFoundException", "Function not found"},
		{func(in *input) { in.EventSourceArn = aws.String("arn:aws:sqs:us-east-1:000000000000:q") }, invalid, "EventSourceArn is given, and this runner maps functions to topics of self-managed Kafka alone"},
		{func(in *input) { in.SelfManagedEventSource = nil }, invalid, "SelfManagedEventSource must have"},
		{func(in *input) { in.SelfManagedEventSource.Endpoints = map[string][]string{"OTHER": {"a:1"}} }, invalid, "SelfManagedEventSource must have"},
		{func(in *input) { in.Topics = nil }, invalid, "Topics has 0 names"},
		{func(in *input) { in.Topics = []string{"a", "b"} }, invalid, "Topics has 2 names"},
		{func(in *input) { in.BatchSize = aws.Int32(0) }, invalid, "BatchSize is 0"},
		{func(in *input) { in.MaximumRecordAgeInSeconds = aws.Int32(0) }, invalid, "MaximumRecordAgeInSeconds"},
		{func(in *input) { in.StartingPosition = types.EventSourcePositionAtTimestamp }, invalid, "needs a StartingPositionTimestamp"},
		{func(in *input) {
			in.FilterCriteria = &types.FilterCriteria{Filters: []types.Filter{{Pattern: aws.String("{}")}}}
		}, invalid, "filters no records"},
		{func(in *input) { in.Queues = []string{"q"} }, invalid, "Queues are given"},
		{func(in *input) { in.ParallelizationFactor = aws.Int32(2) }, invalid, "ParallelizationFactor is for Kinesis"},
		{func(in *input) { in.ScalingConfig = &types.ScalingConfig{} }, invalid, "ScalingConfig is for SQS"},
		{func(in *input) {
			in.SelfManagedKafkaEventSourceConfig = &types.SelfManagedKafkaEventSourceConfig{SchemaRegistryConfig: &types.KafkaSchemaRegistryConfig{}}
		}, invalid, "asks no schema registry"},
		{func(in *input) {
			in.SelfManagedKafkaEventSourceConfig = &types.SelfManagedKafkaEventSourceConfig{ConsumptionMode: types.KafkaEventSourceMappingConsumptionModeQueue}
		}, invalid, "ConsumptionMode must be Stream"},
		{func(in *input) {
			in.DestinationConfig = &types.DestinationConfig{OnSuccess: &types.OnSuccess{Destination: aws.String("arn:aws:sqs:us-east-1:000000000000:q")}}
		}, invalid, "OnSuccess"},
		{func(in *input) {
			in.DestinationConfig = &types.DestinationConfig{OnFailure: &types.OnFailure{Destination: aws.String("arn:aws:s3:::bucket")}}
		}, invalid, "use the ARN of a queue"},
		{func(in *input) { in.Tags = map[string]string{"aws:x": "y"} }, invalid, "aws:"},
	} {
		_, err := s.CreateEventSourceMapping(t.Context(), of("a", "127.0.0.1:1", "orders", c.change))
		failed(t, err, c.kind, c.message)
	}

	made, err := s.CreateEventSourceMapping(t.Context(), of("a", "127.0.0.1:1", "orders"))
	ok(t, err)
	_, err = s.CreateEventSourceMapping(t.Context(), of("a", "127.0.0.1:1", "orders"))
	failed(t, err, "ResourceConflictException", *made.UUID)
	_, err = s.UpdateEventSourceMapping(t.Context(), &lambda.UpdateEventSourceMappingInput{UUID: made.UUID, BatchSize: aws.Int32(1)})
	failed(t, err, "ResourceInUseException", "it is Creating") // as nothing runs here
	_, err = s.DeleteEventSourceMapping(t.Context(), &lambda.DeleteEventSourceMappingInput{UUID: made.UUID})
	failed(t, err, "ResourceInUseException", "it is Creating")
	_, err = s.GetEventSourceMapping(t.Context(), &lambda.GetEventSourceMappingInput{UUID: aws.String("x")})
	failed(t, err, "ResourceNotFoundException", "there is no event source mapping x")
}

// Mappings have tags, as functions have.
func TestMappingsHaveTags(t *testing.T) {
	s := serve(t, api.Options{})
	s.must("a")
	made, err := s.CreateEventSourceMapping(t.Context(), of("a", "127.0.0.1:1", "orders", func(in *lambda.CreateEventSourceMappingInput) { in.Tags = map[string]string{"a": "1", "b": "2"} }))
	ok(t, err)
	_, err = s.TagResource(t.Context(), &lambda.TagResourceInput{Resource: made.EventSourceMappingArn, Tags: map[string]string{"b": "3", "c": "4"}})
	ok(t, err)
	_, err = s.UntagResource(t.Context(), &lambda.UntagResourceInput{Resource: made.EventSourceMappingArn, TagKeys: []string{"a"}})
	ok(t, err)
	out, err := s.ListTags(t.Context(), &lambda.ListTagsInput{Resource: made.EventSourceMappingArn})
	ok(t, err)
	if diff := cmp.Diff(map[string]string{"b": "3", "c": "4"}, out.Tags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	_, err = s.ListTags(t.Context(), &lambda.ListTagsInput{Resource: aws.String("arn:aws:lambda:us-east-1:000000000000:event-source-mapping:x")})
	failed(t, err, "ResourceNotFoundException", "x")
}
