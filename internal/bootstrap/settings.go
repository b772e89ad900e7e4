package bootstrap

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"matcher/internal/httpapi"
	"matcher/internal/recon"
	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
	"matcher/internal/shared/safego"
)

// setting is a field of Config that its tags bound (min, max, check) or name for run time. Tag runtime is the key,
// followed by ",boot" where only the environment sets the value and by ",secret" where no answer shows it; doc
// describes it.
type setting struct {
	key, variable, doc string
	field              []int // index of the field in Config
	min, max           int64
	https              bool // check:"https": the address of a tenant manager
	boot, secret       bool
	fallback           any // the value of envDefault
}

// maxTextRunes bounds a text: the longest honest one is a URL.
const maxTextRunes = 2000

var bounded = settingsOf(reflect.TypeFor[Config](), nil)

func settingsOf(t reflect.Type, path []int) (all []setting) {
	for i := range t.NumField() {
		field, index := t.Field(i), slices.Concat(path, []int{i})
		if field.Type.Kind() == reflect.Struct {
			all = append(all, settingsOf(field.Type, index)...)
			continue
		}
		key, flags, _ := strings.Cut(field.Tag.Get("runtime"), ",")
		least, isBounded := field.Tag.Lookup("min")
		if key == "" && !isBounded {
			continue
		}
		s := setting{
			key: key, variable: field.Tag.Get("env"), doc: field.Tag.Get("doc"), field: index, max: math.MaxInt32,
			https: field.Tag.Get("check") == "https", boot: flags == "boot", secret: flags == "secret",
		}
		s.min, _ = strconv.ParseInt(least, 10, 64)
		if most, err := strconv.ParseInt(field.Tag.Get("max"), 10, 64); err == nil {
			s.max = most
		}
		value := reflect.New(field.Type).Elem()
		if text := field.Tag.Get("envDefault"); value.Kind() == reflect.String {
			value.SetString(text)
		} else if err := json.Unmarshal([]byte(text), value.Addr().Interface()); err != nil {
			panic(s.variable + " has no default of its type")
		}
		s.fallback = value.Interface()
		all = append(all, s)
	}
	return all
}

func (s setting) value(cfg *Config) reflect.Value {
	return reflect.ValueOf(cfg).Elem().FieldByIndex(s.field)
}

// fault returns what is wrong with the field's value, without repeating it; "" when nothing is.
func (s setting) fault(cfg *Config) string {
	value := s.value(cfg)
	if value.CanInt() {
		if value.Int() < s.min || value.Int() > s.max {
			return fmt.Sprintf("must be from %d to %d", s.min, s.max)
		}
		return ""
	}
	text := value.String()
	switch {
	case value.Kind() != reflect.String || text == "":
		return ""
	case !utf8.ValidString(text) || utf8.RuneCountInString(text) > maxTextRunes ||
		strings.ContainsFunc(text, unicode.IsControl):
		return fmt.Sprintf("must be one line of at most %d characters", maxTextRunes)
	case s.https && text == cfg.Tenancy.trustedURL:
		return tenancy.ManagerURLFault(text)
	case s.https:
		return tenancy.RuntimeURLFault(text, cfg.Tenancy.MultiTenantURLHosts)
	}
	return ""
}

// set reads a JSON value into the field. The fault never repeats the value.
func (s setting) set(cfg *Config, text []byte) (fault string) {
	kind := map[reflect.Kind]string{reflect.String: "string", reflect.Bool: "boolean"}[s.value(cfg).Kind()]
	if kind == "" {
		kind = "number without a fraction"
	}
	if !json.Valid(text) {
		return "is not JSON"
	}
	if err := json.Unmarshal(text, s.value(cfg).Addr().Interface()); err != nil || string(text) == "null" {
		return "must be a JSON " + kind
	}
	return s.fault(cfg)
}

// settingStore keeps values and their history. The tests have one in memory.
type settingStore interface {
	// Revision rises with every stored change.
	Revision(ctx context.Context) (int64, error)
	Load(ctx context.Context) ([]tenancy.StoredSetting, error)
	Put(ctx context.Context, changes ...tenancy.NewSetting) error
}

// inForce is the configuration of one moment: the environment's, and over it what is stored. It never changes.
type inForce struct {
	Config
	revision int64 // rises with every stored change of any key
	stored   map[string]tenancy.StoredSetting
	faults   map[string]string // why a stored value is not in force
}

// Settings holds the configuration in force in this process. A value stored by any instance is in force on every one
// within two seconds.
type Settings struct {
	life     safego.Life
	store    settingStore
	boot     Config
	log      *slog.Logger
	current  atomic.Pointer[inForce]
	onChange func(last, next Config) // one call at a time; what it waits for, every change waits for

	mu     sync.Mutex     // of Refresh
	warned map[string]int // version of the bad value that was logged last
}

func newSettings(store settingStore, boot Config, log *slog.Logger) *Settings {
	s := &Settings{store: store, boot: boot, log: log, onChange: func(Config, Config) {}, warned: map[string]int{}}
	s.current.Store(s.apply(0, nil))
	return s
}

// apply puts stored values over those of the environment. A stored value that cannot be used leaves the last good one
// in force.
func (s *Settings) apply(revision int64, rows []tenancy.StoredSetting) *inForce {
	last := s.current.Load()
	next := &inForce{
		Config: s.boot, revision: revision, stored: map[string]tenancy.StoredSetting{},
		faults: map[string]string{},
	}
	for _, row := range rows {
		next.stored[row.Key] = row
	}
	for _, one := range bounded {
		row, stored := next.stored[one.key]
		if !stored || one.boot || row.Value == nil {
			continue
		}
		if fault := one.set(&next.Config, row.Value); fault != "" {
			next.faults[one.key] = fault
			one.value(&next.Config).Set(one.value(&last.Config))
		}
	}
	// The environment's key is for the environment's address.
	if next.Tenancy.MultiTenantURL != s.boot.Tenancy.MultiTenantURL && next.stored[managerKey].Value == nil {
		next.Tenancy.MultiTenantServiceAPIKey = ""
	}
	return next
}

// Refresh brings what is stored into force.
func (s *Settings) Refresh(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	revision, err := s.store.Revision(ctx)
	last := s.current.Load()
	if err != nil || revision == last.revision {
		return err
	}
	rows, err := s.store.Load(ctx)
	if err != nil {
		return err
	}
	next := s.apply(revision, rows)
	s.current.Store(next)
	for key, fault := range next.faults {
		if version := next.stored[key].Version; s.warned[key] != version {
			s.warned[key] = version
			s.log.ErrorContext(ctx, "a stored setting cannot be used; the last good value stays in force", "key", key,
				"version", version, "fault", fault)
		}
	}
	s.onChange(last.Config, next.Config)
	return nil
}

const (
	// pollEvery is how often an instance asks whether anything changed: half of the two seconds promised.
	pollEvery = time.Second
	// pollMost bounds the pause between questions to a database that does not answer.
	pollMost = 5 * time.Second
	// pollTimeout bounds one question.
	pollTimeout = 2 * time.Second
)

// Start keeps the values current until ctx ends or Stop. While the store does not answer, the last values stay in
// force.
func (s *Settings) Start(ctx context.Context) error {
	return s.life.Run(ctx, func(ctx context.Context) error {
		for pause, failed := pollEvery, false; safego.Pause(ctx, pause, nil) == nil; {
			err := s.poll(ctx)
			switch {
			case ctx.Err() != nil:
				return nil //nolint:nilerr // an ended context is how it stops
			case err == nil && failed:
				s.log.InfoContext(ctx, "settings can be read again")
			case err != nil && !failed:
				s.log.WarnContext(ctx, "settings cannot be read; the last values stay in force", "error", err)
			}
			if failed = err != nil; failed {
				pause = min(2*pause, pollMost)
			} else {
				pause = pollEvery
			}
		}
		return nil
	})
}

// Stop ends Start and waits for it.
func (s *Settings) Stop() error { return s.life.Stop() }

func (s *Settings) poll(ctx context.Context) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("applying changed settings panicked: %v", fault)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, pollTimeout)
	defer cancel()
	return s.Refresh(ctx)
}

// managerURL and managerKey are bound to each other: a key goes to no other address than the one that it was set for.
const (
	managerURL = "tenancy.multi_tenant_url"
	managerKey = "tenancy.multi_tenant_service_api_key"
)

// Put stores a value, or takes the key back to the environment's where it is JSON null, and brings it into force here;
// other instances follow within two seconds. The tenant manager's address and key change together.
func (s *Settings) Put(ctx context.Context, key string, given httpapi.NewSetting) (httpapi.Setting, error) {
	if err := s.Refresh(ctx); err != nil {
		return httpapi.Setting{}, err
	}
	change, err := s.change(key, given.Value)
	if err != nil {
		return httpapi.Setting{}, err
	}
	change.Expected = given.Version
	changes := []tenancy.NewSetting{change}
	inForce, _ := json.Marshal(s.current.Load().Tenancy.MultiTenantURL) //nolint:errchkjson // a text
	switch {
	case key != managerURL && given.Secret != "":
		return httpapi.Setting{}, badValue("/secret", "belongs to the tenant manager's address")
	case key == managerURL && given.Secret == "" && change.Value != nil && !bytes.Equal(change.Value, inForce):
		return httpapi.Setting{}, badValue("/secret", "a new address of the tenant manager needs its key with it")
	case key == managerURL && (given.Secret != "" || change.Value == nil):
		secret := json.RawMessage("null")
		if given.Secret != "" {
			secret, _ = json.Marshal(given.Secret) //nolint:errchkjson // a text
		}
		bound, err := s.change(managerKey, secret)
		if err != nil {
			return httpapi.Setting{}, err
		}
		changes = append(changes, bound)
	}
	if err := s.consistent(changes); err != nil {
		return httpapi.Setting{}, err
	}
	err = s.store.Put(ctx, changes...)
	if err == nil {
		err = s.Refresh(ctx)
	}
	one, _ := settingOf(key)
	return one.view(s.current.Load(), &s.boot), err
}

// change is what would be stored of a key's new value.
func (s *Settings) change(key string, text json.RawMessage) (tenancy.NewSetting, error) {
	change := tenancy.NewSetting{Key: key}
	one, known := settingOf(key)
	switch {
	case !known:
		return change, recon.NotFound("setting")
	case one.boot:
		return change, recon.Conflict(recon.CodeBootOnly,
			"this setting is read when a process starts: change %s and restart", one.variable)
	}
	if string(text) != "null" {
		candidate := s.boot
		if fault := one.set(&candidate, text); fault != "" {
			return change, badValue("/value", fault)
		}
		change.Value, _ = json.Marshal(one.value(&candidate).Interface()) //nolint:errchkjson // a scalar
	}
	if !one.secret {
		change.Shown = change.Value
	}
	return change, nil
}

// consistent refuses values that contradict the other keys' as they are stored now.
func (s *Settings) consistent(changes []tenancy.NewSetting) error {
	now := s.current.Load()
	stored := maps.Clone(now.stored)
	for _, change := range changes {
		stored[change.Key] = tenancy.StoredSetting{Key: change.Key, Value: change.Value}
	}
	next := s.apply(now.revision, slices.Collect(maps.Values(stored))).Tenancy
	switch {
	case (next.MultiTenantURL == "") != (s.boot.Tenancy.MultiTenantURL == ""):
		return badValue("/value", "contradicts another setting: whether there is a tenant manager is decided when a "+
			"process starts, by MULTI_TENANT_URL")
	case next.MultiTenantURL != "" && next.MultiTenantServiceAPIKey == "":
		return badValue("/value", "contradicts another setting: a tenant manager needs its key")
	}
	return nil
}

func badValue(pointer, reason string) error {
	return recon.Unprocessable(recon.CodeValidationFailed, "some values cannot be used",
		recon.FieldError{Pointer: pointer, Message: reason})
}

func settingOf(key string) (setting, bool) {
	for _, one := range bounded {
		if one.key == key && key != "" {
			return one, true
		}
	}
	return setting{}, false
}

// List returns every key as it may be shown.
func (s *Settings) List() (views []httpapi.Setting) {
	now := s.current.Load()
	for _, one := range bounded {
		if one.key != "" {
			views = append(views, one.view(now, &s.boot))
		}
	}
	return views
}

func (s setting) view(now *inForce, boot *Config) httpapi.Setting {
	value := s.value(&now.Config)
	kind := map[reflect.Kind]string{reflect.String: "string", reflect.Bool: "boolean"}[value.Kind()]
	if kind == "" {
		kind = "integer"
	}
	v := httpapi.Setting{
		Key: s.key, Description: s.doc, Type: kind, Variable: s.variable, Value: value.Interface(), Default: s.fallback,
		Source: "default", Secret: s.secret, IsSet: value.Interface() != "", BootOnly: s.boot, Version: 1,
		Fault: now.faults[s.key],
	}
	if s.value(boot).Interface() != s.fallback { // a variable that repeats the default counts as the default
		v.Source = "environment"
	}
	if row, stored := now.stored[s.key]; stored && !s.boot {
		v.Version, v.ChangedAt, v.ChangedBy = row.Version, &row.ChangedAt, row.ChangedBy
		if row.Value != nil {
			v.Source = "stored"
		}
	}
	if s.secret {
		v.Value = nil
	}
	return v
}

// openSettings brings what is stored into force and keeps it so.
func (a *App) openSettings(ctx context.Context) error {
	a.settingStore = tenancy.NewSettings(a.provider.control)
	a.settings = newSettings(a.settingStore, a.cfg, a.log)
	a.settings.onChange = a.provider.follow
	a.figures.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{ // instances that agree show the same number
			Name: "matcher_settings_revision", Help: "Sum of the versions of all stored settings in force.",
		}, func() float64 { return float64(a.settings.current.Load().revision) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "matcher_settings_faults", Help: "Stored settings that cannot be used.",
		}, func() float64 { return float64(len(a.settings.current.Load().faults)) }),
	)
	if err := a.settings.Refresh(ctx); err != nil {
		return fmt.Errorf("reading the settings: %w", err)
	}
	a.run("settings", a.settings)
	return nil
}

// limits returns the bounds of a request that are in force.
func (a *App) limits() httpapi.Limits {
	l := a.settings.current.Load().Limits
	return httpapi.Limits{
		BodyBytes: l.BodyBytes, ImportBytes: l.ImportBytes, Request: seconds(l.RequestTimeoutSec),
		Tenant:  httpapi.Rate{PerSecond: l.TenantRPS, Burst: l.TenantBurst},
		Subject: httpapi.Rate{PerSecond: l.SubjectRPS, Burst: l.SubjectBurst},
	}
}

// limiterTimeout bounds one round trip of the limiter to Redis: a later decision is useless.
const limiterTimeout = 75 * time.Millisecond

// openLimiterRedis returns a client without retries, nil where no Redis is named. It dials nothing yet.
func (a *App) openLimiterRedis() (redis.UniversalClient, error) {
	if a.cfg.Redis.URL == "" {
		return nil, nil //nolint:nilnil // Matcher runs without Redis too
	}
	options, err := redis.ParseURL(a.cfg.Redis.URL)
	if err != nil {
		return nil, errors.New("REDIS_URL cannot be used") // the cause quotes a password
	}
	options.MaxRetries, options.ContextTimeoutEnabled = -1, true
	options.DialTimeout, options.ReadTimeout, options.WriteTimeout = limiterTimeout, limiterTimeout, limiterTimeout
	client := redis.NewClient(options)
	a.onClose(func(context.Context) error { return client.Close() })
	return client, nil
}
