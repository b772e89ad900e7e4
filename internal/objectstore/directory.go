package objectstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
)

// directory keeps objects as files below one folder. The kernel resolves every path below it (os.Root), so neither a
// key nor a symbolic link leads outside.
type directory struct{ *os.Root }

func openDirectory(dir string) (place, error) {
	const ownerOnly = 0o700
	if err := os.MkdirAll(dir, ownerOnly); err != nil {
		return nil, fmt.Errorf("making the directory of objects: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the directory of objects: %w", err)
	}
	return directory{root}, nil
}

// put writes a file of another name and renames it once its bytes are on the disk. A crash may leave that file: list
// shows it, so erasing a tenant removes it too.
func (d directory) put(_ context.Context, key string, body io.Reader) error {
	dir := path.Dir(key)
	fresh := path.Join(dir, ".new-"+rand.Text())
	f, err := d.create(fresh)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, body)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = d.Rename(fresh, key)
	}
	if err != nil {
		_ = d.Remove(fresh)
		return err
	}
	return d.sync(dir)
}

// create makes the file and its folders, again where delete removes an empty folder between the two.
func (d directory) create(name string) (f *os.File, err error) {
	for range 3 {
		if err = d.MkdirAll(path.Dir(name), 0o700); err != nil {
			return nil, err
		}
		f, err = d.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return f, err
}

// sync makes a rename durable.
func (d directory) sync(dir string) error {
	f, err := d.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

func (d directory) get(_ context.Context, key string) (io.ReadCloser, error) {
	f, err := d.Open(key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errAbsent
	}
	return f, err
}

// delete also removes the folders that it leaves empty: names of an erased tenant do not stay.
func (d directory) delete(_ context.Context, key string) error {
	err := d.Remove(key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for dir := path.Dir(key); err == nil && dir != "."; dir = path.Dir(dir) {
		if d.Remove(dir) != nil {
			break // another object is in it
		}
	}
	return err
}

func (d directory) list(ctx context.Context, prefix string, most int) (keys []string, err error) {
	err = fs.WalkDir(d.FS(), path.Clean(prefix), func(name string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case len(keys) == most:
			return fs.SkipAll
		case !entry.IsDir():
			keys = append(keys, name)
		}
		return ctx.Err()
	})
	return keys, err
}
