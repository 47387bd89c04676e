package sam

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// Gradual is how the events of an alias go over to a new version bit by bit.
type Gradual struct {
	Shares   []int         // percent of the events, rising; the last step, to all of them, is not among these
	Interval time.Duration // between two steps
}

// maxInterval is the longest that CodeDeploy may be told to wait between two
// steps, in minutes.
const maxInterval = 2 * 24 * 60

const allAtOnce = "AllAtOnce"

// gradual are CodeDeploy's names for the ways to move traffic. AWS has some of
// them by itself; any other is a deployment configuration that must be made
// there, and does what its name says if whoever made it was honest.
var gradual = regexp.MustCompile(`^(Canary|Linear)([0-9]{1,3})Percent(?:Every)?([0-9]{1,4})Minutes?$`)

// deployment returns how a new version takes over from the one before.
func (l *loader) deployment(f field) *Gradual {
	kind, enabled := field{line: f.line}, true
	l.object(f, object{
		"Enabled":               func(f field) { enabled, _ = l.truth(f) },
		"Type":                  func(f field) { kind = f },
		"Role":                  ignored, // this runner asks nobody whether it may
		"PassthroughCondition":  ignored,
		"Alarms":                l.refused("this runner has no alarms: leave them out, and look at faas stats while events go over to a new version"),
		"Hooks":                 l.refused("this runner runs no functions around a deployment: leave them out, and invoke the new version by its number instead"),
		"TriggerConfigurations": l.refused("this runner has no notifications: leave them out; faas deploy prints each step"),
	})
	switch {
	case !enabled:
		return nil
	case kind.value == nil:
		l.complain(f.line, "DeploymentPreference has no Type: write AllAtOnce, or one such as Canary10Percent5Minutes")
		return nil
	}
	return l.preference(kind)
}

// preference reads a Type.
func (l *loader) preference(f field) *Gradual {
	name, ok := l.text(f)
	if !ok || name == allAtOnce {
		return nil
	}
	m := gradual.FindStringSubmatch(name)
	if m == nil {
		l.complain(f.line, "Type must be %s, CanaryXPercentYMinutes or LinearXPercentEveryYMinutes, not %s%s", allAtOnce, quoted(name), meant(name, preferences))
		return nil
	}
	percent, _ := strconv.Atoi(m[2])
	minutes, _ := strconv.Atoi(m[3])
	if percent < 1 || percent > 99 || minutes < 1 || minutes > maxInterval {
		l.complain(f.line, "Type is %s: the percentage must be from 1 to 99, and the minutes from 1 to %d", quoted(name), maxInterval)
		return nil
	}
	if right := spell(m[1], percent, minutes); name != right {
		l.complain(f.line, "Type is %s, which AWS does not know: write %s", quoted(name), right)
		return nil
	}
	g := &Gradual{Interval: time.Duration(minutes) * time.Minute}
	for share := percent; share < 100; share += percent {
		g.Shares = append(g.Shares, share)
		if m[1] == "Canary" {
			break
		}
	}
	return g
}

// spell writes a Type as AWS does.
func spell(kind string, percent, minutes int) string {
	every, unit := "", "Minutes"
	if kind == "Linear" {
		every = "Every"
	}
	if minutes == 1 {
		unit = "Minute"
	}
	return fmt.Sprintf("%s%dPercent%s%d%s", kind, percent, every, minutes, unit)
}

// preferences are the names that AWS has by itself. Source: aws-sam-translator
// 1.115, deployment_preference_collection.py.
var preferences = map[string]bool{
	allAtOnce:                       true,
	"Canary10Percent5Minutes":       true,
	"Canary10Percent10Minutes":      true,
	"Canary10Percent15Minutes":      true,
	"Canary10Percent30Minutes":      true,
	"Linear10PercentEvery1Minute":   true,
	"Linear10PercentEvery2Minutes":  true,
	"Linear10PercentEvery3Minutes":  true,
	"Linear10PercentEvery10Minutes": true,
}
