package pgserver

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// identity is the account PostgreSQL runs as. It refuses root, so root hands
// it over: in a user namespace, where root's files belong to an ordinary user
// and nothing needs a chown, or else as an unprivileged account.
type identity struct {
	mode     mode
	uid, gid uint32
}

type mode int

const (
	asSelf mode = iota
	asNamespace
	asAccount
)

// accounts are tried in turn where user namespaces are blocked.
var accounts = []string{"postgres", "_postgres", "nobody"}

// chooseIdentity settles who runs the server and, where that account cannot
// reach the data folder, where the cluster lives instead.
func chooseIdentity(l layout, bin binaries) (identity, layout, error) {
	owner, exists, err := ownerOf(l.cluster)
	if err != nil {
		return identity{}, l, noAccess(l.cluster, err)
	}
	switch {
	case os.Geteuid() != 0:
		return identity{}, l, mustOwn(l, owner, exists)
	case exists && owner.uid != 0:
		return owner, l, nil
	case namespacesWork(bin):
		return identity{mode: asNamespace}, l, nil
	}
	return unprivileged(l, exists)
}

func ownerOf(path string) (identity, bool, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return identity{}, false, nil
	}
	if err != nil {
		return identity{}, false, err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return identity{}, false, fmt.Errorf("no owner is known for %s", path)
	}
	return identity{mode: asAccount, uid: stat.Uid, gid: stat.Gid}, true, nil
}

func mustOwn(l layout, owner identity, exists bool) error {
	if !exists || int(owner.uid) == os.Geteuid() {
		return nil
	}
	return noAccess(l.cluster, fmt.Errorf("it belongs to user id %d and this is user id %d", owner.uid, os.Geteuid()))
}

// namespacesWork tries one: containers and hardened kernels often block them.
func namespacesWork(bin binaries) bool {
	if !hasNamespaces {
		return false
	}
	cmd := exec.Command(bin.postgres(), "--version")
	cmd.Env = childEnv
	cmd.SysProcAttr = identity{mode: asNamespace}.attributes(0)
	return cmd.Run() == nil
}

// unprivileged picks a system account and gives it a cluster it can reach.
func unprivileged(l layout, exists bool) (identity, layout, error) {
	id, err := systemAccount()
	if err != nil {
		return identity{}, l, noAccess(l.dir, err)
	}
	reachable := id.reaches(l.base)
	switch {
	case exists && reachable:
		err = id.ownTree(l.cluster)
	case exists:
		err = errors.New("user namespaces are blocked here and no other account can reach the folder")
	case !reachable:
		l, err = l.elsewhere()
	}
	if err != nil {
		return identity{}, l, noAccess(l.cluster, err)
	}
	return id, l, nil
}

func systemAccount() (identity, error) {
	for _, name := range accounts {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errUID := strconv.ParseUint(u.Uid, 10, 32)
		gid, errGID := strconv.ParseUint(u.Gid, 10, 32)
		if errUID == nil && errGID == nil {
			return identity{mode: asAccount, uid: uint32(uid), gid: uint32(gid)}, nil
		}
	}
	return identity{}, fmt.Errorf("PostgreSQL refuses root, user namespaces are blocked, and none of the accounts "+
		"%v exists", accounts)
}

// reaches reports whether the account may pass through every folder on the
// way, by the permissions for others.
func (id identity) reaches(path string) bool {
	for {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm()&0o001 == 0 {
			return false
		}
		parent := filepath.Dir(path)
		if parent == path {
			return true
		}
		path = parent
	}
}

// own gives one path to the account; the other modes own what they make.
func (id identity) own(path string) error {
	if id.mode != asAccount {
		return nil
	}
	return os.Lchown(path, int(id.uid), int(id.gid))
}

func (id identity) ownTree(root string) error {
	return filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return id.own(path)
	})
}
