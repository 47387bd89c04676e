package function

import (
	"net/url"
	"regexp"
	"strings"
)

// Region and Account stand in names where AWS has its own.
const (
	Region  = "us-east-1"
	Account = "000000000000"
)

// A Ref names a function and, when Qualifier is not empty, one of its versions
// or aliases.
type Ref struct{ Name, Qualifier string }

// String is the shortest form that ParseRef reads.
func (r Ref) String() string {
	if r.Qualifier == "" {
		return r.Name
	}
	return r.Name + ":" + r.Qualifier
}

// ARN is the Amazon resource name of a function, or of one of its versions or
// aliases when qualifier is not empty.
func ARN(name, qualifier string) string {
	arn := "arn:aws:lambda:" + Region + ":" + Account + ":function:" + name
	if qualifier == "" {
		return arn
	}
	return arn + ":" + qualifier
}

// URLDomain ends the host names of function URLs. Names under localhost are this
// machine to browsers and to curl (RFC 6761); AWS has on.aws there.
const URLDomain = ".lambda-url." + Region + ".localhost"

// URLPath begins the paths by which function URLs are served beside their own
// host names, for clients whose resolver does not know such: an id follows.
const URLPath = "/_/urls/"

// QueueARN is the Amazon resource name of a queue, as dead letters and
// destinations give it.
func QueueARN(name string) string {
	return "arn:aws:sqs:" + Region + ":" + Account + ":" + name
}

var validQueue = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,80}$`)

// CheckQueue reports what is wrong with a queue's name.
func CheckQueue(name string) error {
	if !validQueue.MatchString(name) {
		return Invalid("the queue name %.100q is not valid: use 1 to 80 letters, digits, hyphens and underscores", name)
	}
	return nil
}

// ParseRef reads what Lambda takes for a function's name: "name",
// "name:qualifier", "account:function:name" or an ARN, each possibly escaped
// as in a URL. A qualifier given beside it must not contradict the one in it.
func ParseRef(s, qualifier string) (Ref, error) {
	if u, err := url.PathUnescape(s); err == nil {
		s = u
	}
	short := s
	if rest, ok := strings.CutPrefix(s, "arn:"); ok {
		parts := strings.SplitN(rest, ":", 6) // aws:lambda:region:account:function:name…
		if len(parts) != 6 || parts[1] != "lambda" || parts[4] != "function" {
			return Ref{}, Invalid("%q is not the ARN of a function", s)
		}
		short = parts[5]
	} else if _, name, ok := strings.Cut(s, ":function:"); ok {
		short = name
	}
	name, inside, _ := strings.Cut(short, ":")
	if err := CheckName(name); err != nil {
		return Ref{}, err
	}
	if inside != "" && qualifier != "" && inside != qualifier {
		return Ref{}, Invalid("The derived qualifier from the function name does not match the specified qualifier.")
	}
	if inside == "" {
		inside = qualifier
	}
	return Ref{Name: name, Qualifier: inside}, nil
}
