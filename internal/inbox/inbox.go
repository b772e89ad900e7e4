// Package inbox reads files that others put where a source fetches them from: a folder of this machine, a bucket, an
// SFTP server. A place lists, opens and files away; what a file means and whether it was there before is its caller's.
package inbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"matcher/internal/recon"
	"matcher/internal/shared/outbound"
)

const (
	// FilesMax bounds one list. Places that keep more should be cleared.
	FilesMax = 10_000
	// nameBytesMax is what common file systems allow.
	nameBytesMax = 255
	dialTimeout  = 15 * time.Second
)

// File is a file of a place.
type File struct {
	Name    string
	Size    int64
	Stamp   string    // changes when the file does
	Changed time.Time // by the place's clock; zero where a file appears whole
}

// Place is one folder with its files.
type Place interface {
	// List returns the files that may be taken, the oldest first.
	List(ctx context.Context) ([]File, error)
	Open(ctx context.Context, name string) (io.ReadCloser, error)
	// Move puts a file into a folder below its own, under another name. One that is gone is moved already.
	Move(ctx context.Context, name, folder, as string) error
	io.Closer
}

// Opener opens places.
type Opener struct {
	Root     string            // of folders, one below it for each tenant; "": there are none
	Networks outbound.Networks // that servers may be in other than the internet
}

// Open opens the place of the tenant in ctx. The caller closes it.
func (o Opener) Open(ctx context.Context, at recon.Fetch, with recon.FetchCredentials) (Place, error) {
	switch at.Kind {
	case recon.FetchFolder:
		return openFolder(ctx, o.Root, at)
	case recon.FetchS3:
		return openBucket(o.Networks, at, with)
	case recon.FetchSFTP:
		return openSFTP(ctx, o.Networks, at, with)
	}
	return nil, fmt.Errorf("no place is of kind %q", at.Kind)
}

// Check returns what cannot work of a place and its credentials, by JSON pointer.
func (o Opener) Check(at recon.Fetch, with recon.FetchCredentials) (faults []recon.FieldError) {
	refuse := func(at, message string) {
		faults = append(faults, recon.FieldError{Pointer: at, Code: recon.CodeInvalidValue, Message: message})
	}
	switch at.Kind {
	case recon.FetchFolder:
		if o.Root == "" {
			refuse("/kind", "this installation watches no folders: it sets MATCHER_WATCH_ROOT for it")
		}
		if with != (recon.FetchCredentials{}) {
			refuse("/credentials", "a folder has none")
		}
	case recon.FetchS3:
		if u, err := url.Parse(at.Endpoint); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" ||
			strings.Trim(u.Path, "/") != "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			refuse("/endpoint", "is no plain address such as https://s3.eu-central-1.amazonaws.com")
		}
		if with.AccessKey == "" || with.SecretKey == "" || with.Password+with.PrivateKey != "" {
			refuse("/credentials", "are accessKey and secretKey")
		}
	case recon.FetchSFTP:
		if _, err := hostKeys(at.HostKeys); err != nil {
			refuse("/hostKeys", err.Error())
		}
		if _, err := signIn(with); err != nil {
			refuse("/credentials", err.Error())
		}
	}
	return faults
}

// unfinished are ends of names that programs give to what they still write.
var unfinished = []string{".tmp", ".part", ".filepart", ".crdownload"}

// takes reports whether a file of that name may be fetched.
func takes(pattern, name string) bool {
	if !utf8.ValidString(name) || len(name) > nameBytesMax || strings.ContainsAny(name, "/\\\x00") ||
		strings.HasPrefix(name, ".") {
		return false
	}
	lower := strings.ToLower(name)
	if slices.ContainsFunc(unfinished, func(end string) bool { return strings.HasSuffix(lower, end) }) {
		return false
	}
	matched, err := path.Match(pattern, name)
	return err == nil && (matched || pattern == "")
}

// fileOf describes a file of a file system.
func fileOf(info fs.FileInfo) File {
	return File{
		Name: info.Name(), Size: info.Size(), Changed: info.ModTime(),
		Stamp: fmt.Sprintf("%d-%d", info.Size(), info.ModTime().UnixNano()),
	}
}

// listed puts the oldest file first, and refuses a list of too many.
func listed(files []File) ([]File, error) {
	if len(files) > FilesMax {
		return nil, errors.New("it holds more than 10,000 files: clear those that were fetched")
	}
	slices.SortFunc(files, func(a, b File) int {
		if by := a.Changed.Compare(b.Changed); by != 0 {
			return by
		}
		return strings.Compare(a.Name, b.Name)
	})
	return files, nil
}
