package api_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"

	"triptych/faas/api"
)

func TestVersions(t *testing.T) {
	s, ctx := serve(t, api.Options{}), t.Context()
	a := aws.String("a")
	s.must("a")
	if v := s.publish("a"); v != "1" {
		t.Errorf("first version %s", v)
	}
	if v := s.publish("a"); v != "1" {
		t.Errorf("published twice without a change: version %s", v)
	}
	for i := range 11 {
		_, err := s.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: a, MemorySize: aws.Int32(int32(129 + i))})
		ok(t, err)
		s.publish("a")
	}
	var got []string
	pages := lambda.NewListVersionsByFunctionPaginator(s, &lambda.ListVersionsByFunctionInput{FunctionName: a, MaxItems: aws.Int32(1)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		ok(t, err)
		for _, c := range page.Versions {
			got = append(got, *c.Version)
		}
	}
	if diff := cmp.Diff([]string{"$LATEST", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"}, got); diff != "" {
		t.Errorf("versions (-want +got):\n%s", diff)
	}

	_, err := s.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("a:1"), MemorySize: aws.Int32(300)})
	failed(t, err, "InvalidParameterValueException", "without a qualifier")
	_, err = s.PublishVersion(ctx, &lambda.PublishVersionInput{FunctionName: a, CodeSha256: aws.String("other")})
	failed(t, err, "InvalidParameterValueException", "is different from current CodeSHA256 in $LATEST")
	_, err = s.PublishVersion(ctx, &lambda.PublishVersionInput{FunctionName: a, RevisionId: aws.String("old")})
	failed(t, err, "PreconditionFailedException", "Revision Id")
	described, err := s.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: a, MemorySize: aws.Int32(999)})
	ok(t, err)
	v13, err := s.PublishVersion(ctx, &lambda.PublishVersionInput{FunctionName: a, Description: aws.String("the last"), CodeSha256: described.CodeSha256, RevisionId: described.RevisionId})
	ok(t, err)
	if *v13.Description != "the last" || *v13.Version != "13" || v13.State != types.StateActive {
		t.Errorf("published %s, %q", *v13.Version, *v13.Description)
	}

	remove := func(qualifier string) error {
		_, err := s.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: a, Qualifier: &qualifier})
		return err
	}
	ok(t, remove("13"))
	ok(t, remove("13")) // once more does no harm
	_, err = s.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: a, Qualifier: aws.String("13")})
	failed(t, err, "ResourceNotFoundException", "a:13")
	failed(t, remove("$LATEST"), "InvalidParameterValueException", "$LATEST version cannot be deleted without deleting the function.")
	failed(t, remove("live"), "InvalidParameterValueException", "Deletion of aliases is not currently supported.")
	if v := s.publish("a"); v != "14" {
		t.Errorf("after 13 was removed: version %s", v)
	}
}

func TestAliases(t *testing.T) {
	s, ctx := serve(t, api.Options{}), t.Context()
	a, live := aws.String("a"), aws.String("live")
	s.must("a")
	s.publish("a")
	_, err := s.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: a, MemorySize: aws.Int32(200)})
	ok(t, err)
	s.publish("a")

	created, err := s.CreateAlias(ctx, &lambda.CreateAliasInput{FunctionName: a, Name: live, FunctionVersion: aws.String("1"), Description: aws.String("in use")})
	ok(t, err)
	if *created.AliasArn != "arn:aws:lambda:us-east-1:000000000000:function:a:live" || created.RoutingConfig != nil {
		t.Errorf("created %+v", created)
	}
	_, err = s.CreateAlias(ctx, &lambda.CreateAliasInput{FunctionName: a, Name: live, FunctionVersion: aws.String("1")})
	failed(t, err, "ResourceConflictException", "Alias already exists: arn:aws:lambda:us-east-1:000000000000:function:a:live")
	if out := s.answer("a", "live"); out.Version != "1" {
		t.Errorf("the alias ran version %s", out.Version)
	}
	config, err := s.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: a, Qualifier: live})
	ok(t, err)
	if *config.Version != "1" || *config.FunctionArn != *created.AliasArn {
		t.Errorf("the alias is %s of %s", *config.FunctionArn, *config.Version)
	}

	weights := func(main string, w map[string]float64) error {
		_, err := s.UpdateAlias(ctx, &lambda.UpdateAliasInput{FunctionName: a, Name: live, FunctionVersion: &main, RoutingConfig: &types.AliasRoutingConfiguration{AdditionalVersionWeights: w}})
		return err
	}
	ok(t, weights("1", map[string]float64{"2": 1}))
	if out := s.answer("a", "live"); out.Version != "2" {
		t.Errorf("a weight of 1 ran version %s", out.Version)
	}
	failed(t, weights("1", map[string]float64{"2": 0.5, "3": 0.1}), "InvalidParameterValueException", "cannot be greater than 1")
	failed(t, weights("1", map[string]float64{"1": 0.5}), "InvalidParameterValueException", "already included")
	failed(t, weights("1", map[string]float64{"2": 1.5}), "InvalidParameterValueException", "not from 0 to 1")
	failed(t, weights("1", map[string]float64{"9": 0.5}), "ResourceNotFoundException", "a:9")
	failed(t, weights("$LATEST", map[string]float64{"2": 0.5}), "InvalidParameterValueException", "$LATEST is not supported")
	failed(t, weights("9", nil), "ResourceNotFoundException", "a:9")
	failed(t, weights("latest", nil), "InvalidParameterValueException", "number of a version")

	got, err := s.GetAlias(ctx, &lambda.GetAliasInput{FunctionName: a, Name: live})
	ok(t, err)
	if got.RoutingConfig.AdditionalVersionWeights["2"] != 1 || *got.Description != "in use" {
		t.Errorf("got %+v", got)
	}
	_, err = s.UpdateAlias(ctx, &lambda.UpdateAliasInput{FunctionName: a, Name: live, RevisionId: created.RevisionId})
	failed(t, err, "PreconditionFailedException", "Revision Id")
	_, err = s.UpdateAlias(ctx, &lambda.UpdateAliasInput{FunctionName: a, Name: live, RevisionId: got.RevisionId, Description: aws.String("x")})
	ok(t, err)
	_, err = s.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: a, Qualifier: aws.String("2")})
	failed(t, err, "ResourceConflictException", "alias live")
	_, err = s.UpdateAlias(ctx, &lambda.UpdateAliasInput{FunctionName: a, Name: aws.String("none")})
	failed(t, err, "ResourceNotFoundException", "Cannot find alias arn: arn:aws:lambda:us-east-1:000000000000:function:a:none")
	_, err = s.GetAlias(ctx, &lambda.GetAliasInput{FunctionName: a, Name: aws.String("none")})
	failed(t, err, "ResourceNotFoundException", "Cannot find alias")
	for _, bad := range []string{"12", "a b", "a:b"} {
		_, err = s.CreateAlias(ctx, &lambda.CreateAliasInput{FunctionName: a, Name: &bad, FunctionVersion: aws.String("1")})
		failed(t, err, "InvalidParameterValueException", "alias name")
	}

	_, err = s.CreateAlias(ctx, &lambda.CreateAliasInput{FunctionName: a, Name: aws.String("beta"), FunctionVersion: aws.String("2")})
	ok(t, err)
	var names []string
	pages := lambda.NewListAliasesPaginator(s, &lambda.ListAliasesInput{FunctionName: a, MaxItems: aws.Int32(1)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		ok(t, err)
		for _, a := range page.Aliases {
			names = append(names, *a.Name)
		}
	}
	if diff := cmp.Diff([]string{"beta", "live"}, names); diff != "" {
		t.Errorf("aliases (-want +got):\n%s", diff)
	}
	only, err := s.ListAliases(ctx, &lambda.ListAliasesInput{FunctionName: a, FunctionVersion: aws.String("1")})
	ok(t, err)
	if len(only.Aliases) != 1 || *only.Aliases[0].Name != "live" {
		t.Errorf("aliases of version 1: %+v", only.Aliases)
	}
	for range 2 { // once more does no harm
		_, err = s.DeleteAlias(ctx, &lambda.DeleteAliasInput{FunctionName: a, Name: live})
		ok(t, err)
	}
	_, err = s.Invoke(ctx, &lambda.InvokeInput{FunctionName: a, Qualifier: live})
	failed(t, err, "ResourceNotFoundException", "a:live")
}
