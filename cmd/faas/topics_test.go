package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"
	"github.com/segmentio/kafka-go"

	"triptych/internal/kafka/kafkatest"
	"triptych/internal/waittest"
)

// A template's topics wake its functions; what was mapped by hand is left alone.
func TestTopicsAreMapped(t *testing.T) {
	passing(t, "listener")
	brokers, orders, payments := kafkatest.Brokers(t), kafkatest.Name(t, "orders"), kafkatest.Name(t, "payments")
	client := &kafka.Client{Addr: kafka.TCP(brokers), Transport: &kafka.Transport{}}
	defer client.Transport.(*kafka.Transport).CloseIdleConnections()
	create := func(topic string) {
		t.Helper()
		made, err := client.CreateTopics(t.Context(), &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{{Topic: topic, NumPartitions: 2, ReplicationFactor: 1}}})
		if err != nil || made.Errors[topic] != nil {
			t.Fatal(err, made)
		}
	}
	create(orders)
	folder := shell(t, "null")
	path := filepath.Join(t.TempDir(), "template.yaml")
	deploy := func(want string, events ...string) {
		t.Helper()
		var text strings.Builder
		text.WriteString("Transform: AWS::Serverless-2016-10-31\nResources:\n  Listener:\n    Type: AWS::Serverless::Function\n" +
			"    Properties:\n      FunctionName: listener\n      CodeUri: " + folder + "\n      Handler: bootstrap\n      Runtime: provided.al2023\n")
		if len(events) > 0 {
			text.WriteString("      Events:\n")
		}
		for i, e := range events {
			text.WriteString(fmt.Sprintf("        E%d: {Type: SelfManagedKafka, Properties: {KafkaBootstrapServers: [\"%s\"], %s}}\n", i, brokers, e))
		}
		if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, untimed(must(t, "deploy", "-t", path, "--stack", "topics"))); diff != "" {
			t.Errorf("deploy (-want +got):\n%s", diff)
		}
	}
	ofOrders, ofPayments := "listener: topic "+orders+": ", "listener: topic "+payments+": "
	deploy("listener: created\n"+ofOrders+"created\n", "Topics: ["+orders+"]")
	deploy("listener: unchanged\n"+ofOrders+"unchanged\n", "Topics: ["+orders+"]")
	deploy("listener: unchanged\n"+ofOrders+"updated\n", "Topics: ["+orders+"], BatchSize: 10, MaximumBatchingWindowInSeconds: 0")
	deploy("listener: unchanged\n"+ofOrders+"unchanged\n", "Topics: ["+orders+"], BatchSize: 10, MaximumBatchingWindowInSeconds: 0")
	deploy("listener: unchanged\n"+ofOrders+"replaced\n", "Topics: ["+orders+"], ConsumerGroupId: listeners, MaximumBatchingWindowInSeconds: 0")

	for _, partition := range []int{0, 1} {
		out, err := client.Produce(t.Context(), &kafka.ProduceRequest{Topic: orders, Partition: partition, RequiredAcks: kafka.RequireAll,
			Records: kafka.NewRecordReader(kafka.Record{Value: kafka.NewBytes([]byte("hello"))})})
		if err != nil || out.Error != nil {
			t.Fatal(err, out)
		}
	}
	line := regexp.MustCompile(`(?m)^` + orders + ` +listener +Enabled +0 +([0-9a-f-]{36}) +OK$`)
	waittest.Until(t, "the topic to be read", func() bool { return line.MatchString(must(t, "topics")) })

	must(t, "topics", "--delete", line.FindStringSubmatch(must(t, "topics"))[1])
	waittest.Until(t, "the mapping to be gone", func() bool { return !strings.Contains(must(t, "topics"), orders) })

	// A topic that is missing is said, and waited for.
	deploy("listener: unchanged\n"+ofPayments+"created\n", "Topics: ["+payments+"]")
	if got := must(t, "topics"); !strings.Contains(got, "PROBLEM: there is no topic "+payments) {
		t.Errorf("topics:\n%s", got)
	}
	create(payments)
	waittest.Until(t, "the topic to be found", func() bool { return strings.Contains(must(t, "topics"), "No records processed") })

	byHand := &lambda.CreateEventSourceMappingInput{FunctionName: aws.String("listener"), Topics: []string{orders},
		SelfManagedEventSource: &types.SelfManagedEventSource{Endpoints: map[string][]string{"KAFKA_BOOTSTRAP_SERVERS": {brokers}}}}
	to := target{endpoint: endpoint, getenv: nothing}
	made, err := to.lambda().CreateEventSourceMapping(t.Context(), byHand)
	if err != nil {
		t.Fatal(err)
	}
	deploy("listener: unchanged\n" + ofPayments + "removed\n") // and not what was made by hand
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, "      Events: {E: {Type: SelfManagedKafka, Properties: {KafkaBootstrapServers: [\""+brokers+"\"], Topics: ["+orders+"]}}}\n"...)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if s := faas(t, "deploy", "-t", path, "--stack", "topics"); s.failure == nil || !strings.Contains(s.failure.Error(), path+":10: give the topic "+orders+" to listener: there is a mapping of it already, "+*made.UUID+", which was made by hand") {
		t.Errorf("what was made by hand is taken for the template's: %v", s.failure)
	}
	if s := must(t, "topics", "--delete", *made.UUID); s != *made.UUID+": removed\n" {
		t.Errorf("deleting a mapping says %q", s)
	}
	waittest.Until(t, "the mapping to be gone", func() bool { return !strings.Contains(must(t, "topics"), orders) })
	if s := faas(t, "topics"); s.failure != nil || !strings.HasPrefix(s.err, "no topic wakes a function yet") {
		t.Errorf("topics: %v\n%s%s", s.failure, s.out, s.err)
	}
}
