//go:build linux

package sandbox

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseCgroups(t *testing.T) {
	for name, c := range map[string]struct {
		groups, mounts string
		v2             bool
		want           map[string]string
	}{
		"version 2": {
			"0::/user.slice/app.service\n",
			"30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n",
			true,
			map[string]string{"memory": "/sys/fs/cgroup/user.slice/app.service", "pids": "/sys/fs/cgroup/user.slice/app.service", "cpu": "/sys/fs/cgroup/user.slice/app.service"},
		},
		"version 1": {
			"8:pids:/a\n4:memory:/b/c\n2:cpu,cpuacct:/\n0::/\n",
			"31 23 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n" +
				"32 23 0:28 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n" +
				"33 23 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n" +
				"34 23 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
			false,
			map[string]string{"memory": "/sys/fs/cgroup/memory/b/c", "pids": "/sys/fs/cgroup/pids/a", "cpu": "/sys/fs/cgroup/cpu,cpuacct"},
		},
		"version 1 in a container": {
			"4:memory:/docker/1\n",
			"31 23 0:27 /docker/1 /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n",
			false,
			map[string]string{"memory": "/sys/fs/cgroup/memory"},
		},
		"none": {"", "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n", false, map[string]string{}},
	} {
		t.Run(name, func(t *testing.T) {
			got := parseCgroups(c.groups, c.mounts)
			if diff := cmp.Diff(c.want, got.folders); diff != "" || got.v2 != c.v2 {
				t.Errorf("version 2: %t; folders (-want +got):\n%s", got.v2, diff)
			}
		})
	}
}

func TestCgroupSettings(t *testing.T) {
	spec := Spec{Memory: 1769 << 20 / 2, Processes: 7}
	for _, c := range []struct {
		v2   bool
		want map[string]string
	}{
		{false, map[string]string{
			"memory.limit_in_bytes": "927465472", "memory.memsw.limit_in_bytes": "927465472",
			"cpu.cfs_period_us": "100000", "cpu.cfs_quota_us": "50000", "pids.max": "7",
		}},
		{true, map[string]string{
			"memory.max": "927465472", "memory.swap.max": "0", "memory.oom.group": "1", "cpu.max": "50000 100000", "pids.max": "7",
		}},
	} {
		got := map[string]string{}
		for _, s := range (cgroups{v2: c.v2}).settings(spec) {
			got[s.file] = s.value
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("version 2: %t (-want +got):\n%s", c.v2, diff)
		}
	}
	if s := (cgroups{}).settings(Spec{}); s != nil {
		t.Errorf("no limits are %v", s)
	}
}
