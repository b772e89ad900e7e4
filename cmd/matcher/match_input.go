package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"matcher/internal/recon"
)

// inputFilesMax bounds what one glob or folder may name on a side: a folder chosen by mistake fails at once.
const inputFilesMax = 1000

// inputFile is one file of a side, with the source it belongs to.
type inputFile struct {
	side   recon.Side
	source string // "ledger" of --left ledger=FILE, else the file's name
	named  bool   // the user named the source; it is not the file's name
	path   string // "-" is standard input
	body   []byte // of a file that is part of a setup
}

// expandInputs turns what the user named for one side (files, globs, folders, "-", each perhaps with "source=" before
// it) into files, in a stable order.
func expandInputs(side recon.Side, named []string) ([]inputFile, error) {
	var files []inputFile
	for _, arg := range named {
		source, path := cutSource(arg)
		paths, err := expandPath(path)
		if err != nil {
			return nil, err
		}
		for _, p := range paths {
			files = append(files,
				inputFile{side: side, source: cmp.Or(source, sourceName(p)), named: source != "", path: p})
		}
	}
	if len(files) > inputFilesMax {
		return nil, usageError("%d files on the %s side: at most %d are read at once", len(files), side, inputFilesMax)
	}
	return files, nil
}

// cutSource splits "source=FILE", unless a file of that whole name exists.
func cutSource(arg string) (source, path string) {
	before, after, found := strings.Cut(arg, "=")
	if !found || before == "" || strings.ContainsAny(before, `/\*?`) {
		return "", arg
	}
	if _, err := os.Stat(arg); err == nil {
		return "", arg
	}
	return before, after
}

func expandPath(path string) ([]string, error) {
	if path == "-" {
		return []string{path}, nil
	}
	if path == "" {
		return nil, usageError("an empty file name was given")
	}
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return folderFiles(path)
	case err == nil:
		return []string{path}, nil
	case strings.ContainsAny(path, "*?["):
		return globFiles(path)
	}
	return nil, fileError(path, err)
}

// folderFiles lists the plain files of a folder, hidden ones left out.
func folderFiles(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, fileError(folder, err)
	}
	var paths []string
	for _, e := range entries {
		if e.Type()&(fs.ModeType&^fs.ModeSymlink) == 0 && !strings.HasPrefix(e.Name(), ".") {
			paths = append(paths, filepath.Join(folder, e.Name()))
		}
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("the folder %s holds no file: name the files, or a folder that holds them", folder)
	}
	return paths, nil
}

func globFiles(pattern string) ([]string, error) {
	paths, err := filepath.Glob(pattern)
	if err != nil {
		return nil, usageError("%q is not a file pattern: %v", pattern, err)
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("no file fits %s", pattern)
	}
	slices.Sort(paths)
	return paths, nil
}

// sourceName is what a file's rows are called after when the user gave no source: its name without folder and ending.
func sourceName(path string) string {
	if path == "-" {
		return "stdin"
	}
	base := filepath.Base(path)
	if name := strings.TrimSuffix(base, filepath.Ext(base)); name != "" {
		return name
	}
	return base
}

// open opens the file and returns its size, 0 where it is not known. Formats may read it by offset, unless it is a
// pipe.
func (f inputFile) open(stdin io.Reader) (io.Reader, int64, error) {
	switch {
	case f.body != nil:
		return bytes.NewReader(f.body), int64(len(f.body)), nil
	case f.path == "-":
		return stdin, 0, nil
	}
	file, err := os.Open(f.path)
	if err != nil {
		return nil, 0, fileError(f.path, err)
	}
	info, err := file.Stat()
	if err != nil {
		return nil, 0, fileError(f.path, err)
	}
	return file, info.Size(), nil
}

// writeError is fileError for what is to be written.
func writeError(path string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s cannot be written: its folder does not exist, and cannot be made there", path)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s cannot be written by this user: name a place where this user may write", path)
	case errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("%s cannot be a folder: there is a file of that name in its path; name another folder", path)
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("%s cannot be written: the disk is full; make room, or name a place on another disk", path)
	case errors.Is(err, syscall.EISDIR):
		return fmt.Errorf("%s is a folder: name a file in it", path)
	}
	return fmt.Errorf("%s cannot be written: %w", path, err)
}

// fileError returns what is wrong with a file and what to do, without the operating system's prefix.
func fileError(path string, err error) error {
	switch {
	case os.IsNotExist(err):
		return fmt.Errorf("%s does not exist: check the name, or give the full path", path)
	case os.IsPermission(err):
		return fmt.Errorf("%s may not be read by this user: change its permissions, or run as a user who may read it",
			path)
	case errors.Is(err, syscall.EISDIR):
		return fmt.Errorf("%s is a folder: name a file in it", path)
	}
	return fmt.Errorf("%s cannot be read: %w", path, err)
}
