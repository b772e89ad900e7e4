package pgserver

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"syscall"
)

// ensureCluster makes the cluster where there is none. It works under another name and renames the complete cluster, so
// what a killed initdb leaves is never taken for a database.
func ensureCluster(ctx context.Context, cfg Config, l layout, bin binaries, id identity) error {
	if _, err := os.Stat(l.cluster); err == nil {
		return nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return noAccess(l.cluster, err)
	}
	if free := freeBytes(l.base); free < freshNeeds {
		return diskFull("A new database cannot be made", l.base, fmt.Sprintf("%d MB are free", free>>20), syscall.ENOSPC)
	}
	if err := os.RemoveAll(l.fresh); err != nil { // an interrupted initdb's: it never held data
		return noAccess(l.fresh, err)
	}
	if err := os.Mkdir(l.fresh, 0o700); err != nil {
		return noAccess(l.fresh, err)
	}
	if err := id.own(l.fresh); err != nil {
		return noAccess(l.fresh, err)
	}
	// UTF-8, checksums on every page, trust on the socket, whose folder is 0700, and no way in over TCP.
	cmd := exec.CommandContext(ctx, bin.initdb(), append([]string{
		"-D", l.fresh, "--username=" + Superuser, "--auth-local=trust", "--auth-host=reject",
		"--encoding=UTF8", "--data-checksums", "--no-sync", "--no-instructions",
	}, localeFlags...)...)
	cmd.Env, cmd.Dir = childEnv, l.fresh
	cmd.SysProcAttr = id.attributes(syscall.SIGKILL)
	if out, err := runTied(cmd); err != nil {
		_ = os.RemoveAll(l.fresh)
		return explain("A new database cannot be made", out, l, err)
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
