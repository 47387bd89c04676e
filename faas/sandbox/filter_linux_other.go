//go:build linux && !amd64 && !arm64

package sandbox

// There is no filter for these architectures.
const architecture = 0

var refusedHere []uint32
