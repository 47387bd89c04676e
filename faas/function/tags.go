package function

import (
	"strconv"
	"strings"
	"time"
)

// Tags that carry Settings; AWS gives them no meaning.
const (
	TagIsolation      = "runner:isolation"
	TagConnect        = "runner:connect"
	TagKeepAlive      = "runner:keep-alive"
	TagMaxConcurrency = "runner:max-concurrency"
	TagMayInvoke      = "runner:may-invoke" // of the function, not of its versions: see MayInvoke
)

// MayInvoke reads which functions one may invoke: their names in its tag
// runner:may-invoke, with spaces between. Without the tag it is nil, and means
// every one.
func MayInvoke(tags map[string]string) ([]string, error) {
	value, ok := tags[TagMayInvoke]
	if !ok {
		return nil, nil
	}
	names := []string{}
	for name := range strings.FieldsSeq(value) {
		if err := CheckName(name); err != nil {
			return nil, Invalid("the tag %s is %q: it must be names of functions, with spaces between", TagMayInvoke, value)
		}
		names = append(names, name)
	}
	return names, nil
}

// SettingsFrom reads the tags that begin with "runner:".
func SettingsFrom(tags map[string]string) (Settings, error) {
	var s Settings
	for name, value := range tags {
		if err := s.set(name, value); err != nil {
			return Settings{}, err
		}
	}
	return s, nil
}

func (s *Settings) set(name, value string) error {
	switch name {
	case TagIsolation:
		s.Isolation = value
	case TagConnect:
		for field := range strings.FieldsSeq(value) {
			port, err := strconv.ParseUint(field, 10, 16)
			if err != nil || port == 0 {
				return Invalid("the tag %s is %q: it must be TCP ports, from 1 to 65535, with spaces between", name, value)
			}
			s.Connect = append(s.Connect, uint16(port))
		}
	case TagKeepAlive:
		d, err := time.ParseDuration(value)
		if err != nil || d < 0 {
			return Invalid("the tag %s is %q: it must be a duration such as 90s or 5m", name, value)
		}
		s.KeepAlive = d
	case TagMaxConcurrency:
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 || n > MaxSlots {
			return Invalid("the tag %s is %q: it must be a number from 1 to %d", name, value, MaxSlots)
		}
		s.MaxConcurrency = n
	case TagMayInvoke:
	default:
		if strings.HasPrefix(name, "runner:") {
			return Invalid("the tag %s is not one the runner knows: %s, %s, %s, %s or %s", name, TagIsolation, TagConnect, TagKeepAlive, TagMaxConcurrency, TagMayInvoke)
		}
	}
	return nil
}

// Tags writes settings as SettingsFrom reads them.
func (s Settings) Tags() map[string]string {
	tags := map[string]string{}
	if s.Isolation != "" {
		tags[TagIsolation] = s.Isolation
	}
	if len(s.Connect) > 0 {
		ports := make([]string, len(s.Connect))
		for i, p := range s.Connect {
			ports[i] = strconv.Itoa(int(p))
		}
		tags[TagConnect] = strings.Join(ports, " ")
	}
	if s.KeepAlive > 0 {
		tags[TagKeepAlive] = s.KeepAlive.String()
	}
	if s.MaxConcurrency > 0 {
		tags[TagMaxConcurrency] = strconv.Itoa(s.MaxConcurrency)
	}
	return tags
}
