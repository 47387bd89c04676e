package sam

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestTopicsAreRead(t *testing.T) {
	text := property(`Events:
  Few:
    Type: SelfManagedKafka
    Properties: {KafkaBootstrapServers: [kafka:9092], Topics: [orders]}
  All:
    Type: SelfManagedKafka
    Properties:
      KafkaBootstrapServers: [a:1, b:2]
      Topics: [payments]
      ConsumerGroupId: !Sub "${AWS::StackName}-ship"
      StartingPosition: AT_TIMESTAMP
      StartingPositionTimestamp: 1790000000.5
      Enabled: false
      BatchSize: 7
      MaximumBatchingWindowInSeconds: 3
      FunctionResponseTypes: [ReportBatchItemFailures]
      BisectBatchOnFunctionError: true
      MaximumRetryAttempts: 0
      MaximumRecordAgeInSeconds: 60
      DestinationConfig: {OnFailure: {Type: Kafka, Destination: "kafka://dead"}}
      SourceAccessConfigurations: [{Type: VPC_SUBNET, URI: "subnet:a"}]
      ProvisionedPollerConfig: {MinimumPollers: 1}`)
	got, err := parse("t.yaml", []byte(text), map[string]string{"AWS::StackName": "shop"})
	if err != nil {
		t.Fatal(err)
	}
	want := []Topic{
		{ID: "Few", Line: 7, Brokers: []string{"kafka:9092"}, Name: "orders", Start: "TRIM_HORIZON", Enabled: true, BatchSize: 100, Retries: -1, MaxAge: -1},
		{ID: "All", Line: 10, Brokers: []string{"a:1", "b:2"}, Name: "payments", Group: "shop-ship", Start: "AT_TIMESTAMP", StartAt: time.UnixMilli(1790000000500).UTC(),
			BatchSize: 7, Window: new(3), ReportFailures: true, Bisect: true, Retries: 0, MaxAge: 60, OnFailure: "kafka://dead"},
	}
	if diff := cmp.Diff(want, got.Functions[0].Topics, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("topics (-want +got):\n%s", diff)
	}
}

func TestTopicsThatAreNotInOrder(t *testing.T) {
	topic := func(properties string) string {
		return property("Events:\n  E:\n    Type: SelfManagedKafka\n    Properties: {" + properties + "}")
	}
	const enough = "KafkaBootstrapServers: [a:1], Topics: [t]"
	for _, c := range []struct{ name, text, want string }{
		{"no properties", property("Events: {E: {Type: SelfManagedKafka}}"), "6: the event E has no Properties: write KafkaBootstrapServers and Topics"},
		{"no brokers", topic("Topics: [t]"), "7: the event E has no KafkaBootstrapServers: write it in its Properties"},
		{"no topic", topic("KafkaBootstrapServers: [a:1]"), "7: the event E has no Topics: write it in its Properties"},
		{"another word", topic(enough + ", Batchsize: 1"), "9: The event E has no property \"Batchsize\" (did you mean BatchSize?): correct its name or leave it out"},
		{"an empty list of brokers", topic("KafkaBootstrapServers: [], Topics: [t]"), "9: KafkaBootstrapServers names no broker: write at least one, as host:port"},
		{"no port", topic("KafkaBootstrapServers: [a], Topics: [t]"), `9: KafkaBootstrapServers: the bootstrap server "a" is no address of a Kafka broker: write host:port`},
		{"two topics", topic("KafkaBootstrapServers: [a:1], Topics: [t, u]"), "9: Topics has 2 names: an event reads exactly one topic, write an event for each"},
		{"a topic that cannot be", topic("KafkaBootstrapServers: [a:1], Topics: [t u]"), `9: Topics: the topic "t u" is not valid: use 1 to 249 letters, digits, hyphens, underscores and dots`},
		{"a large batch", topic(enough + ", BatchSize: 10001"), `9: BatchSize must be a whole number from 1 to 10000, not "10001"`},
		{"a long window", topic(enough + ", MaximumBatchingWindowInSeconds: 301"), `9: MaximumBatchingWindowInSeconds must be a whole number from 0 to 300, not "301"`},
		{"a short age", topic(enough + ", MaximumRecordAgeInSeconds: 59"), "9: MaximumRecordAgeInSeconds must be from 60 to 604800, or -1 for any age"},
		{"another position", topic(enough + ", StartingPosition: NEWEST"), `9: StartingPosition must be TRIM_HORIZON, LATEST or AT_TIMESTAMP, not "NEWEST"`},
		{"no time", topic(enough + ", StartingPosition: AT_TIMESTAMP"), "7: the event E must have both StartingPosition: AT_TIMESTAMP and a StartingPositionTimestamp, or neither"},
		{"a time too many", topic(enough + ", StartingPositionTimestamp: 5"), "7: the event E must have both StartingPosition: AT_TIMESTAMP and a StartingPositionTimestamp, or neither"},
		{"a date", topic(enough + ", StartingPosition: AT_TIMESTAMP, StartingPositionTimestamp: \"today\""), `9: StartingPositionTimestamp is "today": write the seconds since 1970`},
		{"a filter", topic(enough + ", FilterCriteria: {Filters: []}"), "9: FilterCriteria: this runner filters no records: have the function pass over those that it does not want"},
		{"a function as destination", topic(enough + ", DestinationConfig: {OnFailure: {Destination: \"arn:aws:lambda:us-east-1:000000000000:function:f\"}}"),
			`9: Destination is "arn:aws:lambda:us-east-1:000000000000:function:f": write the ARN of a queue, as in !GetAtt Dead.Arn, or kafka://TOPIC for a topic of the same brokers`},
		{"no destination", topic(enough + ", DestinationConfig: {OnFailure: {}}"), "9: OnFailure has no Destination: write the ARN of a queue, as in !GetAtt Dead.Arn, or kafka://TOPIC for a topic of the same brokers"},
		{"the topic itself", topic(enough + ", DestinationConfig: {OnFailure: {Destination: kafka://t}}"), "7: the event E puts what has failed into the topic that it reads: use another"},
	} {
		_, err := parse("t.yaml", []byte(c.text), nil)
		if err == nil || err.Error() != "t.yaml:"+c.want {
			t.Errorf("%s: got %v, want t.yaml:%s", c.name, err, c.want)
		}
	}
}
