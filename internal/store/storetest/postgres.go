package storetest

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// PostgresURL gives the URL of an empty database, which goes when the test ends.
func PostgresURL(tb testing.TB) string {
	tb.Helper()
	server, err := start()
	if errors.Is(err, errNone) && os.Getenv("CI") != "true" {
		tb.Skip(err)
	}
	if err != nil {
		tb.Fatal(err)
	}
	name := fmt.Sprintf("test_%d", databases.Add(1))
	run := func(text string) {
		tb.Helper()
		db, err := sql.Open("pgx", server.url("postgres"))
		if err != nil {
			tb.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		if _, err := db.Exec(text); err != nil {
			tb.Fatal(err)
		}
	}
	run("CREATE DATABASE " + name)
	tb.Cleanup(func() { run("DROP DATABASE " + name + " WITH (FORCE)") })
	return server.url(name)
}

// LockedUser is a user of every database of PostgresURL who needs a password.
const LockedUser = "locked"

var (
	databases atomic.Int64
	// start starts the process's one server.
	start = sync.OnceValues(startServer)
	// errNone means that the package postgresql is not installed.
	errNone = errors.New("no PostgreSQL in /usr/lib/postgresql; install Debian's package postgresql")
)

type server struct{ dir string }

func (s server) url(database string) string {
	return "postgres://eksposure@/" + database + "?host=" + url.QueryEscape(s.dir)
}

// script makes the server's files and starts it. It ends the server and removes
// the files when its input ends, which is when this process ends.
const script = `
set -e
cd "$1"
"$2/initdb" -D data -A trust -U eksposure -E UTF8 --locale=C --no-sync >log 2>&1
sed -i '1i local all locked scram-sha-256' data/pg_hba.conf
"$2/postgres" -D "$1/data" -k "$1" -c listen_addresses= -c max_connections=400 -c fsync=off -c synchronous_commit=off -c full_page_writes=off >>log 2>&1 &
pid=$!
cat >/dev/null || true
kill -QUIT $pid || true
wait $pid || true
rm -rf "$1"
`

func startServer() (server, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil || len(found) == 0 {
		return server{}, errNone
	}
	dir, err := os.MkdirTemp("", "eksposure-postgres-")
	if err != nil {
		return server{}, err
	}
	s := server{dir: dir}
	command := exec.Command("sh", "-c", script, "sh", dir, filepath.Dir(found[len(found)-1]))
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt of the test is not the server's
	if os.Getuid() == 0 {
		if command.SysProcAttr.Credential, err = giveTo("postgres", dir); err != nil {
			return s, err
		}
	}
	if _, err := command.StdinPipe(); err != nil { // held open until this process ends
		return s, err
	}
	if err := command.Start(); err != nil {
		return s, err
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	return s, s.wait(ended)
}

// giveTo makes a user, as whom PostgreSQL runs, the owner of a directory:
// PostgreSQL refuses to run as root.
func giveTo(name, dir string) (*syscall.Credential, error) {
	u, err := user.Lookup(name)
	if err != nil {
		return nil, err
	}
	uid, errUID := strconv.ParseUint(u.Uid, 10, 32)
	gid, errGID := strconv.ParseUint(u.Gid, 10, 32)
	if err := errors.Join(errUID, errGID, os.Chown(dir, int(uid), int(gid))); err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

// wait asks the server until it answers.
func (s server) wait(ended <-chan error) error {
	db, err := sql.Open("pgx", s.url("postgres"))
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	timeout := time.After(time.Minute)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			return fmt.Errorf("PostgreSQL ended: %w\n%s", err, s.log())
		case <-timeout:
			return fmt.Errorf("PostgreSQL does not answer: %w\n%s", err, s.log())
		case <-tick.C:
		}
		if _, err = db.Exec(`CREATE ROLE ` + LockedUser + ` LOGIN PASSWORD 'right'`); err == nil {
			return nil
		}
	}
}

func (s server) log() string {
	text, err := os.ReadFile(filepath.Join(s.dir, "log"))
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(text))
}
