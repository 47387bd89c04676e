package deploy

import (
	"context"
	"fmt"
	"math"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"triptych/faas/function"
)

// alias publishes a version, which is a new one if anything has changed, and
// has the alias mean it, or notes the shift that will.
func (d *deployment) alias(*lambda.GetFunctionOutput) error {
	f := d.want
	if f.Alias == "" {
		return nil
	}
	version, err := d.publish()
	if err != nil {
		return err
	}
	now, err := d.client.GetAlias(d.ctx, &lambda.GetAliasInput{FunctionName: &f.Name, Name: &f.Alias})
	switch {
	case missing(err): // nothing to shift from
		_, err = d.client.CreateAlias(d.ctx, &lambda.CreateAliasInput{FunctionName: &f.Name, Name: &f.Alias, FunctionVersion: &version})
	case err != nil:
	case aws.ToString(now.FunctionVersion) == version && now.RoutingConfig == nil:
		return nil
	case f.Gradual != nil && mayShift(now, version):
		d.change.Shift = newShift(f, now, version)
		if d.change.Shift.Share == 0 {
			d.changed("version " + version)
		}
		return nil
	default:
		_, err = d.client.UpdateAlias(d.ctx, &lambda.UpdateAliasInput{FunctionName: &f.Name, Name: &f.Alias, FunctionVersion: &version, RoutingConfig: &types.AliasRoutingConfiguration{}})
	}
	if err != nil {
		return fmt.Errorf("have the alias %s mean version %s: %w", f.Alias, version, err)
	}
	d.changed(f.Alias + " is version " + version)
	return nil
}

// publish returns the number of the version that is as the function is now.
func (d *deployment) publish() (string, error) {
	in := &lambda.PublishVersionInput{FunctionName: &d.want.Name}
	if d.want.VersionDescription != "" {
		in.Description = &d.want.VersionDescription
	}
	version, err := d.client.PublishVersion(d.ctx, in)
	if err != nil {
		return "", fmt.Errorf("publish a version: %w", err)
	}
	published := lambda.NewPublishedVersionActiveWaiter(d.client, func(o *lambda.PublishedVersionActiveWaiterOptions) { o.MinDelay, o.MaxDelay = soon, late })
	if err := published.Wait(d.ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &d.want.Name, Qualifier: version.Version}, patience); err != nil {
		return "", fmt.Errorf("wait for version %s: %w", *version.Version, err)
	}
	return *version.Version, nil
}

// mayShift tells whether a version can take over bit by bit from the one that
// an alias means: not from itself, and not from $LATEST, which Lambda gives no
// weights.
func mayShift(now *lambda.GetAliasOutput, to string) bool {
	from := aws.ToString(now.FunctionVersion)
	return from != to && from != function.Latest
}

// share is how many percent of an alias's events go to a version beside its own.
func share(r *types.AliasRoutingConfiguration, version string) int {
	if r == nil {
		return 0
	}
	return int(math.Round(100 * r.AdditionalVersionWeights[version]))
}

// Back ends a shift that was left in the middle: the alias means the version
// alone that it has meant before. It returns that version, and whether there
// was anything to do. A function or alias that is not there has none.
func Back(ctx context.Context, client *lambda.Client, name, alias string) (version string, done bool, err error) {
	now, err := client.GetAlias(ctx, &lambda.GetAliasInput{FunctionName: &name, Name: &alias})
	if missing(err) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("look at the alias %s: %w", alias, err)
	}
	version = aws.ToString(now.FunctionVersion)
	if now.RoutingConfig == nil {
		return version, false, nil
	}
	_, err = client.UpdateAlias(ctx, &lambda.UpdateAliasInput{FunctionName: &name, Name: &alias, FunctionVersion: &version, RoutingConfig: &types.AliasRoutingConfiguration{}})
	if err != nil {
		return "", false, fmt.Errorf("have the alias %s mean version %s alone: %w", alias, version, err)
	}
	return version, true, nil
}
