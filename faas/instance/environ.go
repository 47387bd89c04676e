package instance

import (
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"

	"triptych/faas/function"
)

// environ is the whole environment of the process: Lambda's variables, and the
// function's own, which may replace those that Lambda does not reserve.
// Nothing of the runner's is in it.
//
// Source: "Defined runtime environment variables" in the AWS Lambda Developer
// Guide.
func (e *Environment) environ(api string) []string {
	c := e.Config
	init := "on-demand"
	if e.Provisioned {
		init = "provisioned-concurrency"
	}
	vars := map[string]string{
		"AWS_LAMBDA_RUNTIME_API":          api,
		"AWS_LAMBDA_FUNCTION_NAME":        c.Name,
		"AWS_LAMBDA_FUNCTION_VERSION":     c.Version,
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(c.Memory),
		"AWS_LAMBDA_LOG_GROUP_NAME":       "/aws/lambda/" + c.Name,
		"AWS_LAMBDA_LOG_STREAM_NAME":      e.Stream.Name(),
		"AWS_LAMBDA_INITIALIZATION_TYPE":  init,
		"AWS_REGION":                      function.Region,
		"AWS_DEFAULT_REGION":              function.Region,
		"AWS_ACCESS_KEY_ID":               e.Credentials.AccessKey,
		"AWS_SECRET_ACCESS_KEY":           e.Credentials.SecretKey,
		"AWS_SESSION_TOKEN":               e.Credentials.SessionToken,
		"AWS_ENDPOINT_URL_LAMBDA":         "http://" + e.Runner,
		"AWS_EXECUTION_ENV":               "AWS_Lambda_" + c.Runtime,
		"_HANDLER":                        c.Handler,
		"LAMBDA_TASK_ROOT":                e.Code.Dir,
		"LAMBDA_RUNTIME_DIR":              filepath.Dir(e.Code.Bootstrap),
		"TZ":                              ":UTC",
		"LANG":                            "en_US.UTF-8",
		"PATH":                            "/usr/local/bin:/usr/bin:/bin",
		"TMPDIR":                          e.Tmp,
		"GOMAXPROCS":                      strconv.Itoa(min(function.CPUs(c.Memory), runtime.NumCPU())),
		"GOMEMLIMIT":                      function.MemoryLimit(c.Memory),
	}
	if n := c.Runner.Slots(); n > 1 {
		vars["AWS_LAMBDA_MAX_CONCURRENCY"] = strconv.Itoa(n)
	}
	maps.Copy(vars, c.Env)
	set := make([]string, 0, len(vars))
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		set = append(set, name+"="+vars[name])
	}
	return set
}
