package mapping

import (
	"net"
	"regexp"
	"slices"
	"strconv"
	"time"

	"triptych/faas/async"
	"triptych/faas/function"
)

var (
	validTopic = regexp.MustCompile(`^[^.][a-zA-Z0-9\-_.]{0,248}$`)
	validGroup = regexp.MustCompile(`^[a-zA-Z0-9\-/*:_+=.@]{1,200}$`)
)

// accesses are the types of Access that Lambda knows.
var accesses = []string{
	"BASIC_AUTH", "VPC_SUBNET", "VPC_SECURITY_GROUP", "SASL_SCRAM_512_AUTH", "SASL_SCRAM_256_AUTH", "VIRTUAL_HOST",
	"CLIENT_CERTIFICATE_TLS_AUTH", "SERVER_ROOT_CA_CERTIFICATE",
}

// Check reports what is wrong with a mapping, in the words of Lambda's API.
func (m *Mapping) Check() error {
	for _, check := range []func() error{m.checkSource, m.checkStart, m.checkBatches, m.checkFailures} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (m *Mapping) checkSource() error {
	if len(m.Brokers) == 0 {
		return function.Invalid("KAFKA_BOOTSTRAP_SERVERS names no broker: write at least one, as host:port")
	}
	for _, b := range m.Brokers {
		if err := CheckBroker(b); err != nil {
			return err
		}
	}
	if err := CheckTopic(m.Topic); err != nil {
		return err
	}
	if err := CheckGroup(m.Group); err != nil {
		return err
	}
	for _, a := range m.Access {
		if !slices.Contains(accesses, a.Type) {
			return function.Invalid("SourceAccessConfigurations has the Type %.50q, which Lambda does not know", a.Type)
		}
	}
	return nil
}

// CheckBroker reports what is wrong with the address of a broker.
func CheckBroker(b string) error {
	host, port, err := net.SplitHostPort(b)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil || host == "" {
		return function.Invalid("the bootstrap server %.100q is no address of a Kafka broker: write host:port", b)
	}
	return nil
}

// CheckTopic reports what is wrong with the name of a topic.
func CheckTopic(name string) error {
	if !validTopic.MatchString(name) {
		return function.Invalid("the topic %.300q is not valid: use 1 to 249 letters, digits, hyphens, underscores and dots", name)
	}
	return nil
}

// CheckGroup reports what is wrong with the name of a group.
func CheckGroup(name string) error {
	if !validGroup.MatchString(name) {
		return function.Invalid("ConsumerGroupId is %.250q: use 1 to 200 letters, digits and any of -/*:_+=.@", name)
	}
	return nil
}

func (m *Mapping) checkStart() error {
	switch m.Start {
	case TrimHorizon, Latest:
		if !m.StartAt.IsZero() {
			return function.Invalid("StartingPositionTimestamp is only for the StartingPosition %s", AtTimestamp)
		}
	case AtTimestamp:
		if m.StartAt.IsZero() {
			return function.Invalid("StartingPosition %s needs a StartingPositionTimestamp", AtTimestamp)
		}
	default:
		return function.Invalid("StartingPosition is %.30q: it must be %s, %s or %s", m.Start, TrimHorizon, Latest, AtTimestamp)
	}
	return nil
}

func (m *Mapping) checkBatches() error {
	if m.BatchSize < 1 || m.BatchSize > MaxBatch {
		return function.Invalid("BatchSize is %d: it must be from 1 to %d", m.BatchSize, MaxBatch)
	}
	if m.Window < 0 || m.Window > MaxWindow {
		return function.Invalid("MaximumBatchingWindowInSeconds is %d: it must be from 0 to %d", int(m.Window/time.Second), int(MaxWindow/time.Second))
	}
	return nil
}

func (m *Mapping) checkFailures() error {
	if m.Retries < Forever || m.Retries > MaxRetries {
		return function.Invalid("MaximumRetryAttempts is %d: it must be from 0 to %d, or -1 for as often as it takes", m.Retries, MaxRetries)
	}
	if m.MaxAge != 0 && (m.MaxAge < MinAge || m.MaxAge > MaxAge) {
		return function.Invalid("MaximumRecordAgeInSeconds is %d: it must be from %d to %d, or -1 for any age", int(m.MaxAge/time.Second), int(MinAge/time.Second), int(MaxAge/time.Second))
	}
	if topic, ok := m.TopicAside(); ok {
		if err := CheckTopic(topic); err != nil {
			return err
		}
		if topic == m.Topic {
			return function.Invalid("OnFailure is %s, the topic that is read: what failed would come again without end, use another", m.OnFailure)
		}
		return nil
	}
	if m.OnFailure == "" {
		return nil
	}
	if err := async.CheckDeadLetter(m.OnFailure); err != nil {
		return function.Invalid("The OnFailure destination of a mapping is %.200q: use the ARN of a queue (%s), or %sTOPIC for a topic of the same brokers", m.OnFailure, function.QueueARN("NAME"), kafkaDestination)
	}
	return nil
}
