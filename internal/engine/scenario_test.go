//go:build unit || !integration

package engine

import (
	"cmp"
	"encoding/csv"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
	"matcher/internal/setup"
	"matcher/tests/bench/gen"
)

var update = flag.Bool("update", false, "rewrite what the scenarios want")

// TestScenarios runs every testdata/*.txtar: a comment on why, rules.yaml (without it the default ladder runs),
// options.txt (days), setup.yaml (calendars, rates, fees),
// left.csv and right.csv, and want: what a reconciliation analyst would expect to read.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 25)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			require.NoError(t, err)
			require.NotEmpty(t, strings.TrimSpace(string(archive.Comment)), "a scenario has a reason")
			got := play(t, archive)
			if *update {
				setSection(archive, "want", got)
				require.NoError(t, os.WriteFile(file, txtar.Format(archive), 0o644))
				return
			}
			require.Equal(t, section(archive, "want"), got)
		})
	}
}

func section(a *txtar.Archive, name string) string {
	for _, f := range a.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return ""
}

func setSection(a *txtar.Archive, name, text string) {
	a.Files = slices.DeleteFunc(a.Files, func(f txtar.File) bool { return f.Name == name })
	a.Files = append(a.Files, txtar.File{Name: name, Data: []byte(text)})
}

func play(t *testing.T, a *txtar.Archive) string {
	t.Helper()
	rules := recon.DefaultLadder()
	if text := section(a, "rules.yaml"); text != "" {
		var errs []recon.FieldError
		if rules, errs = setup.DecodeRules([]byte(text)); len(errs) > 0 {
			return errorLines(errs)
		}
	}
	options, errs := readOptions(t, section(a, "options.txt"), section(a, "setup.yaml"))
	if len(errs) > 0 {
		return errorLines(errs)
	}
	options.Rejected = rowSets(t, a, "rejected")
	for _, set := range rowSets(t, a, "partial") {
		options.Partials = append(options.Partials, recon.PartialGroup{RowSet: set, Rule: rules[0].Name})
	}
	p, errs := Compile(rules, options)
	if len(errs) > 0 {
		return errorLines(errs)
	}
	left := readTable(t, p, recon.Left, section(a, "left.csv"))
	right := readTable(t, p, recon.Right, section(a, "right.csv"))
	res, err := Run(p, left, right, nil)
	require.NoError(t, err)
	text := report(p, res, left, right)
	if strings.Contains(section(a, "options.txt"), "numbers") {
		for i := range res.Groups {
			if g := &res.Groups[i]; g.Status() == recon.GroupConfirmed && g.Difference != 0 {
				o := res.Owed(p, [2]*Table{left, right}, g)
				text += fmt.Sprintf("owed %s since %s %s %s\n", o.Number, o.Date, inDecimals(o.Amount, o.Currency), orNothing(o.Account))
			}
		}
	}
	if strings.Contains(section(a, "options.txt"), "evidence") {
		text += evidenceLines(p, res, left, right)
	}
	return text
}

// evidenceLines shows what each group compared.
func evidenceLines(p *Plan, res *Result, left, right *Table) string {
	var b strings.Builder
	for i := range res.Groups {
		g := &res.Groups[i]
		fmt.Fprintf(&b, "%s = %s\n", name(left, res.LeftRows(g)[0]), name(right, res.RightRows(g)[0]))
		for _, e := range res.Evidence(p, left, right, g) {
			fmt.Fprintf(&b, "  %s %s: %s against %s", strings.ToLower(e.Component), e.Field, orNothing(e.Left), orNothing(e.Right))
			if e.Difference != "" {
				fmt.Fprintf(&b, ", difference %s", e.Difference)
			}
			if e.Allowed != "" {
				fmt.Fprintf(&b, ", allowed %s", e.Allowed)
			}
			fmt.Fprintf(&b, ", closeness %d", e.Closeness)
			if e.Verdict != "" {
				b.WriteString(" " + e.Verdict)
			}
			for _, rate := range e.Rates {
				fmt.Fprintf(&b, ", 1 %s = %s %s %s of %s", rate.From, rate.Rate, rate.To, cmp.Or(rate.Type, "untyped"), rate.Date)
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}

func errorLines(errs []recon.FieldError) string {
	var b strings.Builder
	for _, e := range errs {
		fmt.Fprintf(&b, "refused %s %s: %s\n", e.Pointer, e.Code, e.Message)
	}
	return b.String()
}

func readOptions(t *testing.T, text, setupText string) (recon.RunOptions, []recon.FieldError) {
	var file setup.Setup
	if setupText != "" {
		var errs []recon.FieldError
		if file, errs = setup.Decode([]byte(setupText)); len(errs) > 0 {
			return recon.RunOptions{}, errs
		}
	}
	o := file.Options()
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if words[0] == "rejected" || words[0] == "partial" {
			continue // by rowSets, once the rows are read
		}
		days := make([]recon.Day, 0, len(words))
		for _, w := range words[1:] {
			if d, err := recon.ParseDay(w); err == nil {
				days = append(days, d)
			}
		}
		switch words[0] {
		case "evidence", "numbers": // are shown by play
		case "owed": // a number, a currency, an amount, its reason, a day, and perhaps an account and what has booked it
			money, err := recon.ParseMoney(words[3], words[2])
			require.NoError(t, err)
			owed := recon.Owed{Number: words[1], Currency: words[2], Amount: money.Amount, Date: days[0]}
			require.NoError(t, owed.Reason.UnmarshalText([]byte(words[4])))
			for _, word := range words[6:] {
				if by, booked := strings.CutPrefix(word, "by="); booked {
					owed.Booked = by
				} else if word == "loose" {
					owed.Loose = true
				} else if reference, posted := strings.CutPrefix(word, "posted="); posted {
					owed.Reference = reference
				} else {
					owed.Account = word
				}
			}
			o.Owed = append(o.Owed, owed)
		case "asOf":
			o.AsOf = days[0]
		case "from":
			o.From = days[0]
		case "to":
			o.To = days[0]
		case "written": // a month, a currency and an amount
			money, err := recon.ParseMoney(words[3], words[2])
			require.NoError(t, err)
			o.Written = append(o.Written, recon.WriteOff{Month: days[0], Currency: words[2], Amount: money.Amount})
		case "duplicateDays":
			days, err := strconv.Atoi(words[1])
			require.NoError(t, err)
			o.DuplicateDays = days
		case "covered": // both sides
			o.Covered = recon.Covered{Left: days[0], Right: days[0]}
		case "movements": // a side, and its sources
			to := map[string]*[]string{"left": &o.Movements.Left, "right": &o.Movements.Right}[words[1]]
			*to = append(*to, strings.Join(words[2:], " "))
		case "holidays":
			o.Calendars = append(o.Calendars, recon.Calendar{ID: words[1], Holidays: days})
		default:
			t.Fatalf("no option %q", words[0])
		}
	}
	return o, nil
}

func readTable(t *testing.T, p *Plan, side recon.Side, text string) *Table {
	t.Helper()
	table := NewTable(p, side, 0)
	for i, tx := range readRows(t, text) {
		source := tx.Attribute("source")
		require.NoError(t, table.Add(tx, int64(i), source))
	}
	return table
}

func readRows(t *testing.T, text string) []*recon.Transaction {
	t.Helper()
	records, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	require.NoError(t, err)
	var rows []*recon.Transaction
	seen := map[[32]byte]int32{}
	for i, record := range records[min(1, len(records)):] {
		tx := readRow(t, records[0], record)
		tx.Row = i + 1
		tx.Digest = gen.Digest(tx)
		if tx.ExternalID == "" {
			tx.Ordinal = seen[tx.Digest]
			seen[tx.Digest]++
		}
		rows = append(rows, tx)
	}
	return rows
}

func readRow(t *testing.T, header, record []string) *recon.Transaction {
	tx := &recon.Transaction{Currency: "EUR", BookingStatus: recon.Booked}
	for i, name := range header {
		if name == "currency" {
			tx.Currency = record[i]
		}
	}
	amount := func(text string) recon.Minor {
		money, err := recon.ParseMoney(text, tx.Currency)
		require.NoError(t, err)
		return money.Amount
	}
	named := map[string]*recon.NullMinor{"gross": &tx.Gross, "fee": &tx.Fee, "tax": &tx.Tax, "net": &tx.Net}
	texts := map[string]*string{"id": &tx.ExternalID, "reference": &tx.Reference, "description": &tx.Description, "kind": &tx.Kind, "currency": &tx.Currency, "status": &tx.BookingStatus}
	days := map[string]*recon.Day{"date": &tx.Date, "valueDate": &tx.ValueDate}
	for i, name := range header {
		value := record[i]
		switch {
		case name == "amount":
			tx.Amount = amount(value)
		case value == "":
		case named[name] != nil:
			*named[name] = recon.NullMinor{Amount: amount(value), Set: true}
		case texts[name] != nil:
			*texts[name] = value
		case name == "original":
			amount, currency, _ := strings.Cut(value, " ")
			money, err := recon.ParseMoney(amount, currency)
			require.NoError(t, err)
			tx.Original = &money
		case name == "time":
			at, err := time.Parse(time.RFC3339, value)
			require.NoError(t, err)
			tx.Time = at
		case days[name] != nil:
			day, err := recon.ParseDay(value)
			require.NoError(t, err)
			*days[name] = day
		default:
			tx.Metadata = append(tx.Metadata, recon.Attribute{Name: name, Value: value})
		}
	}
	return tx
}

// report is a result as the scenarios show it.
func report(p *Plan, res *Result, left, right *Table) string {
	var b strings.Builder
	for i := range res.Groups {
		g := &res.Groups[i]
		l, r := res.LeftRows(g), res.RightRows(g)
		fmt.Fprintf(&b, "%s %s = %s  score %d  by %q", strings.ToLower(g.Status().String()), names(left, l), names(right, r), g.Score, res.RuleName(p, i))
		if g.Difference != 0 && len(l) > 0 {
			fmt.Fprintf(&b, "  difference %s %s", left.money(l[0], int64(g.Difference)), g.Adjustment())
		} else if g.Difference != 0 {
			fmt.Fprintf(&b, "  difference %s %s", right.money(r[0], int64(g.Difference)), g.Adjustment())
		}
		if g.Kept() {
			b.WriteString("  kept")
		} else if res.Replaces(i) != nil {
			fmt.Fprintf(&b, "  replaces %d", len(res.Replaces(i)))
		}
		if g.HeldBy() != recon.HeldByNothing {
			fmt.Fprintf(&b, "  held by %s", g.HeldBy())
		}
		if g.Alternatives > 0 {
			fmt.Fprintf(&b, "  alternatives %d", g.Alternatives)
		}
		b.WriteString("\n")
	}
	for _, booking := range res.Bookings {
		fmt.Fprintf(&b, "booked %s by %s", booking.Number, name(left, booking.Row))
		if booking.Group == NoGroup {
			b.WriteString(" of an earlier period")
		}
		b.WriteString("\n")
	}
	for side, t := range [2]*Table{left, right} {
		for i := range res.Open[side] {
			o := &res.Open[side][i]
			fmt.Fprintf(&b, "open %s %s  %s %s", strings.ToLower(string(sideOf(side))), name(t, o.Row), o.Class(), o.Reason())
			if m := res.Describe(p, [2]*Table{left, right}, sideOf(side), o); o.Miss.Row != NoRow {
				fmt.Fprintf(&b, "  near %s (%s): %s", m.ExternalID, m.Difference, m.Suggestion)
			} else if m.Suggestion != "" {
				fmt.Fprintf(&b, "  %s", m.Suggestion)
			}
			b.WriteString("\n")
		}
	}
	for _, bridge := range res.Bridge {
		fmt.Fprintf(&b, "bridge %s: %s", bridge.Currency, inDecimals(bridge.Left, bridge.Currency))
		for _, item := range bridge.Items {
			fmt.Fprintf(&b, " | %s", strings.Join(strings.Fields(fmt.Sprintf("%s %s %s %s", item.Label, item.Class, item.Reason, inDecimals(item.Amount, bridge.Currency))), " "))
		}
		fmt.Fprintf(&b, " | = %s\n", inDecimals(bridge.Right, bridge.Currency))
	}
	return b.String()
}

func inDecimals(m recon.Minor, currency string) string {
	return recon.Money{Amount: m, Currency: currency}.String()
}

func names(t *Table, rows []uint32) string {
	if len(rows) == 0 {
		return "nothing"
	}
	list := make([]string, len(rows))
	for i, row := range rows {
		list[i] = name(t, row)
	}
	return strings.Join(list, " + ")
}

func name(t *Table, row uint32) string {
	if id := t.ExternalID(row); id != "" {
		return id
	}
	return fmt.Sprintf("#%d", t.ID(row)+1)
}

// rowSets are the sets of rows that options.txt names by their ids, one a line.
func rowSets(t *testing.T, a *txtar.Archive, option string) []recon.RowSet {
	var sets []recon.RowSet
	for line := range strings.Lines(section(a, "options.txt")) {
		words := strings.Fields(line)
		if words[0] != option {
			continue
		}
		var set recon.RowSet
		for side, ids := range [2]*[]int64{&set.Left, &set.Right} {
			for i, tx := range readRows(t, section(a, [2]string{"left.csv", "right.csv"}[side])) {
				if slices.Contains(words[1:], tx.ExternalID) {
					*ids = append(*ids, int64(i))
				}
			}
		}
		sets = append(sets, set)
	}
	return sets
}
