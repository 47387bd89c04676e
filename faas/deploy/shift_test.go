package deploy_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"

	"triptych/faas/build"
	"triptych/faas/deploy"
)

// A watch notes the steps of shifts and the waits between them, and what the
// alias really is at each wait. It waits for nothing.
type watch struct {
	t      *testing.T
	client *lambda.Client
	noted  []string
	stop   int // the wait that is interrupted, counted from 1; 0 is none
	waits  int
	meet   func() // is called in each wait
}

func (w *watch) options() deploy.ShiftOptions {
	return deploy.ShiftOptions{
		Told: func(s deploy.Shift) { w.noted = append(w.noted, fmt.Sprintf("%d %% to %s", s.Share, s.To)) },
		Wait: func(_ context.Context, d time.Duration) error {
			w.waits++
			w.noted = append(w.noted, d.String()+" with "+alias(w.t, w.client))
			if w.meet != nil {
				w.meet()
			}
			if w.waits == w.stop {
				return context.Canceled
			}
			return nil
		},
	}
}

// alias is what the alias live of f means.
func alias(t *testing.T, client *lambda.Client) string {
	t.Helper()
	a, err := client.GetAlias(t.Context(), &lambda.GetAliasInput{FunctionName: aws.String("f"), Name: aws.String("live")})
	if err != nil {
		t.Error(err) // it is not always the test's goroutine that asks
		return ""
	}
	var s strings.Builder
	s.WriteString(*a.FunctionVersion)
	if a.RoutingConfig != nil {
		for version, weight := range a.RoutingConfig.AdditionalVersionWeights {
			s.WriteString(fmt.Sprintf(", %s by %v", version, weight))
		}
	}
	return s.String()
}

var (
	canary = &deploy.Gradual{Shares: []int{10}, Interval: 5 * time.Minute}
	linear = &deploy.Gradual{Shares: []int{30, 60, 90}, Interval: time.Minute}
)

// gradual is the function f, whose versions differ by a text.
func gradual(zip build.Zip, how *deploy.Gradual, text string) deploy.Function {
	return deploy.Function{Name: "f", Zip: zip, Alias: "live", Gradual: how, Env: map[string]string{"TEXT": text}}
}

// begin deploys f, and returns what was done and what is left to do.
func begin(t *testing.T, client *lambda.Client, f deploy.Function) (string, []*deploy.Shift) {
	t.Helper()
	changes, err := deploy.All(t.Context(), client, []deploy.Function{f})
	if err != nil {
		t.Fatal(err)
	}
	if changes[0].Shift == nil {
		return changes[0].String(), nil
	}
	return changes[0].String(), []*deploy.Shift{changes[0].Shift}
}

// shift deploys f and shifts its events, and returns all that was noted. It
// reports whether that was interrupted.
func (w *watch) shift(f deploy.Function) (noted []string, interrupted bool) {
	w.t.Helper()
	w.noted, w.waits = nil, 0
	said, shifts := begin(w.t, w.client, f)
	err := deploy.Run(w.t.Context(), w.client, shifts, w.options())
	if err != nil && !errors.Is(err, context.Canceled) {
		w.t.Fatal(err)
	}
	return append([]string{said}, w.noted...), err != nil
}

func TestEventsGoOverBitByBit(t *testing.T) {
	w := &watch{t: t, client: serve(t)}
	zip := code(t, "1")
	for _, step := range []struct {
		name string
		want deploy.Function
		stop int
		said []string
		left string
	}{
		{"the first is all at once", gradual(zip, canary, "a"), 0, []string{"created"}, "1"},
		{"nothing new", gradual(zip, canary, "a"), 0, []string{"unchanged"}, "1"},
		{"canary", gradual(zip, canary, "b"), 0, []string{"updated: environment, version 2",
			"10 % to 2", "5m0s with 1, 2 by 0.1", "100 % to 2"}, "2"},
		{"linear", gradual(zip, linear, "c"), 0, []string{"updated: environment, version 3",
			"30 % to 3", "1m0s with 2, 3 by 0.3", "60 % to 3", "1m0s with 2, 3 by 0.6", "90 % to 3", "1m0s with 2, 3 by 0.9", "100 % to 3"}, "3"},
		{"interrupted", gradual(zip, linear, "d"), 2, []string{"updated: environment, version 4",
			"30 % to 4", "1m0s with 3, 4 by 0.3", "60 % to 4", "1m0s with 3, 4 by 0.6"}, "3, 4 by 0.6"},
		{"goes on", gradual(zip, linear, "d"), 1, []string{"unchanged",
			"60 % to 4", "1m0s with 3, 4 by 0.6"}, "3, 4 by 0.6"},
		{"other code begins anew from what is stable", gradual(zip, linear, "e"), 1, []string{"updated: environment, version 5",
			"30 % to 5", "1m0s with 3, 5 by 0.3"}, "3, 5 by 0.3"},
		{"goes on by other steps", gradual(zip, canary, "e"), 0, []string{"unchanged",
			"30 % to 5", "5m0s with 3, 5 by 0.3", "100 % to 5"}, "5"},
		{"interrupted again", gradual(zip, canary, "f"), 1, []string{"updated: environment, version 6",
			"10 % to 6", "5m0s with 5, 6 by 0.1"}, "5, 6 by 0.1"},
		{"all at once after all", gradual(zip, nil, "f"), 0, []string{"updated: live is version 6"}, "6"},
	} {
		w.stop = step.stop
		got, interrupted := w.shift(step.want)
		if diff := cmp.Diff(step.said, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.name, diff)
		}
		if interrupted != (step.stop > 0) {
			t.Errorf("%s: interrupted: %v", step.name, interrupted)
		}
		if now := alias(t, w.client); now != step.left {
			t.Errorf("%s: the alias is %s, want %s", step.name, now, step.left)
		}
	}
}

func TestGoingBackIsToWhatWasStable(t *testing.T) {
	w := &watch{t: t, client: serve(t), stop: 1}
	zip := code(t, "1")
	back := func(want string, wantDone bool) {
		t.Helper()
		version, done, err := deploy.Back(t.Context(), w.client, "f", "live")
		if err != nil || version != want || done != wantDone {
			t.Errorf("back to %q, %v, %v; want %q, %v", version, done, err, want, wantDone)
		}
	}
	back("", false)
	w.shift(gradual(zip, canary, "a"))
	back("1", false)
	w.shift(gradual(zip, canary, "b"))
	back("1", true)
	if now := alias(t, w.client); now != "1" {
		t.Errorf("the alias is %s", now)
	}
	back("1", false)
}

// Two who deploy at a time would have the alias jump to and fro.
func TestWhoChangesAnAliasMeanwhileHasIt(t *testing.T) {
	w := &watch{t: t, client: serve(t)}
	zip := code(t, "1")
	w.shift(gradual(zip, canary, "a"))
	w.meet = func() {
		if _, _, err := deploy.Back(t.Context(), w.client, "f", "live"); err != nil {
			t.Error(err)
		}
	}
	_, shifts := begin(t, w.client, gradual(zip, canary, "b"))
	err := deploy.Run(t.Context(), w.client, shifts, w.options())
	if err == nil || !strings.Contains(err.Error(), "deploy f: the alias live was changed by somebody else, and is left to them") {
		t.Errorf("got %v", err)
	}
	if now := alias(t, w.client); now != "1" {
		t.Errorf("the alias is %s", now)
	}
}

// With nobody to wait for it, the end of the context ends a wait of minutes.
func TestAShiftIsInterruptedInItsWait(t *testing.T) {
	client := serve(t)
	zip := code(t, "1")
	begin(t, client, gradual(zip, canary, "a"))
	_, shifts := begin(t, client, gradual(zip, canary, "b"))
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	err := deploy.Run(ctx, client, shifts, deploy.ShiftOptions{Told: func(deploy.Shift) { stop() }})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if now := alias(t, client); now != "1, 2 by 0.1" {
		t.Errorf("the alias is %s", now)
	}
}

func TestVersionsGetTheirShareOfEvents(t *testing.T) {
	w := &watch{t: t, client: serve(t)}
	zip, err := build.Package(t.Context(), "../examples/hello", build.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w.shift(gradual(zip, linear, "a"))
	const events = 500
	var shares []int
	w.meet = func() {
		n := 0
		for range events {
			out, err := w.client.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("f"), Qualifier: aws.String("live"), Payload: []byte(`{"name":"Ada"}`)})
			if err != nil {
				t.Error(err)
				return
			}
			if out.FunctionError != nil || !slices.Contains([]string{"1", "2"}, *out.ExecutedVersion) {
				t.Errorf("version %s, error %v: %s", *out.ExecutedVersion, aws.ToString(out.FunctionError), out.Payload)
				return
			}
			if *out.ExecutedVersion == "2" {
				n++
			}
		}
		shares = append(shares, n)
	}
	w.shift(gradual(zip, linear, "b"))
	// The widest of these has a standard deviation of 11 events.
	for i, percent := range linear.Shares {
		if want := events * percent / 100; len(shares) != len(linear.Shares) || shares[i] < want-75 || shares[i] > want+75 {
			t.Errorf("of %d events %v went to the new version, want about %v percent", events, shares, linear.Shares)
		}
	}
}

func TestAnAliasOfLatestGoesOverAtOnce(t *testing.T) {
	client := serve(t)
	f := gradual(code(t, "1"), canary, "a")
	f.Alias = ""
	begin(t, client, f)
	_, err := client.CreateAlias(t.Context(), &lambda.CreateAliasInput{FunctionName: &f.Name, Name: aws.String("live"), FunctionVersion: aws.String("$LATEST"), RoutingConfig: &types.AliasRoutingConfiguration{}})
	if err != nil {
		t.Fatal(err)
	}
	f.Alias = "live"
	if said, shifts := begin(t, client, f); said != "updated: live is version 1" || shifts != nil {
		t.Errorf("%s, and then %v", said, shifts)
	}
}
