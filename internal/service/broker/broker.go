// Package broker gives a service its client of Kafka. It is apart from package
// service for the five services that need none: merely to link the client takes
// 1.6 MB of memory in each process.
package broker

import (
	"fmt"

	"triptych/internal/kafka"
	"triptych/internal/service"
)

// Open returns a client of the broker at KAFKA_BROKERS that needs some topics.
// Whether it answers is no matter of the service's start and health: while it does
// not, events wait in the outbox, consumers wait for it, and everything else goes
// on.
func Open(s *service.Service, topics ...kafka.Topic) (*kafka.Client, error) {
	brokers := s.Env.Required("KAFKA_BROKERS")
	if err := s.Env.Err(); err != nil {
		return nil, err
	}
	client, err := kafka.Open(brokers, topics...)
	if err != nil {
		return nil, fmt.Errorf("KAFKA_BROKERS: %w", err)
	}
	s.AtEnd(client.Close)
	return client, nil
}
