package pgserver

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// ensureCluster makes the cluster where there is none. It is made under
// another name and renamed when complete, so a killed initdb leaves nothing
// that could be taken for a database.
func ensureCluster(ctx context.Context, cfg Config, l layout, bin binaries, id identity) error {
	if _, err := os.Stat(l.cluster); err == nil {
		return nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return noAccess(l.cluster, err)
	}
	if free := freeBytes(l.base); free < freshNeeds {
		return diskFull("A new database cannot be made", l.base, fmt.Sprintf("%d MB are free", free>>20), syscall.ENOSPC)
	}
	if err := makeFresh(l, id); err != nil {
		return noAccess(l.fresh, err)
	}
	if err := initdb(ctx, l, bin, id); err != nil {
		_ = os.RemoveAll(l.fresh)
		return err
	}
	if cfg.durable() {
		if err := syncFolder(l.fresh); err != nil {
			return noAccess(l.fresh, err)
		}
	}
	if err := os.Rename(l.fresh, l.cluster); err != nil {
		return noAccess(l.cluster, err)
	}
	return nil
}

// makeFresh starts from an empty folder: what an interrupted initdb left
// never held data, for a cluster gets its name only when complete.
func makeFresh(l layout, id identity) error {
	if err := os.RemoveAll(l.fresh); err != nil {
		return err
	}
	if err := os.Mkdir(l.fresh, 0o700); err != nil {
		return err
	}
	return id.own(l.fresh)
}

// initdb creates the cluster: UTF-8, checksums on every page, trust on the
// socket (its folder is 0700), a password on TCP.
func initdb(ctx context.Context, l layout, bin binaries, id identity) error {
	secret, err := passwordFile(l, id)
	if err != nil {
		return noAccess(l.password, err)
	}
	defer os.Remove(secret)
	args := append([]string{
		"-D", l.fresh, "--username=" + Superuser, "--pwfile=" + secret,
		"--auth-local=trust", "--auth-host=scram-sha-256",
		"--encoding=UTF8", "--data-checksums", "--no-sync", "--no-instructions",
	}, localeFlags...)
	cmd := exec.CommandContext(ctx, bin.initdb(), args...)
	cmd.Env, cmd.Dir = childEnv, l.fresh
	cmd.SysProcAttr = id.attributes(syscall.SIGKILL)
	out, err := runTied(cmd)
	if err != nil {
		return explain("A new database cannot be made", out, l, 0, err)
	}
	return nil
}

// passwordFile draws the superuser's password for TCP, keeps it in the data
// folder and hands initdb a copy in the socket's folder, which its account
// can read.
func passwordFile(l layout, id identity) (string, error) {
	secret := rand.Text()
	if err := os.WriteFile(l.password, []byte(secret+"\n"), 0o600); err != nil {
		return "", err
	}
	path := filepath.Join(l.socket, "password")
	if err := os.WriteFile(path, []byte(secret+"\n"), 0o600); err != nil {
		return "", err
	}
	return path, id.own(path)
}

func (l layout) readPassword() string {
	text, err := os.ReadFile(l.password)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}
