package sandbox

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// slack is what a Go program maps beyond what it uses.
const slack = 128 << 20

// limit sets the limits of a process that has not run yet, and its mark.
func limit(p *Process) error {
	set := map[int]uint64{markLimit: p.mark, unix.RLIMIT_CORE: 0}
	if p.spec.Level != None {
		if p.spec.Memory > 0 {
			set[unix.RLIMIT_DATA] = uint64(2*p.spec.Memory + slack)
		}
		if p.spec.TmpSize > 0 {
			set[unix.RLIMIT_FSIZE] = uint64(p.spec.TmpSize)
		}
		if p.spec.Files > 0 {
			set[unix.RLIMIT_NOFILE] = uint64(p.spec.Files)
		}
	}
	for what, most := range set {
		if err := unix.Prlimit(p.pid, what, &unix.Rlimit{Cur: most, Max: most}, nil); err != nil {
			return fmt.Errorf("limit %d to %d: %w", what, most, err)
		}
	}
	return nil
}
