package sam

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestEventsGoOverAsTheTypeSays(t *testing.T) {
	canary := func(minutes time.Duration) *Gradual { return &Gradual{[]int{10}, minutes * time.Minute} }
	linear := func(minutes time.Duration) *Gradual {
		return &Gradual{[]int{10, 20, 30, 40, 50, 60, 70, 80, 90}, minutes * time.Minute}
	}
	for kind, want := range map[string]*Gradual{
		"Type: AllAtOnce":                                       nil,
		"Type: Canary10Percent5Minutes":                         canary(5),
		"Type: Canary10Percent10Minutes":                        canary(10),
		"Type: Canary10Percent15Minutes":                        canary(15),
		"Type: Canary10Percent30Minutes":                        canary(30),
		"Type: Linear10PercentEvery1Minute":                     linear(1),
		"Type: Linear10PercentEvery2Minutes":                    linear(2),
		"Type: Linear10PercentEvery3Minutes":                    linear(3),
		"Type: Linear10PercentEvery10Minutes":                   linear(10),
		"Type: Canary50Percent1Minute":                          {[]int{50}, time.Minute},
		"Type: Linear33PercentEvery2Minutes":                    {[]int{33, 66, 99}, 2 * time.Minute},
		"Type: Linear99PercentEvery2880Minutes":                 {[]int{99}, 48 * time.Hour},
		"Type: Canary10Percent5Minutes, Enabled: true, Role: a": canary(5),
		"Type: Canary10Percent5Minutes, Enabled: false":         nil,
		"Enabled: false":                                        nil,
	} {
		got, err := parse("template.yaml", []byte(preference(kind)), nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got.Functions[0].DeploymentPreference); diff != "" {
			t.Errorf("%s (-want +got):\n%s", kind, diff)
		}
	}
}
