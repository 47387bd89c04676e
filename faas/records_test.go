package faas

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/segmentio/kafka-go"

	"triptych/faas/function"
	"triptych/internal/kafka/kafkatest"
	"triptych/internal/waittest"
)

// TestNoRecordIsLost kills a runner three times while a function is given 2,000
// records of a topic, one of them poisoned: each of the others reaches it, those of
// a partition in order, and in the end all are committed.
func TestNoRecordIsLost(t *testing.T) {
	const partitions, each, kills, poisoned = 4, 500, 3, 2*1000 + 250
	brokers, topic := kafkatest.Brokers(t), kafkatest.Name(t, "numbers")
	kafkaClient := &kafka.Client{Addr: kafka.TCP(brokers), Transport: &kafka.Transport{}}
	defer kafkaClient.Transport.(*kafka.Transport).CloseIdleConnections()
	made, err := kafkaClient.CreateTopics(t.Context(), &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{{Topic: topic, NumPartitions: partitions, ReplicationFactor: 1}}})
	if err != nil || made.Errors[topic] != nil {
		t.Fatal(err, made)
	}
	for p := range partitions {
		records := make([]kafka.Record, each)
		for i := range records {
			number := 1000*p + i
			if number == poisoned {
				number = -1
			}
			records[i].Value = kafka.NewBytes(fmt.Append(nil, number))
		}
		out, err := kafkaClient.Produce(t.Context(), &kafka.ProduceRequest{Topic: topic, Partition: p, RequiredAcks: kafka.RequireAll, Records: kafka.NewRecordReader(records...)})
		if err != nil || out.Error != nil {
			t.Fatal(err, out)
		}
	}

	data, heard := folder(t), listen(t)
	s := serve(t, data)
	s.deploy(t, "taker", lambda.CreateFunctionInput{
		Environment: &types.Environment{Variables: map[string]string{"LISTENER": heard.addr}},
		Tags:        map[string]string{function.TagConnect: heard.port},
		Timeout:     aws.Int32(60),
	})
	mapping, err := s.client.CreateEventSourceMapping(t.Context(), &lambda.CreateEventSourceMappingInput{
		FunctionName:                      aws.String("taker"),
		SelfManagedEventSource:            &types.SelfManagedEventSource{Endpoints: map[string][]string{"KAFKA_BOOTSTRAP_SERVERS": {brokers}}},
		Topics:                            []string{topic},
		StartingPosition:                  types.EventSourcePositionTrimHorizon,
		BatchSize:                         aws.Int32(10),
		BisectBatchOnFunctionError:        aws.Bool(true),
		MaximumRetryAttempts:              aws.Int32(1),
		DestinationConfig:                 &types.DestinationConfig{OnFailure: &types.OnFailure{Destination: aws.String(function.QueueARN("done"))}},
		SelfManagedKafkaEventSourceConfig: &types.SelfManagedKafkaEventSourceConfig{ConsumerGroupId: &topic},
	})
	if err != nil {
		t.Fatal(err)
	}
	for round := range kills {
		heard.until(t, "a share of the records", func() bool { return heard.distinct() >= (round+1)*partitions*each/(kills+1) })
		s.Kill()
		s = serve(t, data)
	}
	heard.until(t, "every record", func() bool { return heard.distinct() == partitions*each-1 })
	waittest.Until(t, "all to be committed", func() bool {
		ask := map[string][]int{topic: {0, 1, 2, 3}}
		out, err := kafkaClient.OffsetFetch(t.Context(), &kafka.OffsetFetchRequest{GroupID: topic, Topics: ask})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range out.Topics[topic] {
			if p.CommittedOffset != each {
				return false
			}
		}
		return true
	})
	got, err := s.client.GetEventSourceMapping(t.Context(), &lambda.GetEventSourceMappingInput{UUID: mapping.UUID})
	if err != nil || *got.State != "Enabled" || *got.LastProcessingResult != "OK" {
		t.Errorf("the mapping is %+v, %v", got, err)
	}
	s.Stop(t.Context())
	if letters, _ := records(t, data); len(letters) == 0 { // or two, if it was killed between putting aside and committing
		t.Error("the poisoned record was not put aside")
	}
	last := map[int]int{}
	for _, number := range heard.firsts() {
		p, i := number/1000, number%1000
		if before, ok := last[p]; ok && i < before {
			t.Errorf("record %d of partition %d came after record %d", i, p, before)
		}
		last[p] = i
	}
	if left := processes(t, data); len(left) > 0 {
		t.Errorf("left running: %q", left)
	}
	t.Logf("%d records were delivered %d times", partitions*each, heard.total())
}
