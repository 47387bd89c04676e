package url

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// allowed tells whether the URL's Cors names the site that a request comes from.
func (c *call) allowed() bool {
	if c.url.Cors == nil {
		return false
	}
	origin := c.r.Header.Get("Origin")
	return slices.ContainsFunc(c.url.Cors.AllowOrigins, func(o string) bool { return o == "*" || strings.EqualFold(o, origin) })
}

// preflight answers a browser that asks what a page may send, when the URL has a
// Cors. Otherwise that is for the function to say.
func (c *call) preflight() bool {
	h := c.r.Header
	if c.url.Cors == nil || c.r.Method != http.MethodOptions || h.Get("Origin") == "" || h.Get("Access-Control-Request-Method") == "" {
		return false
	}
	c.cors()
	if to, cors := c.w.Header(), c.url.Cors; c.allowed() {
		list(to, "Access-Control-Allow-Methods", cors.AllowMethods)
		list(to, "Access-Control-Allow-Headers", cors.AllowHeaders)
		if cors.MaxAge > 0 {
			to.Set("Access-Control-Max-Age", strconv.Itoa(cors.MaxAge))
		}
	}
	c.w.Header().Set("Content-Length", "0")
	c.w.WriteHeader(http.StatusOK)
	return true
}

// cors says what the page that a request comes from may read. What the function
// says of that does not count, when the URL has a Cors.
func (c *call) cors() {
	cors := c.url.Cors
	if cors == nil {
		return
	}
	h := c.w.Header()
	for name := range h {
		if strings.HasPrefix(name, "Access-Control-") {
			delete(h, name)
		}
	}
	every := slices.Contains(cors.AllowOrigins, "*")
	if !every {
		h.Add("Vary", "Origin")
	}
	origin := c.r.Header.Get("Origin")
	if origin == "" || !c.allowed() {
		return
	}
	if every {
		origin = "*"
	}
	h.Set("Access-Control-Allow-Origin", origin)
	if cors.AllowCredentials {
		h.Set("Access-Control-Allow-Credentials", "true")
	}
	list(h, "Access-Control-Expose-Headers", cors.ExposeHeaders)
}

func list(h http.Header, name string, values []string) {
	if len(values) > 0 {
		h.Set(name, strings.Join(values, ","))
	}
}
