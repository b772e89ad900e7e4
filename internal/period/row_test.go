//go:build unit || !integration

package period

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"matcher/internal/recon"
)

func TestARowIsCarriedWhole(t *testing.T) {
	t.Parallel()
	tx := rowOf(t, 3, "L1|2026-01-05?|INV-1|-10.05 EUR|text")
	tx.Gross, tx.Fee = recon.NullMinor{Amount: 1100, Set: true}, recon.NullMinor{Amount: 0, Set: true}
	tx.Time, tx.Kind = time.Date(2026, 1, 5, 12, 30, 0, 5, time.UTC), "payment"
	tx.Original = &recon.Money{Amount: 1200, Currency: "USD"}
	tx.Metadata = []recon.Attribute{{Name: "a", Value: "1"}, {Name: "b", Value: ""}}
	text, err := json.Marshal(lineOf(&tx))
	require.NoError(t, err)
	var line rowLine
	require.NoError(t, json.Unmarshal(text, &line))
	read, err := line.transaction()
	require.NoError(t, err)
	require.Equal(t, tx, read)
}

func TestARowThatCannotBeIsRefused(t *testing.T) {
	t.Parallel()
	tx := rowOf(t, 1, "L1|2026-01-05|INV-1|10.05 EUR|")
	for want, spoil := range map[string]func(*rowLine){
		"the date is missing": func(l *rowLine) { l.Date = recon.NoDay },
		`bookingStatus is "SENT", neither BOOKED nor PENDING`: func(l *rowLine) { l.BookingStatus = "SENT" },
		"amount: ":                            func(l *rowLine) { l.Amount = "five" },
		"fee: ":                               func(l *rowLine) { l.Fee = "0.001" },
		"original: ":                          func(l *rowLine) { l.Original = &money{"1", "?"} },
		"digest is not 64 hexadecimal digits": func(l *rowLine) { l.Digest = l.Digest[1:] },
	} {
		line := lineOf(&tx)
		spoil(&line)
		_, err := line.transaction()
		require.ErrorContains(t, err, want)
	}
}
