package deploy_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"triptych/faas/deploy"
	"triptych/faas/function"
)

// TestURLs gives a function a URL, changes it, moves it to an alias and takes it
// away: only when it is not as wanted.
func TestURLs(t *testing.T) {
	client := serve(t)
	zip := code(t, "1")
	want := func(alias string, u *deploy.URL) deploy.Function {
		return deploy.Function{Name: "f", Zip: zip, Alias: alias, URL: u, Tags: map[string]string{}, Exact: true}
	}
	open := &deploy.URL{Auth: "NONE", Mode: "BUFFERED"}
	pages := &deploy.URL{Auth: "NONE", Mode: "BUFFERED", Cors: &deploy.Cors{AllowOrigins: []string{"*"}, AllowMethods: []string{"GET"}, MaxAge: 60}}
	before := ""
	for _, step := range []struct {
		name string
		want deploy.Function
		said string
		same bool // the URL is the one before
		of   []string
	}{
		{"new", want("", open), "created", false, []string{""}},
		{"the same", want("", open), "unchanged", true, []string{""}},
		{"for pages", want("", pages), "updated: URL", true, []string{""}},
		{"the same for pages", want("", pages), "unchanged", true, []string{""}},
		{"another method", want("", &deploy.URL{Auth: "NONE", Mode: "BUFFERED", Cors: &deploy.Cors{AllowOrigins: []string{"*"}, AllowMethods: []string{"PUT"}, MaxAge: 60}}), "updated: URL", true, []string{""}},
		{"for no pages", want("", open), "updated: URL", true, []string{""}},
		{"streaming and signed", want("", &deploy.URL{Auth: "AWS_IAM", Mode: "RESPONSE_STREAM"}), "updated: URL", true, []string{""}},
		{"nothing said", deploy.Function{Name: "f", Zip: zip}, "unchanged", true, []string{""}},
		{"of an alias", want("live", open), "updated: live is version 1, URL removed, URL", false, []string{"live"}},
		{"the same of an alias", want("live", open), "unchanged", true, []string{"live"}},
		{"none", want("live", nil), "updated: URL removed", false, nil},
		{"still none", want("live", nil), "unchanged", true, nil},
	} {
		changes, err := deploy.All(t.Context(), client, []deploy.Function{step.want})
		if err != nil {
			t.Fatal(err)
		}
		now, err := deploy.URLs(t.Context(), client, "f")
		if err != nil {
			t.Fatal(err)
		}
		var of, at []string
		for _, u := range now {
			of, at = append(of, *u.FunctionArn), append(at, *u.FunctionUrl)
		}
		var wanted []string
		for _, alias := range step.of {
			wanted = append(wanted, function.ARN("f", alias))
		}
		if diff := cmp.Diff(wanted, of); diff != "" {
			t.Errorf("%s: the URLs are of (-want +got):\n%s", step.name, diff)
		}
		c := changes[0]
		if sorted(c.String()) != sorted(step.said) || (c.URL == before) != step.same || c.URL != "" && !slices.Contains(at, c.URL) {
			t.Errorf("%s: %s, at %q, before at %q; want %s", step.name, c, c.URL, before, step.said)
		}
		before = c.URL
	}
}
