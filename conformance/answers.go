package conformance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// check holds an answer against the document and returns what is wrong with it.
func (c *contract) check(method, path string, status int, h http.Header, body []byte) []string {
	at, response, err := c.response(method, path, status)
	if err != nil {
		return []string{err.Error()}
	}
	problems := c.checkHeaders(at, response, h)
	return append(problems, c.checkBody(at, response, status, h, body)...)
}

// response finds what the document says of an answer.
func (c *contract) response(method, path string, status int) (string, map[string]any, error) {
	op, found, known := c.find(method, path)
	at := op.at + "/responses/" + strconv.Itoa(status)
	switch {
	case !known && status == http.StatusNotFound:
		at = "/components/responses/NotFound"
	case known && !found && status == http.StatusMethodNotAllowed:
		at = "/components/responses/MethodNotAllowed"
	case !found:
		return "", nil, fmt.Errorf("status %s for what the contract does not have", statusText(status))
	}
	at, response := c.resolve(at)
	if response == nil {
		return "", nil, fmt.Errorf("status %s is not documented for %s", statusText(status), op.ID)
	}
	return at, response, nil
}

// telling are the headers that mean something in this contract: where they are
// not documented they must not be.
var telling = []string{"Location", "Idempotency-Replayed", "Preference-Applied", "Retry-After"}

func (c *contract) checkHeaders(at string, response map[string]any, h http.Header) []string {
	var problems []string
	documented, _ := response["headers"].(map[string]any)
	for name := range documented {
		headerAt, spec := c.resolve(at + pointer("headers", name))
		value := h.Get(name)
		if value == "" {
			if spec["required"] == true {
				problems = append(problems, "the header "+name+" is missing")
			}
			continue
		}
		if err := c.validate(headerAt+"/schema", value); err != nil {
			problems = append(problems, fmt.Sprintf("the header %s: %s: %v", name, value, err))
		}
	}
	for _, name := range telling {
		if _, ok := documented[name]; !ok && h.Get(name) != "" {
			problems = append(problems, "the header "+name+" is not documented here")
		}
	}
	return problems
}

func (c *contract) checkBody(at string, response map[string]any, status int, h http.Header, body []byte) []string {
	content, _ := response["content"].(map[string]any)
	if len(content) == 0 {
		if len(body) > 0 {
			return []string{fmt.Sprintf("there must not be a body, and there are %d bytes", len(body))}
		}
		return nil
	}
	media, _, _ := mime.ParseMediaType(h.Get("Content-Type"))
	spec, ok := content[media].(map[string]any)
	if !ok {
		return []string{fmt.Sprintf("the media type is %q, which is not documented here", h.Get("Content-Type"))}
	}
	if _, ok := spec["schema"]; !ok {
		return nil
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return []string{fmt.Sprintf("the body is not JSON: %v", err)}
	}
	var problems []string
	if err := c.validate(at+pointer("content", media, "schema"), value); err != nil {
		problems = append(problems, err.Error())
	}
	if media == "application/problem+json" {
		problems = append(problems, checkProblem(value, status)...)
	}
	return problems
}

// checkProblem checks what a schema cannot say: that the two statuses agree.
func checkProblem(value any, status int) []string {
	object, _ := value.(map[string]any)
	if n, _ := object["status"].(json.Number); n.String() != strconv.Itoa(status) {
		return []string{fmt.Sprintf("the problem says status %v in an answer of %d", object["status"], status)}
	}
	return nil
}

func (c *contract) validate(at string, value any) error {
	s, err := c.schema(at)
	if err != nil {
		return err
	}
	err = s.Validate(value)
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return err
	}
	return errors.New(reasons(invalid))
}

// reasons puts the leaves of a validation error on one line: where, and what.
func reasons(e *jsonschema.ValidationError) string {
	if len(e.Causes) > 0 {
		var all []string
		for _, cause := range e.Causes {
			all = append(all, reasons(cause))
		}
		return strings.Join(all, "; ")
	}
	_, what, ok := strings.Cut(e.Error(), "': ")
	if !ok {
		what = e.Error()
	}
	return strings.TrimSpace("/" + strings.Join(e.InstanceLocation, "/") + " " + strings.TrimSpace(what))
}
