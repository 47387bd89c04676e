// Package version says which Triptych this is.
package version

// Number is the version, the same for every program of a release.
const Number = "0.1.0"
