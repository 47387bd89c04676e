package api

import (
	"net/http"

	"triptych/faas/function"
)

// What a request's body may have of bytes.
const (
	maxCode     = function.MaxZip*4/3 + 1<<20 // a zip file in base64, and the rest
	maxSettings = 256 << 10
)

const invokeAction = "InvokeFunction"

// A route is one operation of the API.
type route struct {
	pattern string // method and path
	action  string // as in policies, after "lambda:"
	limit   int    // bytes of the body
	open    bool   // what it needs of its caller it looks at itself
	do      func(http.ResponseWriter, *http.Request) error
}

func (s *server) routes() []route {
	const (
		functions = "/2015-03-31/functions"
		one       = functions + "/{function}"
		mappings  = "/2015-03-31/event-source-mappings"
	)
	routes := []route{
		{pattern: "POST " + one + "/invocations", action: invokeAction, limit: function.MaxSyncPayload, do: s.invoke},
		{pattern: "POST /2021-11-15/functions/{function}/response-streaming-invocations", action: invokeAction, limit: function.MaxSyncPayload, do: s.invokeStream},

		{pattern: "POST " + functions, action: "CreateFunction", limit: maxCode, do: s.create},
		{pattern: "GET " + functions, action: "ListFunctions", do: s.list},
		{pattern: "GET " + one, action: "GetFunction", do: s.get},
		{pattern: "GET " + one + "/configuration", action: "GetFunctionConfiguration", do: s.getConfiguration},
		{pattern: "PUT " + one + "/configuration", action: "UpdateFunctionConfiguration", do: s.updateConfiguration},
		{pattern: "PUT " + one + "/code", action: "UpdateFunctionCode", limit: maxCode, do: s.updateCode},
		{pattern: "DELETE " + one, action: "DeleteFunction", do: s.delete},
		{pattern: "GET " + codePath + "{digest}", open: true, do: s.download},

		{pattern: "POST " + one + "/versions", action: "PublishVersion", do: s.publish},
		{pattern: "GET " + one + "/versions", action: "ListVersionsByFunction", do: s.listVersions},

		{pattern: "POST " + one + "/aliases", action: "CreateAlias", do: s.createAlias},
		{pattern: "GET " + one + "/aliases", action: "ListAliases", do: s.listAliases},
		{pattern: "GET " + one + "/aliases/{alias}", action: "GetAlias", do: s.getAlias},
		{pattern: "PUT " + one + "/aliases/{alias}", action: "UpdateAlias", do: s.updateAlias},
		{pattern: "DELETE " + one + "/aliases/{alias}", action: "DeleteAlias", do: s.deleteAlias},

		{pattern: "PUT /2017-10-31/functions/{function}/concurrency", action: "PutFunctionConcurrency", do: s.putConcurrency},
		{pattern: "DELETE /2017-10-31/functions/{function}/concurrency", action: "DeleteFunctionConcurrency", do: s.deleteConcurrency},
		{pattern: "GET /2019-09-30/functions/{function}/concurrency", action: "GetFunctionConcurrency", do: s.getConcurrency},

		{pattern: "PUT /2019-09-30/functions/{function}/provisioned-concurrency", action: "PutProvisionedConcurrencyConfig", do: s.putProvisioned},
		{pattern: "GET /2019-09-30/functions/{function}/provisioned-concurrency", action: "GetProvisionedConcurrencyConfig", do: s.getProvisioned},
		{pattern: "DELETE /2019-09-30/functions/{function}/provisioned-concurrency", action: "DeleteProvisionedConcurrencyConfig", do: s.deleteProvisioned},

		{pattern: "PUT /2019-09-25/functions/{function}/event-invoke-config", action: "PutFunctionEventInvokeConfig", do: s.putAsync},
		{pattern: "POST /2019-09-25/functions/{function}/event-invoke-config", action: "UpdateFunctionEventInvokeConfig", do: s.updateAsync},
		{pattern: "GET /2019-09-25/functions/{function}/event-invoke-config", action: "GetFunctionEventInvokeConfig", do: s.getAsync},
		{pattern: "GET /2019-09-25/functions/{function}/event-invoke-config/list", action: "ListFunctionEventInvokeConfigs", do: s.listAsync},
		{pattern: "DELETE /2019-09-25/functions/{function}/event-invoke-config", action: "DeleteFunctionEventInvokeConfig", do: s.deleteAsync},

		{pattern: "PUT /2024-08-31/functions/{function}/recursion-config", action: "PutFunctionRecursionConfig", do: s.putRecursion},
		{pattern: "GET /2024-08-31/functions/{function}/recursion-config", action: "GetFunctionRecursionConfig", do: s.getRecursion},

		{pattern: "POST /2021-10-31/functions/{function}/url", action: "CreateFunctionUrlConfig", do: s.createURL},
		{pattern: "GET /2021-10-31/functions/{function}/url", action: "GetFunctionUrlConfig", do: s.getURL},
		{pattern: "PUT /2021-10-31/functions/{function}/url", action: "UpdateFunctionUrlConfig", do: s.updateURL},
		{pattern: "DELETE /2021-10-31/functions/{function}/url", action: "DeleteFunctionUrlConfig", do: s.deleteURL},
		{pattern: "GET /2021-10-31/functions/{function}/urls", action: "ListFunctionUrlConfigs", do: s.listURLs},

		{pattern: "GET /2016-08-19/account-settings", action: "GetAccountSettings", do: s.account},

		{pattern: "GET /2017-03-31/tags/{function}", action: "ListTags", do: s.listTags},
		{pattern: "POST /2017-03-31/tags/{function}", action: "TagResource", do: s.tag},
		{pattern: "DELETE /2017-03-31/tags/{function}", action: "UntagResource", do: s.untag},

		{pattern: "GET " + one + "/policy", action: "GetPolicy", do: s.noPolicy},

		{pattern: "POST " + mappings, action: "CreateEventSourceMapping", do: s.createMapping},
		{pattern: "GET " + mappings, action: "ListEventSourceMappings", do: s.listMappings},
		{pattern: "GET " + mappings + "/{id}", action: "GetEventSourceMapping", do: s.getMapping},
		{pattern: "PUT " + mappings + "/{id}", action: "UpdateEventSourceMapping", do: s.updateMapping},
		{pattern: "DELETE " + mappings + "/{id}", action: "DeleteEventSourceMapping", do: s.deleteMapping},
	}
	for _, pattern := range []string{"POST " + one + "/policy", "DELETE " + one + "/policy/{statement}"} {
		routes = append(routes, refused(pattern, "This runner keeps no policies of who may invoke a function: say which functions one may invoke, by its tag "+function.TagMayInvoke))
	}
	for i := range routes {
		routes[i].limit = max(routes[i].limit, maxSettings)
	}
	return routes
}

// refused is an operation of Lambda's that the runner knows and does not do.
func refused(pattern, why string) route {
	return route{pattern: pattern, action: "*", do: func(http.ResponseWriter, *http.Request) error {
		return function.Invalid("%s", why)
	}}
}
