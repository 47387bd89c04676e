package deploy

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"triptych/faas/function"
	"triptych/faas/sam"
)

// TopicsOf are the topics whose records a template gives to a function.
func TopicsOf(t sam.Function) []Topic {
	var all []Topic
	ref := function.Ref{Name: t.Name, Qualifier: t.AutoPublishAlias} // as SAM has it
	for _, topic := range t.Topics {
		all = append(all, Topic{topic, ref.String()})
	}
	return all
}

// is tells whether a mapping is of these records and this function, however it
// goes about it.
func (w Topic) is(m types.EventSourceMappingConfiguration) bool {
	sorted := func(s []string) []string { return slices.Sorted(slices.Values(s)) }
	return m.SelfManagedEventSource != nil && nameOf(m.FunctionArn) == w.Function && topicOf(m) == w.Name &&
		slices.Equal(sorted(m.SelfManagedEventSource.Endpoints[endpoint]), sorted(w.Brokers))
}

// needsNew tells whether a mapping has what cannot be changed and is not wanted. A
// window that was set cannot be set back to half a second, either.
func (w Topic) needsNew(m types.EventSourceMappingConfiguration) bool {
	group := aws.ToString(m.UUID) // is one's own
	if w.Group != "" {
		group = w.Group
	}
	return m.SelfManagedKafkaEventSourceConfig == nil || aws.ToString(m.SelfManagedKafkaEventSourceConfig.ConsumerGroupId) != group ||
		string(m.StartingPosition) != w.Start || !aws.ToTime(m.StartingPositionTimestamp).Truncate(time.Millisecond).Equal(w.StartAt) ||
		m.MaximumBatchingWindowInSeconds != nil && w.Window == nil
}

// differs tells whether a mapping is to be changed.
func (w Topic) differs(m types.EventSourceMappingConfiguration) bool {
	enabled := aws.ToString(m.State) != "Disabled" && aws.ToString(m.State) != "Disabling"
	aside := ""
	if m.DestinationConfig != nil && m.DestinationConfig.OnFailure != nil {
		aside = aws.ToString(m.DestinationConfig.OnFailure.Destination)
	}
	return enabled != w.Enabled ||
		int(aws.ToInt32(m.BatchSize)) != w.BatchSize ||
		w.Window != nil && (m.MaximumBatchingWindowInSeconds == nil || int(*m.MaximumBatchingWindowInSeconds) != *w.Window) ||
		!slices.Equal(m.FunctionResponseTypes, w.responses()) ||
		aws.ToBool(m.BisectBatchOnFunctionError) != w.Bisect ||
		int(aws.ToInt32(m.MaximumRetryAttempts)) != w.Retries ||
		int(aws.ToInt32(m.MaximumRecordAgeInSeconds)) != w.MaxAge ||
		aside != w.OnFailure
}

func (w Topic) responses() []types.FunctionResponseType {
	if w.ReportFailures {
		return []types.FunctionResponseType{types.FunctionResponseTypeReportBatchItemFailures}
	}
	return []types.FunctionResponseType{}
}

func (w Topic) destination() *types.DestinationConfig {
	return &types.DestinationConfig{OnFailure: &types.OnFailure{Destination: aws.String(w.OnFailure)}}
}

func topicOf(m types.EventSourceMappingConfiguration) string { return strings.Join(m.Topics, ",") }

// nameOf is the function that an ARN names, with its alias.
func nameOf(arn *string) string {
	ref, err := function.ParseRef(aws.ToString(arn), "")
	if err != nil {
		return aws.ToString(arn)
	}
	return ref.String()
}

// functionOf is the function without its alias.
func functionOf(arn *string) string {
	name, _, _ := strings.Cut(nameOf(arn), ":")
	return name
}
