package systemplane

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"sync"
	"sync/atomic"
	"time"
)

// Stored is a key's row in the store. A nil value takes the key back to what the process started with.
type Stored struct {
	Key       string
	Value     json.RawMessage
	Version   int
	ChangedAt time.Time
	ChangedBy string
}

// Change is a value to be stored. Expected is the version that the caller read, 0 for any.
type Change struct {
	Key      string
	Value    json.RawMessage // nil takes it back
	Shown    json.RawMessage // what the history says of it: nil for a secret
	Expected int
}

// Store keeps values and their history.
type Store interface {
	// Revision rises with every stored change.
	Revision(ctx context.Context) (int64, error)
	Load(ctx context.Context) ([]Stored, error)
	Put(ctx context.Context, change Change) error
}

const (
	// pollEvery is how often an instance asks whether anything changed: half of the two seconds promised.
	pollEvery = time.Second
	// pollMost bounds the pause between questions to a database that does not answer.
	pollMost = 5 * time.Second
	// pollTimeout bounds one question.
	pollTimeout = 2 * time.Second
)

// Plane holds the values in force in this process.
type Plane struct {
	store   Store
	boot    map[string]any
	log     *slog.Logger
	current atomic.Pointer[Snapshot]

	mu     sync.Mutex // of refreshes and hooks, which run one at a time
	hooks  []hook
	warned map[string]int // version of the bad value that was logged last
}

type hook struct {
	keys []string
	call func(*Snapshot)
}

// New starts from boot, the value of each key as the environment or its default gives it.
func New(store Store, boot map[string]any, log *slog.Logger) (*Plane, error) {
	for _, key := range Keys {
		if reflect.TypeOf(boot[key.Name]) != reflect.TypeOf(key.Default) {
			return nil, fmt.Errorf("the setting %s starts without a value of its type", key.Name)
		}
	}
	p := &Plane{store: store, boot: boot, log: log, warned: map[string]int{}}
	p.current.Store(snapshotOf(boot, nil, 0, nil))
	return p, nil
}

// Current is the values in force. Read it once a request.
func (p *Plane) Current() *Snapshot { return p.current.Load() }

// OnChange calls fn after each change of one of the keys, one call at a time and never before New's values were loaded
// over. It must not wait long: changes of every key wait with it.
func (p *Plane) OnChange(fn func(*Snapshot), keys ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hooks = append(p.hooks, hook{keys, fn})
}

// Refresh brings what is stored into force.
func (p *Plane) Refresh(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	revision, err := p.store.Revision(ctx)
	last := p.Current()
	if err != nil || revision == last.Revision {
		return err
	}
	rows, err := p.store.Load(ctx)
	if err != nil {
		return err
	}
	next := snapshotOf(p.boot, last, revision, rows)
	p.current.Store(next)
	p.warn(ctx, next)
	for _, h := range p.hooks {
		if changed(last, next, h.keys) {
			h.call(next)
		}
	}
	return nil
}

// warn tells of each stored value that cannot be used, once a version.
func (p *Plane) warn(ctx context.Context, s *Snapshot) {
	for name, fault := range s.faults {
		if version := s.stored[name].Version; p.warned[name] != version {
			p.warned[name] = version
			p.log.ErrorContext(ctx, "a stored setting cannot be used; the last good value stays in force", "key", name, "version", version, "fault", fault)
		}
	}
}

func changed(last, next *Snapshot, keys []string) bool {
	for _, name := range keys {
		if last.values[name] != next.values[name] {
			return true
		}
	}
	return false
}

// Run keeps the values current until ctx ends. While the store does not answer, the last values stay in force.
func (p *Plane) Run(ctx context.Context) {
	pause, failed := pollEvery, false
	timer := time.NewTimer(pause)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		err := p.poll(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil && failed:
			p.log.InfoContext(ctx, "settings can be read again")
		case err != nil && !failed:
			p.log.WarnContext(ctx, "settings cannot be read; the last values stay in force", "error", err)
		}
		failed = err != nil
		pause = pauseAfter(pause, failed)
		timer.Reset(pause)
	}
}

func (p *Plane) poll(ctx context.Context) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("a consumer of settings panicked: %v", fault)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, pollTimeout)
	defer cancel()
	return p.Refresh(ctx)
}

func pauseAfter(pause time.Duration, failed bool) time.Duration {
	if !failed {
		return pollEvery
	}
	return min(2*pause, pollMost)
}

// Faults of a change that its caller can do something about.
var (
	ErrUnknownKey = errors.New("no such setting")
	ErrBootOnly   = errors.New("this setting is the environment's: change it there and start again")
)

// BadValueError says why a value was refused, without repeating it.
type BadValueError struct{ Reason string }

func (e *BadValueError) Error() string { return "the value " + e.Reason }

// Put stores a value, or takes the key back where text is JSON null, and brings it into force here; other instances
// follow within two seconds.
func (p *Plane) Put(ctx context.Context, name string, text json.RawMessage, expected int) (View, error) {
	key, known := Find(name)
	switch {
	case !known:
		return View{}, ErrUnknownKey
	case key.BootOnly:
		return View{}, ErrBootOnly
	}
	change := Change{Key: name, Expected: expected}
	if string(text) != "null" {
		value, err := key.Decode(text)
		if err != nil {
			return View{}, &BadValueError{err.Error()}
		}
		change.Value, _ = json.Marshal(value) //nolint:errchkjson // a number, a text or a boolean
	}
	if !key.Secret {
		change.Shown = change.Value
	}
	if err := p.consistent(ctx, change); err != nil {
		return View{}, err
	}
	if err := p.store.Put(ctx, change); err != nil {
		return View{}, err
	}
	if err := p.Refresh(ctx); err != nil {
		return View{}, err
	}
	return p.Current().view(key, p.boot), nil
}

// consistent refuses a value that contradicts the other keys' as they are stored now.
func (p *Plane) consistent(ctx context.Context, change Change) error {
	if err := p.Refresh(ctx); err != nil {
		return err
	}
	now := p.Current()
	rows := []Stored{{Key: change.Key, Value: change.Value}}
	for name, row := range now.stored {
		if name != change.Key {
			rows = append(rows, row)
		}
	}
	if fault := snapshotOf(p.boot, now, now.Revision, rows).inconsistent(p.boot); fault != "" {
		return &BadValueError{"contradicts another setting: " + fault}
	}
	return nil
}
