package postgres_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"triptych/internal/postgres"
	"triptych/internal/postgres/pgtest"
)

// TestMain makes this binary a program with a private server, for the tests
// that kill such a program: with PG_PARENT set it starts one in that folder,
// prints its URL and waits for its end.
func TestMain(m *testing.M) {
	dir := os.Getenv("PG_PARENT")
	if dir == "" {
		os.Exit(m.Run())
	}
	s, err := postgres.Start(context.Background(), postgres.Options{
		Dir: dir, Settings: quick, Download: os.Getenv("PG_DOWNLOAD") != "",
	})
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	fmt.Println(s.URL("postgres"))
	<-s.Done()
}

// program starts a program with a private server and returns the server's URL.
func program(t *testing.T, dir string) (*exec.Cmd, string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "PG_PARENT="+dir)
	cmd.Stderr = os.Stderr
	return cmd, launch(t, cmd)
}

func launch(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the program said %q, %v", line, err)
	}
	return strings.TrimSpace(line)
}

func TestAKilledProgramLeavesNoServerAndLosesNothing(t *testing.T) {
	dir := dataFolder(t)
	for round := range 3 {
		cmd, url := program(t, dir)
		conn := connect(t, url)
		do(t, conn, `CREATE TABLE IF NOT EXISTS rounds (n int PRIMARY KEY)`)
		do(t, conn, `INSERT INTO rounds VALUES ($1)`, round)
		if n := count(t, conn, `SELECT count(*) FROM rounds`); n != round+1 {
			t.Errorf("round %d: %d rows, want %d", round, n, round+1)
		}
		cmd.Process.Kill()
		cmd.Wait() // and the next round begins at once
	}
	noServer(t, dir)
}

// noServer waits until no process has its data in dir.
func noServer(t *testing.T, dir string) {
	t.Helper()
	var out []byte
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		out, _ = exec.Command("pgrep", "-f", "postgres -D "+dir).Output()
		if len(out) == 0 {
			return
		}
	}
	t.Errorf("a server still runs: %s", out)
}

func TestAnyUserMayStartOne(t *testing.T) {
	count(t, connect(t, launch(t, asAnybody(t))), `SELECT 1`)
}

func TestADownloadThatFailsSaysWhatToDo(t *testing.T) {
	cmd := asAnybody(t)
	cmd.Env = append(cmd.Env, "PG_DOWNLOAD=1", "HTTPS_PROXY=http://127.0.0.1:1", "TMPDIR="+cmd.Dir)
	got := launch(t, cmd)
	if !strings.HasPrefix(got, "error: PostgreSQL could not be downloaded (") || !strings.HasSuffix(got, "; install PostgreSQL 15 or newer, or set DATABASE_URL") {
		t.Error(got)
	}
	if left, _ := filepath.Glob(filepath.Join(cmd.Dir, "embedded*")); len(left) > 0 {
		t.Errorf("it left %s behind", left)
	}
}

// asAnybody is the program as a user who is not root, with an empty home.
func asAnybody(t *testing.T) *exec.Cmd {
	t.Helper()
	home, err := os.MkdirTemp("/tmp", "triptych-home-") // where programs may be run
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(home) })
	data, binary := pgtest.Folder(t), filepath.Join(home, "program")
	if err := errors.Join(os.Chmod(home, 0o755), copyFile(os.Args[0], binary)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary)
	cmd.Dir = home
	cmd.Env = []string{"PG_PARENT=" + data, "HOME=" + home, "PATH=" + os.Getenv("PATH")}
	if os.Geteuid() != 0 {
		return cmd
	}
	const nobody = 65534
	if err := errors.Join(os.Chown(home, nobody, nobody), os.Chown(data, nobody, nobody)); err != nil {
		t.Fatal(err)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	return cmd
}

func copyFile(from, to string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, b, 0o755)
}
