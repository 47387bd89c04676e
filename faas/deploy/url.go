package deploy

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"triptych/faas/function"
)

// A URL is how a function, or its alias when it has one, answers HTTP.
type URL struct {
	Auth, Mode string // as Lambda's AuthType and InvokeMode
	Cors       *Cors  // nil is none
}

// Cors is what web pages of other sites may do with a URL.
type Cors struct {
	AllowCredentials                                        bool
	AllowHeaders, AllowMethods, AllowOrigins, ExposeHeaders []string
	MaxAge                                                  int // seconds
}

// url gives the function its URL, and takes away those that are not wanted.
func (d *deployment) url(*lambda.GetFunctionOutput) error {
	all, err := URLs(d.ctx, d.client, d.want.Name)
	if err != nil {
		return err
	}
	own := function.ARN(d.want.Name, d.want.Alias)
	var now *types.FunctionUrlConfig
	for i, u := range all {
		of := aws.ToString(u.FunctionArn)
		switch {
		case of == own && (d.want.URL != nil || !d.want.Exact):
			now = &all[i]
		case d.want.Exact:
			if err := d.removeURL(strings.TrimPrefix(of, function.ARN(d.want.Name, ""))); err != nil {
				return err
			}
		}
	}
	if err := d.setURL(now); err != nil {
		return fmt.Errorf("set the URL: %w", err)
	}
	return nil
}

// removeURL removes the URL of the function, or of an alias, which has a colon
// before it.
func (d *deployment) removeURL(alias string) error {
	in := &lambda.DeleteFunctionUrlConfigInput{FunctionName: &d.want.Name}
	if alias = strings.TrimPrefix(alias, ":"); alias != "" {
		in.Qualifier = &alias
	}
	if _, err := d.client.DeleteFunctionUrlConfig(d.ctx, in); err != nil && !missing(err) {
		return fmt.Errorf("remove the URL: %w", err)
	}
	d.changed("URL removed")
	return nil
}

func (d *deployment) setURL(now *types.FunctionUrlConfig) error {
	want := d.want.URL
	var alias *string
	if d.want.Alias != "" {
		alias = &d.want.Alias
	}
	switch {
	case want == nil && now == nil:
		return nil
	case want == nil, now != nil && want.is(now):
		d.change.URL = aws.ToString(now.FunctionUrl)
		return nil
	case now == nil:
		out, err := d.client.CreateFunctionUrlConfig(d.ctx, &lambda.CreateFunctionUrlConfigInput{FunctionName: &d.want.Name, Qualifier: alias,
			AuthType: types.FunctionUrlAuthType(want.Auth), InvokeMode: types.InvokeMode(want.Mode), Cors: want.cors()})
		if err != nil {
			return err
		}
		d.change.URL = aws.ToString(out.FunctionUrl)
	default:
		cors := want.cors()
		if cors == nil {
			cors = &types.Cors{} // takes away what there is
		}
		out, err := d.client.UpdateFunctionUrlConfig(d.ctx, &lambda.UpdateFunctionUrlConfigInput{FunctionName: &d.want.Name, Qualifier: alias,
			AuthType: types.FunctionUrlAuthType(want.Auth), InvokeMode: types.InvokeMode(want.Mode), Cors: cors})
		if err != nil {
			return err
		}
		d.change.URL = aws.ToString(out.FunctionUrl)
	}
	d.changed("URL")
	return nil
}

// URLs returns the URLs of a function and of its aliases.
func URLs(ctx context.Context, client *lambda.Client, name string) ([]types.FunctionUrlConfig, error) {
	var all []types.FunctionUrlConfig
	pages := lambda.NewListFunctionUrlConfigsPaginator(client, &lambda.ListFunctionUrlConfigsInput{FunctionName: &name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the URLs of %s: %w", name, err)
		}
		all = append(all, page.FunctionUrlConfigs...)
	}
	return all, nil
}

func (u *URL) cors() *types.Cors {
	if u.Cors == nil {
		return nil
	}
	c := u.Cors
	return &types.Cors{AllowCredentials: &c.AllowCredentials, AllowHeaders: c.AllowHeaders, AllowMethods: c.AllowMethods,
		AllowOrigins: c.AllowOrigins, ExposeHeaders: c.ExposeHeaders, MaxAge: int32s(&c.MaxAge)}
}

// is tells whether a URL is as wanted. No Cors is as good as an empty one.
func (u *URL) is(now *types.FunctionUrlConfig) bool {
	want, has := u.cors(), now.Cors
	if want == nil {
		want = &types.Cors{}
	}
	if has == nil {
		has = &types.Cors{}
	}
	return string(now.AuthType) == u.Auth && string(now.InvokeMode) == u.Mode &&
		aws.ToBool(has.AllowCredentials) == aws.ToBool(want.AllowCredentials) && aws.ToInt32(has.MaxAge) == aws.ToInt32(want.MaxAge) &&
		slices.Equal(has.AllowHeaders, want.AllowHeaders) && slices.Equal(has.AllowMethods, want.AllowMethods) &&
		slices.Equal(has.AllowOrigins, want.AllowOrigins) && slices.Equal(has.ExposeHeaders, want.ExposeHeaders)
}
