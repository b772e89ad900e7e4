package main

import (
	"bufio"
	"os"
	"path/filepath"

	"matcher/internal/engine"
	"matcher/internal/period"
)

// makeFolder makes the folder of --out and proves that it can be written, before the user waits for a result.
func makeFolder(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return writeError(folder, err)
	}
	probe, err := os.CreateTemp(folder, "groups.csv.part-*")
	if err != nil {
		return writeError(folder, err)
	}
	probe.Close()
	return os.Remove(probe.Name())
}

// writeFolder writes everything that a run found into its folder.
func (r *reconciliation) writeFolder(folder string) error {
	run := r.report()
	writers := []struct {
		name  string
		write func(*bufio.Writer) error
	}{
		{"groups.csv", func(to *bufio.Writer) error { return run.WriteGroups(to) }},
		{"journal.csv", func(to *bufio.Writer) error { return run.WriteJournal(to) }},
		{"unmatched.csv", func(to *bufio.Writer) error { return run.WriteOpen(to) }},
		{"rejected.csv", func(to *bufio.Writer) error { return run.WriteRejected(to) }},
		{"set_aside.csv", func(to *bufio.Writer) error { return run.WriteSetAside(to) }},
		{"repeated.csv", func(to *bufio.Writer) error { return run.WriteRepeated(to) }},
		{period.FileName, func(to *bufio.Writer) error { return r.closing().Write(to) }},
		{"report.html", func(to *bufio.Writer) error {
			return run.WritePage(to, "written by matcher "+engine.ThisBuild().Version)
		}},
	}
	for _, w := range writers {
		r.progress.writing(w.name)
		if err := writeWhole(filepath.Join(folder, w.name), w.write); err != nil {
			return err
		}
	}
	return nil
}

// writeWhole writes a file under another name and renames it at the end, so that a file under its name is complete.
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
