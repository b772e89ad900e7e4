//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

// dayFiles are the files of the day. Rows 1 to 3 have a common reference; 11 to 15 only an amount, of which 15 is a few
// cents apart; 21 needs a person; 31 and 32 have no partner.
var dayFiles = map[string]string{
	"recon.yaml": `left:
  source: books
  map: {externalId: id, date: date, reference: reference, amount: amount, currency: currency}
right:
  source: bank
  map: {externalId: id, date: date, reference: reference, amount: amount, currency: currency}
rules:
  - {name: reference, type: EXACT, priority: 10, keys: [{left: reference, right: reference}]}
  - {name: same amount, type: EXACT, priority: 20, keys: [], amount: {mode: TOLERANCE, abs: "0.50"}}
`,
	"books.csv": `id,date,reference,amount,currency
L-1,2026-01-05,R-1,10.00,EUR
L-2,2026-01-05,R-2,20.00,EUR
L-3,2026-01-05,R-3,30.00,EUR
L-11,2026-01-06,a,110.00,EUR
L-12,2026-01-06,b,120.00,EUR
L-13,2026-01-06,c,130.00,EUR
L-14,2026-01-06,d,140.00,EUR
L-15,2026-01-06,e,150.00,EUR
L-21,2026-01-07,f,210.00,EUR
L-31,2026-01-08,g,0.80,EUR
`,
	"bank.csv": `id,date,reference,amount,currency
B-1,2026-01-05,R-1,10.00,EUR
B-2,2026-01-05,R-2,20.00,EUR
B-3,2026-01-05,R-3,30.00,EUR
B-11,2026-01-06,,110.00,EUR
B-12,2026-01-06,,120.00,EUR
B-13,2026-01-06,,130.00,EUR
B-14,2026-01-06,,140.00,EUR
B-15,2026-01-06,,149.75,EUR
B-21,2026-01-07,,205.00,EUR
B-32,2026-01-08,,-7.50,EUR
`,
	"again.csv": "id,date,reference,amount,currency\nB-90,2026-01-08,,9000.00,EUR\n",
}

// day is a service with two people at it, each at a shell.
type day struct {
	*testing.T
	binary, folder string
	env            []string
	tokens         map[string]string
}

// TestDay is a working day from the shell alone, by two people, against the built binary.
func TestDay(t *testing.T) {
	d := startDay(t)
	d.does("anna", "apply", "recon.yaml", "--context", "Cash", "--yes")
	d.does("anna", "import", "--source", "books", "books.csv")
	d.does("anna", "import", "--source", "bank", "bank.csv")
	require.Contains(t, d.does("anna", "run", "--context", "Cash"), "confirmed 3 · proposed 5")

	// Review: page by page, with evidence; then all of them by a filter and its count.
	page := d.does("anna", "review", "--context", "Cash", "--limit", "2")
	cursor := regexp.MustCompile(`--after (\S+) goes on`).FindStringSubmatch(page)
	require.Len(t, cursor, 2, page)
	require.Contains(t, d.does("anna", "review", "--context", "Cash", "--limit", "200", "--after", cursor[1]), "3 groups")
	all := d.does("anna", "review", "--context", "Cash", "--rule", "same amount", "--limit", "0")
	require.Contains(t, all, "decides on all of them by the same filter and --count 5")
	require.Regexp(t, `amount +amount +150\.00 \| 149\.75 +difference 0\.25`, all)

	// Two people on one group: one winner, and the other learns who it was.
	require.Contains(t, d.does("bert", "reject", "L-14", "--context", "Cash", "--reason", "another customer"), "is rejected: L-14 with B-14")
	group := d.json("anna", "review", "--context", "Cash", "--min-score", "1", "--json")
	require.Len(t, group, 4)
	d.fails("anna", 1, `in no group now`, "confirm", "L-14", "--context", "Cash")
	d.fails("anna", 1, "COUNT_CHANGED: the filter now leaves 4 groups, not the 5 that you saw", "confirm", "--context", "Cash", "--rule", "same amount", "--count", "5")

	adjusted := d.does("anna", "adjust", "L-15", "--context", "Cash", "--difference", "ROUNDING", "--note", "cents")
	require.Regexp(t, `adjustment ADJ-\w+ of 0\.25 EUR, rounding, is unposted`, adjusted)
	require.Contains(t, d.does("anna", "confirm", "--context", "Cash", "--rule", "same amount", "--count", "4", "--note", "seen"), "4 of 4 groups confirmed")
	d.fails("bert", 1, "GROUP_STATUS: the group is CONFIRMED, by anna: only a group that is PROPOSED can be REJECTED", "reject", "B-11", "--context", "Cash", "--reason", "no")

	// By hand, and taken apart again.
	d.fails("bert", 1, "ADJUSTMENT_REASON_MISSING", "hand-match", "--context", "Cash", "--left", "L-21", "--right", "B-21")
	require.Contains(t, d.does("bert", "hand-match", "--context", "Cash", "--left", "L-21", "--right", "B-21", "--difference", "FEE"), "is confirmed: L-21 with B-21, 210.00 EUR, difference 5.00 fee")
	require.Contains(t, d.does("bert", "unmatch", "L-1", "--context", "Cash", "--reason", "paid another invoice"), "is unmatched")
	d.fails("bert", 1, "is confirmed: only open rows go into a group: matcher unmatch its group first", "hand-match", "--context", "Cash", "--left", "L-2", "--right", "B-1")

	// What stays open is owned and ended.
	open := d.does("anna", "exceptions", "--context", "Cash", "--sort", "-amount")
	require.Equal(t, 6, strings.Count(open, "EUR"), open)
	require.Contains(t, d.does("anna", "exceptions", "assign", "L-31", "B-32", "--context", "Cash", "--to", "treasury"), "2 of 2 exceptions assigned")
	require.Contains(t, d.does("anna", "exceptions", "--context", "Cash", "--assignee", "treasury"), "B-32")
	require.Contains(t, d.does("bert", "exceptions", "resolve", "B-32", "--context", "Cash", "--as", "BOOKED", "--account", "6850", "--note", "bank charge"), "resolved as booked, assigned to treasury")
	require.Contains(t, d.does("bert", "exceptions", "resolve", "L-31", "--context", "Cash", "--as", "written off", "--note", "not worth a letter"), "resolved as written off")
	require.Contains(t, d.does("bert", "exceptions", "reopen", "L-31", "--context", "Cash", "--note", "it is worth one"), "reopened")

	d.tie()

	// A file that should not have come in.
	d.does("anna", "import", "--source", "bank", "again.csv")
	require.Contains(t, d.does("anna", "statement", "--context", "Cash"), "9,000.00")
	require.Contains(t, d.does("anna", "void", "again.csv", "--source", "bank"), "is voided: 1 row out again")
	d.fails("anna", 1, "a row of this import is in an active group", "void", "bank.csv", "--source", "bank")
	require.NotContains(t, d.does("anna", "statement", "--context", "Cash"), "9,000.00")
	d.tie()
}

// tie holds the statement against itself, and ageing and the open rows against the statement.
func (d *day) tie() {
	d.Helper()
	require.Regexp(d, `right balance +\S+ +✓`, d.does("anna", "statement", "--context", "Cash"))
	var s recon.Statement
	var a recon.Ageing
	require.NoError(d, json.Unmarshal([]byte(d.does("anna", "statement", "--context", "Cash", "--json")), &s))
	require.NoError(d, json.Unmarshal([]byte(d.does("anna", "ageing", "--context", "Cash", "--json")), &a))
	bridges, err := s.Bridges()
	require.NoError(d, err)
	require.Len(d, bridges, 1)
	sums := map[recon.Side]recon.Minor{}
	for _, item := range bridges[0].Items {
		sums[item.Side] += item.Amount
	}
	minor := func(amount string) recon.Minor {
		money, err := recon.ParseMoney(amount, "EUR")
		require.NoError(d, err)
		return money.Amount
	}
	require.Equal(d, minor(a.Currencies[0].Left.Amount), -sums[recon.Left])
	require.Equal(d, minor(a.Currencies[0].Right.Amount), sums[recon.Right])
	require.Equal(d, recon.Minor(-25-500), sums[""], "what the adjustments explain")
	require.Contains(d, d.does("anna", "adjust", "list", "--context", "Cash", "--status", "unposted"), "0.25 EUR")
}

func startDay(t *testing.T) *day {
	t.Helper()
	d := &day{T: t, binary: filepath.Join(binaryDir(t), "matcher"), folder: t.TempDir(), tokens: map[string]string{}}
	for name, text := range dayFiles {
		require.NoError(t, os.WriteFile(filepath.Join(d.folder, name), []byte(text), 0o600))
	}
	address := freeAddress(t)
	d.env = append(os.Environ(), "MATCHER_ADDR="+address, "MATCHER_DATA_DIR="+t.TempDir(), "MATCHER_LOG_LEVEL=error")
	service := exec.Command(d.binary, "serve")
	var output bytes.Buffer
	service.Env, service.Stdout, service.Stderr = d.env, &output, &output
	service.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(t, service.Start())
	t.Cleanup(func() {
		_ = service.Process.Signal(syscall.SIGTERM)
		if err := service.Wait(); err != nil {
			t.Errorf("stopping the service: %v\n%s", err, output.String())
		}
	})
	require.Eventually(t, func() bool {
		answer, err := http.Get("http://" + address + "/readyz")
		if err != nil {
			return false
		}
		answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	}, 2*time.Minute, 50*time.Millisecond, "%s", &output)
	d.env = append(d.env, "MATCHER_URL=http://"+address)
	for _, person := range []string{"anna", "bert"} {
		d.tokens[person] = strings.TrimSpace(d.does(person, "token", "--role", "admin", "--subject", person))
	}
	return d
}

func (d *day) run(person string, args ...string) (out string, code int) {
	d.Helper()
	command := exec.CommandContext(d.Context(), d.binary, args...)
	command.Dir, command.Env = d.folder, slices.Concat(d.env, []string{"MATCHER_TOKEN=" + d.tokens[person]})
	text, err := command.CombinedOutput()
	if err != nil && command.ProcessState == nil {
		require.NoError(d, err)
	}
	return string(text), command.ProcessState.ExitCode()
}

// does runs a command as a person, and gives what it prints.
func (d *day) does(person string, args ...string) string {
	d.Helper()
	out, code := d.run(person, args...)
	require.Zero(d, code, "matcher %s\n%s", strings.Join(args, " "), out)
	return out
}

func (d *day) fails(person string, want int, message string, args ...string) {
	d.Helper()
	out, code := d.run(person, args...)
	require.Equal(d, want, code, "matcher %s\n%s", strings.Join(args, " "), out)
	require.Contains(d, out, message)
}

// json gives the objects that a command prints, one a line.
func (d *day) json(person string, args ...string) (objects []map[string]any) {
	d.Helper()
	for line := range strings.Lines(d.does(person, args...)) {
		object := map[string]any{}
		require.NoError(d, json.Unmarshal([]byte(line), &object), fmt.Sprint(line))
		objects = append(objects, object)
	}
	return objects
}
