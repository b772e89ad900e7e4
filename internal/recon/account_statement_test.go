//go:build unit || !integration

package recon

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// stated is a statement of one row of movements on days of 2026-01.
func stated(id int64, number string, from, to int, opening, closing Minor) AccountStatement {
	day := func(n int) Day { return Epoch + 20_453 + Day(n) }
	return AccountStatement{
		ID: id, Account: "1111", Number: number, Currency: "EUR", From: day(from), To: day(to), Entries: 1,
		Opening: NullMinor{opening, true}, Closing: NullMinor{closing, true}, Moved: closing - opening,
	}
}

func TestStatementsFollowEachOtherByAmount(t *testing.T) {
	t.Parallel()
	again := stated(9, "5", 14, 15, 100, 95)
	for name, c := range map[string]struct {
		in    []AccountStatement
		links []StatementLink
		text  string
	}{
		"in any order": {
			[]AccountStatement{stated(1, "2", 2, 3, 110, 120), stated(2, "1", 1, 2, 100, 110)},
			[]StatementLink{LinkFirst, LinkFollows},
			"",
		},
		"a missing one is a gap": {
			[]AccountStatement{stated(1, "1", 1, 2, 100, 110), stated(2, "3", 3, 4, 115, 120)},
			[]StatementLink{LinkFirst, LinkGap},
			"the statement 3 of 1111 opens with 1.15, but the statement 1 until 2026-01-02 closes with 1.10: " +
				"load what is missing between them",
		},
		"a day without movement between them is none": {
			[]AccountStatement{stated(1, "1", 1, 2, 100, 110), stated(2, "2", 2, 3, 110, 110), stated(3, "3", 8, 9, 110, 90)},
			[]StatementLink{LinkFirst, LinkFollows, LinkFollows},
			"",
		},
		"a number out of order is a note": {
			[]AccountStatement{stated(1, "4", 1, 2, 100, 110), stated(2, "7/1", 2, 3, 110, 90)},
			[]StatementLink{LinkFirst, LinkFollows},
			"the statement 7/1 of 1111 follows number 4: its balance goes on, so nothing is missing",
		},
		"a year begins with 1": {
			[]AccountStatement{stated(1, "52", 1, 2, 100, 110), stated(2, "1", 2, 3, 110, 90)},
			[]StatementLink{LinkFirst, LinkFollows},
			"",
		},
		"several of one day": {
			[]AccountStatement{stated(1, "7", 15, 15, 90, 80), stated(2, "6", 15, 15, 95, 90), stated(3, "5", 14, 15, 100, 95), again},
			[]StatementLink{LinkFirst, LinkFollows, LinkFollows, LinkRepeated},
			"the statement 5 of 1111 came before: its rows are the same",
		},
		"a longer one of the same days": {
			[]AccountStatement{stated(1, "1", 1, 15, 100, 110), stated(2, "", 1, 31, 100, 120)},
			[]StatementLink{LinkFirst, LinkOverlap},
			"the statement of 1111 begins on 2026-01-01, before the statement 1 ends on 2026-01-15: rows of both count once",
		},
		"one without an opening": {
			[]AccountStatement{stated(1, "1", 1, 15, 100, 110), {ID: 2, Currency: "EUR", Closing: NullMinor{5, true}, To: Epoch + 20_500}},
			[]StatementLink{LinkFirst, LinkUnstated},
			"",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var links []StatementLink
			text := ""
			for _, s := range ChainStatements(c.in) {
				links = append(links, s.Link)
				if _, found := s.Finding(); found != "" {
					text += found
				}
			}
			require.Equal(t, c.links, links)
			require.Equal(t, c.text, text)
		})
	}
}

func TestAFileGoesOnOnlyWhereItsBalanceDoes(t *testing.T) {
	t.Parallel()
	five, six := stated(1, "5", 14, 15, 100, 95), stated(2, "6", 15, 15, 95, 90)
	month := stated(3, "", 1, 15, 20, 90)
	untied := six
	untied.Moved++
	for name, c := range map[string]struct {
		stored, file []AccountStatement
		want         bool
	}{
		"the next of the same day":        {[]AccountStatement{five}, []AccountStatement{six}, true},
		"the third of the same day":       {[]AccountStatement{five, six}, []AccountStatement{stated(4, "7", 15, 15, 90, 85)}, true},
		"nothing before it":               {nil, []AccountStatement{six}, false},
		"the same again":                  {[]AccountStatement{five, six}, []AccountStatement{six}, false},
		"a gap before it":                 {[]AccountStatement{five}, []AccountStatement{stated(2, "7", 15, 15, 90, 85)}, false},
		"one of the month that is there":  {[]AccountStatement{five, month}, []AccountStatement{six}, false},
		"figures that do not tie":         {[]AccountStatement{five}, []AccountStatement{untied}, false},
		"one that begins earlier":         {[]AccountStatement{five}, []AccountStatement{stated(2, "6", 14, 16, 95, 90)}, false},
		"an empty day, delivered longer":  {[]AccountStatement{stated(1, "5", 15, 15, 95, 95)}, []AccountStatement{stated(2, "5", 15, 15, 95, 90)}, false},
		"two, the second with a gap":      {[]AccountStatement{five}, []AccountStatement{six, stated(3, "8", 16, 17, 50, 45)}, false},
		"two in a row":                    {[]AccountStatement{five}, []AccountStatement{six, stated(3, "8", 16, 17, 90, 45)}, true},
		"another account's is not passed": {[]AccountStatement{five}, nil, false},
	} {
		require.Equal(t, c.want, GoesOn(c.stored, c.file), name)
	}
}

func TestAccountNumbersAreComparedWithoutBlanks(t *testing.T) {
	t.Parallel()
	require.True(t, SameAccount("DE89 3704 0044 0532 0130 00", "de89370400440532013000"))
	require.False(t, SameAccount("1111", "2222"))
}

func TestAStatementIsShownWithItsDecimals(t *testing.T) {
	t.Parallel()
	s := stated(1, "5", 14, 15, 100, 95)
	s.Closing = NullMinor{}
	v := s.View("i")
	require.Equal(t, []string{"1.00", "", "-0.05", "false"}, []string{v.Opening, v.Closing, v.Moved, map[bool]string{false: "false", true: "true"}[v.Ties]})
}
