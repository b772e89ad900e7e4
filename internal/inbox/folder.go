package inbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"syscall"

	"matcher/internal/auth"
	"matcher/internal/recon"
)

// folder is a folder below that of its tenant. The kernel resolves each name below the tenant's folder (os.Root), so
// neither a name nor a symbolic link leads outside.
type folder struct {
	*os.Root

	files string // pattern of names
}

func openFolder(ctx context.Context, root string, at recon.Fetch) (Place, error) {
	tenantID, err := auth.TenantID(ctx)
	if err != nil {
		return nil, err
	}
	if root == "" {
		return nil, errors.New("this installation watches no folders: it sets MATCHER_WATCH_ROOT for it")
	}
	all, err := os.OpenRoot(root)
	if err != nil {
		return nil, fmt.Errorf("opening the folder of MATCHER_WATCH_ROOT: %w", err)
	}
	defer all.Close()
	own, err := all.OpenRoot(tenantID)
	if err == nil && at.Folder != "" {
		defer own.Close()
		own, err = own.OpenRoot(at.Folder)
	}
	if err != nil {
		return nil, fmt.Errorf("opening the folder %s: %w", path.Join(tenantID, at.Folder), err)
	}
	return folder{own, at.Files}, nil
}

func (f folder) List(ctx context.Context) (files []File, err error) {
	dir, err := f.Root.Open(".")
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	for {
		const batch = 1000
		entries, err := dir.ReadDir(batch)
		for _, entry := range entries {
			info, gone := entry.Info()
			if gone == nil && info.Mode().IsRegular() && takes(f.files, entry.Name()) {
				files = append(files, fileOf(info))
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return listed(files)
		case err != nil:
			return nil, err
		case len(files) > FilesMax:
			return listed(files)
		case ctx.Err() != nil:
			return nil, ctx.Err()
		}
	}
}

// Open opens a regular file; O_NONBLOCK returns at once from a pipe that has taken its place.
func (f folder) Open(_ context.Context, name string) (io.ReadCloser, error) {
	file, err := f.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("it is no file any more")
	}
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return file, nil
}

func (f folder) Move(_ context.Context, name, to, as string) error {
	const shared = 0o770 // with those who put files here, by umask
	if err := f.MkdirAll(to, shared); err != nil {
		return err
	}
	err := f.Rename(name, path.Join(to, as))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
