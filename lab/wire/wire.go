// Package wire reads protobuf without building messages: it checks a body and
// walks its fields. A receiver that shares the machine with what it observes
// should cost next to nothing, and most of what it receives is never looked at.
package wire

import (
	"errors"
	"fmt"
	"iter"
	"sync"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// MaxDepth is how deeply messages may nest. OTLP's own need eight levels; the
// rest is for attributes that are maps of maps.
const MaxDepth = 100

// ErrTooDeep is returned for a body that nests deeper than MaxDepth.
var ErrTooDeep = errors.New("nested too deeply")

// A Schema is what there is to check in a message of one type.
type Schema struct {
	name   string
	fields []field // by field number; those of OTLP are small
}

type field struct {
	name   string
	known  bool
	wire   protowire.Type
	text   bool    // must be UTF-8
	sub    *Schema // of an embedded message
	packed bool    // a repeated number: may also come packed, as bytes
}

var (
	schemasMu sync.Mutex
	schemas   = map[protoreflect.FullName]*Schema{}
)

// SchemaOf returns the schema of m's type.
func SchemaOf(m protoreflect.ProtoMessage) *Schema {
	schemasMu.Lock()
	defer schemasMu.Unlock()
	return schemaOf(m.ProtoReflect().Descriptor())
}

func schemaOf(d protoreflect.MessageDescriptor) *Schema {
	if s := schemas[d.FullName()]; s != nil {
		return s
	}
	s := &Schema{name: string(d.Name())}
	schemas[d.FullName()] = s // before its fields: AnyValue holds AnyValues
	for i := range d.Fields().Len() {
		f := d.Fields().Get(i)
		for len(s.fields) <= int(f.Number()) {
			s.fields = append(s.fields, field{})
		}
		s.fields[f.Number()] = fieldOf(f)
	}
	return s
}

func fieldOf(d protoreflect.FieldDescriptor) field {
	f := field{name: string(d.Name()), known: true}
	switch d.Kind() {
	case protoreflect.MessageKind:
		f.wire, f.sub = protowire.BytesType, schemaOf(d.Message())
	case protoreflect.StringKind:
		f.wire, f.text = protowire.BytesType, true
	case protoreflect.BytesKind:
		f.wire = protowire.BytesType
	case protoreflect.Fixed32Kind, protoreflect.Sfixed32Kind, protoreflect.FloatKind:
		f.wire, f.packed = protowire.Fixed32Type, d.IsList()
	case protoreflect.Fixed64Kind, protoreflect.Sfixed64Kind, protoreflect.DoubleKind:
		f.wire, f.packed = protowire.Fixed64Type, d.IsList()
	default:
		f.wire, f.packed = protowire.VarintType, d.IsList()
	}
	return f
}

// Check returns an error unless b is a message that proto.Unmarshal takes,
// nested no deeper than MaxDepth.
func (s *Schema) Check(b []byte) error { return s.check(b, MaxDepth) }

func (s *Schema) check(b []byte, depth int) error {
	if depth == 0 {
		return ErrTooDeep
	}
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return fmt.Errorf("%s: %w", s.name, protowire.ParseError(n))
		}
		if !num.IsValid() { // ConsumeTag lets through some that Unmarshal does not
			return fmt.Errorf("%s: invalid field number %d", s.name, num)
		}
		b = b[n:]
		var f field
		if int(num) < len(s.fields) {
			f = s.fields[num]
		}
		if n = protowire.ConsumeFieldValue(num, typ, b); n < 0 {
			return fmt.Errorf("%s: field %d: %w", s.name, num, protowire.ParseError(n))
		}
		if typ == protowire.BytesType && f.known {
			v, _ := protowire.ConsumeBytes(b)
			if err := f.check(v, depth); err != nil {
				return fmt.Errorf("%s.%w", s.name, err)
			}
		}
		b = b[n:]
	}
	return nil
}

// check checks the bytes v of a field.
func (f field) check(v []byte, depth int) error {
	switch {
	case f.sub != nil:
		if err := f.sub.check(v, depth-1); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	case f.text:
		if !utf8.Valid(v) {
			return fmt.Errorf("%s: not UTF-8", f.name)
		}
	case f.packed:
		for len(v) > 0 {
			n := protowire.ConsumeFieldValue(1, f.wire, v)
			if n < 0 {
				return fmt.Errorf("%s: %w", f.name, protowire.ParseError(n))
			}
			v = v[n:]
		}
	}
	return nil
}

// Fields walks the fields of b that are strings, bytes or messages, by number.
// It ends early where b is malformed: check first.
func Fields(b []byte) iter.Seq2[protowire.Number, []byte] {
	return func(yield func(protowire.Number, []byte) bool) {
		for len(b) > 0 {
			num, typ, n := protowire.ConsumeTag(b)
			if n < 0 {
				return
			}
			b = b[n:]
			if n = protowire.ConsumeFieldValue(num, typ, b); n < 0 {
				return
			}
			if typ == protowire.BytesType {
				v, _ := protowire.ConsumeBytes(b)
				if !yield(num, v) {
					return
				}
			}
			b = b[n:]
		}
	}
}
