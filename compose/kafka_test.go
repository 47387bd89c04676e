//go:build compose

package compose_test

import (
	"crypto/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// What is proved on the broker that comes along is proved on Apache Kafka too: the
// log's own tests, and every service, the database and so on killed under load.
func TestTheSameOnApacheKafka(t *testing.T) {
	for name, args := range map[string][]string{
		"log":      {"./internal/kafka/...", "./internal/outbox"},
		"services": {"-run", "KilledUnderLoad", "./microservices"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command("go", append([]string{"test", "-count=1", "-timeout", "8m"}, args...)...)
			cmd.Dir, cmd.Env = "..", append(os.Environ(), "TEST_KAFKA_BROKERS="+startKafka(t))
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			t.Logf("%s", out)
		})
	}
}

// startKafka starts Apache Kafka, which ends with t, and returns its address.
func startKafka(t *testing.T) (brokers string) {
	t.Helper()
	name, port := "triptych-test-kafka-"+strings.ToLower(rand.Text()[:8]), freePort(t)
	brokers = "127.0.0.1:" + port
	settings, err := filepath.Abs("kafka")
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"run", "--detach", "--rm", "--name", name, "--publish", brokers + ":9092", "--volume", settings + ":/mnt/shared/config:ro"}
	for _, setting := range []string{
		"KAFKA_NODE_ID=1", "KAFKA_PROCESS_ROLES=broker,controller", "KAFKA_CONTROLLER_QUORUM_VOTERS=1@localhost:9093",
		"KAFKA_LISTENERS=PLAINTEXT://:9092,CONTROLLER://:9093", "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://" + brokers,
		"KAFKA_CONTROLLER_LISTENER_NAMES=CONTROLLER", "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
		"KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR=1", "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR=1",
		"KAFKA_TRANSACTION_STATE_LOG_MIN_ISR=1", "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS=0", "KAFKA_AUTO_CREATE_TOPICS_ENABLE=false",
	} {
		args = append(args, "--env", setting)
	}
	if out, err := exec.Command("docker", append(args, "apache/kafka:4.4.0")...).CombinedOutput(); err != nil {
		t.Fatalf("start Kafka: %v\n%s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("docker", "rm", "--force", "--volumes", name).CombinedOutput(); err != nil {
			t.Errorf("stop Kafka: %v\n%s", err, out)
		}
	})
	for deadline := time.Now().Add(time.Minute); exec.Command("docker", "exec", name, "nc", "-z", "localhost", "9092").Run() != nil; time.Sleep(200 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("Kafka does not answer")
		}
	}
	return brokers
}
