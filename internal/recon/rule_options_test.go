//go:build unit || !integration

package recon

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestARuleNeedsWhatItNames(t *testing.T) {
	t.Parallel()
	rule := Rule{
		Amount: RuleAmount{Left: "schedule:a", Right: "schedule:b"}, Currency: RuleCurrency{Mode: CurrencyConvert, To: "EUR"},
		Date: RuleDate{Calendar: "x"},
	}
	pointers := func(o RunOptions) (list []string) {
		for _, e := range o.CheckRule(&rule) {
			list = append(list, e.Pointer)
		}
		return list
	}
	options := RunOptions{Rates: []FXRate{{Type: "A"}, {Type: "B"}}}
	require.Equal(t, []string{"/amount/left", "/amount/right", "/currency/rateType", "/date/calendar"}, pointers(options))
	percent := []FeeItem{{Name: "p", Type: "PERCENTAGE", Percent: "1"}}
	options = RunOptions{
		Rates: options.Rates[:1], Calendars: []Calendar{{ID: "x"}},
		FeeSchedules: []FeeSchedule{{Name: "a", Currency: "EUR", Items: percent}, {Name: "b", Currency: "EUR", Items: percent}},
	}
	require.Empty(t, pointers(options))
}
