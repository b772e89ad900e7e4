//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"matcher/internal/testkit"
)

const (
	walkSecret   = "a-signing-key-for-the-walk-of-32-bytes"
	walkAdminKey = "the-administrator's-key-of-the-walk"
	walkService  = "the-key-between-the-installations"
	withEvents   = time.Second
	withoutThem  = time.Minute
)

// walk is an installation of three processes: a control plane, which keeps the tenants, and two instances of the
// service, which ask it who a tenant is.
type walk struct {
	*testing.T
	binary, objects, dsn string
	control              string
	services             [2]string
	env                  []string
	redis                *testkit.RedisServer
	events               *testkit.Toxic // the services' way to Redis
}

// TestTenancyWalk is `make demo-tenancy`: the life of a tenant, from outside, with the times that it took.
func TestTenancyWalk(t *testing.T) {
	w := startWalk(t)
	w.tell("a control plane at %s and two instances at %s and %s", w.control, w.services[0], w.services[1])

	channel := testkit.AMQP(t, w.setting("RABBITMQ_URL"))
	require.NoError(t, channel.ExchangeDeclare("matcher.events", "topic", true, false, false, false, nil))
	queue, err := channel.QueueDeclare("walk", true, false, false, false, nil)
	require.NoError(t, err)
	require.NoError(t, channel.QueueBind(queue.Name, "ingestion.completed.*", "matcher.events", false, nil))

	tenant := w.cli("tenant", "create", "--slug", "acme", "--name", "Acme Ltd")["tenantId"].(string)
	token := w.token(tenant)
	w.everywhere("created: usable everywhere without a restart", withEvents, token, http.StatusOK)

	w.importFile(token)
	require.Eventually(t, func() bool {
		message, there, err := channel.Get(queue.Name, true)
		require.NoError(t, err)
		if there {
			require.Equal(t, tenant, message.Headers["X-Tenant-ID"])
			w.tell("its message came with the key %s and X-Tenant-ID %s", message.RoutingKey, message.Headers["X-Tenant-ID"])
		}
		return there
	}, 30*time.Second, 20*time.Millisecond, "a message of the tenant in a queue bound to ingestion.completed.*")

	w.cli("tenant", "suspend", "acme")
	w.everywhere("suspended: refused everywhere, with events", withEvents, token, http.StatusForbidden)
	w.cli("tenant", "resume", "acme")
	w.everywhere("resumed", withEvents, token, http.StatusOK)

	heal := w.events.Stall() // worse than a cut, which a listener notices
	w.cli("tenant", "suspend", "acme")
	w.everywhere("suspended: refused everywhere, though no event comes through", withoutThem, token, http.StatusForbidden)
	heal()
	w.cli("tenant", "resume", "acme")
	w.everywhere("resumed, whether its event is heard again or not", withoutThem, token, http.StatusOK)

	w.keepObject(tenant)
	for _, kind := range []string{"schema ", "role ", "registry", w.objects} {
		require.Contains(t, strings.Join(w.leftovers(tenant), "\n"), kind, "before, it has some of each")
	}
	w.cli("tenant", "delete", "acme")
	w.everywhere("deleted: unknown everywhere", withoutThem, token, http.StatusNotFound)
	start := time.Now()
	require.Eventually(t, func() bool { return len(w.leftovers(tenant)) == 0 }, 2*time.Minute, 50*time.Millisecond, "%v", w.leftovers(tenant))
	w.tell("nothing is left of it in PostgreSQL, Redis or objects, %s later", since(start))
}

func startWalk(t *testing.T) *walk {
	t.Helper()
	owner := testkit.Database(t)
	redis := testkit.StartRedisServer(t)
	address, err := url.Parse(redis.URL)
	require.NoError(t, err)
	w := &walk{
		T: t, binary: filepath.Join(binaryDir(t), "matcher"), objects: t.TempDir(), dsn: owner,
		events: testkit.NewToxic(t, address.Host), redis: redis,
		env: []string{
			"MATCHER_ENV=development", "POSTGRES_OWNER_DSN=" + owner, "POSTGRES_DSN=" + asApplication(t, owner), "RABBITMQ_URL=" + testkit.RabbitMQ(t),
			"MULTI_TENANT_ENABLED=true", "MULTI_TENANT_SERVICE_API_KEY=" + walkService, "AUTH_HS256_SECRET=" + walkSecret,
			"MATCHER_ADMIN_API_KEY=" + walkAdminKey, "MATCHER_TENANT_GRACE_HOURS=0", "MATCHER_LOG_LEVEL=error",
		},
	}
	w.control = w.serve("REDIS_URL="+redis.URL, "MATCHER_OBJECTS="+w.objects)
	for i := range w.services {
		w.services[i] = w.serve("REDIS_URL=redis://"+w.events.Addr()+"/0", "MULTI_TENANT_URL="+w.control, "MATCHER_OBJECTS="+w.objects)
	}
	return w
}

// asApplication is the same database for the application's login.
func asApplication(t *testing.T, dsn string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	require.NoError(t, err)
	u.User = url.User("matcher_app")
	return u.String()
}

// serve starts a process and waits until it is ready. It is told to stop at the end of the test, and must do so in order.
func (w *walk) serve(env ...string) (url string) {
	w.Helper()
	address := freeAddress(w.T)
	var said bytes.Buffer
	command := exec.Command(w.binary, "serve")
	command.Env = append(append(append(os.Environ(), w.env...), env...), "MATCHER_ADDR="+address)
	command.Stdout, command.Stderr = &said, &said
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(w, command.Start())
	w.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		if err := command.Wait(); err != nil {
			w.Errorf("stopping %s: %v\n%s", address, err, said.String())
		}
	})
	url = "http://" + address
	require.Eventually(w, func() bool { return w.status(url+"/readyz", "") == http.StatusOK }, time.Minute, 20*time.Millisecond, "%s", &said)
	return url
}

func (w *walk) setting(name string) string {
	for _, line := range w.env {
		if value, found := strings.CutPrefix(line, name+"="); found {
			return value
		}
	}
	return ""
}

// cli runs a command against the control plane.
func (w *walk) cli(args ...string) (answer map[string]any) {
	w.Helper()
	out, err := w.command(append(args, "--json")...).Output()
	require.NoError(w, err, "%v", args)
	require.NoError(w, json.Unmarshal(out, &answer), "%s", out)
	return answer
}

func (w *walk) command(args ...string) *exec.Cmd {
	command := exec.CommandContext(w.Context(), w.binary, args...)
	command.Env = append(append(os.Environ(), w.env...), "MATCHER_URL="+w.control)
	command.Stderr = os.Stderr
	return command
}

func (w *walk) token(tenant string) string {
	w.Helper()
	out, err := w.command("token", "--tenant", tenant, "--role", "admin").Output()
	require.NoError(w, err)
	return strings.TrimSpace(string(out))
}

// status of a GET; 0 while nobody answers.
func (w *walk) status(url, token string) int {
	request, err := http.NewRequestWithContext(w.Context(), http.MethodGet, url, http.NoBody)
	require.NoError(w, err)
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	return response.StatusCode
}

// everywhere waits until every instance answers the tenant's token with a status, and tells how long the slowest took.
func (w *walk) everywhere(what string, most time.Duration, token string, status int) {
	w.Helper()
	start := time.Now()
	var last [len(w.services)]int
	require.Eventually(w, func() bool {
		for i, service := range w.services {
			if last[i] = w.status(service+"/v1/contexts", token); last[i] != status {
				return false
			}
		}
		return true
	}, most, 10*time.Millisecond, "%s: %v", what, &last)
	w.tell("%s: %d after %s (at most %s)", what, status, since(start), most)
}

func since(start time.Time) time.Duration { return time.Since(start).Round(time.Millisecond) }

func (w *walk) tell(format string, args ...any) {
	fmt.Printf("  "+format+"\n", args...) // not w.Logf: whoever watches wants each step as it happens
}

// importFile loads a small statement through the first instance.
func (w *walk) importFile(token string) {
	w.Helper()
	base := w.services[0] + "/v1"
	books := w.post(base+"/contexts", token, `{"name":"cash"}`)["id"].(string)
	source := w.post(base+"/contexts/"+books+"/sources", token, `{"name":"bank","side":"RIGHT","currency":"EUR"}`)["id"].(string)
	w.post(base+"/sources/"+source+"/imports?name=bank.csv", token, "id,date,amount,currency,reference\nB-1,2026-03-14,10.00,EUR,R-1\nB-2,2026-03-15,12.00,EUR,R-2\n")
}

func (w *walk) post(url, token, body string) (answer map[string]any) {
	w.Helper()
	request, err := http.NewRequestWithContext(w.Context(), http.MethodPost, url, strings.NewReader(body))
	require.NoError(w, err)
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	require.NoError(w, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(w, err)
	require.Less(w, response.StatusCode, http.StatusBadRequest, "%s", text)
	require.NoError(w, json.Unmarshal(text, &answer))
	return answer
}

// keepObject lays a file where the tenant's files lie.
func (w *walk) keepObject(tenant string) {
	w.Helper()
	folder := filepath.Join(w.objects, tenant, "exports")
	require.NoError(w, os.MkdirAll(folder, 0o700))
	require.NoError(w, os.WriteFile(filepath.Join(folder, "march.csv"), []byte("B-1"), 0o600))
}

// leftovers lists what PostgreSQL, Redis and the object store hold of a tenant, the control plane's audit log aside.
func (w *walk) leftovers(tenant string) (found []string) {
	w.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, w.dsn)
	require.NoError(w, err)
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, `
		SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname = $1
		UNION ALL SELECT 'role ' || r.rolname FROM pg_roles r
			WHERE r.rolname = 't_' || left(encode(sha256(convert_to(current_database(), 'UTF8') || '\x00' || convert_to($1, 'UTF8')), 'hex'), 16)
		UNION ALL SELECT 'registry' FROM control.tenants WHERE id::text = $1
		UNION ALL SELECT 'job' FROM work.river_job WHERE args::text LIKE '%' || $1 || '%'`, tenant)
	require.NoError(w, err)
	found, err = pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(w, err)
	keys := w.redis.Client().Keys(ctx, "*"+tenant+"*").Val()
	for _, key := range keys {
		found = append(found, "Redis "+key)
	}
	files, err := filepath.Glob(filepath.Join(w.objects, tenant, "*", "*"))
	require.NoError(w, err)
	return append(found, files...)
}
