package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"

	"matcher/internal/engine"
	"matcher/internal/report"
)

// progressAfter is when a command starts to show its progress; a short one stays silent.
const (
	progressAfter = time.Second
	progressEvery = 100 * time.Millisecond
	progressPlain = 5 * time.Second // where standard error is a file, a line now and then is enough
)

// progress shows on standard error how far a long command is: one line that is rewritten on a terminal, a line every
// few seconds elsewhere. It is safe for the two sides that are read at once.
type progress struct {
	mu       sync.Mutex
	to       io.Writer
	terminal bool
	started  time.Time
	last     time.Time
	width    int
}

func newProgress(to io.Writer) *progress {
	file, isFile := to.(*os.File)
	return &progress{to: to, terminal: isFile && term.IsTerminal(int(file.Fd())), started: time.Now()}
}

// reading shows how much of a file has been read; size 0 is unknown.
func (p *progress) reading(path string, done, size, rows int64) {
	p.show(func() string {
		if size == 0 {
			return fmt.Sprintf("reading %s: %s rows", path, report.Grouped(rows))
		}
		return fmt.Sprintf("reading %s: %d %%, %s rows", path, min(100, done*100/size), report.Grouped(rows))
	})
}

// matching shows which rule is running.
func (p *progress) matching(at engine.Progress) {
	p.show(func() string {
		return fmt.Sprintf("matching: rule %d of %d (%s), %s candidates", at.RuleIndex+1, at.Rules, at.Rule,
			report.Grouped(at.Candidates))
	})
}

// writing shows which file is being written.
func (p *progress) writing(path string) {
	p.show(func() string { return "writing " + path })
}

// show prints a line unless one was printed a moment ago.
func (p *progress) show(text func() string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	pause := progressPlain
	if p.terminal {
		pause = progressEvery
	}
	if now := time.Now(); now.Sub(p.started) < progressAfter || now.Sub(p.last) < pause {
		return
	}
	p.last = time.Now()
	line := text()
	if !p.terminal {
		fmt.Fprintln(p.to, line)
		return
	}
	fmt.Fprintf(p.to, "\r%-*s", p.width, line)
	p.width = len(line)
}

// close wipes the line, so that what follows starts clean. It may be called twice.
func (p *progress) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.terminal && p.width > 0 {
		fmt.Fprintf(p.to, "\r%*s\r", p.width, "")
	}
	p.width = 0
}
