//go:build unit || !integration

package bootstrap

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/httpapi"
	"matcher/internal/recon"
	tenancy "matcher/internal/shared/infrastructure/tenant/adapters"
)

const (
	bodyBytes   = "limits.body_bytes"
	tenantRate  = "limits.tenant_requests_per_second"
	subjectRate = "limits.subject_requests_per_second"
	environment = "tenancy.multi_tenant_environment"
	slug        = "tenancy.default_tenant_slug"
)

// memory is a store in memory: the second implementation of settingStore.
type memory struct {
	mu      sync.Mutex
	rows    map[string]tenancy.StoredSetting
	changes []tenancy.NewSetting
	down    error
	asked   int
}

func (m *memory) Revision(context.Context) (revision int64, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked++
	for _, row := range m.rows {
		revision += int64(row.Version)
	}
	return revision, m.down
}

func (m *memory) Load(context.Context) (rows []tenancy.StoredSetting, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, row := range m.rows {
		rows = append(rows, row)
	}
	return rows, m.down
}

func (m *memory) Put(_ context.Context, changes ...tenancy.NewSetting) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.rows == nil {
		m.rows = map[string]tenancy.StoredSetting{}
	}
	m.changes = append(m.changes, changes...)
	for _, change := range changes {
		key := change.Key
		m.rows[key] = tenancy.StoredSetting{Key: key, Value: change.Value, Version: max(m.rows[key].Version, 1) + 1, ChangedBy: "ann"}
	}
	return nil
}

func (m *memory) questions() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.asked
}

func (m *memory) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.down = err
}

func settingsWith(t *testing.T, store settingStore, environ ...string) (*Settings, *strings.Builder) {
	t.Helper()
	cfg, err := LoadConfig(environ)
	require.NoError(t, err)
	var log strings.Builder
	return newSettings(store, cfg, slog.New(slog.NewTextHandler(&log, nil))), &log
}

func shown(t *testing.T, s *Settings, key string) httpapi.Setting {
	t.Helper()
	for _, view := range s.List() {
		if view.Key == key {
			return view
		}
	}
	t.Fatal(key)
	return httpapi.Setting{}
}

func TestSettings_AreTaggedFieldsOfConfig(t *testing.T) {
	s, _ := settingsWith(t, &memory{})
	seen, tenantKeys := map[string]bool{}, 0
	for _, view := range s.List() {
		require.False(t, seen[view.Key], view.Key)
		seen[view.Key] = true
		require.Regexp(t, `^(tenancy|limits)\.[a-z_]+$`, view.Key)
		require.NotEmpty(t, view.Description, view.Key)
		require.NotEmpty(t, view.Variable, view.Key)
		require.Contains(t, []string{"integer", "string", "boolean"}, view.Type)
		require.Equal(t, "default", view.Source, "%s: the environment's defaults are the keys' own", view.Key)
		if name, tenant := strings.CutPrefix(view.Key, "tenancy."); tenant {
			tenantKeys++
			require.Equal(t, strings.ToLower(view.Variable), name)
		}
	}
	require.Equal(t, 11, tenantKeys, "those of the multi-tenant standard")
	require.Len(t, seen, 18)
	for key, bootOnly := range map[string]bool{
		"tenancy.default_tenant_id": true, slug: true, "tenancy.multi_tenant_enabled": true, managerURL: false,
	} {
		require.Equal(t, bootOnly, shown(t, s, key).BootOnly, key)
	}
	require.Equal(t, reflect.TypeFor[Config]().NumField() > 0, len(bounded) > len(seen), "bounds without a key are settings of a start")
}

func TestSettings_TheEnvironmentIsInForceUntilAValueIsStored(t *testing.T) {
	s, _ := settingsWith(t, &memory{}, "MATCHER_TENANT_RPS=7", "MATCHER_SUBJECT_RPS=0", "MULTI_TENANT_MAX_TENANT_POOLS=9", "MULTI_TENANT_TIMEOUT=4")
	view := shown(t, s, tenantRate)
	require.Equal(t, "environment", view.Source)
	require.Equal(t, 2000, view.Default)
	require.Equal(t, 1, view.Version)
	limits := (&App{settings: s}).limits()
	require.Equal(t, 7, limits.Tenant.PerSecond)
	require.Equal(t, 4000, limits.Tenant.Burst)
	require.Zero(t, limits.Subject.PerSecond)
	require.Equal(t, int64(1<<20), limits.BodyBytes)
	require.Equal(t, 30*time.Second, limits.Request)
	require.Equal(t, s.boot, s.current.Load().Config)
}

func TestSettings_Put(t *testing.T) {
	store := &memory{}
	s, _ := settingsWith(t, store, "MULTI_TENANT_URL_HOSTS=a.example")
	var changed []int64
	s.onChange = func(last, next Config) { changed = []int64{last.Limits.BodyBytes, next.Limits.BodyBytes} }
	view, err := s.Put(t.Context(), bodyBytes, httpapi.NewSetting{Value: json.RawMessage(`4096`), Version: 1})
	require.NoError(t, err)
	require.Equal(t, 2, view.Version)
	require.Equal(t, "stored", view.Source)
	require.Equal(t, int64(4096), s.current.Load().Limits.BodyBytes)
	require.Equal(t, []int64{1 << 20, 4096}, changed)
	require.Equal(t, int64(2), s.current.Load().revision)

	t.Run("null takes the key back to the environment", func(t *testing.T) {
		view, err := s.Put(t.Context(), bodyBytes, httpapi.NewSetting{Value: json.RawMessage(`null`), Version: 0})
		require.NoError(t, err)
		require.Equal(t, "default", view.Source)
		require.Equal(t, 3, view.Version)
		require.Equal(t, int64(1<<20), s.current.Load().Limits.BodyBytes)
	})
	t.Run("what cannot be is refused and not stored", func(t *testing.T) {
		stored := len(store.changes)
		for _, key := range []string{"limits.nothing", ""} {
			_, err := s.Put(t.Context(), key, httpapi.NewSetting{Value: json.RawMessage(`1`), Version: 0})
			require.Equal(t, recon.KindNotFound, recon.KindOf(err))
		}
		_, err := s.Put(t.Context(), slug, httpapi.NewSetting{Value: json.RawMessage(`"x"`), Version: 0})
		require.Equal(t, "BOOT_ONLY", recon.CodeOf(err))
		_, err = s.Put(t.Context(), bodyBytes, httpapi.NewSetting{Value: json.RawMessage(`-1`), Version: 0})
		require.Equal(t, recon.KindUnprocessable, recon.KindOf(err))
		_, err = s.Put(t.Context(), managerURL, httpapi.NewSetting{Value: json.RawMessage(`"https://a.example"`), Secret: "k"})
		require.ErrorContains(t, err, "when a process starts", "there was no tenant manager when this one did")
		require.Len(t, store.changes, stored)
	})
}

func TestSettings_TheTenantManagerMayMoveButNotComeOrGo(t *testing.T) {
	s, _ := settingsWith(t, &memory{}, "MULTI_TENANT_URL=https://a.example", "MULTI_TENANT_SERVICE_API_KEY=key", "MULTI_TENANT_URL_HOSTS=b.example,10.0.0.5,169.254.169.254")
	put := func(key, value, secret string) error {
		_, err := s.Put(t.Context(), key, httpapi.NewSetting{Value: json.RawMessage(value), Secret: secret})
		return err
	}
	for why, c := range map[string]struct{ value, secret, fault string }{
		"without its key":           {`"https://b.example"`, "", "needs its key with it"},
		"a host that is not listed": {`"https://c.example"`, "k2", "MULTI_TENANT_URL_HOSTS"},
		"a private address":         {`"https://10.0.0.5"`, "k2", "private"},
		"a metadata address":        {`"https://169.254.169.254"`, "k2", "private"},
		"none":                      {`""`, "k2", "when a process starts"},
	} {
		require.ErrorContains(t, put(managerURL, c.value, c.secret), c.fault, why)
		require.Equal(t, "https://a.example", s.current.Load().Tenancy.MultiTenantURL, why)
	}
	require.Error(t, put(environment, `"x"`, "k2"), "a secret for another setting")
	require.NoError(t, put(managerURL, `"https://b.example"`, "k2"))
	require.Equal(t, "k2", s.current.Load().Tenancy.MultiTenantServiceAPIKey)
	require.NoError(t, put(managerURL, `"https://b.example"`, ""), "the same address keeps its key")
	require.ErrorContains(t, put(managerKey, `""`, ""), "needs its key")
	require.ErrorContains(t, put(managerKey, `null`, ""), "needs its key", "the environment's key is not for this address")
	require.NoError(t, put(managerKey, `"k3"`, ""))
	require.NoError(t, put(managerURL, `null`, ""))
	tenancy := s.current.Load().Tenancy
	require.Equal(t, []string{"https://a.example", "key"}, []string{tenancy.MultiTenantURL, tenancy.MultiTenantServiceAPIKey}, "back together")
}

func TestSettings_ASecretIsUsedAndNeverShown(t *testing.T) {
	store := &memory{}
	s, log := settingsWith(t, store)
	view, err := s.Put(t.Context(), managerKey, httpapi.NewSetting{Value: json.RawMessage(`"hunter2"`), Version: 0})
	require.NoError(t, err)
	require.Equal(t, "hunter2", s.current.Load().Tenancy.MultiTenantServiceAPIKey)
	require.Nil(t, view.Value)
	require.True(t, view.IsSet)
	require.Nil(t, store.changes[0].Shown, "the history does not hold it either")
	all, err := json.Marshal(s.List())
	require.NoError(t, err)
	require.NotContains(t, string(all)+log.String(), "hunter2")
}

func TestSettings_ABadStoredValueLeavesTheLastGoodOne(t *testing.T) {
	store := &memory{}
	s, log := settingsWith(t, store)
	_, err := s.Put(t.Context(), bodyBytes, httpapi.NewSetting{Value: json.RawMessage(`4096`), Version: 0})
	require.NoError(t, err)
	store.rows[bodyBytes] = tenancy.StoredSetting{Key: bodyBytes, Value: json.RawMessage(`"many"`), Version: 9}
	store.rows["limits.of_a_later_release"] = tenancy.StoredSetting{Key: "limits.of_a_later_release", Value: json.RawMessage(`1`), Version: 2}
	store.rows[slug] = tenancy.StoredSetting{Key: slug, Value: json.RawMessage(`"other"`), Version: 5}
	require.NoError(t, s.Refresh(t.Context()))
	require.Equal(t, int64(4096), s.current.Load().Limits.BodyBytes)
	require.Equal(t, "default", s.current.Load().Tenancy.DefaultTenantSlug, "a boot-only key is the environment's")
	require.NotEmpty(t, shown(t, s, bodyBytes).Fault)
	require.Len(t, s.current.Load().faults, 1)
	_, err = s.Put(t.Context(), tenantRate, httpapi.NewSetting{Value: json.RawMessage(`5`), Version: 0})
	require.NoError(t, err)
	require.Equal(t, int64(4096), s.current.Load().Limits.BodyBytes, "the last good value outlives further changes")
	require.Equal(t, 1, strings.Count(log.String(), "cannot be used"), "logged once a version")
}

func TestSettings_FollowTheStoreAndOutliveItsOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &memory{}
		here, log := settingsWith(t, store)
		there, _ := settingsWith(t, store)
		go func() { _ = here.Start(t.Context()) }()
		_, err := there.Put(t.Context(), subjectRate, httpapi.NewSetting{Value: json.RawMessage(`11`), Version: 0})
		require.NoError(t, err)
		time.Sleep(2 * time.Second) //nolint:forbidigo // virtual time: the promise is two seconds
		require.Equal(t, 11, here.current.Load().Limits.SubjectRPS)

		store.fail(errors.New("the database is down"))
		asked := store.questions()
		time.Sleep(time.Minute) //nolint:forbidigo // virtual
		require.Equal(t, 11, here.current.Load().Limits.SubjectRPS, "the last good values stay")
		require.Less(t, store.questions()-asked, 20, "a database that is down gets few questions")
		store.fail(nil)
		_, err = there.Put(t.Context(), subjectRate, httpapi.NewSetting{Value: json.RawMessage(`12`), Version: 0})
		require.NoError(t, err)
		time.Sleep(pollMost + time.Second) //nolint:forbidigo // virtual
		require.Equal(t, 12, here.current.Load().Limits.SubjectRPS)
		require.NoError(t, here.Stop())
		require.Equal(t, 1, strings.Count(log.String(), "cannot be read"))
		require.Equal(t, 1, strings.Count(log.String(), "can be read again"))
	})
}

func TestSettings_APanicWhileApplyingStopsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &memory{}
		s, _ := settingsWith(t, store)
		s.onChange = func(_, next Config) {
			if next.Limits.TenantRPS == 3 {
				panic("no")
			}
		}
		go func() { _ = s.Start(t.Context()) }()
		require.NoError(t, store.Put(t.Context(), tenancy.NewSetting{Key: tenantRate, Value: json.RawMessage(`3`)}))
		time.Sleep(2 * time.Second) //nolint:forbidigo // virtual
		require.NoError(t, store.Put(t.Context(), tenancy.NewSetting{Key: subjectRate, Value: json.RawMessage(`4`)}))
		time.Sleep(3 * pollMost) //nolint:forbidigo // virtual
		require.Equal(t, 4, s.current.Load().Limits.SubjectRPS)
		require.NoError(t, s.Stop())
	})
}

func TestSetting_Set(t *testing.T) {
	for _, c := range []struct {
		key, text string
		want      any
		fault     string
	}{
		{bodyBytes, `2048`, int64(2048), ""},
		{bodyBytes, `1023`, nil, "from 1024"},
		{bodyBytes, `67108865`, nil, "to 67108864"},
		{bodyBytes, `2048.5`, nil, "number without a fraction"},
		{bodyBytes, `1e400`, nil, "number without a fraction"},
		{bodyBytes, `"2048"`, nil, "number"},
		{bodyBytes, `{}`, nil, "number"},
		{bodyBytes, `null`, nil, "number"},
		{bodyBytes, `nonsense`, nil, "not JSON"},
		{"limits.import_bytes", `10737418240`, int64(10 << 30), ""},
		{tenantRate, `0`, 0, ""},
		{tenantRate, `-1`, nil, "from 0"},
		{managerURL, `""`, "", ""},
		{managerURL, `"https://tenants.example.com"`, "https://tenants.example.com", ""},
		{managerURL, `"http://127.0.0.1:9"`, "http://127.0.0.1:9", ""},
		{managerURL, `"http://tenants.example.com"`, nil, "https"},
		{managerURL, `"https://user:hunter2@example.com"`, nil, "plain address"},
		{managerURL, `7`, nil, "string"},
		{environment, `"a\nb"`, nil, "one line"},
		{environment, `"` + strings.Repeat("x", maxTextRunes+1) + `"`, nil, "at most"},
		{"tenancy.multi_tenant_enabled", `true`, true, ""},
		{"tenancy.multi_tenant_enabled", `1`, nil, "boolean"},
	} {
		one, known := settingOf(c.key)
		require.True(t, known)
		cfg := Config{Tenancy: TenancyConfig{MultiTenantURLHosts: []string{"tenants.example.com", "127.0.0.1"}}}
		fault := one.set(&cfg, []byte(c.text))
		if c.fault == "" {
			require.Empty(t, fault, c.text)
			require.Equal(t, c.want, one.value(&cfg).Interface())
			continue
		}
		require.Contains(t, fault, c.fault, c.text)
		require.NotContains(t, fault, "hunter2", "a value may be a secret in the wrong place")
	}
}

func FuzzSetting_Set(f *testing.F) {
	for _, seed := range []string{`1`, `"https://a"`, `true`, `null`, `[`, `"\u0000"`, `9223372036854775808`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, one := range bounded {
			var cfg Config
			if one.set(&cfg, []byte(text)) == "" {
				require.Empty(t, one.fault(&cfg))
			}
		}
	})
}

func TestOpenLimiterRedis(t *testing.T) {
	client, err := (&App{}).openLimiterRedis()
	require.NoError(t, err)
	require.Nil(t, client, "each instance counts by itself then")
	a := &App{cfg: Config{Redis: RedisConfig{URL: "redis://:hunter2@127.0.0.1:1/0"}}}
	client, err = a.openLimiterRedis()
	require.NoError(t, err)
	require.NotNil(t, client)
	require.Error(t, client.Ping(t.Context()).Err())
	require.NoError(t, a.stops[0](t.Context()))
	a.cfg.Redis.URL = "redis://:hunter2@127.0.0.1:1/x y"
	_, err = a.openLimiterRedis()
	require.Error(t, err)
	require.NotContains(t, err.Error(), "hunter2")
}
