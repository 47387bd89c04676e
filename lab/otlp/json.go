package otlp

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// fromJSON turns a request in OTLP's JSON into protobuf. OTLP's JSON is
// protobuf's but for trace and span ids, which are in hexadecimal.
func fromJSON(s signal, body []byte) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber() // 64-bit numbers must not pass through a float
	var doc any
	if err := d.Decode(&doc); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("something follows the first value")
	}
	if err := recodeIDs(doc); err != nil {
		return nil, err
	}
	recoded, err := json.Marshal(doc)
	if err != nil {
		return nil, err
	}
	m := s.request()
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true, RecursionLimit: 200}).Unmarshal(recoded, m); err != nil {
		return nil, err
	}
	return proto.Marshal(m)
}

// recodeIDs turns ids from hexadecimal to base64, wherever they are in doc.
// Attributes cannot be mistaken for them: their names are values in OTLP.
func recodeIDs(doc any) error {
	switch doc := doc.(type) {
	case []any:
		for _, v := range doc {
			if err := recodeIDs(v); err != nil {
				return err
			}
		}
	case map[string]any:
		for name, v := range doc {
			id, text := v.(string)
			if !text || !isID(name) {
				if err := recodeIDs(v); err != nil {
					return err
				}
				continue
			}
			raw, err := hex.DecodeString(id)
			if err != nil {
				return fmt.Errorf("%s is %q: want hexadecimal", name, id)
			}
			doc[name] = base64.StdEncoding.EncodeToString(raw)
		}
	}
	return nil
}

func isID(name string) bool {
	switch name {
	case "traceId", "spanId", "parentSpanId", "trace_id", "span_id", "parent_span_id":
		return true
	}
	return false
}
