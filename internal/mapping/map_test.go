//go:build unit || !integration

package mapping

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

// compile makes a mapper from the text of a map.
func compile(t *testing.T, fields string, header []string) *Mapper {
	t.Helper()
	parsed, err := ParseFieldMap([]byte(fields))
	require.NoError(t, err)
	m, problems := Compile(parsed, header)
	require.Empty(t, problems)
	return m
}

// mapOne maps one row given as name, value, name, value …
func mapOne(t *testing.T, fields string, cells ...string) (recon.Transaction, []recon.RowError) {
	t.Helper()
	rec := recon.Record{Line: 7, Row: 5}
	for i := 0; i < len(cells); i += 2 {
		rec.Header = append(rec.Header, cells[i])
		rec.Fields = append(rec.Fields, cells[i+1])
	}
	return compile(t, fields, rec.Header).Map(rec)
}

func amountOrCode(tx recon.Transaction, wrong []recon.RowError) string {
	if len(wrong) > 0 {
		return wrong[0].Code
	}
	return fmt.Sprint(int64(tx.Amount))
}

// TestT43_SignConventions is the truth table: four ways of writing a sign, money in and out, in a file as it is and in
// the reversed file of the other party. Each of the 16 rows nets to zero against its mirror.
func TestT43_SignConventions(t *testing.T) {
	const rest = `,"date":{"constant":"2026-01-02"},"currency":{"constant":"EUR"},"decimal":"."`
	for _, c := range []struct {
		convention string
		fields     string
		in, out    []string // cells of the same 12.34 coming in and going out
	}{
		{"signed amount", `"amount":"amount"`, []string{"amount", "12.34"}, []string{"amount", "-12.34"}},
		{"debit and credit", `"debit":"debit","credit":"credit"`, []string{"debit", "", "credit", "12.34"}, []string{"debit", "12.34", "credit", "0.00"}},
		{"direction flag", `"amount":"amount","direction":"dc"`, []string{"amount", "12.34", "dc", "CRDT"}, []string{"amount", "12.34", "dc", "D"}},
		{"mark beside the number", `"amount":"amount"`, []string{"amount", "12.34 CR"}, []string{"amount", "12.34 DR"}},
	} {
		for _, reversed := range []bool{false, true} {
			for _, direction := range []struct {
				name  string
				cells []string
				want  recon.Minor
			}{{"in", c.in, 1234}, {"out", c.out, -1234}} {
				t.Run(fmt.Sprintf("%s, reversed %v, money %s", c.convention, reversed, direction.name), func(t *testing.T) {
					want := direction.want
					if reversed {
						want = -want
					}
					tx, wrong := mapOne(t, fmt.Sprintf(`{%s%s,"negate":%v}`, c.fields, rest, reversed), direction.cells...)
					require.Empty(t, wrong)
					require.Equal(t, want, tx.Amount)
					mirror, wrong := mapOne(t, fmt.Sprintf(`{%s%s,"negate":%v}`, c.fields, rest, !reversed), direction.cells...)
					require.Empty(t, wrong)
					require.Zero(t, tx.Amount+mirror.Amount)
				})
			}
		}
	}
}

func TestSignsThatContradict(t *testing.T) {
	const rest = `,"date":{"constant":"2026-01-02"},"decimal":"."}`
	for _, c := range []struct {
		name, fields string
		cells        []string
		want         string
	}{
		{"a negative debit is a debit taken back", `{"debit":"d","credit":"c"`, []string{"d", "-5.00", "c", ""}, "500"},
		{"a negative amount on a debit too", `{"amount":"a","direction":"d"`, []string{"a", "-5.00", "d", "DBIT"}, "500"},
		{"debits that a file writes as negative", `{"debit":{"column":"d","negate":true},"credit":"c"`, []string{"d", "-5.00", "c", ""}, "-500"},
		{"both debit and credit", `{"debit":"d","credit":"c"`, []string{"d", "5.00", "c", "7.00"}, recon.CodeAmountUnreadable},
		{"neither", `{"debit":"d","credit":"c"`, []string{"d", "", "c", ""}, recon.CodeMissingValue},
		{"both zero", `{"debit":"d","credit":"c"`, []string{"d", "0.00", "c", "0"}, "0"},
		{"a direction that says nothing", `{"amount":"a","direction":"d"`, []string{"a", "5.00", "d", ""}, recon.CodeMissingValue},
		{"a direction in words of the house", `{"amount":"a","direction":{"column":"d","values":{"Ausgang X":"debit"}}`, []string{"a", "5.00", "d", "ausgang x"}, "-500"},
		{"a direction nobody knows", `{"amount":"a","direction":"d"`, []string{"a", "5.00", "d", "sideways"}, recon.CodeInvalidValue},
	} {
		t.Run(c.name, func(t *testing.T) {
			tx, wrong := mapOne(t, c.fields+rest, c.cells...)
			require.Equal(t, c.want, amountOrCode(tx, wrong), "%v", wrong)
		})
	}
}

func TestEveryWrongFieldIsToldAtOnce(t *testing.T) {
	_, wrong := mapOne(t, `{"amount":"amount","currency":"cur","date":"day","valueDate":"value","bookingStatus":"state","originalAmount":"oa",
		"originalCurrency":"oc","externalId":"id","dateFormat":"DD/MM/YYYY","decimal":"."}`,
		"amount", "twelve", "cur", "EURO", "day", "31/02/2026", "value", "tomorrow", "state", "maybe", "oa", "1.00", "oc", "QQQ", "id", strings.Repeat("x", 600))
	var told []string
	for _, e := range wrong {
		require.Equal(t, 7, e.Line)
		require.Equal(t, 5, e.Row)
		require.LessOrEqual(t, len(e.Value), 200)
		told = append(told, e.Field+" "+e.Code+": "+e.Reason)
	}
	require.Equal(t, []string{
		`bookingStatus INVALID_VALUE: "maybe" may be booked, pending or no money: add it to booked, pending or void of status in the field map`,
		"externalId FIELD_TOO_LONG: the id is longer than 500 bytes",
		`date DATE_UNREADABLE: "31/02/2026" is not a day of any calendar`,
		`valueDate DATE_UNREADABLE: "tomorrow" is not a date as DD/MM/YYYY`,
		`currency CURRENCY_UNKNOWN: "EURO" is not an ISO 4217 currency code such as EUR`,
		`amount AMOUNT_UNREADABLE: "twelve" is not an amount: "twelve" is no currency that we know`,
		`originalCurrency CURRENCY_UNKNOWN: "QQQ" is not an ISO 4217 currency code such as EUR`,
	}, told)
}

func TestNamedAmounts(t *testing.T) {
	const fields = `{"amount":"net","gross":"gross","fee":"fee","tax":"tax","net":"net","date":{"constant":"2026-01-02"},"currency":{"constant":"EUR"},"decimal":"."`
	row := func(gross, fee, tax, net string) []string {
		return []string{"gross", gross, "fee", fee, "tax", tax, "net", net}
	}
	t.Run("gross − fee − tax = net is held to the cent", func(t *testing.T) {
		tx, wrong := mapOne(t, fields+"}", row("100.00", "2.90", "0.10", "97.00")...)
		require.Empty(t, wrong)
		require.Equal(t, recon.NullMinor{Amount: 290, Set: true}, tx.Fee)
		_, wrong = mapOne(t, fields+"}", row("100.00", "2.90", "0.10", "97.01")...)
		require.Equal(t, recon.CodeAmountsInconsistent, wrong[0].Code)
		require.Equal(t, "gross 100.00 − fee 2.90 − tax 0.10 is 97.00, but net is 97.01", wrong[0].Reason)
	})
	t.Run("a row without fee and tax has nothing to hold", func(t *testing.T) {
		tx, wrong := mapOne(t, fields+"}", row("100.00", "", "", "97.00")...)
		require.Empty(t, wrong)
		require.False(t, tx.Fee.Set)
	})
	t.Run("a file turned round still adds up", func(t *testing.T) {
		tx, wrong := mapOne(t, fields+`,"negate":true}`, row("-100.00", "-3.00", "", "-97.00")...)
		require.Empty(t, wrong)
		require.Equal(t, recon.Minor(9700), tx.Amount)
	})
}

func TestCurrencyAndStatus(t *testing.T) {
	const rest = `"amount":"a","date":{"constant":"2026-01-02"},"decimal":"."`
	t.Run("without any currency the row is in none", func(t *testing.T) {
		tx, _ := mapOne(t, `{`+rest+`}`, "a", "5.00")
		require.Equal(t, recon.NoCurrency, tx.Currency)
		require.Equal(t, recon.Booked, tx.BookingStatus)
	})
	t.Run("a code beside the amount counts where no column says more", func(t *testing.T) {
		tx, wrong := mapOne(t, `{`+rest+`}`, "a", "JPY 500")
		require.Empty(t, wrong)
		require.Equal(t, recon.Money{Amount: 500, Currency: "JPY"}, recon.Money{Amount: tx.Amount, Currency: tx.Currency})
	})
	t.Run("pending is told in many languages", func(t *testing.T) {
		for _, word := range []string{"PDNG", "pending", "Vorgemerkt", "en attente", "Pendente"} {
			tx, wrong := mapOne(t, `{`+rest+`,"bookingStatus":"s"}`, "a", "5.00", "s", word)
			require.Empty(t, wrong)
			require.Equal(t, recon.Pending, tx.BookingStatus, word)
		}
	})
	t.Run("the original amount has its own currency's decimals", func(t *testing.T) {
		tx, wrong := mapOne(t, `{`+rest+`,"original":{"amount":"oa","currency":"oc"}}`, "a", "5.00", "oa", "800", "oc", "jpy")
		require.Empty(t, wrong)
		require.Equal(t, &recon.Money{Amount: 800, Currency: "JPY"}, tx.Original)
	})
}

// TestSymbolsRuleOutCurrencies: "$" names no currency, but it is surely none of Europe's.
func TestSymbolsRuleOutCurrencies(t *testing.T) {
	const fields = `{"amount":"a","date":"d","currency":"c","decimal":"."}`
	for _, c := range []struct{ amount, currency, want string }{
		{"$5.00", "USD", "500"},
		{"$5.00", "MXN", "500"},
		{"$5.00", "EUR", "AMOUNT_UNREADABLE"},
		{"kr 5.00", "SEK", "500"},
		{"5.00 kr", "GBP", "AMOUNT_UNREADABLE"},
		{"¥500", "JPY", "500"},
		{"¥500", "USD", "AMOUNT_UNREADABLE"},
		{"Fr. 5.00", "CHF", "500"},
	} {
		got := amountOrCode(mapOne(t, fields, "a", c.amount, "d", "2026-01-05", "c", c.currency))
		require.Equal(t, c.want, got, "%s in %s", c.amount, c.currency)
	}
	_, wrong := mapOne(t, fields, "a", "5.00", "d", "2026-01-05", "c", "EURO")
	require.Len(t, wrong, 1, "an amount in an unknown currency is not wrong too")
}

func TestDates(t *testing.T) {
	const fields = `{"amount":{"constant":"1.00"},"date":"at","timeZone":"America/Sao_Paulo"}`
	tx, wrong := mapOne(t, fields, "at", "2026-01-02T01:30:00Z")
	require.Empty(t, wrong)
	require.Equal(t, "2026-01-01", tx.Date.String(), "a day is a day where the source is")
	require.Equal(t, "2026-01-02T01:30:00Z", tx.Time.Format("2006-01-02T15:04:05Z07:00"))
	require.Equal(t, recon.NoDay, tx.ValueDate)
	_, wrong = mapOne(t, fields, "at", "")
	require.Equal(t, recon.CodeMissingValue, wrong[0].Code)
}
