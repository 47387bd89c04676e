package url

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"mime"
	"net"
	"net/http"
	"net/textproto"
	neturl "net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"triptych/faas/api"
	"triptych/faas/function"
)

// An event is the payload format 2.0. Source: "Request payload format" in the
// AWS Lambda Developer Guide; what AWS sends beyond it was noted by others:
// cookies are among the headers too, and forms are in base64.
type event struct {
	Version               string            `json:"version"`
	RouteKey              string            `json:"routeKey"`
	RawPath               string            `json:"rawPath"`
	RawQueryString        string            `json:"rawQueryString"`
	Cookies               []string          `json:"cookies,omitempty"`
	Headers               map[string]string `json:"headers"`
	QueryStringParameters map[string]string `json:"queryStringParameters,omitempty"`
	RequestContext        requestContext    `json:"requestContext"`
	Body                  string            `json:"body,omitempty"`
	IsBase64Encoded       bool              `json:"isBase64Encoded"`
}

type requestContext struct {
	AccountID    string      `json:"accountId"`
	APIID        string      `json:"apiId"`
	Authorizer   *authorizer `json:"authorizer,omitempty"`
	DomainName   string      `json:"domainName"`
	DomainPrefix string      `json:"domainPrefix"`
	HTTP         requestLine `json:"http"`
	RequestID    string      `json:"requestId"`
	RouteKey     string      `json:"routeKey"`
	Stage        string      `json:"stage"`
	Time         string      `json:"time"`
	TimeEpoch    int64       `json:"timeEpoch"` // ms
}

type requestLine struct {
	Method    string `json:"method"`
	Path      string `json:"path"`
	Protocol  string `json:"protocol"`
	SourceIP  string `json:"sourceIp"`
	UserAgent string `json:"userAgent"`
}

type authorizer struct {
	IAM identity `json:"iam"`
}

type identity struct {
	AccessKey string `json:"accessKey"`
	AccountID string `json:"accountId"`
	CallerID  string `json:"callerId"`
	UserARN   string `json:"userArn"`
	UserID    string `json:"userId"`
}

const (
	defaultRoute = "$default"
	anonymous    = "anonymous"
	clfTime      = "02/Jan/2006:15:04:05 -0700"
)

// newEvent is a request as its function gets it.
func newEvent(c *call, body []byte, signer *api.Signer, now time.Time) []byte {
	r, now := c.r, now.UTC()
	source, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		source = r.RemoteAddr
	}
	path, err := neturl.PathUnescape(c.target.path)
	if err != nil {
		path = c.target.path
	}
	e := event{
		Version: "2.0", RouteKey: defaultRoute, RawPath: c.target.path, RawQueryString: r.URL.RawQuery,
		Cookies: cookies(r), Headers: headers(r, source), QueryStringParameters: query(r.URL.RawQuery),
		RequestContext: requestContext{
			AccountID: anonymous, APIID: c.url.ID, DomainName: c.url.ID + function.URLDomain, DomainPrefix: c.url.ID,
			HTTP:      requestLine{r.Method, path, r.Proto, source, r.UserAgent()},
			RequestID: c.in.RequestID, RouteKey: defaultRoute, Stage: defaultRoute,
			Time: now.Format(clfTime), TimeEpoch: now.UnixMilli(),
		},
	}
	if signer != nil {
		e.RequestContext.AccountID = function.Account
		e.RequestContext.Authorizer = &authorizer{identify(*signer)}
	}
	if isText(r.Header.Get("Content-Type"), body) {
		e.Body = string(body)
	} else {
		e.Body, e.IsBase64Encoded = base64.StdEncoding.EncodeToString(body), true
	}
	var b bytes.Buffer
	to := json.NewEncoder(&b)
	to.SetEscapeHTML(false) // a shell script may look for an & in it
	_ = to.Encode(e)        // texts alone
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// identify names who has signed as AWS does: the owner of the account, or the
// role of a function.
func identify(s api.Signer) identity {
	i := identity{AccessKey: s.AccessKey, AccountID: function.Account, CallerID: function.Account, UserARN: "arn:aws:iam::" + function.Account + ":root"}
	if s.Function != "" {
		i.CallerID = s.AccessKey + ":" + s.Function
		i.UserARN = "arn:aws:sts::" + function.Account + ":assumed-role/" + s.Function + "/" + s.Function
	}
	i.UserID = i.CallerID
	return i
}

func cookies(r *http.Request) []string {
	var all []string
	for _, line := range r.Header.Values("Cookie") {
		for cookie := range strings.SplitSeq(line, ";") {
			if cookie = strings.TrimSpace(cookie); cookie != "" {
				all = append(all, cookie)
			}
		}
	}
	return all
}

// hopByHop are the headers of one connection (RFC 9110, section 7.6.1), beside
// those that Connection names. Expect was dealt with here.
var hopByHop = []string{"Connection", "Expect", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade"}

func endToEnd(h http.Header) func(name string) bool {
	var named []string
	for _, line := range h.Values("Connection") {
		for name := range strings.SplitSeq(line, ",") {
			named = append(named, textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name)))
		}
	}
	return func(name string) bool { return !slices.Contains(hopByHop, name) && !slices.Contains(named, name) }
}

func headers(r *http.Request, source string) map[string]string {
	all := map[string]string{}
	keep := endToEnd(r.Header)
	for name, values := range r.Header {
		if !keep(name) {
			continue
		}
		separator := ","
		if name == "Cookie" {
			separator = "; "
		}
		all[strings.ToLower(name)] = strings.Join(values, separator)
	}
	all["host"] = r.Host
	if r.ContentLength > 0 {
		all["content-length"] = strconv.FormatInt(r.ContentLength, 10)
	}
	all["x-forwarded-for"], all["x-forwarded-proto"], all["x-forwarded-port"] = source, "http", "80"
	if _, port, err := net.SplitHostPort(r.Host); err == nil {
		all["x-forwarded-port"] = port
	}
	return all
}

// query decodes a query. Of a name that is there more than once the values are
// joined; what cannot be decoded is left as it is.
func query(raw string) map[string]string {
	all := map[string]string{}
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, value = decoded(name), decoded(value)
		if before, ok := all[name]; ok {
			value = before + "," + value
		}
		all[name] = value
	}
	return all
}

func decoded(s string) string {
	if d, err := neturl.QueryUnescape(s); err == nil {
		return d
	}
	return s
}

// isText tells whether a body goes into the event as it is.
func isText(contentType string, body []byte) bool {
	if len(body) == 0 {
		return true
	}
	kind, _, _ := mime.ParseMediaType(contentType)
	text := strings.HasPrefix(kind, "text/") || strings.HasSuffix(kind, "+json") || strings.HasSuffix(kind, "+xml") ||
		slices.Contains([]string{"application/json", "application/xml", "application/javascript"}, kind)
	return text && utf8.Valid(body)
}
