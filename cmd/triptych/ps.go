package main

import (
	"context"
	"flag"
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	"triptych/lab/launch"
)

// ps says what runs, and what it uses of the machine.
func ps(ctx context.Context, args []string, out *screen) error {
	flags := flag.NewFlagSet("ps", flag.ContinueOnError)
	data := flags.String("data", "", "")
	if err := parse(flags, args); err != nil {
		return err
	}
	folders, err := dataFolders(*data, monolith, microservices)
	if err != nil {
		return err
	}
	all, err := uses(ctx)
	if err != nil {
		return err
	}
	found := false
	for _, folder := range folders {
		state, running, err := launch.ReadState(folder)
		if err != nil {
			return err
		}
		if running {
			found = true
			showState(state, all, out)
		}
	}
	if !found {
		out.print("Nothing runs here: go run ./cmd/triptych up microservices starts something.\n")
	}
	return nil
}

// dataFolders are those that a shop of one of the architectures may run on: what
// --data names, as up or as the demo takes it, or else the usual ones.
func dataFolders(data string, architectures ...string) (folders []string, err error) {
	if data != "" {
		folders = []string{data}
		for _, a := range architectures {
			folders = append(folders, filepath.Join(data, a))
		}
		return folders, nil
	}
	root, err := launch.FindRoot()
	if err != nil {
		return nil, err
	}
	for _, a := range architectures {
		folders = append(folders, dataFolder(root, a))
	}
	return folders, nil
}

func showState(state launch.State, all map[int]use, out *screen) {
	out.heading("The shop at " + state.Gateway)
	rows := [][]string{{"", "pid", "state", "since", "restarts", "memory", "CPU", "address"}}
	var shop use
	count := 0
	for _, p := range state.Processes {
		u := useOf(all, p.Pid)
		rows = append(rows, []string{
			p.Name, number(p.Pid), p.State, since(p.Since), strconv.Itoa(p.Restarts), megabytes(u.memory), cpuSeconds(u.cpu), p.Addr,
		})
		if !p.Beside() {
			count++
			shop.memory += u.memory
			shop.cpu += u.cpu
		}
	}
	if count > 1 {
		rows = append(rows, []string{fmt.Sprintf("all %d services", count), "", "", "", "", megabytes(shop.memory), cpuSeconds(shop.cpu), ""})
	}
	out.table(map[int]bool{1: true, 3: true, 4: true, 5: true, 6: true}, rows...)
}

func number(pid int) string {
	if pid == 0 {
		return "–"
	}
	return strconv.Itoa(pid)
}

func megabytes(bytes int64) string {
	if bytes == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f MB", float64(bytes)/1e6)
}

func cpuSeconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

// since says how long ago something was, in its largest unit.
func since(t time.Time) string {
	switch d := time.Since(t); {
	case d < time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	case d < 48*time.Hour:
		return fmt.Sprintf("%.0f h", d.Hours())
	default:
		return fmt.Sprintf("%.0f days", d.Hours()/24)
	}
}
