package main

import (
	"bufio"
	"os"
	"path/filepath"

	"matcher/internal/bootstrap"
	"matcher/internal/period"
)

// makeFolder makes the folder of --out and shows that it can be written, before anybody waits for a result.
func (m *match) makeFolder() error {
	if m.opt.out == "" {
		return nil
	}
	if err := os.MkdirAll(m.opt.out, 0o755); err != nil {
		return writeError(m.opt.out, err)
	}
	probe, err := os.CreateTemp(m.opt.out, "groups.csv.part-*")
	if err != nil {
		return writeError(m.opt.out, err)
	}
	probe.Close()
	return os.Remove(probe.Name())
}

// writeFolder writes everything that a run found into its folder.
func (m *match) writeFolder(folder string) error {
	r := m.report()
	writers := []struct {
		name  string
		write func(*bufio.Writer) error
	}{
		{"groups.csv", func(to *bufio.Writer) error { return r.WriteGroups(to) }},
		{"unmatched.csv", func(to *bufio.Writer) error { return r.WriteOpen(to) }},
		{"rejected.csv", func(to *bufio.Writer) error { return r.WriteRejected(to) }},
		{period.FileName, func(to *bufio.Writer) error { return m.closing().Write(to) }},
		{"report.html", func(to *bufio.Writer) error {
			return r.WritePage(to, "written by matcher "+bootstrap.Version().Version)
		}},
	}
	for _, w := range writers {
		m.progress.writing(w.name)
		if err := writeWhole(filepath.Join(folder, w.name), w.write); err != nil {
			return err
		}
	}
	return nil
}

// writeWhole writes a file beside its name and renames it at the end, so that a file under its name is complete.
func writeWhole(path string, write func(*bufio.Writer) error) error {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".part-*")
	if err != nil {
		return writeError(path, err)
	}
	defer os.Remove(file.Name()) // nothing is there any more once it was renamed
	out := bufio.NewWriterSize(file, 1<<20)
	err = write(out)
	if err == nil {
		err = out.Flush()
	}
	if err == nil {
		err = file.Chmod(0o644)
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return writeError(path, err)
	}
	return nil
}
